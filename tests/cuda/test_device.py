"""The proof table on a real device: the same bits, in the current stream, without waiting."""

import numpy as np
import pytest

import companion
from companion import pack
from companion.tape import record
from tests.bits import assert_same_bits
from tests.cuda import proof
from tests.cuda.cupy_hooks import cupy
from tests.test_proof_table import TABLE, follow


def devices():
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(devices() == 0, reason="there is no CUDA device"),
]

LAYOUTS = {
    "contiguous": lambda xp, new: xp.asarray(new((37, 11))),
    "fortran": lambda xp, new: xp.asfortranarray(xp.asarray(new((37, 11)))),
    "strided": lambda xp, new: xp.asarray(new((30, 26)))[::-3, 1::2],
    "transposed": lambda xp, new: xp.asarray(new((3, 5, 7))).transpose(2, 0, 1),
    "0-d": lambda xp, new: xp.asarray(new(())),
    "empty": lambda xp, new: xp.asarray(new((0, 3))),
    "large": lambda xp, new: xp.asarray(new(1_000_003)),
}


def assert_follows(optimizer, variant, w, start, gradients):
    """Assert that parameter and states have the bits of the rule on NumPy arrays."""
    expected, states = follow(*variant, start, gradients)
    assert_same_bits(cupy.asnumpy(w), expected)
    for state, desired in zip(optimizer.state.values(), states, strict=True):
        assert_same_bits(cupy.asnumpy(state), desired)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", proof.DTYPES)
@pytest.mark.parametrize("variant", proof.PUBLIC, ids=proof.name)
def test_same_bits(variant, dtype, layout):
    make = LAYOUTS[layout]
    start = make(np, proof.numbers(0, dtype))
    gradients = [make(np, proof.numbers(t, dtype)) for t in (1, 2, 3)]
    w = make(cupy, proof.numbers(0, dtype))
    optimizer = TABLE[variant[0]][0](w, **variant[1])
    assert optimizer.engine == "cupy"
    for t in (1, 2, 3):
        optimizer.step(make(cupy, proof.numbers(t, dtype)))
    assert_follows(optimizer, variant, w, start, gradients)


@pytest.mark.parametrize("variant", proof.PUBLIC, ids=proof.name)
def test_the_rule_itself_takes_cupy_arrays(variant):
    rule, options = variant
    tape = record(rule, **options)
    w, (g, *_), states = proof.arguments(tape, "float32", "contiguous")
    t = {"t": 3} if "t" in tape.scalars else {}
    with np.errstate(all="ignore"):
        expected = rule(w, g, *states, **t, **options)
    actual = rule(*map(cupy.asarray, (w, g, *states)), **t, **options)
    for a, b in zip(actual, expected, strict=True):
        assert_same_bits(cupy.asnumpy(a), b)


@pytest.mark.parametrize("packed", [False, True])
def test_a_step_can_be_captured(packed):
    # A capture fails on anything that waits, and on work in any other stream.
    variant = proof.PUBLIC[-1]
    tape = record(variant[0])
    start, gradients, _ = proof.arguments(tape, "float32", "contiguous")
    place = pack if packed else list
    params = place([cupy.asarray(start), cupy.asarray(start)])
    grads = place([cupy.asarray(gradients[0])] * 2)
    optimizer = TABLE[variant[0]][0](params)
    optimizer.step(grads)  # compiles
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        stream.begin_capture()
        optimizer.step(grads)
        graph = stream.end_capture()
        graph.launch()
    stream.synchronize()
    expected, _ = follow(*variant, start, [gradients[0]] * 2)
    for w in params:
        assert_same_bits(cupy.asnumpy(w), expected)


def test_packed_parameters_take_one_launch(monkeypatch):
    launches = []
    original = companion.engines.cupy.make_kernel

    def counting(tape, dtype):
        kernel = original(tape, dtype)
        return lambda *args: (launches.append(args[0].size), kernel(*args))

    monkeypatch.setattr(companion.engines.cupy, "make_kernel", counting)
    params = pack({"W": cupy.ones((64, 64)), "b": cupy.zeros(64)})
    grads = pack({"W": cupy.ones((64, 64)), "b": cupy.ones(64)})
    optimizer = companion.Adam(params)
    optimizer.step(grads)
    assert launches == [64 * 64 + 64]
    assert float(params["b"][0]) == pytest.approx(-1e-3)


def test_bad_input_changes_nothing():
    w = cupy.ones(3)
    optimizer = companion.Adam(w)
    for bad, error in [(np.ones(3), TypeError), (cupy.ones(4), ValueError),
                       (cupy.ones(3, "f4"), TypeError), (w, ValueError)]:  # fmt: skip
        with pytest.raises(error, match="grads"):
            optimizer.step(bad)
    assert (w == 1).all()
    assert optimizer.t == 0


@pytest.mark.skipif(devices() < 2, reason="there is no second CUDA device")
def test_another_device_is_refused_and_the_own_one_is_used():
    with cupy.cuda.Device(1):
        w, g = cupy.ones(3), cupy.ones(3)
    optimizer = companion.GradientDescent(w, lr=1.0)
    with pytest.raises(ValueError, match="grads is on <CUDA Device 0>, wanted <CUDA Device 1>"):
        optimizer.step(cupy.ones(3))
    optimizer.step(g)
    with cupy.cuda.Device(1):
        assert (w == 0).all()
    with pytest.raises(ValueError, match="<CUDA Device"):
        pack([w, cupy.ones(3)])


def test_a_state_is_saved_and_loaded(tmp_path):
    params = [cupy.ones(3), cupy.ones((2, 2))]
    optimizer = companion.Adam(params)
    optimizer.step([cupy.ones(3), cupy.ones((2, 2))])
    optimizer.save(tmp_path / "state.npz")
    other = companion.Adam([cupy.ones(3), cupy.ones((2, 2))])
    other.load(tmp_path / "state.npz")
    assert other.t == 1
    for name, arrays in optimizer.state.items():
        for a, b in zip(arrays, other.state[name], strict=True):
            assert_same_bits(cupy.asnumpy(b), cupy.asnumpy(a))
