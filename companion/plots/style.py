"""The look of the book's figures: one color, line and marker for each method."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# The colors stay apart in normal, protanopic, deuteranopic and tritanopic vision (CIELAB
# distance 25 or more, by Machado's model), and have a contrast of at least 3 with white and
# with near-black.
COLORS = {
    "gradient_descent": "#646464",
    "momentum": "#c98300",
    "adagrad": "#0055fb",
    "rmsprop": "#10a866",
    "adam": "#c42229",
    "amsgrad": "#a261b6",
}
OTHER = "#000000"
LINES: dict[str, Any] = {
    "gradient_descent": (0, (4, 1.5)),
    "momentum": (0, (6, 1.5, 1, 1.5)),
    "adagrad": "-",
    "rmsprop": (0, (2, 1)),
    "adam": "-",
    "amsgrad": (0, (8, 2)),
}
MARKERS = {
    "gradient_descent": "o",
    "momentum": "v",
    "adagrad": "s",
    "rmsprop": "^",
    "adam": "D",
    "amsgrad": "P",
}
# The second, third, ... curve of one method in a figure.
AGAIN: list[Any] = [(0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 3)), (0, (9, 3)), (0, (1, 3))]

STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#333333",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.size": 10,
    "grid.color": "#dddddd",
    "legend.fontsize": 10,
    "legend.framealpha": 0.9,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}

P = ParamSpec("P")
R = TypeVar("R")


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in the book's style."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with plt.rc_context(STYLE):
            return function(*args, **kwargs)

    return wrapper


@styled
def one_legend(figure: Figure, *, columns: int = 3) -> Figure:
    """Replace the legends of all axes by one below them, each label once.

    Parameters
    ----------
    figure
        The figure to change.
    columns
        Of the legend.
    """
    handles: dict[str, Artist] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
        if legend := ax.get_legend():
            legend.remove()
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=columns)
    return figure


@styled
def subplots(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure in the book's style, and its axes to hand to the functions below.

    Parameters
    ----------
    rows, columns
        Of the grid of axes.
    size
        Width and height in inches; the text column is 7 inches wide.
    **options
        Further arguments of :func:`matplotlib.pyplot.subplots`.
    """
    return plt.subplots(rows, columns, figsize=size or (7, 3.8 * rows), **options)


def labeled(results: Any) -> Iterator[tuple[str, Any]]:
    """Yield each result with its label: the key of a dict, else its own."""
    if isinstance(results, Mapping):
        return iter(results.items())
    return ((result.label, result) for result in results)


def style(method: str, again: int = 0) -> dict[str, Any]:
    """Return color, line and marker of a method's first curve, or a later one."""
    return {
        "color": COLORS.get(method, OTHER),
        "linestyle": AGAIN[(again - 1) % len(AGAIN)] if again else LINES.get(method, "-"),
        "marker": MARKERS.get(method, "x"),
    }


def styles(results: Any) -> Iterator[dict[str, Any]]:
    """Yield the style of each result; the second of one method has another line."""
    seen: Counter[str] = Counter()
    for _, result in labeled(results):
        yield style(result.method, seen[result.method])
        seen[result.method] += 1


def finish(ax: Axes, legend: bool = True) -> Figure:
    """Add the legend and return the figure that the axes are on."""
    if legend:
        ax.legend()
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure
