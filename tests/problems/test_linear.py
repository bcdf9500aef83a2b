import numpy as np
import pytest
import sympy
from sklearn import linear_model

from companion.problems import LeastSquares, LogisticRegression, breast_cancer
from tests.problems.differences import assert_gradient, numerical_gradient

MODELS = [LeastSquares, LogisticRegression]
OPTIONS = [{}, {"l2": 0.3}, {"l2": 0.3, "intercept": True}]


def data(n=20, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), np.where(rng.random(n) < 0.6, 1.0, -1.0)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("batch", [None, np.array([3, 7, 7])])
def test_gradient_agrees_with_finite_differences(model, options, batch):
    problem = model(*data(), **options)
    w = np.random.default_rng(1).normal(size=problem.start.shape)
    assert_gradient(problem, w, batch)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("batch", [None, np.array([3, 7, 7])])
def test_hessian_agrees_with_finite_differences(model, options, batch):
    problem = model(*data(), **options)
    w = np.linspace(-1, 1, problem.start.size)
    for row, i in zip(problem.hessian(w, batch), range(w.size), strict=True):
        wanted = numerical_gradient(lambda w, i=i: problem.gradient(w, batch)[i], w)
        np.testing.assert_allclose(row, wanted, rtol=1e-6, atol=1e-8)


def test_logistic_loss_and_gradient_are_the_formula():
    X, y = [[1.0, -2.0], [0.5, 3.0], [-1.0, 1.0]], [1, 0, 1]
    symbols = sympy.symbols("w1 w2", real=True)
    margins = [(2 * t - 1) * (a * symbols[0] + b * symbols[1])
               for (a, b), t in zip(X, y, strict=True)]  # fmt: skip
    formula = sum(sympy.log(1 + sympy.exp(-m)) for m in margins) / 3
    formula += sympy.Rational(1, 10) / 2 * sum(w**2 for w in symbols)
    at = {symbols[0]: 0.7, symbols[1]: -0.4}
    problem, w = LogisticRegression(X, y, l2=0.1), np.array([0.7, -0.4])
    assert problem.loss(w) == pytest.approx(float(formula.subs(at)), rel=1e-14)
    wanted = [float(formula.diff(s).subs(at)) for s in symbols]
    np.testing.assert_allclose(problem.gradient(w), wanted, rtol=1e-13)


def test_least_squares_is_half_the_mean_square():
    problem = LeastSquares([[1.0], [2.0]], [3.0, 5.0])
    assert problem.loss(np.array([1.0])) == (2**2 + 3**2) / 4


def test_both_kinds_of_labels_are_one_problem():
    X, y = data()
    w = np.ones(4)
    assert LogisticRegression(X, y).loss(w) == LogisticRegression(X, (y > 0).astype(int)).loss(w)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_enormous_scores_overflow_nowhere(dtype):
    huge = np.sqrt(np.finfo(dtype).max) / 10
    X = np.array([[huge], [-huge]], dtype)
    w = np.array([huge], dtype)
    right, wrong = LogisticRegression(X, [1, 0]), LogisticRegression(X, [0, 1])
    assert (right.loss(w), right.gradient(w).tolist()) == (0, [0])
    assert wrong.loss(w) == pytest.approx(float(huge) ** 2, rel=1e-6)
    np.testing.assert_allclose(wrong.gradient(w), [huge], rtol=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_the_features(model, dtype):
    X, y = data()
    problem = model(X.astype(dtype), y, l2=0.1, intercept=True)
    assert problem.start.dtype == problem.gradient(problem.start).dtype == dtype
    assert problem.gradient(problem.start.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("model", MODELS)
def test_curvature_bound_holds_and_is_reached_by_least_squares(model):
    problem = model(*data(), l2=0.1)
    w = problem.solve() if model is LeastSquares else problem.start
    hessian = np.array([(problem.gradient(w + e) - problem.gradient(w - e)) / 2e-5
                        for e in 1e-5 * np.eye(4)])  # fmt: skip
    greatest = np.linalg.eigvalsh((hessian + hessian.T) / 2).max()
    # at w = 0 the logistic curvature is its greatest, 1/4
    assert greatest == pytest.approx(problem.L, rel=1e-6)


def test_solution_is_scikit_learns():
    d = breast_cancer(test=0)
    problem = LogisticRegression(d.X, d.y, l2=1e-2, intercept=True)
    w = problem.solve()
    reference = linear_model.LogisticRegression(C=1 / (problem.n * 1e-2), tol=1e-10, max_iter=5000)
    reference.fit(d.X, d.y)
    np.testing.assert_allclose(w, [*reference.coef_[0], reference.intercept_[0]], atol=1e-6)
    np.testing.assert_allclose(problem.gradient(w), 0, atol=1e-14)
    assert problem.accuracy(w) == reference.score(d.X, d.y)


def test_least_squares_solution_is_the_shortest():
    X = np.array([[1.0, 1.0, 0.0]])
    np.testing.assert_allclose(LeastSquares(X, [2.0]).solve(), [1, 1, 0], atol=1e-14)


def test_separable_classes_have_no_solution_without_penalty():
    with pytest.raises(ValueError, match="the classes are separable"):
        LogisticRegression([[1.0], [-1.0]], [1, 0]).solve()


def test_intercept_is_free_of_the_penalty_and_used_in_prediction():
    X, y = data()
    problem = LogisticRegression(X, y, l2=1.0, intercept=True)
    only_intercept = np.array([0, 0, 0, 0, 3.0])
    assert problem.predict(only_intercept, X).tolist() == [3.0] * 20
    assert problem.accuracy(only_intercept) == np.mean(y == 1)
    free = LogisticRegression(X, y, intercept=True)
    assert problem.loss(only_intercept) == free.loss(only_intercept)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LogisticRegression([1.0, 2.0], [0, 1]),
            r"X has the shape \(2,\), wanted \(n, d\)",
        ),
        (lambda: LogisticRegression([[1.0]], [0, 1]), r"y has the shape \(2,\), wanted \(1,\)"),
        (lambda: LogisticRegression([[1.0]], [2]), r"y holds \[2.0\], wanted labels 0 and 1 or"),
        (lambda: LeastSquares([[1.0]], [2], l2=-1), "l2=-1, wanted a finite number >= 0"),
        (lambda: LeastSquares([[1.0]], [2]).loss(np.ones(2)), r"params has the shape \(2,\)"),
        (lambda: LeastSquares([[1.0]], [2]).loss(np.ones(1), [0.5]), "batch has .* float64"),
        (lambda: LeastSquares([[1.0]], [2]).loss(np.ones(1), 0), r"batch has the shape \(\)"),
        (lambda: LeastSquares([["a"]], [2]), "X must hold numbers"),
    ],
)
def test_bad_input_says_what_was_given_and_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()
