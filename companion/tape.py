"""Record a rule once; replay it anywhere.

Calling a rule with :class:`Node` objects in place of arrays records two straight-line
programs:

host
    what only scalars touch, ``1 - beta1**t`` say: evaluated once a step in float64;
body
    the elementwise arithmetic, in the order written. Its scalar inputs, the
    *coefficients*, are cast to the dtype of the arrays.

That is what NumPy itself does with a Python float that meets a float32 array, so a
body printed for any target computes the bits of the rule called with arrays. Division
of an array by a scalar is the product with its reciprocal, which the host computes; see
:class:`companion._scalar.Scalar`.
"""

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# Each ufunc a rule may call, in Python's own notation for the host program. `power`
# stands on the host only: in a body `g**2` would call a slow, inexact function.
HOST_SYNTAX = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "power": "{} ** {}",
    "negative": "-{}",
    "positive": "+{}",
    "sqrt": "sqrt({})",
    "absolute": "abs({})",
}
BODY_UFUNCS = {
    *("add", "subtract", "multiply", "divide", "negative", "positive"),
    *("sqrt", "absolute", "maximum", "sign"),
}


@dataclass(frozen=True)
class Operation:
    """One line of a program: ``name = ufunc(*inputs)``."""

    name: str
    ufunc: np.ufunc
    inputs: tuple[str, ...]


class Node(np.lib.mixins.NDArrayOperatorsMixin):
    """A name on the tape. Operators and NumPy's ufuncs arrive at ``__array_ufunc__``."""

    def __init__(self, tape: "Tape", name: str, elementwise: bool) -> None:
        self._tape, self.name, self.elementwise = tape, name, elementwise

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> "Node":
        if method != "__call__" or kwargs:
            raise TypeError(f"a rule may only call ufuncs plainly, not {ufunc.__name__}.{method}")
        return self._tape._record(ufunc, args)

    def __bool__(self) -> bool:
        raise TypeError("a rule has no branch on a value; only a bool option may select a variant")


