import math

import numpy as np
import pytest

from companion import GradientDescent
from companion.problems import (
    Quadratic,
    Rosenbrock,
)
from companion.training import (
    GradientNorm,
    LossBelow,
    Plateau,
    TimeLimit,
    minimize,
)

SQUARE = Quadratic([2.0], start=[10.0])  # x**2


@pytest.mark.parametrize(
    ("criterion", "reason", "holds"),
    [
        (GradientNorm(1e-2), "GradientNorm(tolerance=0.01)", lambda h: h.gradient_norm <= 1e-2),
        (LossBelow(1e-3), "LossBelow(target=0.001)", lambda h: h.loss <= 1e-3),
        (lambda now: now.step == 11, "criterion", lambda h: h.steps == 11),
        (TimeLimit(0.0), "TimeLimit(seconds=0.0)", lambda h: h.steps == 0),
    ],
)
def test_criterion_stops_where_it_first_holds(criterion, reason, holds):
    history = minimize(SQUARE, GradientDescent, lr=0.1, steps=1000, stop=[criterion])
    assert history.reason == reason
    assert holds(history).tolist() == [False] * (len(history.steps) - 1) + [True]


class Scripted(Quadratic):
    """A problem with these losses, one after the other."""

    def __init__(self, losses):
        super().__init__([1.0])
        self._losses = iter(losses)

    def loss(self, params, batch=None):  # noqa: ARG002
        return next(self._losses)


def test_plateau_waits_out_its_patience_and_forgets_between_runs():
    plateau = Plateau(patience=4, improvement=0.1)
    for losses, last in (
        ([5, 4.3, 4, 3.95, 4.2, 3.92, 3.91, 3.9], 6),
        ([15, 14, 13, 12, 12, 12, 12, 12], 7),  # step 6, if it remembered the first run
    ):
        history = minimize(Scripted(losses), GradientDescent, steps=7, stop=[plateau])
        assert (history.steps[-1], history.reason) == (last, "Plateau(patience=4, improvement=0.1)")


def test_a_loss_that_is_no_number_ends_the_run_and_counts_as_infinite():
    history = minimize(Scripted([1.0, math.nan]), GradientDescent, steps=3)
    assert (history.reason, history.steps[-1]) == ("diverged", 1)
    assert history.final_loss == math.inf


def test_divergence_is_a_reason_without_a_warning():
    history = minimize(Rosenbrock(), GradientDescent, lr=1.0, steps=100)
    assert history.reason == "diverged"
    assert not np.isfinite(history.loss[-1])
    assert history.final_loss == math.inf
    assert repr(history).endswith("(diverged)")
