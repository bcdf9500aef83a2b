"""Engines: bind a recorded rule to arrays and compile it, nothing else.

Each engine is a class made from a :class:`~companion.tape.Tape`. Its
``coefficients(*scalars)`` evaluates once a step what all arrays share; its
``bind(w, states)`` returns the in-place ``update(g, coefficients)`` of one parameter.
All engines compute the same bits; they differ in how often they touch memory.
"""

import importlib
import importlib.util
from typing import Any

import numpy as np

from companion._typing import Array
from companion.tape import Tape

NAMES = ("eager", "numpy", "numba", "cupy")

JIT = ("numba", "platformdirs")  # what the extra `jit` installs

# Elements in all parameters together from which a compiled loop repays its compilation.
LARGE = 65536


def select(name: str, parameters: list[Array]) -> str:
    """Resolve ``"auto"`` for these parameters, and refuse an engine they cannot use."""
    if name not in ("auto", *NAMES):
        raise ValueError(f"engine={name!r}, wanted one of {', '.join(map(repr, ('auto', *NAMES)))}")
    on_host = isinstance(parameters[0], np.ndarray)
    if name == "auto":
        if not on_host:
            return "cupy"
        large = sum(p.size for p in parameters) >= LARGE
        return "numba" if large and all(map(importlib.util.find_spec, JIT)) else "numpy"
    if name != "eager" and on_host == (name == "cupy"):
        kind = "NumPy" if on_host else "CuPy"
        raise TypeError(f"engine={name!r} cannot update {kind} arrays; use 'auto'")
    return name


def load(name: str, tape: Tape) -> Any:
    """Make the engine of this name for a tape; its libraries are imported now."""
    return importlib.import_module(f"companion.engines.{name}").Engine(tape)
