"""Refuse bad input before anything is written: what was given, what was wanted."""

import bisect
import itertools
import math
from numbers import Real
from typing import Any

import numpy as np

from companion._tree import is_array
from companion._typing import Array

DTYPES = tuple(np.dtype(name) for name in ("float16", "float32", "float64"))
Span = tuple[int, int]


def hyperparameter(name: str, value: object) -> float:
    """Return a hyperparameter as a float, in its range."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}={value!r} is of type {type(value).__name__}, wanted a number")
    number = float(value)
    if name.startswith(("beta", "decay")):
        if not 0 <= number < 1:
            raise ValueError(f"{name}={value!r}, wanted a number in [0, 1)")
    elif not (number >= 0 and math.isfinite(number)):
        raise ValueError(f"{name}={value!r}, wanted a finite number >= 0")
    return number


def option(name: str, value: object) -> bool:
    """Return an option, which is a bool."""
    if not isinstance(value, bool | np.bool):
        raise TypeError(f"{name}={value!r}, wanted True or False")
    return bool(value)


def floating(path: str, array: Array) -> None:
    """Refuse an array that is not a plain one of floating dtype."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{path} is a masked array, wanted a plain one: its mask would be ignored")
    if array.dtype not in DTYPES:
        dtype = array.dtype
        given = dtype if dtype.isnative else f"{dtype.str}, not in native byte order"
        raise TypeError(f"{path} has dtype {given}, wanted float16, float32 or float64")


def alike(path: str, a: Array, like_path: str, b: Array) -> None:
    """Refuse an array of another kind, dtype or device than a second one."""
    if isinstance(a, np.ndarray) != isinstance(b, np.ndarray):
        kinds = [f"{type(x).__module__}.{type(x).__name__}" for x in (a, b)]
        raise TypeError(f"{path} is a {kinds[0]}, wanted a {kinds[1]} like {like_path}")
    if a.dtype != b.dtype:
        raise TypeError(f"{path} has dtype {a.dtype}, wanted {b.dtype} like {like_path}")
    if not isinstance(a, np.ndarray) and a.device != b.device:
        raise ValueError(f"{path} is on {a.device}, wanted {b.device} like {like_path}")


def parameter(path: str, w: Array) -> None:
    """Refuse an array that cannot be updated in place."""
    floating(path, w)
    if isinstance(w, np.ndarray) and not w.flags.writeable:
        raise ValueError(f"{path} is read-only, wanted a writable array: it is updated in place")
    if _overlaps_itself(w):
        raise ValueError(f"{path} overlaps itself (strides {w.strides}), wanted distinct elements")


def gradient(path: str, g: Any, like_path: str, w: Array) -> None:
    """Refuse a gradient that does not fit its parameter."""
    if type(g) is np.ndarray is type(w) and g.dtype == w.dtype and g.shape == w.shape:
        return  # what follows says what is wrong
    if not is_array(g):
        raise TypeError(f"{path} is {g!r}, of type {type(g).__name__}, wanted an array")
    if isinstance(g, np.ma.MaskedArray):
        raise TypeError(f"{path} is a masked array, wanted a plain one: its mask would be ignored")
    alike(path, g, like_path, w)
    if g.shape != w.shape:
        raise ValueError(f"{path} has shape {g.shape}, wanted {w.shape} like {like_path}")


def finite(path: str, g: Array) -> None:
    """Refuse a gradient with NaN or infinity; for ``on_nonfinite="raise"``."""
    if isinstance(g, np.ndarray):
        chunks = np.nditer(g, ["external_loop", "buffered", "zerosize_ok"])
        good = g.size == 0 or all(np.isfinite(chunk).all() for chunk in chunks)
    else:
        import cupy

        with g.device:
            good = bool(cupy.isfinite(g).all())
    if not good:
        raise ValueError(f"{path} is not finite, wanted finite numbers (on_nonfinite='raise')")


def span(array: Array) -> Span:
    """First and last address of an array's memory; equal where it is empty."""
    if isinstance(array, np.ndarray):
        start = array.__array_interface__["data"][0]
        if array.flags.c_contiguous:
            return start, start + array.nbytes
    else:
        start = array.data.ptr
    if array.size == 0:
        return start, start
    reach = [(n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)]
    low = sum(step for step in reach if step < 0)
    high = sum(step for step in reach if step > 0)
    return start + low, start + high + array.itemsize


class Memory:
    """The memory an optimizer writes, to be asked whether another array touches it."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._farthest: list[int] = []  # the largest end so far, in order of the starts
        self._owners: list[tuple[str, Array]] = []
        self._roots: set[int] | None = set()  # ids of the arrays that hold the owned memory

    def add(self, path: str, array: Array) -> None:
        """Own the memory of an array; refuse what is owned already."""
        self.refuse(path, array)
        start, end = span(array)
        if start == end:
            return
        i = bisect.bisect(self._starts, start)
        self._starts.insert(i, start)
        self._ends.insert(i, end)
        self._owners.insert(i, (path, array))
        self._farthest = list(itertools.accumulate(self._ends, max))
        root = array
        while isinstance(root, np.ndarray) and root.base is not None:
            root = root.base
        if not (type(root) is np.ndarray and root.flags.owndata):
            self._roots = None  # memory from elsewhere: who else sees it cannot be known
        elif self._roots is not None:
            self._roots.add(id(root))

    def refuse(self, path: str, array: Array) -> None:
        """Raise where an array shares memory with an owned one."""
        if (
            self._roots is not None
            and type(array) is np.ndarray
            and array.base is None
            and array.flags.owndata
            and id(array) not in self._roots
        ):
            return  # it holds its memory itself, and nothing owned is a view of it
        start, end = span(array)
        i = bisect.bisect_left(self._starts, end)
        while i > 0 and self._farthest[i - 1] > start:
            i -= 1
            owner, owned = self._owners[i]
            if self._ends[i] > start and _share(array, owned):
                raise ValueError(f"{path} overlaps the memory of {owner}, wanted memory of its own")


def _share(a: Array, b: Array) -> bool:
    if isinstance(a, np.ndarray):
        try:
            return np.shares_memory(a, b, max_work=100_000)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True
    return True  # CuPy cannot tell interleaved arrays from overlapping ones


def _overlaps_itself(array: Array) -> bool:
    """Whether elements may share memory; False for every slice or transpose of a plain array."""
    axes = sorted(
        (abs(step), n) for n, step in zip(array.shape, array.strides, strict=True) if n > 1
    )
    reach: int = array.itemsize
    for step, n in axes:
        if step < reach:
            return bool(array.size)
        reach = step * (n - 1) + reach
    return False
