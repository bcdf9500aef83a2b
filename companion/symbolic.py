"""Rules as mathematics: their LaTeX, their formulas, and the proof that code equals formula.

Needs SymPy, from the extra ``symbolic``, except for :func:`latex` and :func:`source`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from companion.tape import Operation, record

__all__ = ["difference", "equal", "expressions", "latex", "show", "source", "symbols"]

Rule = Callable[..., Any]

# How the book writes each name; a name not here is set upright.
NAMES = {
    "lr": r"\alpha",
    "eps": r"\delta",
    "decay": r"\gamma",
    "beta": r"\beta",
    "beta1": r"\gamma_1",
    "beta2": r"\gamma_2",
    "s_hat": r"\hat{s}",
    "r_hat": r"\hat{r}",
    "r_max": r"r_{\max}",
}


def symbols(rule: Rule, **options: bool) -> dict[str, Any]:
    """Make the SymPy symbol of every argument of a rule: real arrays, positive scalars.

    Examples
    --------
    >>> from companion import rules
    >>> sorted(symbols(rules.adagrad))
    ['eps', 'g', 'lr', 'r', 'w']
    """
    sympy = _sympy()
    tape = record(rule, **options)
    made = {name: sympy.Symbol(name, real=True) for name in tape.arrays}
    made |= {name: sympy.Symbol(name, positive=True) for name in tape.scalars}
    if "t" in made:
        made["t"] = sympy.Symbol("t", integer=True, positive=True)
    return made


def expressions(rule: Rule, **options: bool) -> dict[str, Any]:
    """Run a rule on symbols: the new parameter and states as SymPy expressions.

    Examples
    --------
    >>> from companion import rules
    >>> expressions(rules.adagrad)["r"]
    g**2 + r
    """
    sympy = _sympy()
    tape = record(rule, **options)
    values = symbols(rule, **options)
    apply = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "power": lambda a, b: a**b,
        "negative": lambda a: -a,
        "positive": lambda a: a,
        "sqrt": sympy.sqrt,
        "absolute": sympy.Abs,
        "maximum": sympy.Max,
        "sign": sympy.sign,
    }

    def value(name: str) -> Any:
        return values[name] if name in values else sympy.nsimplify(name)

    def run(operation: Operation) -> Any:
        return apply[operation.ufunc.__name__](*map(value, operation.inputs))

    for operation in (*tape.host, *tape.body):
        values[operation.name] = run(operation)
    return {a: values[o] for a, o in zip(tape.written, tape.outputs, strict=True)}


def difference(rule: Rule, formulas: dict[str, Any], **options: bool) -> dict[str, Any]:
    """Simplify code minus formula for each result; zero where they are equal.

    Parameters
    ----------
    rule
        An update rule.
    formulas
        For each result, ``w`` and the states, a SymPy expression in :func:`symbols`.
    **options
        Variant of the rule.

    Raises
    ------
    ValueError
        Where a result of the rule has no formula, or a formula no result.
    """
    code = expressions(rule, **options)
    if formulas.keys() != code.keys():
        raise ValueError(f"formulas for {sorted(formulas)}, wanted one for each of {sorted(code)}")
    sympy = _sympy()
    return {name: sympy.simplify(code[name] - formulas[name]) for name in code}


def equal(rule: Rule, formulas: dict[str, Any], **options: bool) -> bool:
    """Prove that a rule computes given formulas, for all values of its arguments.

    Examples
    --------
    >>> from companion import rules
    >>> x = symbols(rules.gradient_descent)
    >>> equal(rules.gradient_descent, {"w": x["w"] - x["lr"] * x["g"]})
    True
    >>> equal(rules.gradient_descent, {"w": x["w"] + x["lr"] * x["g"]})
    False
    """
    return all(value == 0 for value in difference(rule, formulas, **options).values())


def source(rule: Rule) -> str:
    """Return a rule's own source, without its docstring.

    Examples
    --------
    >>> from companion import rules
    >>> print(source(rules.gradient_descent))
    def gradient_descent(w: Array, g: Array, *, lr: float = 1e-2) -> tuple[Array]:
        return (w - lr * g,)
    """
    lines = textwrap.dedent(inspect.getsource(rule)).splitlines()
    function = ast.parse("\n".join(lines)).body[0]
    assert isinstance(function, ast.FunctionDef)  # a rule is a function
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines[function.lineno - 1 :])


def latex(rule: Rule, **options: bool) -> str:
    r"""Print a rule as its algorithm box reads, a line for each line of its source.

    Examples
    --------
    >>> from companion import rules
    >>> print(latex(rules.adagrad))
    \begin{aligned}
    r &\leftarrow r + g \odot g \\
    w &\leftarrow w - \frac{\alpha \, g}{\sqrt{r} + \delta}
    \end{aligned}
    """
    tape = record(rule, **options)
    function = ast.parse(textwrap.dedent(inspect.getsource(rule))).body[0]
    assert isinstance(function, ast.FunctionDef)  # a rule is a function
    printer = _Printer(tape.options, {*tape.arrays})
    lines = []
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            assert isinstance(target, ast.Name)  # a rule assigns one name at a time
            arrow = r"\leftarrow" if target.id in tape.arrays else "="
            lines.append(f"{printer.print(target)} &{arrow} {printer.print(statement.value)}")
            printer.arrays |= printer.arrays_in(statement.value) and {target.id}
        elif isinstance(statement, ast.Return):
            assert isinstance(statement.value, ast.Tuple)  # a rule returns a tuple
            for name, value in zip(tape.written, statement.value.elts, strict=True):
                if not (isinstance(value, ast.Name) and value.id == name):
                    left = printer.print(ast.Name(name))
                    lines.append(rf"{left} &\leftarrow {printer.print(value)}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def show(rule: Rule, **options: bool) -> Any:
    """Display :func:`latex` in a notebook."""
    from IPython.display import Math

    return Math(latex(rule, **options))  # type: ignore[no-untyped-call]


class _Printer:
    """Print LaTeX of an expression, in the order and with the grouping of the source."""

    def __init__(self, options: dict[str, bool], arrays: set[str]) -> None:
        self.options, self.arrays = options, arrays

    def arrays_in(self, node: ast.AST) -> set[str]:
        return self.arrays & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}

    def print(self, node: ast.expr) -> str:  # noqa: C901 - one case for each form
        match node:
            case ast.Name(id=name):
                plain = name if len(name) == 1 else rf"\mathrm{{{name.replace('_', ' ')}}}"
                return NAMES.get(name, plain)
            case ast.Constant(value=int() | float() as value):
                return f"{value:g}"
            case ast.IfExp():
                return self.print(self._selected(node))
            case ast.Call(func=ast.Name(id="sqrt"), args=[x]):
                return rf"\sqrt{{{self.print(x)}}}"
            case ast.Call(func=ast.Name(id="abs" | "absolute"), args=[x]):
                return rf"\left|{self.print(x)}\right|"
            case ast.Call(func=ast.Name(id="maximum"), args=[a, b]):
                return rf"\max({self.print(a)}, {self.print(b)})"
            case ast.Call(func=ast.Name(id="sign"), args=[x]):
                return rf"\operatorname{{sign}}({self.print(x)})"
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return f"-{self._grouped(x, ast.Add | ast.Sub)}"
            case ast.BinOp(left=a, op=ast.Add(), right=b):
                return f"{self.print(a)} + {self.print(b)}"
            case ast.BinOp(left=a, op=ast.Sub(), right=b):
                return f"{self.print(a)} - {self._grouped(b, ast.Add | ast.Sub)}"
            case ast.BinOp(left=a, op=ast.Mult(), right=b):
                both = self._is_array(a) and self._is_array(b)
                left, right = (self._grouped(x, ast.Add | ast.Sub) for x in (a, b))
                return rf"{left} \odot {right}" if both else rf"{left} \, {right}"
            case ast.BinOp(left=a, op=ast.Div(), right=b):
                return rf"\frac{{{self.print(a)}}}{{{self.print(b)}}}"
            case ast.BinOp(left=a, op=ast.Pow(), right=b):
                base = self._grouped(a, ast.operator)
                base = rf"{{{base}}}" if "_" in base else base
                return f"{base}^{{{self.print(b)}}}"
        raise TypeError(f"no LaTeX for {ast.unparse(node)}")

    def _is_array(self, node: ast.expr) -> bool:
        """Whether a factor's last symbol is an array, so that a dot must stand beside it."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self._is_array(node.right)
        return bool(self.arrays_in(node))

    def _selected(self, node: ast.expr) -> ast.expr:
        """Resolve ``a if option else b`` for the options of this variant."""
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Name):
            return node.body if self.options[node.test.id] else node.orelse
        return node

    def _grouped(self, node: ast.expr, operators: Any) -> str:
        node = self._selected(node)
        text = self.print(node)
        grouped = isinstance(node, ast.BinOp) and isinstance(node.op, operators)
        return f"({text})" if grouped else text


def _sympy() -> Any:
    try:
        import sympy
    except ImportError as error:
        raise ImportError(
            "companion.symbolic needs SymPy: pip install 'adaptive-learning-rates[symbolic]'"
        ) from error
    return sympy
