import functools
import math

import numpy as np
import pytest

from companion import Adam, AMSGrad, GradientDescent
from companion.problems import (
    LeastSquares,
    LinearLosses,
    Noisy,
    Quadratic,
    periodic_linear,
)
from companion.training import (
    minimize,
    sweep,
)

BOWL = Quadratic([0.2, 4.0], start=(-5, -2))  # 0.1 x1**2 + 2 x2**2


def regression(n=12, d=3):
    rng = np.random.default_rng(0)
    return LeastSquares(rng.normal(size=(n, d)), rng.normal(size=n))


class Spy(LeastSquares):
    """Least squares that keeps the batches it is asked for."""

    def __init__(self, n):
        super().__init__(np.ones((n, 1)), np.ones(n))
        self.batches = []

    def gradient(self, params, batch=None):
        self.batches.append(None if batch is None else list(batch))
        return super().gradient(params, batch)


def batches(n, **arguments):
    spy = Spy(n)
    minimize(spy, GradientDescent, **arguments)
    return spy.batches[:-1]  # the last gradient is taken at the end, for no step


def test_default_is_the_whole_data():
    assert batches(5, steps=3) == [None] * 3


def test_replacement_draws_uniformly_and_independently():
    drawn = np.array(batches(10, batch_size=4, steps=5000, record_every=5000))
    assert drawn.shape == (5000, 4)
    counts = np.bincount(drawn.ravel(), minlength=10)
    assert (abs(counts - 2000) < 4.5 * math.sqrt(20000 * 0.09)).all()
    # four draws of ten are all different with probability 0.504
    distinct = np.mean([len(set(row)) == 4 for row in drawn])
    assert abs(distinct - 0.504) < 4.5 * 0.5 / math.sqrt(5000)


def test_shuffle_takes_each_sample_once_an_epoch():
    drawn = batches(7, batch_size=3, sampling="shuffle", steps=6)
    assert [len(batch) for batch in drawn] == [3, 3, 1, 3, 3, 1]
    first, second = np.concatenate(drawn[:3]).tolist(), np.concatenate(drawn[3:]).tolist()
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_cycle_takes_the_samples_in_order():
    assert batches(3, batch_size=2, sampling="cycle", steps=3) == [[0, 1], [2], [0, 1]]


def test_one_seed_gives_every_method_the_same_batches():
    same = [batches(9, batch_size=2, seed=s, steps=5) for s in (4, 4, 5)]
    assert same[0] == same[1] != same[2]


def test_noise_has_no_end_and_comes_by_default():
    problem = Noisy(Quadratic([1.0]), sigma=1.0)
    first, again, other = (minimize(problem, GradientDescent, seed=s, steps=9) for s in (0, 0, 1))
    assert (first.path == again.path).all()
    assert (first.path != other.path).any()
    draw = problem.sample(np.random.default_rng(0), 1)
    assert first.path[1] == 1 - 0.01 * (1 + draw)


def test_bounds_hold_after_every_step():
    history = minimize(LinearLosses([1.0], bounds=(-1, 1)), GradientDescent, lr=0.4, steps=5)
    np.testing.assert_allclose(history.path[:, 0], [0, -0.4, -0.8, -1, -1, -1])


def test_reddi_adam_drifts_to_the_worst_point_and_amsgrad_does_not():
    run = functools.partial(minimize, periodic_linear(4.0), schedule=lambda t: 0.5 / math.sqrt(t),
                            beta1=0.0, beta2=1 / 17, steps=3000, batch_size=1,
                            sampling="cycle")  # fmt: skip
    assert run(Adam).path[-3:].min() > 0.9
    assert run(AMSGrad).path[-1] < -0.9


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps=0, wanted an integer >= 1"),
        ({"steps": 1.5}, TypeError, "steps=1.5, wanted an integer"),
        ({"record_every": 0}, ValueError, "record_every=0"),
        ({"batch_size": 0}, ValueError, "batch_size=0"),
        ({"batch_size": 13}, ValueError, "batch_size=13, and the problem has 12 samples"),
        ({"sampling": "random"}, ValueError, "sampling='random', wanted 'replacement', 'shuffle'"),
        ({"record": "path"}, ValueError, "record='path', wanted any of 'path', 'rates' in a list"),
        ({"record": ["paths"]}, ValueError, "wanted any of 'path', 'rates'"),
        ({"lr": 0.1, "schedule": lambda t: 1 / t}, TypeError, "lr=0.1 beside a schedule"),
        ({"lr": -1}, ValueError, "lr"),
    ],
)
def test_bad_arguments_say_what_was_given_and_wanted(arguments, error, message):
    with pytest.raises(error, match=message):
        minimize(regression(), Adam, **arguments)


def test_problems_without_samples_take_no_batch():
    with pytest.raises(ValueError, match="batch_size=2, and the problem has 0 samples"):
        minimize(BOWL, Adam, batch_size=2)
    with pytest.raises(ValueError, match="sampling='shuffle', wanted 'replacement'"):
        minimize(Noisy(BOWL), Adam, sampling="shuffle")
    for rates in ([0.1, 0.2], [0.3, 0.2, 0.1]):
        with pytest.raises(ValueError, match="wanted three or more numbers in ascending order"):
            sweep(BOWL, Adam, rates)
    with pytest.raises(ValueError, match="seeds is empty"):
        sweep(BOWL, Adam, [1, 2, 3], seeds=())
