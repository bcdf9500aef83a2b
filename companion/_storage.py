"""State dictionaries of optimizers: checked as a whole, and kept in one file."""

import json
import os
import secrets
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from companion import _checks, _tree
from companion._typing import Array, PathLike, Tree


@dataclass(frozen=True)
class Loaded:
    """What a state dictionary holds, known to fit."""

    hyperparameters: dict[str, float]
    t: int
    states: list[list[Array]]  # for each parameter, in the order of the rule


def check(state_dict: Any, own: dict[str, Any], params: Tree) -> Loaded:
    """Refuse a state dictionary that does not fit an optimizer, whose own is given."""
    if not isinstance(state_dict, dict) or state_dict.keys() != own.keys():
        given = _tree.describe(state_dict)
        raise ValueError(f"state_dict is {given}, wanted a dict with the keys {list(own)}")
    for key in ("rule", "options"):
        if state_dict[key] != own[key]:
            raise ValueError(f"state_dict[{key!r}] is {state_dict[key]!r}, wanted {own[key]!r}")
    for key in ("hyperparameters", "state"):
        if not isinstance(state_dict[key], dict) or state_dict[key].keys() != own[key].keys():
            given = _tree.describe(state_dict[key])
            raise ValueError(f"state_dict[{key!r}] is {given}, wanted the keys {list(own[key])}")
    t = state_dict["t"]
    if isinstance(t, bool) or not isinstance(t, int | np.integer) or t < 0:
        raise ValueError(f"state_dict['t'] is {t!r}, wanted an integer >= 0")
    numbers = {k: _checks.hyperparameter(k, v) for k, v in state_dict["hyperparameters"].items()}
    columns = []
    for name, tree in state_dict["state"].items():
        path = f"state_dict['state'][{name!r}]"
        column: list[Array] = []
        _tree.flatten_like(tree, params, path, "params", column)
        wanted = _tree.leaves(own["state"][name], path)
        for value, (leaf_path, state) in zip(column, wanted, strict=True):
            _checks.gradient(leaf_path, value, "the optimizer's state", state)
        columns.append(column)
    count = len(_tree.leaves(params, "params"))
    states = [list(row) for row in zip(*columns, strict=True)] if columns else [[]] * count
    return Loaded(numbers, int(t), states)


def save(path: PathLike, state_dict: dict[str, Any]) -> None:
    """Write a state dictionary aside, then rename it into place."""
    path = Path(path)
    header = {k: state_dict[k] for k in ("rule", "options", "hyperparameters", "t")}
    arrays = {
        leaf_path: array.get() if hasattr(array, "get") else array
        for leaf_path, array in _members(state_dict["state"])
    }
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as file:
            np.savez(file, header=np.array(json.dumps(header)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():  # whoever could read it still can
            shutil.copymode(path, aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def load(path: PathLike, state: dict[str, Tree]) -> dict[str, Any]:
    """Read a file of :func:`save` as a state dictionary with the structure of ``state``."""
    members = _members(state)
    wanted = {name for name, _ in members}
    strange = f"{path} is not a file written by Optimizer.save"
    with Path(path).open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(strange)
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            names = set(file.files) - {"header"}
            if names != wanted:
                raise ValueError(f"{path} holds {sorted(names)}, wanted {sorted(wanted)}")
            arrays = {name: _like(file[name], array) for name, array in members}
    except (zipfile.BadZipFile, KeyError, EOFError, json.JSONDecodeError) as error:
        raise ValueError(strange) from error
    loaded = {
        name: _tree.unflatten(tree, [arrays[p] for p, _ in _tree.leaves(tree, name)])
        for name, tree in state.items()
    }
    return {**header, "state": loaded}


def _members(state: dict[str, Tree]) -> list[tuple[str, Array]]:
    """Names of the arrays in the file, ``r['W1']`` say, with the arrays."""
    return [pair for name, tree in state.items() for pair in _tree.leaves(tree, name)]


def _like(value: Array, array: Array) -> Array:
    """Move an array that was read to where the optimizer's own is."""
    if isinstance(array, np.ndarray):
        return value
    import cupy

    with array.device:
        return cupy.asarray(value)
