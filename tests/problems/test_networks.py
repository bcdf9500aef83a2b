import numpy as np
import pytest
import sympy

from companion.problems import MLP, SoftmaxRegression
from tests.problems.differences import assert_gradient


def data(n=15, d=3, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), np.concatenate(
        [np.arange(classes), rng.integers(classes, size=n - classes)]
    )


MODELS = {
    "softmax": SoftmaxRegression,
    "tanh": lambda X, y, **o: MLP(X, y, 5, activation="tanh", **o),
    "relu": lambda X, y, **o: MLP(X, y, 5, activation="relu", **o),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


def somewhere(problem, seed=1):
    rng = np.random.default_rng(seed)
    return {key: rng.normal(size=a.shape).astype(a.dtype) for key, a in problem.start.items()}


@pytest.mark.parametrize("l2", [0.0, 0.5])
@pytest.mark.parametrize("batch", [None, np.array([2, 9, 9, 0])])
def test_gradient_agrees_with_finite_differences(model, l2, batch):
    problem = model(*data(), l2=l2)
    assert_gradient(problem, somewhere(problem), batch)


def test_softmax_is_the_formula():
    X, y = [[1.0, -0.5], [0.3, 2.0]], [1, 0]
    W = sympy.Matrix(2, 2, sympy.symbols("w:4", real=True))
    b = sympy.Matrix(1, 2, sympy.symbols("b:2", real=True))
    formula = 0
    for row, label in zip(X, y, strict=True):
        z = sympy.Matrix([row]) * W + b
        formula += (sympy.log(sum(sympy.exp(v) for v in z)) - z[label]) / 2
    values = {"W": np.array([[0.2, -1.0], [0.7, 0.4]]), "b": np.array([0.1, -0.3])}
    at = dict(zip([*W, *b], [*values["W"].ravel(), *values["b"]], strict=True))
    problem = SoftmaxRegression(X, y)
    assert problem.loss(values) == pytest.approx(float(formula.subs(at)), rel=1e-14)
    gradient = problem.gradient(values)
    for found, symbols in ((gradient["W"].ravel(), W), (gradient["b"], b)):
        wanted = [float(formula.diff(s).subs(at)) for s in symbols]
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_two_classes_are_logistic_regression():
    from companion.problems import LogisticRegression

    X, _ = data()
    y = np.arange(15) % 2
    w = np.array([0.3, -2.0, 1.0])
    params = {"W": np.stack([0 * w, w], axis=1), "b": np.zeros(2)}
    assert SoftmaxRegression(X, y).loss(params) == pytest.approx(LogisticRegression(X, y).loss(w))


def test_uniform_guess_costs_the_logarithm_of_the_classes():
    problem = SoftmaxRegression(*data())
    assert problem.loss(problem.start) == pytest.approx(np.log(4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_and_shapes(model, dtype):
    X, y = data()
    problem = model(X.astype(dtype), y, l2=0.1)
    params = problem.start
    gradient = problem.gradient(params)
    assert {k: (g.shape, g.dtype) for k, g in gradient.items()} == {
        k: (p.shape, np.dtype(dtype)) for k, p in params.items()
    }
    if "W1" in params:
        assert [params[k].shape for k in ("W1", "b1", "W2", "b2")] == [(3, 5), (5,), (5, 4), (4,)]


def test_enormous_scores_overflow_nowhere(model):
    problem = model(*data())
    params = {key: 1e150 * a for key, a in somewhere(problem).items()}
    assert np.isfinite(problem.loss(params))
    assert all(np.isfinite(g).all() for g in problem.gradient(params).values())


def test_penalty_spares_the_biases(model):
    free, penalized = model(*data()), model(*data(), l2=2.0)
    params = somewhere(free)
    squares = sum((params[k] ** 2).sum() for k in params if k.startswith("W"))
    assert penalized.loss(params) == pytest.approx(free.loss(params) + squares)


def test_start_depends_on_the_seed_alone():
    X, y = data()
    first, again, other = (MLP(X, y, seed=s).start["W1"] for s in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).all()


@pytest.mark.parametrize(("activation", "variance"), [("tanh", 2 / 500), ("relu", 2 / 400)])
def test_start_has_the_variance_of_its_source(activation, variance):
    start = MLP(np.ones((10, 400)), np.arange(10), 100, activation=activation).start
    assert start["W1"].var() == pytest.approx(variance, rel=0.03)
    assert not start["b1"].any()


def test_accuracy_counts_the_greatest_scores():
    X, y = np.eye(3), np.array([0, 1, 2])
    problem = SoftmaxRegression(X, y)
    params = {"W": np.eye(3), "b": np.zeros(3)}
    assert problem.accuracy(params) == 1
    assert problem.accuracy(params, X, np.array([0, 1, 1])) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(*data(), activation="gelu"), "activation='gelu', wanted 'tanh' or 'relu'"),
        (lambda: MLP(*data(), 0), "hidden=0, wanted an integer >= 1"),
        (lambda: SoftmaxRegression([[1.0]], [0.5]), "y must hold the labels 0, 1, ..., K-1"),
        (lambda: SoftmaxRegression([[1.0]], [0]), "of K >= 2 classes"),
        (lambda: SoftmaxRegression(*data()).loss(np.zeros(3)), r"wanted a dict of \['W', 'b'\]"),
        (
            lambda: SoftmaxRegression(*data()).loss({"W": np.zeros((3, 3)), "b": np.zeros(4)}),
            r"params\['W'\] has the shape \(3, 3\), wanted \(3, 4\)",
        ),
    ],
)
def test_bad_input_says_what_was_given_and_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()
