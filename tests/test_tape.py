"""The tape: what a rule may do, what is recorded, and what is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from companion import Optimizer, rules
from companion.engines.numpy import make_kernel
from companion.tape import Tape, record
from tests.bits import assert_same_bits


def test_adam_has_the_programs_of_its_box():
    tape = record(rules.adam)
    assert tape.arrays == ("w", "g", "s", "r")
    assert tape.states == ("s", "r")
    assert tape.scalars == ("t", "lr", "beta1", "beta2", "eps")
    counts = [sum(o.ufunc is u for o in tape.body) for u in (np.divide, np.sqrt)]
    assert counts == [1, 1]  # the two divisions by scalars have become products


def test_the_host_program_is_float64_arithmetic():
    tape = record(rules.adam)
    coefficients = tape.evaluate_coefficients(3, 1e-3, 0.9, 0.999, 1e-7)
    values = dict(zip(tape.coefficients, coefficients, strict=True))
    assert values["beta1"] == 0.9
    assert 1 - 0.999 in values.values()
    assert 1 / (1 - 0.9**3) in values.values()
    assert 1 / (1 - 0.999**3) in values.values()


def test_a_variant_has_a_tape_of_its_own():
    inside, outside = record(rules.rmsprop), record(rules.rmsprop, eps_inside_root=False)
    assert inside is record(rules.rmsprop)
    assert inside.body != outside.body
    with pytest.raises(TypeError, match="rmsprop has no option"):
        record(rules.rmsprop, centered=True)


def squared(w, g, *, lr=0.1):
    return (w - lr * g**2,)


def branching(w, g, *, lr=0.1):
    return (w - lr * g if lr > 1 else w,)


def reducing(w, g, *, lr=0.1):
    return (w - lr * np.add.reduce(g),)


def exponential(w, g, *, lr=0.1):
    return (w - np.exp(lr) * g,)


def with_text(w, g, *, lr=0.1):
    return (w - lr * g * "2",)


def forgetful(w, g, r, *, lr=0.1):
    return (w - lr * g * r,)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (squared, "may not apply power to arrays; write g [*] g for a square"),
        (branching, "may not apply greater to scalars"),
        (reducing, "only call ufuncs plainly, not add.reduce"),
        (exponential, "may not apply exp to scalars"),
        (with_text, "combines arrays with numbers, not with '2'"),
        (forgetful, "forgetful returns 1 results, wanted 2: the new w, r"),
    ],
)
def test_what_a_rule_may_not_do(rule, message):
    with pytest.raises(TypeError, match=message):
        Tape(rule)


def test_a_rule_may_not_branch_on_a_value():
    with pytest.raises(TypeError, match="no branch on a value"):
        bool(next(iter(_nodes())))


def _nodes():
    seen = []

    def spy(w, g, *, lr=0.1):
        seen.append(g)
        return (w - lr * g,)

    Tape(spy)
    return seen


def rotating(w, g, a, b, *, lr=0.1):
    """Return inputs as results, one of them twice: each must keep its old value."""
    return w - lr * g, b, a


def doubled(w, g, a, b, *, lr=0.1):
    new = w - lr * g * (a + b)
    return new, w, new


@pytest.mark.parametrize("rule", [rotating, doubled])
def test_results_that_are_inputs_or_stand_twice(rule):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(10) for _ in range(4)]
    expected = rule(*(a.copy() for a in arrays))
    make_kernel(record(rule), np.dtype("f8"))(*arrays, 0.1)
    for actual, desired in zip((arrays[0], *arrays[2:]), expected, strict=True):
        assert_same_bits(actual, desired)


def test_a_rule_called_with_arrays_divides_by_a_scalar_as_the_tape_does():
    rng = np.random.default_rng(0)
    w, g, s, r = (rng.random(1000, dtype=np.float32) for _ in range(4))
    new, _, r_new = rules.adam(w, g, s, r, t=3)
    r_hat = r_new * (1 / (1 - 0.999**3))
    s_hat = (np.float32(0.9) * s + np.float32(1 - 0.9) * g) * (1 / (1 - 0.9**3))
    assert_same_bits(new, w - np.float32(1e-3) * s_hat / (np.sqrt(r_hat) + np.float32(1e-7)))
    assert not np.array_equal(r_hat, r_new / (1 - 0.999**3))  # the two do differ


def test_a_rule_takes_any_kind_of_number():
    w, g, r = np.ones(3, np.float32), np.full(3, 0.5, np.float32), np.zeros(3, np.float32)
    for lr in (np.float64(0.1), np.float32(0.1), 0.1):
        new, _ = rules.adagrad(w, g, r, lr=lr)
        assert new.dtype == np.float32


def test_a_column_of_rates_follows_many_runs_at_once():
    rates = np.array([[0.1], [0.2]])
    w, g, r = np.ones((2, 3)), np.full((2, 3), 0.5), np.zeros((2, 3))
    new, _ = rules.adagrad(w, g, r, lr=rates)
    for row, lr in zip(new, (0.1, 0.2), strict=True):
        assert_same_bits(row, rules.adagrad(w[0], g[0], r[0], lr=lr)[0])


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_an_argument_may_be_named_as_an_operation_would_be(engine):
    def rule(w, g, x0, xx0, *, c0=0.1):
        a = 2 * g
        return w - c0 * (a + x0 - xx0), x0 + 1, xx0 + a

    class Rule(Optimizer, rule=rule):
        pass

    params = np.ones(3), np.ones(3)
    for w, own in zip(params, (engine, "eager"), strict=True):
        optimizer = Rule(w, engine=own)
        for _ in range(3):
            optimizer.step(np.full(3, 0.7))
    assert_same_bits(*params)


def test_generated_source_is_the_same_in_every_process():
    program = (
        "from companion import rules; from companion.tape import record;"
        "from companion.engines import numpy, numba;"
        "print(numpy.source(record(rules.adam)), numba.source(record(rules.adam), 'float32', True))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(texts) == 1
