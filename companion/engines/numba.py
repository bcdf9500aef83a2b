"""One fused loop over memory, compiled by Numba: each array is read once and written once.

The compiled code is kept on disk, in the user's cache directory, so that a second process
does not wait for the compiler. The name of a file holds the hash of its source.
"""

import functools
import hashlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from companion._typing import Array
from companion.engines._layout import Update, bind, compute_dtype
from companion.tape import Tape

PARALLEL = 16384  # elements: below, starting the threads costs more than they save

SYNTAX = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negative": "-{}",
    "positive": "+{}",
    "sqrt": "sqrt({})",
    "absolute": "abs({})",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "sign": "sign({})",
}


class Engine:
    """Run the body as one compiled loop, on several threads where an array is large."""

    def __init__(self, tape: Tape) -> None:
        try:
            import numba  # noqa: F401 - costs 0.3 s, so only on first use
            import platformdirs  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "engine='numba' needs Numba: pip install 'adaptive-learning-rates[jit]'"
            ) from error
        self.coefficients = tape.evaluate_coefficients
        self._tape = tape

    def bind(self, w: Array, states: list[Array]) -> Update:
        """Make the update of one parameter."""
        dtype = compute_dtype(w.dtype)
        return bind(make_kernel(self._tape, dtype.name, w.size >= PARALLEL), w, states)


@functools.cache
def make_kernel(tape: Tape, dtype: str, parallel: bool) -> Any:
    """Compile the loop for one dtype, or load it from disk."""
    text = source(tape, dtype, parallel)
    return _load(f"{tape.rule.__name__}_{dtype}", text).step


def source(tape: Tape, dtype: str, parallel: bool) -> str:
    """Print the body as the module that is compiled."""
    loads = [f"{name}_ = {name}[i]" for name in tape.arrays]
    body = tape.lines(SYNTAX, lambda name: f"{name}_" if name in tape.arrays else name)
    stores = [f"{a}[i] = {o}" for a, o in zip(tape.written, tape.outputs, strict=True)]
    casts = [f"{name} = {dtype}({name})" for name in tape.coefficients]
    types = ["A", "G", *["A"] * len(tape.states), *["float64"] * len(tape.coefficients)]
    return "\n".join(
        [
            f'"""The rule {tape.rule.__name__} as one loop; made by companion, do not edit."""',
            "from numba import float64, njit, prange, types, void",
            f"from numba import {dtype}",
            "from numpy import sign, sqrt",
            "",
            f'A = types.Array({dtype}, 1, "C")',
            f'G = types.Array({dtype}, 1, "C", readonly=True)',
            f"SIGNATURE = void({', '.join(types)})",
            "",
            f"@njit(SIGNATURE, parallel={parallel}, cache=True, nogil=True, error_model='numpy')",
            f"def step({', '.join([*tape.arrays, *tape.coefficients])}):",
            *(f"    {line}" for line in casts),
            f"    for i in {'prange' if parallel else 'range'}({tape.arrays[0]}.size):",
            *(f"        {line}" for line in [*loads, *body, *stores]),
            "",
        ]
    )


def _load(name: str, text: str) -> ModuleType:
    """Import generated source from the cache directory, written there if it is new."""
    name = f"{name}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = cache_directory() / f"{name}.py"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    spec = importlib.util.spec_from_file_location(f"companion_kernel_{name}", path)
    assert spec is not None  # a .py file always has a spec
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba looks there when it loads compiled code
    spec.loader.exec_module(module)
    return module


@functools.cache
def cache_directory() -> Path:
    """Where compiled kernels are kept; a temporary directory where none can be written."""
    from platformdirs import user_cache_path

    try:
        path = user_cache_path("adaptive-learning-rates", appauthor=False, ensure_exists=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="adaptive-learning-rates-"))
    return path
