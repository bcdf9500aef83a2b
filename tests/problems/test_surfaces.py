import math

import numpy as np
import pytest
import sympy

from companion.problems import Beale, Quadratic, Rosenbrock, Saddle
from tests.problems.differences import assert_gradient

x, y = sympy.symbols("x y", real=True)
R = sympy.Rational

# Each surface as its source defines it, written here a second time.
SURFACES = {
    "rosenbrock": (Rosenbrock(), (1 - x) ** 2 + 100 * (y - x**2) ** 2),
    "rosenbrock_ab": (Rosenbrock(2.0, 5.0), (2 - x) ** 2 + 5 * (y - x**2) ** 2),
    "beale": (
        Beale(),
        (R(3, 2) - x + x * y) ** 2 + (R(9, 4) - x + x * y**2) ** 2 + (R(21, 8) - x + x * y**3) ** 2,
    ),
    "saddle": (Saddle(), (x**2 - y**2) / 2),
    "bowl": (Quadratic([0.2, 4.0]), x**2 / 10 + 2 * y**2),
    "matrix": (Quadratic([[2.0, 1.0], [1.0, 3.0]]), x**2 + x * y + R(3, 2) * y**2),
}
POINTS = [(0.3, -0.7), (-1.5, 2.0), (2.5, 0.25), (0.0, 0.0)]


@pytest.fixture(params=SURFACES)
def surface(request):
    return SURFACES[request.param]


@pytest.mark.parametrize("point", POINTS)
def test_value_and_gradient_are_the_formulas(surface, point):
    problem, formula = surface
    at = dict(zip((x, y), map(sympy.Float, point), strict=True))
    w = np.array(point)
    np.testing.assert_allclose(problem.loss(w), float(formula.subs(at)), rtol=1e-13, atol=1e-14)
    wanted = [float(formula.diff(v).subs(at)) for v in (x, y)]
    np.testing.assert_allclose(problem.gradient(w), wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("problem", [Rosenbrock(), Rosenbrock(2, 5), Beale()])
def test_partials_on_symbols_are_the_derivatives_of_values_on_symbols(problem):
    value = sympy.nsimplify(problem.values(x, y))
    for found, variable in zip(problem.partials(x, y), (x, y), strict=True):
        assert sympy.expand(sympy.nsimplify(found) - value.diff(variable)) == 0


def test_gradient_agrees_with_finite_differences(surface):
    for point in POINTS:
        assert_gradient(surface[0], np.array(point), atol=1e-6)


def test_values_of_a_grid_are_the_losses_of_its_points(surface):
    problem, _ = surface
    a, b = np.meshgrid(np.linspace(-2, 2, 5), np.linspace(-1, 3, 4))
    values = problem.values(a, b)
    assert values.shape == (4, 5)
    losses = [problem.loss(np.array(p)) for p in zip(a.ravel(), b.ravel(), strict=True)]
    np.testing.assert_allclose(values.ravel(), losses, rtol=1e-12, atol=1e-13)


def test_minimizer_is_a_stationary_point_of_the_least_value(surface):
    problem, _ = surface
    if problem.minimizer is None:
        assert problem.minimum == -math.inf
        return
    assert problem.loss(problem.minimizer) == problem.minimum == 0
    np.testing.assert_allclose(problem.gradient(problem.minimizer), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("problem", [Rosenbrock, Beale, Saddle])
def test_gradient_has_the_dtype_of_the_parameters(problem, dtype):
    made = problem(dtype=dtype)
    assert made.start.dtype == dtype
    for w in (made.start, made.start.astype(np.float32)):
        gradient = made.gradient(w)
        assert (gradient.dtype, gradient.shape) == (w.dtype, (2,))


def test_start_is_a_fresh_copy():
    problem = Rosenbrock()
    problem.start[:] = 7
    assert problem.start.tolist() == [-1.2, 1.0]


def test_quadratic_knows_its_curvature():
    bowl = Quadratic([4.0, 0.2])
    assert (bowl.L, bowl.mu, bowl.condition_number) == (4.0, 0.2, 20.0)
    assert bowl.eigenvalues.tolist() == [0.2, 4.0]
    assert (Saddle().L, Saddle().mu, Saddle().condition_number) == (1, -1, math.inf)


def test_rotation_turns_the_landscape_and_keeps_its_curvature():
    angle = math.pi / 6
    bowl, turned = Quadratic([0.2, 4.0]), Quadratic([0.2, 4.0], angle)
    np.testing.assert_allclose(turned.eigenvalues, [0.2, 4.0], rtol=1e-14)
    direction = np.array([math.cos(angle), math.sin(angle)])  # where the flat axis points now
    np.testing.assert_allclose(turned.A @ direction, 0.2 * direction, rtol=1e-13)
    assert turned.loss(direction) == pytest.approx(bowl.loss(np.array([1.0, 0.0])))


def test_quadratic_of_many_dimensions():
    rng = np.random.default_rng(0)
    B = rng.normal(size=(6, 6))
    problem = Quadratic(B @ B.T, start=rng.normal(size=6))
    assert_gradient(problem, problem.start)
    assert Quadratic([2.0], start=[10.0]).loss(np.array([10.0])) == 100


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quadratic([[1.0, 2.0], [0.0, 1.0]]), "A is not symmetric"),
        (lambda: Quadratic(np.ones((2, 3))), r"A has the shape \(2, 3\), wanted \(d,\) or"),
        (lambda: Quadratic([1.0, 2.0, 3.0], 0.1), "angle=0.1 turns 2 dimensions, and A has 3"),
        (lambda: Quadratic([1.0, 2.0], start=[1.0]), r"start has the shape \(1,\), wanted \(2,\)"),
        (lambda: Rosenbrock(start=[1.0]), r"start has the shape \(1,\), wanted \(2,\)"),
        (lambda: Rosenbrock(b=0), "b=0, wanted a number > 0"),
        (lambda: Beale().loss(np.zeros(3)), r"params has the shape \(3,\), wanted \(2,\)"),
        (lambda: Saddle().gradient(np.zeros(2), [0]), "batch=.*Saddle has no samples"),
        (lambda: Beale().sample(np.random.default_rng(), 1), "Beale has no samples to draw"),
        (lambda: Quadratic([1.0]).values(0.0, 0.0), "for 2 dimensions, and A has 1"),
    ],
)
def test_bad_input_says_what_was_given_and_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="params has the dtype int64, wanted a floating one"):
        Beale().loss(np.array([1, 2]))
    with pytest.raises(TypeError, match=r"dtype=.*wanted a floating one"):
        Beale(dtype=int)
