"""Numbers as a rule sees them, so that calling it with arrays gives the bits of every engine."""

import functools
import math
import operator
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

# Arithmetic of scalars is Python's, in float64: the host program of the tape does the same.
PYTHON: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "negative": operator.neg,
    "sqrt": math.sqrt,
    "absolute": abs,
}


class Scalar(np.lib.mixins.NDArrayOperatorsMixin):
    """A number that divides an array as the product with its reciprocal, taken in float64.

    An update then costs one division an element, not three, and every engine shares the
    bits. In all else a scalar meets an array as a Python float does: cast to its dtype.
    """

    def __init__(self, value: Any) -> None:
        self.value = int(value) if isinstance(value, Integral) else float(value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise TypeError(f"a rule may only call ufuncs plainly, not {ufunc.__name__}.{method}")
        values = [a.value if isinstance(a, Scalar) else a for a in args]
        if all(type(v) in (int, float) for v in values):  # np.float64 is a 0-d array's element
            if ufunc.__name__ not in PYTHON:
                raise TypeError(f"a rule may not apply {ufunc.__name__} to scalars")
            return Scalar(PYTHON[ufunc.__name__](*values))
        if ufunc is np.divide and isinstance(args[1], Scalar):
            return values[0] * (1 / values[1])
        return ufunc(*values)


def call(rule: Callable[..., Any], arrays: Any, scalars: dict[str, Any]) -> Any:
    """Call a rule on arrays; numbers among the scalars become :class:`Scalar`."""
    keywords = {
        name: Scalar(value) if _is_number(value) else value for name, value in scalars.items()
    }
    return rule(*arrays, **keywords)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool)


def rule(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function an update rule: its scalars, defaults included, become ``Scalar``."""
    defaults = function.__kwdefaults__ or {}

    @functools.wraps(function)
    def wrapper(*arrays: P.args, **scalars: P.kwargs) -> R:
        return call(function, arrays, defaults | scalars)  # type: ignore[no-any-return]

    return wrapper
