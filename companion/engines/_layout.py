"""Any layout of memory, offered to a kernel as flat contiguous arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from companion._typing import Array

# A kernel takes the flat w, g and states, then the coefficients, and writes w and states.
Kernel = Callable[..., None]
Update = Callable[[Array, Sequence[float]], None]

GATHER = 8192  # elements copied at a time where the memory is not contiguous


def compute_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Choose the dtype of states and arithmetic: the parameter's, but float32 for float16."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def state_like(w: Array) -> Array:
    """Return zeros for a state of this parameter, where the parameter is."""
    if isinstance(w, np.ndarray):
        return np.zeros_like(w, compute_dtype(w.dtype), subok=False)
    import cupy

    with w.device:
        return cupy.zeros_like(w, compute_dtype(w.dtype))


def bind(kernel: Kernel, w: Array, states: Sequence[Array]) -> Update:
    """Make the update of one parameter: ``update(g, coefficients)``."""
    w, states = w.view(np.ndarray), [s.view(np.ndarray) for s in states]
    dtype = compute_dtype(w.dtype)
    read_write: list[Any] = ["readwrite", "contig", "aligned"]
    read_only: list[Any] = ["readonly", "contig", "aligned"]
    roles = [read_write, read_only, *[read_write] * len(states)]

    def gather(g: Array, coefficients: Sequence[float]) -> None:
        """Copy a chunk out, update it, copy it back; converts float16 on the way."""
        with np.nditer(
            [w, g, *states],
            flags=["buffered", "external_loop", "zerosize_ok"],
            op_flags=roles,
            op_dtypes=[dtype] * len(roles),
            casting="same_kind",
            buffersize=GATHER,
        ) as chunks:
            if not w.size:
                return
            for arrays in chunks:
                kernel(*arrays, *coefficients)

    if w.dtype != dtype or not w.flags.aligned:
        return gather
    order = "C" if w.flags.c_contiguous else "F" if w.flags.f_contiguous else None
    if order is None:
        return gather
    flat_w, *flat_states = (a.reshape(-1, order=order) for a in (w, *states))
    is_flat = w.ndim == 1

    def update(g: Array, coefficients: Sequence[float]) -> None:
        flags = g.flags
        contiguous = flags.c_contiguous if order == "C" else flags.f_contiguous
        if contiguous and flags.aligned:
            flat_g = g if is_flat else g.reshape(-1, order=order)
            kernel(flat_w, flat_g, *flat_states, *coefficients)
        else:
            gather(g, coefficients)

    return update
