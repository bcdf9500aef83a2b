"""Structures of arrays: an array, or lists, tuples and dicts of them, nested to any depth."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from companion._typing import Array, Tree


def is_array(value: object) -> bool:
    """Whether a value is a NumPy or a CuPy array."""
    return hasattr(value, "__array_interface__") or hasattr(value, "__cuda_array_interface__")


def children(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield the key, as it is written in Python, and the value of each entry."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return ((f"[{key!r}]", value) for key, value in entries)


def leaves(tree: Tree, path: str) -> list[tuple[str, Array]]:
    """List every array with its path, ``params['W1']`` say; refuse anything else."""
    if isinstance(tree, dict | list | tuple):
        found = []
        for key, value in children(tree):
            found += leaves(value, path + key)
        return found
    if not is_array(tree):
        raise TypeError(
            f"{path} is {describe(tree)}, wanted a NumPy or CuPy array, "
            "or a list, tuple or dict of arrays"
        )
    return [(path, tree)]


def flatten_like(tree: Tree, like: Tree, path: str, like_path: str, out: list[Any]) -> None:
    """Append to ``out`` the leaves of a tree in the order of another; refuse another structure."""
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            raise _mismatch(tree, like, path, like_path)
        for key, value in like.items():
            child = tree[key]
            if isinstance(value, dict | list | tuple):
                key = f"[{key!r}]"
                flatten_like(child, value, path + key, like_path + key, out)
            else:
                out.append(child)
    elif isinstance(like, list | tuple):
        if not isinstance(tree, list | tuple) or len(tree) != len(like):
            raise _mismatch(tree, like, path, like_path)
        for index, (child, value) in enumerate(zip(tree, like, strict=True)):
            if isinstance(value, dict | list | tuple):
                key = f"[{index}]"
                flatten_like(child, value, path + key, like_path + key, out)
            else:
                out.append(child)
    else:
        out.append(tree)


def unflatten(like: Tree, values: Sequence[Any]) -> Tree:
    """Build a tree with the structure of another from values in the order of its leaves."""
    remaining = iter(values)
    return map_leaves(lambda _: next(remaining), like)


def map_leaves(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """Build a tree of the same structure from the result for each leaf."""
    if isinstance(tree, dict):
        return {key: map_leaves(function, value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [map_leaves(function, value) for value in tree]
    if isinstance(tree, tuple):
        values = [map_leaves(function, value) for value in tree]
        return type(tree)(*values) if hasattr(tree, "_fields") else tuple(values)
    return function(tree)


def describe(value: object) -> str:
    """Say what a value is, in words for an error message."""
    if isinstance(value, dict):
        return f"a dict with the keys {list(value)}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if is_array(value):
        return f"an array of shape {value.shape}"  # type: ignore[attr-defined]
    return f"{value!r}, of type {type(value).__name__}"


def _mismatch(tree: Tree, like: Tree, path: str, like_path: str) -> Exception:
    message = f"{path} is {describe(tree)}, wanted the structure of {like_path}: {describe(like)}"
    same_kind = isinstance(tree, dict | list | tuple)
    return ValueError(message) if same_kind else TypeError(message)
