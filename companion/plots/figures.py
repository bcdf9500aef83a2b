"""The figures."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from companion._typing import Array
from companion.plots.style import finish, labeled, style, styled, styles, subplots
from companion.problems._base import Problem, host
from companion.training import History, Sweep

Histories = Sequence[History] | Mapping[str, History]
Sweeps = Sequence[Sweep] | Mapping[str, Sweep]


@styled
def contours(
    problem: Problem,
    histories: Histories = (),
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the contour lines of a function of two variables, and paths over it.

    Lines stand at quantiles of the values shown, so that any landscape has them where
    it has area. The start is a black disk, the minimum a black star.

    Parameters
    ----------
    problem
        A problem with ``values(x, y)``.
    histories
        Runs that recorded their path; a dict gives the labels.
    xlim, ylim
        What to show; by default all paths, the start and the minimum.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Figure
    """
    if problem.start.shape != (2,):
        raise ValueError(f"contours wants two parameters, and start has {problem.start.shape}")
    paths = [_recorded(history.path, "path") for _, history in labeled(histories)]
    minimizer = [] if problem.minimizer is None else [host(problem.minimizer)]
    shown = np.vstack([host(problem.start), *minimizer, *paths])
    ax = ax or subplots()[1]
    xlim, ylim = xlim or _limits(shown[:, 0]), ylim or _limits(shown[:, 1])

    xp = problem.xp
    x, y = xp.meshgrid(xp.linspace(*xlim, 200), xp.linspace(*ylim, 200))
    values = host(problem.values(x, y))  # type: ignore[attr-defined]
    levels = np.unique(np.quantile(values, np.linspace(0, 1, 20) ** 1.5))
    x, y = host(x), host(y)
    ax.contourf(x, y, values, levels, cmap="Greys", norm=_ranks(levels), alpha=0.2)
    ax.contour(x, y, values, levels, colors="#9a9a9a", linewidths=0.6)
    for look, (label, _), path in zip(styles(histories), labeled(histories), paths, strict=True):
        every = max(1, len(path) // 15)
        ax.plot(path[:, 0], path[:, 1], label=label, markevery=every, **look)
    ax.plot(*host(problem.start), "o", color="black", markersize=8, zorder=4)
    for point in minimizer:
        ax.plot(*point, "*", color="black", markersize=12, zorder=4)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$w_1$", ylabel="$w_2$")
    ax.grid(visible=False)
    return finish(ax, bool(paths))


@styled
def losses(
    histories: Histories,
    *,
    metric: str = "loss",
    minimum: float = 0.0,
    ylabel: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the loss, or another recorded number, against the step.

    The axis is logarithmic unless there are negative values; zeros are left out of it.

    Parameters
    ----------
    histories
        The runs; a dict gives the labels.
    metric
        ``"loss"``, ``"gradient_norm"`` or the name of a metric.
    minimum
        Subtract this from every value.
    ylabel
        The axis's name; made from the metric's by default.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Figure
    """
    ax = ax or subplots()[1]
    curves = [_metric(history, metric) - minimum for _, history in labeled(histories)]
    logarithmic = not any((curve < 0).any() for curve in curves)
    for look, (label, history), curve in zip(
        styles(histories), labeled(histories), curves, strict=True
    ):
        shown = np.where(curve > 0, curve, np.nan) if logarithmic else curve
        every = max(1, len(curve) // 10)
        ax.plot(history.steps, shown, label=label, markevery=every, **look)
    if logarithmic:
        ax.set_yscale("log")
    name = metric.replace("_", " ") + (" above the minimum" if minimum else "")
    ax.set(xlabel="step", ylabel=ylabel or name)
    return finish(ax)


@styled
def rates(
    histories: Histories,
    *,
    coordinates: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the effective rate of each coordinate against the step, on logarithmic axes.

    Parameters
    ----------
    histories
        Runs that recorded their rates; a dict gives the labels.
    coordinates
        Which ones, from 0; by default all of at most four.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Figure
    """
    ax = ax or subplots()[1]
    repeated: Counter[str] = Counter()
    for label, history in labeled(histories):
        table = _recorded(history.rates, "rates")
        if len(table) < 2:
            raise ValueError(f"{label} made no step, and so it has no rates")
        if coordinates is None and table.shape[1] > 4:
            raise ValueError(f"there are {table.shape[1]} coordinates; choose some")
        for i in range(table.shape[1]) if coordinates is None else coordinates:
            look = style(history.method, repeated[history.method])
            repeated[history.method] += 1
            every = np.unique(np.geomspace(1, len(table) - 1, 8).astype(int)) - 1
            ax.plot(history.steps[1:], table[1:, i], label=f"{label}, $w_{{{i + 1}}}$",
                    markevery=every.tolist(), **look)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="effective rate")
    return finish(ax)


@styled
def sensitivity(sweeps: Sweeps, *, ylabel: str = "final loss", ax: Axes | None = None) -> Figure:
    """Draw the final loss of each method against its learning rate.

    The line is the median over the seeds and the band reaches from the best to the worst.
    The best rate has a large marker. Rates at which the median run diverged are left out.

    Parameters
    ----------
    sweeps
        One for each method; a dict gives the labels.
    ylabel
        Name of what was measured.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Figure
    """
    ax = ax or subplots()[1]
    for look, (label, result) in zip(styles(sweeps), labeled(sweeps), strict=True):
        spread = np.where(np.isfinite(result.losses), result.losses, np.nan)
        whole = np.isfinite(result.losses).all(axis=1)
        median = np.where(np.isfinite(result.median), result.median, np.nan)
        ax.plot(result.rates, median, label=label, **look)
        ax.fill_between(result.rates[whole], spread[whole].min(axis=1), spread[whole].max(axis=1),
                        color=look["color"], alpha=0.15, linewidth=0)  # fmt: skip
        ax.plot(result.best_rate, result.best_loss, marker=look["marker"], markersize=10,
                color=look["color"], markeredgecolor="black", linestyle="none")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=ylabel)
    return finish(ax)


def summary(results: Histories | Sweeps) -> str:
    """Return a line for each run or sweep, to print beside its figure."""
    named = isinstance(results, Mapping)
    lines = [f"{label} | {one!r}" if named else repr(one) for label, one in labeled(results)]
    return "\n".join(lines)


def _recorded(table: Array | None, name: str) -> Array:
    if table is None:
        raise ValueError(f"the history has no {name}: minimize(..., record=[{name!r}]) keeps it")
    return table


def _metric(history: History, name: str) -> Array:
    if name in ("loss", "gradient_norm"):
        return getattr(history, name)
    if name not in history.metrics:
        raise ValueError(f"metric={name!r}, and the history has {sorted(history.metrics)}")
    return history.metrics[name]


def _limits(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def _ranks(levels: Array) -> BoundaryNorm:
    """Shade by the rank of a level, not its value."""
    return BoundaryNorm(levels, 256, extend="neither")
