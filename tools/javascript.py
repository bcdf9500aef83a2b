"""Print every rule as JavaScript, from its tape: the live figures run what the package runs.

A rule becomes an object of the script's ``rules``:

    adam: {states: ["s", "r"], scalars: {lr: 0.001, beta1: 0.9, ...},
           host(t, lr, ...) -> coefficients, body(w, g, states, coefficients, i)}

``body`` updates element ``i`` of Float64Arrays in place and returns its effective rate, what
multiplies the gradient or its average. Variants of a rule, one for each
option turned over, are rules of their own: ``rmsprop_eps_outside_root`` say.
"""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import companion
from companion import plots, rules
from companion.tape import Tape, record

BODY = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negative": "-{}",
    "positive": "+{}",
    "sqrt": "Math.sqrt({})",
    "absolute": "Math.abs({})",
    "maximum": "Math.max({}, {})",
    "sign": "Math.sign({})",
}
LABELS = {"gradient_descent": "Gradient descent"}
HOST = BODY | {"power": "{} ** {}"}


def variants() -> Iterator[tuple[str, Tape]]:
    """Yield every rule and variant with its name in the script."""
    for name in sorted(rules.__all__):
        rule = getattr(rules, name)
        yield name, record(rule)
        for option, default in record(rule).options.items():
            yield (
                f"{name}__{option}_{str(not default).lower()}",
                record(rule, **{option: not default}),
            )


def script() -> str:
    """Return the whole script: a classic one, which also runs from a file and in Node."""
    entries = ",\n".join(f"  {name}: {_rule(tape)}" for name, tape in variants())
    return (
        "// Made from companion.rules by tools/javascript.py; do not edit.\n"
        "(function (root) {\n'use strict';\nconst rules = {\n" + entries + "\n};\n"
        f"root.bookMethods = {json.dumps(methods())};\n"
        "root.bookRules = rules;\n"
        "if (typeof module !== 'undefined') module.exports = rules;\n"
        "})(typeof globalThis !== 'undefined' ? globalThis : this);\n"
    )


def methods() -> dict[str, dict[str, Any]]:
    """Return the name, color and dashes of each method, as the book's figures have them."""
    found = {}
    for cls in (companion.GradientDescent, companion.Momentum, companion.AdaGrad,
                companion.RMSProp, companion.Adam, companion.AMSGrad):  # fmt: skip
        name = cls.rule.__name__
        style = plots.style(name)
        dashes = [] if style["linestyle"] == "-" else list(style["linestyle"][1])
        label = LABELS.get(name, cls.__name__)
        found[name] = {"label": label, "color": style["color"], "dash": [3 * d for d in dashes]}
    return found


def _rule(tape: Tape) -> str:
    parameters = inspect.signature(tape.rule).parameters
    defaults = {name: parameters[name].default for name in tape.scalars if name != "t"}
    host = [f"const {o.name} = {HOST[o.ufunc.__name__].format(*o.inputs)};" for o in tape.host]
    w, g, *states = tape.arrays
    loads = [f"const {w} = W[i], {g} = G[i];"]
    loads += [f"const {name} = S[{k}][i];" for k, name in enumerate(states)]
    body = [f"const {line};" for line in tape.lines(BODY)]
    targets = ["W[i]", *(f"S[{k}][i]" for k in range(len(states)))]
    stores = [f"{t} = {o};" for t, o in zip(targets, tape.outputs, strict=True)]
    scalars = [name for name in tape.scalars if name != "t"]
    return (
        f"{{\n    states: {json.dumps(states)}, scalars: {json.dumps(defaults)},\n"
        f"    host(t, {{{', '.join(scalars)}}}) {{ {' '.join(host)} "
        f"return [{', '.join(tape.coefficients)}]; }},\n"
        f"    body(W, G, S, [{', '.join(tape.coefficients)}], i) {{\n      "
        + "\n      ".join([*loads, *body, *stores, f"return {effective_rate(tape)};"])
        + "\n    }\n  }"
    )


def effective_rate(tape: Tape) -> str:
    """Find the rate in a body that ends in ``w - lr * x`` or ``w - lr * x / root``."""
    by_name = {o.name: o for o in tape.body}
    last = by_name[tape.outputs[0]]
    step = by_name.get(last.inputs[1])
    if last.ufunc.__name__ == "subtract" and step is not None:
        root = step.inputs[1] if step.ufunc.__name__ == "divide" else None
        product = by_name.get(step.inputs[0]) if root else step
        if product is not None and product.inputs[0] == "lr":
            return f"lr / {root}" if root else "lr"
    raise TypeError(f"{tape.rule.__name__} does not end in w - lr * x or w - lr * x / root")


if __name__ == "__main__":
    print(script(), end="")
