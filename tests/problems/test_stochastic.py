import math

import numpy as np
import pytest

from companion.problems import (
    MLP,
    LinearLosses,
    Noisy,
    Quadratic,
    Rosenbrock,
    periodic_linear,
    plus_minus,
)
from tests.problems.differences import assert_gradient


def test_noise_has_mean_zero_and_its_standard_deviation():
    problem = Noisy(Quadratic([1.0, 2.0]), sigma=3.0)
    rng = np.random.default_rng(0)
    w = problem.start
    for size, sigma in ((1, 3.0), (9, 1.0)):
        draws = np.array([problem.gradient(w, problem.sample(rng, size)) for _ in range(20000)])
        # five standard errors of a mean and of a standard deviation
        np.testing.assert_allclose(draws.mean(axis=0), [1, 2], atol=5 * sigma / math.sqrt(20000))
        np.testing.assert_allclose(draws.std(axis=0), sigma, rtol=5 / math.sqrt(40000))


def test_without_a_batch_it_is_the_problem_itself():
    problem = Rosenbrock()
    noisy = Noisy(problem, 1.0)
    assert noisy.loss(noisy.start) == problem.loss(problem.start)
    assert (noisy.gradient(noisy.start) == problem.gradient(problem.start)).all()
    assert noisy.values(1.0, 2.0) == problem.values(1.0, 2.0)


def test_noisy_gradient_is_that_of_the_noisy_loss():
    noisy = Noisy(Rosenbrock(), 2.0)
    batch = noisy.sample(np.random.default_rng(3), 1)
    assert_gradient(noisy, noisy.start, batch, atol=1e-5)


def test_noise_keeps_the_dtype():
    noisy = Noisy(Quadratic([1.0], dtype=np.float32))
    batch = noisy.sample(np.random.default_rng(0), 1)
    assert noisy.gradient(noisy.start, batch).dtype == np.float32


def test_hinton_slopes_cancel():
    problem = plus_minus()
    slopes = [problem.gradient(problem.start, [i])[0] for i in range(problem.n)]
    assert slopes == [0.1] * 9 + [-0.9]
    assert abs(problem.gradient(problem.start)[0]) < 1e-16


def test_reddi_slopes_and_best_point():
    problem = periodic_linear(4.0)
    slopes = [problem.gradient(problem.start, [i])[0] for i in range(problem.n)]
    assert slopes == [4, -1, -1]
    assert problem.minimizer.tolist() == [-1]
    assert problem.minimum == problem.loss(problem.minimizer) == pytest.approx(-2 / 3)
    w = np.array([3.0])
    problem.project(w)
    assert w.tolist() == [1]
    assert problem.start.tolist() == [1]


def test_linear_losses_average_over_a_batch():
    problem = LinearLosses([1.0, 2.0, 6.0], start=2.0)
    assert problem.loss(problem.start) == 6
    assert problem.loss(problem.start, [0, 1]) == 3
    assert_gradient(problem, problem.start, [1, 2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Noisy(Rosenbrock(), -1), "sigma=-1, wanted a finite number >= 0"),
        (lambda: Noisy(Rosenbrock()).gradient(np.zeros(2), np.zeros(3)), "batch has the shape"),
        (lambda: LinearLosses([]), r"slopes has the shape \(0,\)"),
        (lambda: LinearLosses([1.0], bounds=(0, 1), start=2.0), "start=2.0 lies outside"),
        (lambda: plus_minus().gradient(np.zeros(1), [0.5]), "batch has the shape"),
    ],
)
def test_bad_input_says_what_was_given_and_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_noise_wants_one_array():
    with pytest.raises(TypeError, match="parameters are one array"):
        Noisy(MLP(np.eye(2), [0, 1]))
