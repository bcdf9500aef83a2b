"""The reference: the rule itself, called with arrays, its results copied into place."""

from contextlib import nullcontext
from typing import Any

import numpy as np

from companion._scalar import call
from companion._typing import Array
from companion.engines._layout import Update, compute_dtype
from companion.tape import Tape


class Engine:
    """Run a rule as it is written, an array a line. Works for NumPy and CuPy."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def coefficients(self, *scalars: float) -> dict[str, float]:
        """Return what the updates of one step share: here the scalars themselves."""
        return dict(zip(self.tape.scalars, scalars, strict=True))

    def bind(self, w: Array, states: list[Array]) -> Update:
        """Make the update of one parameter."""
        dtype = compute_dtype(w.dtype)
        device = nullcontext() if isinstance(w, np.ndarray) else w.device

        def update(g: Array, scalars: Any) -> None:
            with device, np.errstate(all="ignore"):
                arrays = [w.astype(dtype, copy=False), g.astype(dtype, copy=False), *states]
                results = call(self.tape.rule, arrays, scalars | self.tape.options)
                for array, result in zip([w, *states], results, strict=True):
                    array[...] = result

        return update
