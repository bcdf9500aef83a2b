"""Signature and docstring of an optimizer class, made from those of its rule."""

import inspect
import re
from collections.abc import Callable, Collection
from typing import Any

HEADING = "Parameters\n----------\n"
PARAMS = """\
params
    Array or nest of arrays, changed in place by every step.
"""
OTHERS = """\
engine, on_nonfinite
    How to compute, and what to do about NaN: as for :class:`~companion.optimizers.Optimizer`.
"""


def signature(rule: Callable[..., Any], hyperparameters: Collection[str]) -> inspect.Signature:
    """Take the rule's hyperparameters, between what every optimizer has."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = inspect.signature(rule).parameters
    return inspect.Signature(
        [
            inspect.Parameter("params", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(own[name] for name in own if name in hyperparameters),
            inspect.Parameter("engine", keyword, default="auto"),
            inspect.Parameter("on_nonfinite", keyword, default="ignore"),
        ]
    )


def docstring(rule: Callable[..., Any], hyperparameters: Collection[str]) -> str:
    """Take the rule's text, with the optimizer's parameters in place of the rule's arrays."""
    text, heading, rest = (inspect.getdoc(rule) or "").partition(HEADING)
    if not heading:
        return text
    section, *tail = re.split(r"\n\n(?=\w+\n-)", rest, maxsplit=1)
    entries = re.findall(r"^(\w.*)\n((?: .*\n|\n)+)", section + "\n", re.MULTILINE)
    kept = [
        f"{names}\n{lines}" for names, lines in entries if names.split(",")[0] in hyperparameters
    ]
    return "\n\n".join([text + heading + "".join([PARAMS, *kept, OTHERS]).rstrip(), *tail])
