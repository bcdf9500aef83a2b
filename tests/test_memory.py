"""A step allocates nothing that grows with the parameters."""

import tracemalloc

import numpy as np
import pytest

from companion import AdaGrad, Adam, AMSGrad, RMSProp

N = 1_000_000


def layouts():
    """Make a parameter and a gradient, contiguous, strided and in half precision."""
    yield np.ones(N, np.float32), np.ones(N, np.float32)
    yield np.ones((2 * N,), np.float64)[::2], np.ones(N)
    yield np.ones(N, np.float16), np.ones(N, np.float16)


@pytest.mark.parametrize("cls", [AdaGrad, RMSProp, Adam, AMSGrad])
@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("case", ["contiguous", "strided", "float16"])
def test_a_step_allocates_a_constant(cls, engine, case):
    w, g = dict(zip(["contiguous", "strided", "float16"], layouts(), strict=True))[case]
    optimizer = cls(w, engine=engine, on_nonfinite="raise")
    optimizer.step(g)
    tracemalloc.start()
    optimizer.step(g)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 600_000  # buffers for a chunk of each array; one float32 array has 4,000,000


def test_the_measure_sees_what_eager_allocates():
    w, g = next(layouts())
    optimizer = Adam(w, engine="eager")
    tracemalloc.start()
    optimizer.step(g)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak > w.nbytes
