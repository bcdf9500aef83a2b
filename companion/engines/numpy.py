"""NumPy without temporaries: the body of the tape, a cache-sized block at a time.

Eager NumPy reads and writes main memory once for every operation of the rule. Here all
operations pass over one block, which stays in cache, before the next block is read. Large
arrays are divided among threads, since ufuncs run outside of Python's lock.
"""

import functools
import os
from typing import Any

import numpy as np

from companion._typing import Array
from companion.engines._layout import Update, bind, compute_dtype
from companion.tape import Tape

# Elements. Smaller blocks would fit a nearer cache, but then calling a ufunc, and handing
# Python's lock from thread to thread, takes longer than its work.
BLOCK = 65536
BLOCKS_A_THREAD = 2  # less work than that is not worth waking a thread
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Engine:
    """Run the body block by block, in scratch memory that is used again."""

    def __init__(self, tape: Tape) -> None:
        self.coefficients = tape.evaluate_coefficients
        self._tape = tape
        self._kernels: dict[np.dtype[Any], Any] = {}

    def bind(self, w: Array, states: list[Array]) -> Update:
        """Make the update of one parameter."""
        dtype = compute_dtype(w.dtype)
        if dtype not in self._kernels:
            self._kernels[dtype] = make_kernel(self._tape, dtype)
        return bind(self._kernels[dtype], w, states)


def make_kernel(tape: Tape, dtype: np.dtype[Any]) -> Any:
    """Compile the body to calls of ufuncs with ``out=``; see :func:`source`."""
    text, rows = source(tape)
    namespace: dict[str, Any] = {o.ufunc.__name__: o.ufunc for o in tape.body}
    namespace["copyto"] = np.copyto
    exec(text, namespace)
    run = namespace["run"]
    count = len(tape.arrays)
    scratches: list[Array] = []  # one for each thread, made when first needed

    def sweep(arrays: Any, scalars: list[Array], start: int, stop: int, scratch: Array) -> None:
        with np.errstate(all="ignore"):
            for low in range(start, stop, BLOCK):
                high = min(low + BLOCK, stop)
                run(*(a[low:high] for a in arrays), *scalars, *scratch[:, : high - low])

    def kernel(*arguments: Any) -> None:
        arrays, size = arguments[:count], arguments[0].size
        with np.errstate(all="ignore"):
            cast = np.array(arguments[count:], dtype)
        scalars = [cast[i : i + 1].reshape(()) for i in range(cast.size)]
        blocks = -(-size // BLOCK)
        threads = min(THREADS, blocks // BLOCKS_A_THREAD) or 1
        while len(scratches) < threads:
            scratches.append(np.empty((rows, BLOCK), dtype))
        share = -(-blocks // threads) * BLOCK
        parts = [(i * share, min((i + 1) * share, size)) for i in range(threads)]
        others = [
            _pool().submit(sweep, arrays, scalars, *part, scratch)
            for part, scratch in zip(parts[1:], scratches[1:threads], strict=True)
        ]
        sweep(arrays, scalars, *parts[0], scratches[0])
        for other in others:
            other.result()

    return kernel


@functools.cache
def _pool() -> Any:
    """Return the threads beside the caller's own; NumPy lets them run at the same time."""
    from concurrent.futures import ThreadPoolExecutor  # imports slowly

    return ThreadPoolExecutor(THREADS - 1, thread_name_prefix="companion")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child inherits no threads


def source(tape: Tape) -> tuple[str, int]:
    """Print the body as in-place ufunc calls; return the text and the scratch rows it needs.

    A value lives in a scratch row until its last use. A result goes straight to its
    destination where nobody reads the old content later.
    """
    last_use = {name: i for i, o in enumerate(tape.body) for name in o.inputs}
    target = dict(zip(tape.outputs, tape.written, strict=True))
    place = {name: name for name in (*tape.arrays, *tape.coefficients)}
    free: list[str] = []
    scratch_count = 0
    lines = []
    for i, o in enumerate(tape.body):
        inputs = [place[name] for name in o.inputs]
        done = (
            name for name in dict.fromkeys(o.inputs) if last_use[name] == i and name not in target
        )
        free += (place[name] for name in done if place[name].startswith("scratch"))
        if o.name in target and last_use.get(target[o.name], -1) <= i:
            place[o.name] = target[o.name]
        elif free:
            place[o.name] = free.pop()
        else:
            place[o.name] = f"scratch{scratch_count}"
            scratch_count += 1
        lines.append(f"    {o.ufunc.__name__}({', '.join(inputs)}, out={place[o.name]})")
    for name, array in target.items():
        if place[name] != array:
            lines.append(f"    copyto({array}, {place[name]})")
    parameters = [*tape.arrays, *tape.coefficients, *(f"scratch{i}" for i in range(scratch_count))]
    head = f"def run({', '.join(parameters)}):"
    return "\n".join([head, *lines, ""]), scratch_count
