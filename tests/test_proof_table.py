"""The proof table: rule x engine x dtype x layout, same bits as the rule called with arrays.

The table lists each public rule with every variant; a rule missing here fails the suite.
"""

import inspect

import numpy as np
import pytest

import companion
from companion import rules
from companion.tape import record
from tests.bits import assert_same_bits

TABLE = {
    rules.gradient_descent: (companion.GradientDescent, [{}]),
    rules.momentum: (companion.Momentum, [{}, {"nesterov": True}]),
    rules.adagrad: (companion.AdaGrad, [{}]),
    rules.rmsprop: (companion.RMSProp, [{}, {"eps_inside_root": False}]),
    rules.adam: (companion.Adam, [{}]),
    rules.amsgrad: (companion.AMSGrad, [{}]),
}
ROWS = [
    pytest.param(rule, cls, options, id="-".join([rule.__name__, *options]))
    for rule, (cls, variants) in TABLE.items()
    for options in variants
]
ENGINES = ["eager", "numpy", "numba"]
STEPS = 4

# Each layout makes an array from a generator of normal numbers.
LAYOUTS = {
    "contiguous": lambda new: new((37, 11)),
    "fortran": lambda new: np.asfortranarray(new((37, 11))),
    "strided": lambda new: new((30, 26))[::3, 1::2],
    "reversed": lambda new: new(101)[::-1],
    "transposed": lambda new: new((3, 5, 7)).transpose(2, 0, 1),
    "unaligned": lambda new: unaligned(new(100)),
    "0-d": lambda new: new(()),
    "empty": lambda new: new((0, 3)),
    "one": lambda new: new(1),
    "several blocks": lambda new: new(70_001),
    "threads": lambda new: new(300_007),
}


def unaligned(array):
    """Copy an array to memory that starts one byte after an aligned address."""
    raw = np.empty(array.nbytes + 1, np.uint8)
    out = raw[1:].view(array.dtype)
    out[...] = array
    return out


def normal(seed, dtype):
    """Return a function from shape to normal numbers, with zeros and extremes among them."""
    rng = np.random.default_rng(seed)
    tiny = np.finfo(dtype).smallest_subnormal
    special = np.array([0.0, -0.0, tiny, -tiny, np.finfo(dtype).tiny, np.finfo(dtype).max], dtype)

    def new(shape):
        array = np.array(rng.standard_normal(shape).astype(dtype))
        if array.size > 50:
            array.reshape(-1)[: special.size] = special
        return array

    return new


def follow(rule, options, w, gradients):
    """Call the rule itself, step by step; float16 parameters compute in float32."""
    dtype = np.float32 if w.dtype == np.float16 else w.dtype
    states = [np.zeros(w.shape, dtype) for _ in record(rule).states]
    for t, g in enumerate(gradients, start=1):
        count = {"t": t} if "t" in record(rule).scalars else {}
        with np.errstate(all="ignore"):
            new, *states = rule(w.astype(dtype), g.astype(dtype), *states, **count, **options)
            w = np.asarray(new).astype(w.dtype)
    return w, [np.asarray(s) for s in states]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "cls", "options"), ROWS)
def test_same_bits(rule, cls, options, engine, dtype, layout):
    make = LAYOUTS[layout]
    w = make(normal(0, dtype))
    gradients = [make(normal(seed, dtype)) for seed in range(1, STEPS + 1)]
    expected, expected_states = follow(rule, options, w.copy(), gradients)
    optimizer = cls(w, engine=engine, **options)
    for g in gradients:
        optimizer.step(g)
    assert_same_bits(w, expected, "w")
    for (name, state), desired in zip(optimizer.state.items(), expected_states, strict=True):
        assert_same_bits(state, desired, name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "cls", "options"), ROWS)
def test_same_bits_for_a_gradient_of_another_layout(rule, cls, options, engine, dtype):
    w = normal(0, dtype)((37, 11))
    gradients = [np.asfortranarray(normal(1, dtype)((37, 11))), normal(2, dtype)((74, 11))[::2]]
    expected, _ = follow(rule, options, w.copy(), gradients)
    optimizer = cls(w, engine=engine, **options)
    for g in gradients:
        optimizer.step(g)
    assert_same_bits(w, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "cls", "options"), ROWS)
def test_same_bits_for_many_arrays(rule, cls, options, engine, dtype):
    def tree(seed):
        new = normal(seed, dtype)
        return {"layers": [(new((64, 8)), new(8)) for _ in range(20)], "scale": new(())}

    params, gradients = tree(0), [tree(seed) for seed in range(1, STEPS + 1)]
    flat = [w.copy() for pair in params["layers"] for w in pair] + [params["scale"].copy()]
    optimizer = cls(params, engine=engine, **options)
    for g in gradients:
        optimizer.step(g)
    updated = [w for pair in params["layers"] for w in pair] + [params["scale"]]
    for i, (w, before) in enumerate(zip(updated, flat, strict=True)):
        own = [[a for pair in g["layers"] for a in pair] + [g["scale"]] for g in gradients]
        expected, _ = follow(rule, options, before, [g[i] for g in own])
        assert_same_bits(w, expected, f"array {i}")


def test_every_public_rule_is_in_the_table():
    public = {getattr(rules, name) for name in rules.__all__}
    assert set(TABLE) == public
    functions = inspect.getmembers(rules, inspect.isfunction)
    defined = {f for _, f in functions if f.__module__ == rules.__name__}
    assert defined == public


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.__name__)
def test_every_variant_and_optimizer_is_in_the_table(rule):
    cls, variants = TABLE[rule]
    assert cls.rule is rule
    options = record(rule).options
    every = [{}] + [{name: not default} for name, default in options.items()]
    assert variants == every


def test_every_engine_is_in_the_table():
    assert {*ENGINES, "cupy"} == set(companion.engines.NAMES)  # cupy: tests/cuda
