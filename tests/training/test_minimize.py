import functools
import io
import math
import sys

import numpy as np
import pytest

from companion import AdaGrad, Adam, AMSGrad, GradientDescent, Momentum, Optimizer, RMSProp
from companion.problems import (
    MLP,
    LogisticRegression,
    Quadratic,
    Saddle,
)
from companion.training import (
    effective_rate,
    minimize,
)

SQUARE = Quadratic([2.0], start=[10.0])  # x**2
BOWL = Quadratic([0.2, 4.0], start=(-5, -2))  # 0.1 x1**2 + 2 x2**2
METHODS = [GradientDescent, Momentum, AdaGrad, RMSProp, Adam, AMSGrad]


# Values computed elsewhere, to six decimals, or in closed form.
@pytest.mark.parametrize(
    ("method", "lr", "problem", "steps", "wanted"),
    [
        (GradientDescent, 0.2, SQUARE, 10, [0.0604662]),
        (GradientDescent, 0.05, SQUARE, 10, [3.4867844]),
        (GradientDescent, 1.1, SQUARE, 10, [61.9173642]),
        (GradientDescent, 0.4, BOWL, 20, [-0.943467, -2 * 0.6**20]),
        (GradientDescent, 0.6, BOWL, 20, [-5 * 0.88**20, -2 * 1.4**20]),
        (AdaGrad, 0.4, BOWL, 20, [-2.382563, -0.158591]),
    ],
)
def test_end_points_known_from_elsewhere(method, lr, problem, steps, wanted):
    history = minimize(problem, method, lr=lr, steps=steps)
    np.testing.assert_allclose(history.path[-1], wanted, rtol=0, atol=5e-7)
    assert (history.params == history.path[-1]).all()
    assert history.reason == "steps"


def test_gradient_descent_leaves_the_saddle_after_194_steps():
    def left(now):
        return abs(now.params[1]) > 1

    history = minimize(Saddle(), GradientDescent, lr=0.1, steps=1000, stop=[left])
    assert history.steps[-1] == math.ceil(math.log(1e8) / math.log(1.1)) == 194
    assert history.reason == "left"


def test_steps_at_condition_number_100_are_those_of_the_closed_forms():
    problem = Quadratic([1.0, 100.0], start=(1, 0))

    def close(now):
        return np.abs(now.params).max() <= 1e-6

    descent = minimize(problem, GradientDescent, lr=2 / 101, stop=[close])
    momentum = minimize(problem, Momentum, lr=4 / 121, beta=81 / 121, stop=[close])
    assert descent.steps[-1] == math.ceil(math.log(1e-6) / math.log(99 / 101)) == 691
    # the optimal momentum has a double root, 9/11
    error = (k for k in range(1000) if (1 + 2 / 11 * k) * (9 / 11) ** k <= 1e-6)
    assert momentum.steps[-1] == next(error)


def test_history_holds_what_happened():
    history = minimize(BOWL, Adam, lr=0.1, steps=7)
    assert history.steps.tolist() == list(range(8))
    assert history.path.shape == history.rates.shape == (8, 2)
    assert (history.path[0] == BOWL.start).all()
    assert history.loss.tolist() == [BOWL.loss(w) for w in history.path]
    norms = [np.linalg.norm(BOWL.gradient(w)) for w in history.path]
    np.testing.assert_allclose(history.gradient_norm, norms, rtol=1e-15)
    assert (history.method, history.label) == ("adam", "Adam(lr=0.1)")
    assert history.final_loss == history.loss[-1]
    assert history.seconds > 0


def test_the_path_is_that_of_the_optimizer_alone():
    w = BOWL.start
    optimizer = Adam(w, lr=0.1)
    for _ in range(20):
        optimizer.step(BOWL.gradient(w))
    assert (minimize(BOWL, Adam, lr=0.1, steps=20).params == w).all()


def test_record_every_keeps_start_and_end():
    history = minimize(BOWL, Adam, steps=10, record_every=4)
    assert history.steps.tolist() == [0, 4, 8, 10]
    assert len(history.loss) == len(history.path) == len(history.rates) == 4


def test_large_problems_record_path_and_rates_only_when_asked():
    problem = Quadratic(np.ones(17))
    assert minimize(problem, Adam, steps=1).path is None
    assert minimize(problem, Adam, steps=1).rates is None
    assert minimize(problem, Adam, steps=1, record=["path"]).path.shape == (2, 17)
    assert minimize(BOWL, Adam, steps=1, record=[]).path is None


