import math
import sys

import joblib
import numpy as np
import pytest

from companion import Adam, GradientDescent
from companion.problems import (
    LeastSquares,
    Noisy,
    Quadratic,
)
from companion.training import (
    minimize,
    sweep,
)

BOWL = Quadratic([0.2, 4.0])


def regression(n=12, d=3):
    rng = np.random.default_rng(0)
    return LeastSquares(rng.normal(size=(n, d)), rng.normal(size=n))


def test_sweep_finds_the_best_rate():
    rates = [0.02, 0.1, 0.18, 0.25]
    found = sweep(Quadratic([1.0, 10.0]), GradientDescent, rates, steps=50, jobs=1)
    wanted = [((1 - r) ** 100 + 10 * (1 - 10 * r) ** 100) / 2 for r in rates]
    np.testing.assert_allclose(found.losses[:, 0], wanted, rtol=1e-9)
    assert (found.best_rate, found.on_edge, found.method) == (0.18, False, "gradient_descent")
    assert found.best_loss == found.losses[2, 0]


@pytest.mark.parametrize(("rates", "edge"), [([0.01, 0.1, 0.15], True), ([0.15, 0.2, 0.3], True),
                                             ([0.1, 0.18, 0.3], False)])  # fmt: skip
def test_sweep_says_when_the_best_rate_is_on_the_edge(rates, edge):
    found = sweep(Quadratic([1.0, 10.0]), GradientDescent, rates, steps=50, jobs=1)
    assert found.on_edge is edge
    assert ("on the edge of the grid" in repr(found)) is edge


def test_sweep_takes_the_median_over_seeds_and_divergence_as_infinite():
    problem = Noisy(Quadratic([1.0]), sigma=1.0)
    found = sweep(problem, GradientDescent, [0.1, 1.0, 1e300], seeds=range(3), steps=20, jobs=1)
    assert found.losses.shape == (3, 3)
    assert (found.median[:2] == np.sort(found.losses[:2], axis=1)[:, 1]).all()
    assert found.median[2] == math.inf
    run = minimize(problem, GradientDescent, lr=1.0, seed=2, steps=20)
    assert found.losses[1, 2] == run.final_loss
    nothing = sweep(BOWL, Adam, [1, 2, 3], steps=1, jobs=1, measure=lambda h: math.nan)  # noqa: ARG005
    assert (nothing.losses == math.inf).all()


def test_sweep_gives_the_same_in_processes_threads_and_without_joblib(monkeypatch):
    problem = regression()
    arguments = {"seeds": (0, 1), "steps": 5, "batch_size": 2, "measure": lambda h: h.loss[-1] + 1}
    alone = sweep(problem, Adam, [0.1, 0.2, 0.3], jobs=1, **arguments).losses
    assert (sweep(problem, Adam, [0.1, 0.2, 0.3], jobs=2, **arguments).losses == alone).all()
    with joblib.parallel_config(backend="threading"):
        assert (sweep(problem, Adam, [0.1, 0.2, 0.3], **arguments).losses == alone).all()
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert (sweep(problem, Adam, [0.1, 0.2, 0.3], **arguments).losses == alone).all()
