"""One fused kernel on the GPU, made by CuPy: each array is read once and written once.

The kernel is a ``cupy.ElementwiseKernel``, so any shape and layout of memory will do. It
runs on the device that holds the parameter, in the current stream of that device, and
nothing waits for it.

Products and sums are rounded apart (``-fmad=false``), as every other engine does, so the
bits are those of the rule. It costs no memory traffic, which is what limits the kernel.
One difference remains: CuPy puts ``-ftz=true`` behind the options of every kernel (its
issue #9576), so a float32 operand or result below 1.2e-38 counts as zero. That moves a
parameter by less than 1.2e-38 / eps in a step. float64 keeps its subnormal numbers, and so
do float16 parameters, which compute in float32.

A thread loads one element at a time. Four neighbors at once (128 bits) would need kernels
of our own for alignment and tails, and promise little, by arithmetic: Adam takes 30
registers on an H100, so a multiprocessor holds 2048 threads with 32 KiB of loads in flight.
At 3.35 TB/s each of the 132 reads 15 bytes/ns, and 10 KiB hide 700 ns of latency.
"""

import functools
from typing import Any

import numpy as np

from companion._typing import Array
from companion.engines._layout import Update, compute_dtype
from companion.tape import Tape

# A comparison with NaN is false, and NumPy wants the NaN: `max` of CUDA would drop it.
SYNTAX = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negative": "-{}",
    "positive": "+{}",
    "sqrt": "sqrt({})",
    "absolute": "abs({})",
    "maximum": "{0} >= {1} || {0} != {0} ? {0} : {1}",
    "sign": "{0} > 0 ? 1 : {0} < 0 ? -1 : {0} == 0 ? 0 : {0}",
}
C_TYPES = {"float32": "float", "float64": "double"}


class Engine:
    """Run the body as one kernel launch a parameter."""

    def __init__(self, tape: Tape) -> None:
        try:
            import cupy  # noqa: F401 - only on first use
        except ImportError as error:
            raise ImportError(
                "engine='cupy' needs CuPy: pip install 'adaptive-learning-rates[cuda12]', "
                "or [cuda13] for CUDA 13"
            ) from error
        self.coefficients = tape.evaluate_coefficients
        self._tape = tape

    def bind(self, w: Array, states: list[Array]) -> Update:
        """Make the update of one parameter."""
        dtype, device = compute_dtype(w.dtype), w.device
        kernel = make_kernel(self._tape, w.dtype.name)
        # CuPy walks arrays in C order; of Fortran arrays it is given the transposes.
        transpose = w.flags.f_contiguous and not w.flags.c_contiguous
        if transpose:
            w, states = w.T, [s.T for s in states]

        def update(g: Array, coefficients: Any) -> None:
            with np.errstate(all="ignore"):
                scalars = np.array(coefficients, dtype)
            with device:
                kernel(g.T if transpose else g, *scalars, w, *states)

        return update


@functools.cache
def make_kernel(tape: Tape, dtype: str) -> Any:
    """Make the kernel for parameters of one dtype; CuPy compiles it at its first launch."""
    import cupy

    computed = compute_dtype(np.dtype(dtype)).name
    inputs = [f"{dtype} g_", *(f"{computed} {name}_" for name in tape.coefficients)]
    outputs = [f"{dtype} w_", *(f"{computed} {name}_" for name in tape.states)]
    inputs[0], outputs[0] = (f"{dtype} {tape.arrays[i]}_" for i in (1, 0))
    return cupy.ElementwiseKernel(
        ", ".join(inputs),
        ", ".join(outputs),
        operation(tape, C_TYPES[computed]),
        f"{tape.rule.__name__}_{dtype}",
        no_return=True,
        options=("-fmad=false",),
    )


def operation(tape: Tape, c_type: str) -> str:
    """Print the body in CUDA C++: loads first, then locals, stores last.

    A name with an underscore behind it is a reference into memory. To the compiler two of
    these may be one, so a load after a store would have to read again.
    """
    loads = [f"{name} = {name}_" for name in (*tape.arrays, *tape.coefficients)]
    stores = [f"{a}_ = {o}" for a, o in zip(tape.written, tape.outputs, strict=True)]
    lines = [*(f"const {c_type} {line}" for line in [*loads, *tape.lines(SYNTAX)]), *stores]
    return "\n".join(["{", *(f"  {line};" for line in lines), "}"])
