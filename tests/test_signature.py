"""What an optimizer class says of itself."""

import inspect
import re

import pytest

from companion import Optimizer, optimizers, rules

CLASSES = [getattr(optimizers, name) for name in optimizers.__all__ if name != "Optimizer"]


def documented(text):
    """List the names under the heading Parameters."""
    section = re.split(r"\n\n(?=\w+\n-)", text.partition("Parameters\n----------\n")[2])[0]
    lines = re.findall(r"^\w.*$", section, re.MULTILINE)
    return [name for line in lines for name in line.split(", ")]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_is_documented_once_and_in_order(cls):
    assert documented(cls.__doc__) == list(inspect.signature(cls).parameters)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_rest_is_the_text_of_the_rule(cls):
    rule = inspect.getdoc(cls.rule)
    before, after = re.split(r"Parameters\n-{10}\n(?s:.*?)\n\n(?=\w+\n-)", rule)
    assert before in cls.__doc__
    assert cls.__doc__.endswith(after)


@pytest.mark.parametrize("name", rules.__all__)
def test_every_rule_documents_its_parameters(name):
    rule = getattr(rules, name)
    assert set(documented(inspect.getdoc(rule))) == set(inspect.signature(rule).parameters)


def test_a_rule_without_text_is_enough():
    class Plain(Optimizer, rule=lambda w, g, *, lr=0.1: (w - lr * g,)):
        pass

    assert list(inspect.signature(Plain).parameters) == ["params", "lr", "engine", "on_nonfinite"]
    assert not Plain.__doc__