class Tape:
    """The recording of a rule.

    Attributes
    ----------
    rule
        The function recorded.
    options
        The value of each ``bool`` keyword; a tape is of one variant.
    arrays
        Names of the array arguments: ``w``, ``g``, then the states.
    scalars
        Names of the number arguments, with ``t`` where the rule counts steps.
    host, body
        The two programs, as tuples of :class:`Operation`.
    coefficients
        Names, in the host program or among the scalars, that the body reads.
    outputs
        Names of the results: the new ``w``, then the new states.
    """

    def __init__(self, rule: Callable[..., tuple[Any, ...]], **options: bool) -> None:
        parameters = inspect.signature(rule).parameters.values()
        keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        self.rule = rule
        self.options = {p.name: p.default for p in keywords if isinstance(p.default, bool)}
        if unknown := set(options) - set(self.options):
            raise TypeError(f"{rule.__name__} has no option {sorted(unknown)}")
        self.options |= options
        self.arrays = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.scalars = tuple(p.name for p in keywords if p.name not in self.options)
        self._host: list[Operation] = []
        self._body: list[Operation] = []
        self._names: dict[tuple[str, ...], str] = {}
        results = rule(
            *(Node(self, name, True) for name in self.arrays),
            **{name: Node(self, name, False) for name in self.scalars},
            **self.options,
        )
        self.outputs = self._own(results)
        self.host, self.body = tuple(self._host), tuple(self._body)
        if len(self.outputs) != len(self.written):
            raise TypeError(
                f"{rule.__name__} returns {len(self.outputs)} results, "
                f"wanted {len(self.written)}: the new {', '.join(self.written)}"
            )
        elementwise = {*self.arrays, *(operation.name for operation in self.body)}
        inputs = (name for operation in self.body for name in operation.inputs)
        self.coefficients = tuple(dict.fromkeys(i for i in inputs if i not in elementwise))

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.arrays[2:]

    @property
    def written(self) -> tuple[str, ...]:
        """Names of the arrays that a step changes, in the order of ``outputs``."""
        return (self.arrays[0], *self.states)

    def _own(self, results: tuple[Node, ...]) -> tuple[str, ...]:
        """Give each result an operation of its own, so that none is an input or stands twice."""
        outputs: list[str] = []
        for result in results:
            if result.name in self.arrays or result.name in outputs:
                name = self._new_name(elementwise=True)
                self._body.append(Operation(name, np.positive, (result.name,)))
                outputs.append(name)
            else:
                outputs.append(result.name)
        return tuple(outputs)

    def _record(self, ufunc: np.ufunc, args: tuple[Any, ...]) -> Node:
        elementwise = any(isinstance(a, Node) and a.elementwise for a in args)
        known = BODY_UFUNCS if elementwise else HOST_SYNTAX
        if ufunc.__name__ not in known:
            hint = "; write g * g for a square" if ufunc.__name__ in ("power", "square") else ""
            where = "arrays" if elementwise else "scalars"
            raise TypeError(f"a rule may not apply {ufunc.__name__} to {where}{hint}")
        inputs = tuple(
            a.name if isinstance(a, Node) else self._literal(a, elementwise) for a in args
        )
        by_scalar = isinstance(args[-1], Node) and not args[-1].elementwise
        if ufunc is np.divide and elementwise and by_scalar:  # one reciprocal a step, as Scalar
            reciprocal = self._append(np.divide, ("1", inputs[1]), False)
            return self._append(np.multiply, (inputs[0], reciprocal.name), True)
        return self._append(ufunc, inputs, elementwise)

    def _append(self, ufunc: np.ufunc, inputs: tuple[str, ...], elementwise: bool) -> Node:
        key = (ufunc.__name__, *inputs)
        if key not in self._names:  # the same operation again has the same value
            program = self._body if elementwise else self._host
            self._names[key] = self._new_name(elementwise)
            program.append(Operation(self._names[key], ufunc, inputs))
        return Node(self, self._names[key], elementwise)

    def _new_name(self, elementwise: bool) -> str:
        """Name the next operation, unlike any argument of the rule."""
        prefix, program = ("x", self._body) if elementwise else ("c", self._host)
        name = f"{prefix}{len(program)}"
        while name in (*self.arrays, *self.scalars):
            name = prefix + name
        return name

    def _literal(self, value: object, elementwise: bool) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"a rule combines arrays with numbers, not with {value!r}")
        if elementwise:  # a number that meets an array becomes a coefficient
            return self._append(np.positive, (repr(value),), False).name
        return repr(value)

    @functools.cached_property
    def host_source(self) -> str:
        """The host program as a Python function, ``coefficients(lr, ...) -> tuple``."""
        lines = [
            f"    {o.name} = {HOST_SYNTAX[o.ufunc.__name__].format(*o.inputs)}" for o in self.host
        ]
        results = "".join(f"{name}, " for name in self.coefficients)
        head = f"def coefficients({', '.join(self.scalars)}):"
        return "\n".join([head, *lines, f"    return ({results})", ""])

    @functools.cached_property
    def evaluate_coefficients(self) -> Callable[..., tuple[float, ...]]:
        """Evaluate the host program: scalars in, the coefficients out, in float64."""
        namespace: dict[str, Any] = {"sqrt": math.sqrt}
        exec(self.host_source, namespace)
        return namespace["coefficients"]  # type: ignore[no-any-return]

    def lines(self, syntax: dict[str, str], rename: Callable[[str], str] = str) -> list[str]:
        """Print the body as assignments ``name = expression``, each ufunc printed by ``syntax``."""
        return [
            f"{o.name} = {syntax[o.ufunc.__name__].format(*map(rename, o.inputs))}"
            for o in self.body
        ]


@functools.cache
def _record(rule: Callable[..., tuple[Any, ...]], options: tuple[tuple[str, bool], ...]) -> Tape:
    return Tape(rule, **dict(options))


def record(rule: Callable[..., tuple[Any, ...]], **options: bool) -> Tape:
    """Record a rule, or return the recording made before.

    Examples
    --------
    >>> from companion import rules
    >>> tape = record(rules.adagrad)
    >>> tape.arrays, tape.coefficients
    (('w', 'g', 'r'), ('lr', 'eps'))
    >>> for line in tape.lines({"add": "{} + {}", "subtract": "{} - {}", "sqrt": "sqrt({})",
    ...                         "multiply": "{} * {}", "divide": "{} / {}"}):
    ...     print(line)
    x0 = g * g
    x1 = r + x0
    x2 = lr * g
    x3 = sqrt(x1)
    x4 = x3 + eps
    x5 = x2 / x4
    x6 = w - x5
    """
    return _record(rule, tuple(sorted(options.items())))