def test_dict_parameters_are_joined_in_order():
    problem = MLP(np.eye(3), [0, 1, 1], 2)
    history = minimize(problem, Adam, steps=2, record=["path", "rates"])
    start = np.concatenate([a.ravel() for a in problem.start.values()])
    assert (history.path[0] == start).all()
    assert history.rates.shape == history.path.shape
    assert history.params.keys() == problem.start.keys()


def test_metrics_are_functions_of_the_parameters():
    history = minimize(BOWL, Adam, steps=3, metrics={"first": lambda w: w[0]})
    assert (history.metrics["first"] == history.path[:, 0]).all()


@pytest.mark.parametrize(
    ("method", "options"),
    [
        *((method, {}) for method in METHODS),
        (RMSProp, {"eps_inside_root": False}),
        (Momentum, {"nesterov": True}),
    ],
)
def test_effective_rate_times_the_direction_is_the_step(method, options):
    w = np.array([1.0, -3.0])
    optimizer = method(w, lr=0.3, **options)
    assert np.isnan(effective_rate(optimizer)).all()
    for g in ([1.0, -2.0], [0.5, 1e-3], [-3.0, 7.0]):
        before, g = w.copy(), np.array(g)
        optimizer.step(g)
        direction = g
        if "v" in optimizer.state:
            v = optimizer.state["v"]
            direction = 0.9 * v + g if options else v
        if "s" in optimizer.state:
            direction = optimizer.state["s"] / (1 - 0.9**optimizer.t)
        np.testing.assert_allclose(effective_rate(optimizer) * direction, before - w, rtol=1e-12)


def test_history_rates_belong_to_the_step_just_done():
    history = minimize(BOWL, AdaGrad, lr=0.4, steps=5, eps=0)
    steps = np.diff(history.path, axis=0)
    gradients = np.array([BOWL.gradient(w) for w in history.path[:-1]])
    np.testing.assert_allclose(history.rates[1:], -steps / gradients, rtol=1e-12)
    assert np.isnan(history.rates[0]).all()


def test_schedule_sets_the_rate_of_each_step():
    history = minimize(SQUARE, GradientDescent, schedule=lambda t: 0.1 / t, steps=3)
    assert history.params[0] == pytest.approx(10 * (1 - 0.2) * (1 - 0.1) * (1 - 0.2 / 3))
    assert history.label == "GradientDescent(lr from 0.1)"
    assert history.rates[1:, 0].tolist() == [0.1, 0.05, 0.1 / 3]


def test_label_says_what_was_set():
    history = minimize(BOWL, RMSProp, decay=0.5, eps_inside_root=False, steps=1)
    assert history.label == "RMSProp(lr=0.001, decay=0.5, eps_inside_root=False)"
    partial = functools.partial(Adam, lr=0.25)
    assert minimize(BOWL, partial, steps=1).label == "Adam(lr=0.25)"


def test_a_rule_of_ones_own_can_be_run():
    def sign_descent(w, g, *, lr=0.1):
        return (w - lr * np.sign(g),)

    class SignDescent(Optimizer, rule=sign_descent):
        pass

    history = minimize(BOWL, SignDescent, lr=0.5, steps=4)
    np.testing.assert_allclose(history.params, [-3, 0], atol=1e-15)
    assert history.method == "sign_descent"


def test_repr_is_one_line_of_six_digits():
    history = minimize(BOWL, AdaGrad, lr=1 / 3, steps=20)
    assert repr(history) == (
        f"AdaGrad(lr=0.333333): loss 10.5 -> {history.loss[-1]:.6g} in 20 steps (steps)"
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_for_terminals_alone(monkeypatch, capsys):
    minimize(BOWL, Adam, steps=3)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    minimize(BOWL, Adam, steps=3, progress=False)
    assert terminal.getvalue() == ""
    minimize(BOWL, Adam, steps=3)
    assert "%|" in terminal.getvalue()
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert minimize(BOWL, Adam, steps=3).steps[-1] == 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_method_learns_logistic_regression(method, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)).astype(dtype)
    problem = LogisticRegression(X, X[:, 0] + 0.3 * rng.normal(size=60) > 0, l2=1e-2)
    history = minimize(problem, method, lr=0.1, steps=1500, batch_size=20, sampling="shuffle")
    assert history.params.dtype == dtype
    assert history.loss[-1] < problem.loss(problem.solve().astype(dtype)) + 0.01
