"""The CUDA that is printed for CuPy, as far as it can be read without CuPy; see tests/cuda."""

import sys

import pytest

from companion import engines, rules
from companion.engines.cupy import SYNTAX, operation
from companion.tape import BODY_UFUNCS, record


def test_every_ufunc_has_its_cuda():
    assert set(SYNTAX) == BODY_UFUNCS


def test_loads_come_first_and_stores_last():
    assert operation(record(rules.adagrad), "float").splitlines() == [
        "{",
        "  const float w = w_;",
        "  const float g = g_;",
        "  const float r = r_;",
        "  const float lr = lr_;",
        "  const float eps = eps_;",
        "  const float x0 = g * g;",
        "  const float x1 = r + x0;",
        "  const float x2 = lr * g;",
        "  const float x3 = sqrt(x1);",
        "  const float x4 = x3 + eps;",
        "  const float x5 = x2 / x4;",
        "  const float x6 = w - x5;",
        "  w_ = x6;",
        "  r_ = x1;",
        "}",
    ]


def test_a_missing_cupy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ImportError, match=r"adaptive-learning-rates\[cuda12\].*\[cuda13\]"):
        engines.load("cupy", record(rules.adam))
