"""CuPy arrays that tile a buffer are found by their addresses, which needs no device."""

import numpy as np
import pytest

from companion import packing
from tests.cuda.cupy_hooks import cupy


@pytest.fixture
def buffer():
    """Make a CuPy array whose memory is in truth NumPy's; nothing here reads it."""
    host = np.zeros(20, np.float32)
    memory = cupy.cuda.UnownedMemory(host.ctypes.data, host.nbytes, host, 0)
    return cupy.ndarray(20, np.float32, cupy.cuda.MemoryPointer(memory, 0))


def test_the_buffer_is_found(buffer):
    arrays = [buffer[8:14].reshape(2, 3), buffer[5:8], buffer[14:15].reshape(())]
    layout = packing.find(arrays)
    assert layout.flat.data.ptr == arrays[1].data.ptr
    assert layout.flat.shape == (10,)
    for view, array in zip(layout.split(layout.flat), arrays, strict=True):
        assert view.data.ptr == array.data.ptr
        assert view.shape == array.shape
    assert layout.flatten(arrays, arrays).data.ptr == layout.flat.data.ptr
    assert layout.recall(list(arrays)) is not None
    assert layout.recall([*arrays[:2], buffer[14:15].reshape(())]) is None


def test_other_arrays_are_not_taken_for_a_buffer(buffer):
    assert packing.find([buffer[:4], buffer[5:8]]) is None
    assert packing.find([buffer[:4], buffer[4::2]]) is None
    assert packing.find([buffer[:6].reshape(2, 3).T, buffer[6:8]]) is None
    assert packing.find([buffer[:4].view(np.int32), buffer[4:8].view(np.int32)]) is None
