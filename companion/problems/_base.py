"""What every problem offers, and the checks that they share."""

import sys
from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any

import numpy as np

from companion import _tree
from companion._typing import Array, Tree

Random = np.random.Generator


def namespace(array: Array) -> ModuleType:
    """Return the module an array belongs to, ``numpy`` or ``cupy``."""
    return sys.modules[type(array).__module__.partition(".")[0]]


def host(array: Array) -> Array:
    """Return an array in NumPy's memory; one of CuPy is copied there."""
    return array.get() if hasattr(array, "get") else np.asarray(array)


def floating(name: str, values: Any, *, dtype: Any = None, xp: ModuleType | None = None) -> Array:
    """Return values as a fresh floating array, of their own dtype and module by default.

    Anything but a floating array becomes float64.
    """
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype={dtype!r}, wanted a floating one")
    if xp is None:
        xp = namespace(values) if _tree.is_array(values) else np
    if dtype is None:
        own = getattr(values, "dtype", None)
        dtype = own if own is not None and own.kind == "f" else np.float64
    try:
        return xp.array(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must hold numbers: {error}") from None


class Problem(ABC):
    """An objective to minimize, with its gradient.

    Attributes
    ----------
    n
        Number of samples that the loss averages over: 0 for a function that has none,
        ``math.inf`` for an expectation that can be sampled without end.
    minimizer, minimum
        Where the least loss is and what it is; ``None`` where that is not known.
    """

    n: float = 0
    minimizer: Tree | None = None
    minimum: float | None = None
    _start: Tree

    @property
    def start(self) -> Tree:
        """Parameters to start from, a fresh copy each time."""
        return _tree.map_leaves(lambda array: array.copy(), self._start)

    @property
    def xp(self) -> ModuleType:
        """The module of the problem's arrays, ``numpy`` or ``cupy``."""
        start = self._start
        return namespace(next(iter(start.values())) if isinstance(start, dict) else start)

    @abstractmethod
    def loss(self, params: Tree, batch: Array | None = None) -> float:
        """Return the objective, averaged over a batch or, by default, over all samples."""

    @abstractmethod
    def gradient(self, params: Tree, batch: Array | None = None) -> Tree:
        """Return the gradient of :meth:`loss`, in the structure and dtype of ``params``."""

    def sample(self, rng: Random, size: int) -> Array:
        """Draw a batch of samples independently and uniformly, that is, with replacement."""
        if not self.n:
            raise ValueError(f"{type(self).__name__} has no samples to draw, wanted batch=None")
        return self.xp.asarray(rng.integers(int(self.n), size=size))

    def project(self, params: Tree) -> None:  # noqa: B027 - most problems have no bounds
        """Move parameters, in place, to the nearest point that is allowed; here all are."""

    def _vector(self, params: Array, name: str = "params") -> Array:
        """Check parameters that are one array against ``start``."""
        return match(name, params, self._start)

    def _no_batch(self, batch: Array | None) -> None:
        if batch is not None:
            raise ValueError(f"batch={batch!r}, wanted None: {type(self).__name__} has no samples")


def match(name: str, array: Array, like: Array) -> Array:
    """Check that an array has the shape of another and a floating dtype."""
    if not hasattr(array, "shape"):
        array = namespace(like).asarray(array, dtype=like.dtype)
    if array.shape != like.shape:
        raise ValueError(f"{name} has the shape {array.shape}, wanted {like.shape}")
    if array.dtype.kind != "f":
        raise TypeError(f"{name} has the dtype {array.dtype}, wanted a floating one")
    return array


def match_dict(params: Tree, like: dict[str, Array]) -> dict[str, Array]:
    """Check parameters that are a dict of arrays."""
    if not isinstance(params, dict) or params.keys() != like.keys():
        raise ValueError(f"params is {_tree.describe(params)}, wanted a dict of {list(like)}")
    return {key: match(f"params[{key!r}]", params[key], like[key]) for key in like}


def cast_like(gradient: dict[str, Array], params: dict[str, Array]) -> dict[str, Array]:
    """Cast each entry to the dtype of its parameter."""
    return {key: g.astype(params[key].dtype, copy=False) for key, g in gradient.items()}


class Samples(Problem):
    """A loss averaged over the rows of a data matrix.

    Parameters
    ----------
    X
        Features, an array of shape (n, d). Its module, NumPy or CuPy, is the problem's;
        so is its dtype where that is floating, else float64.
    y
        One label or target a row, of shape (n,).
    """

    X: Array
    y: Array

    def __init__(self, X: Any, y: Any) -> None:
        X = floating("X", X)
        if X.ndim != 2 or not X.size:
            raise ValueError(f"X has the shape {X.shape}, wanted (n, d) with n, d >= 1")
        y = namespace(X).asarray(y)
        if y.shape != X.shape[:1]:
            raise ValueError(f"y has the shape {y.shape}, wanted {X.shape[:1]}: one a row of X")
        self.X, self.y, self.n = X, y, len(X)

    def rows(self, batch: Array | None) -> tuple[Array, Array]:
        """Return the features and targets of a batch of row numbers, by default all."""
        if batch is None:
            return self.X, self.y
        batch = row_numbers(batch, self.xp)
        return self.X[batch], self.y[batch]


def row_numbers(batch: Any, xp: ModuleType) -> Array:
    """Check a batch of samples, given by their numbers."""
    batch = xp.asarray(batch)
    if batch.ndim != 1 or not batch.size or batch.dtype.kind not in "iu":
        raise ValueError(
            f"batch has the shape {batch.shape} and the dtype {batch.dtype}, "
            "wanted a 1-d array of one row number or more"
        )
    return batch


def nonnegative(name: str, value: float) -> float:
    """Check a number that may not be negative or infinite."""
    if not (value >= 0 and np.isfinite(value)):
        raise ValueError(f"{name}={value!r}, wanted a finite number >= 0")
    return float(value)


def classes(y: Array) -> tuple[Array, int]:
    """Check labels 0, 1, ..., K-1 and count the classes."""
    labels = y.astype(np.int64)
    if not bool((labels == y).all()) or int(labels.min()) < 0 or int(labels.max()) < 1:
        raise ValueError("y must hold the labels 0, 1, ..., K-1 of K >= 2 classes")
    return labels, int(labels.max()) + 1
