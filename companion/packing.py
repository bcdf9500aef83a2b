"""Many arrays in one buffer, so that one loop or one kernel launch updates them all.

The arrays lie end to end, without padding. An optimizer can therefore trust addresses
alone: arrays that tile a stretch of one flat array may be updated as that stretch, because
every element of it belongs to one of them, whoever made them.
"""

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from companion import _checks, _tree
from companion._typing import Array, Tree

ALIGNMENT = 64  # bytes: a cache line; no wider load is ever needed
SEQUENCES = (list, tuple)


def pack(tree: Tree) -> Tree:
    """Copy the arrays of a structure into one buffer; return the structure, made of views.

    Give an optimizer packed parameters and packed gradients, and a step is one loop over
    memory, or one kernel launch, however many arrays there are. Its states are packed too.
    Gradients that are not packed work as ever, an array at a time.

    Parameters
    ----------
    tree
        An array, or a list, tuple or dict of arrays, nested to any depth: all NumPy or all
        CuPy, on one device, and of one dtype, float16, float32 or float64.

    Returns
    -------
    Tree
        The same structure. Each array has its shape and values and is C-contiguous.
        Trees of equal structure, with the keys of dicts in equal order, are laid out alike.

    Raises
    ------
    TypeError, ValueError
        Where arrays differ in kind, dtype or device, or are of no such dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from companion import Adam, pack
    >>> params = pack({"W": np.ones((2, 3)), "b": np.zeros(3)})
    >>> grads = pack(params)  # same structure, memory of its own
    >>> optimizer = Adam(params)
    >>> for _ in range(10):
    ...     grads["W"][...] = params["W"]  # write into the same views in every step
    ...     grads["b"][...] = 1.0
    ...     optimizer.step(grads)
    """
    leaves = _tree.leaves(tree, "tree")
    if not leaves:
        raise ValueError("tree holds no array, wanted at least one")
    (first_path, first), arrays = leaves[0], [array for _, array in leaves]
    for path, array in leaves:
        _checks.floating(path, array)
        _checks.alike(path, array, first_path, first)
    # No array may start at an odder address than its own size forces on its neighbors.
    sizes = [array.nbytes for array in arrays]
    order = sorted(range(len(sizes)), key=lambda i: -min(sizes[i] & -sizes[i], ALIGNMENT))
    starts = [0] * len(arrays)
    total = 0
    for i in order:
        starts[i], total = total, total + arrays[i].size
    buffer = _empty_like(first, total)
    layout = Layout(buffer, starts, [array.shape for array in arrays])
    views = layout.split(buffer)
    for view, array in zip(views, arrays, strict=True):
        view[...] = array
    return _tree.unflatten(tree, views)


class Layout:
    """How arrays lie in one flat array.

    Attributes
    ----------
    flat
        The flat array that they tile.
    """

    def __init__(self, flat: Array, starts: list[int], shapes: list[tuple[int, ...]]) -> None:
        self.flat, self._starts, self._shapes = flat, starts, shapes
        self._sizes = [int(np.prod(shape)) for shape in shapes]
        self._seen: tuple[Tree, Array] = (None, None)

    def split(self, flat: Array) -> list[Array]:
        """Return the views of a flat array that lie in it as these arrays do."""
        entries = zip(self._starts, self._sizes, self._shapes, strict=True)
        return [flat[start : start + size].reshape(shape) for start, size, shape in entries]

    def flatten(self, tree: Tree, arrays: Sequence[Array]) -> Array | None:
        """Return the flat array that the arrays of a tree tile in this same layout, if any.

        The arrays must be known to have the shapes and the dtype of this layout.
        """
        other = find(arrays)
        if other is None or other._starts != self._starts:
            return None
        self._seen = (_frozen(tree), other.flat)
        return other.flat

    def recall(self, tree: Tree) -> Array | None:
        """Return what :meth:`flatten` did last, where the tree holds the very same arrays.

        They need no second check, since nothing that was checked can have changed: a view
        cannot be resized, so it keeps its memory, which the flat array keeps alive. (To
        assign to its ``shape`` or ``dtype`` is deprecated in NumPy, goes unnoticed here and
        leads to no other memory.)
        """
        seen, flat = self._seen
        return flat if flat is not None and _same(tree, seen) else None


def find(arrays: Sequence[Array]) -> Layout | None:
    """Return the layout of arrays that tile a stretch of one flat array; None for others."""
    first = arrays[0]
    base = first.base
    if len(arrays) == 1 or not isinstance(base, np.ndarray | type(first)):
        return None
    if base.ndim != 1 or base.dtype != first.dtype or not base.flags.c_contiguous:
        return None
    if not getattr(base.flags, "writeable", True):  # CuPy has no such flag
        return None
    if not all(a.base is base and a.flags.c_contiguous for a in arrays):
        return None
    spans = [_checks.span(a) for a in arrays]
    ordered = sorted(spans)
    if any(end != start for (_, end), (start, _) in itertools.pairwise(ordered)):
        return None
    origin, size = _checks.span(base)[0], base.itemsize
    low, high = ordered[0][0], ordered[-1][1]
    flat = base[(low - origin) // size : (high - origin) // size]
    return Layout(flat, [(start - low) // size for start, _ in spans], [a.shape for a in arrays])


def _empty_like(array: Array, size: int) -> Array:
    if isinstance(array, np.ndarray):
        return np.empty(size, array.dtype)
    import cupy

    with array.device:
        return cupy.empty(size, array.dtype)


def _frozen(tree: Tree) -> Any:
    """Copy what can change in a tree; the arrays, and tuples of arrays only, are kept."""
    if isinstance(tree, dict):
        return {key: _frozen(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_frozen(value) for value in tree]
    if isinstance(tree, tuple):
        values = tuple(map(_frozen, tree))
        return tree if all(map(operator.is_, values, tree)) else values
    return tree


def _same(tree: Tree, seen: Any) -> bool:
    """Whether a tree has the structure and the very arrays of the frozen one."""
    if tree is seen:
        return True
    if isinstance(seen, dict):
        if not isinstance(tree, dict) or list(tree) != list(seen):
            return False
        tree, seen = tree.values(), seen.values()
    elif not (isinstance(seen, SEQUENCES) and isinstance(tree, SEQUENCES)) or (
        len(tree) != len(seen)
    ):
        return False
    return all(map(operator.is_, tree, seen)) or all(map(_same, tree, seen))
