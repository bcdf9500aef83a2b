"""The reference: the rule itself, called with arrays, its results copied into place."""

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

        def update(g: Array, scalars: Any) -> None:
            arrays = [w.astype(dtype, copy=False), g.astype(dtype, copy=False), *states]
            with np.errstate(all="ignore"):
                results = call(self.tape.rule, arrays, scalars | self.tape.options)
                for array, result in zip([w, *states], results, strict=True):
                    array[...] = result

        return update
