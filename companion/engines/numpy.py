"""NumPy without temporaries: the body of the tape, a cache-sized block at a time.

Eager NumPy reads and writes main memory once for every operation of the rule. Here all
operations pass over one block, which stays in cache, before the next block is read.
"""

from typing import Any

import numpy as np

from companion._typing import Array
from companion.engines._layout import Update, bind, compute_dtype
from companion.tape import Tape

BLOCK = 8192  # elements: the arrays of a rule and its scratch then fit a second-level cache


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
    text, scratch_count = source(tape)
    namespace: dict[str, Any] = {o.ufunc.__name__: o.ufunc for o in tape.body}
    namespace["copyto"] = np.copyto
    exec(text, namespace)
    run = namespace["run"]
    scratch = np.empty((scratch_count, BLOCK), dtype)
    cast = np.empty(len(tape.coefficients), dtype)
    scalars = [cast[i : i + 1].reshape(()) for i in range(cast.size)]
    count = len(tape.arrays)

    def kernel(*arguments: Any) -> None:
        arrays = arguments[:count]
        size = arrays[0].size
        with np.errstate(all="ignore"):
            cast[:] = arguments[count:]
            for start in range(0, size, BLOCK):
                stop = min(start + BLOCK, size)
                blocks = [a[start:stop] for a in arrays]
                run(*blocks, *scalars, *scratch[:, : stop - start])

    return kernel


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
        done = (name for name in set(o.inputs) if last_use[name] == i and name not in target)
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
