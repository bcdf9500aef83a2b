"""Many independent runs: the best learning rate of a method, and how much it matters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from companion._typing import Array
from companion.optimizers import Optimizer
from companion.problems._base import Problem
from companion.training.history import History
from companion.training.loop import minimize


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Final losses of one method over a grid of learning rates and several seeds.

    Attributes
    ----------
    method
        Name of the rule, ``"adam"`` say.
    rates
        The learning rates, ascending, of shape (k,).
    seeds
        The seeds, of length s.
    losses
        What each run ended with, of shape (k, s); infinite where it diverged.
    label
        Name of the optimizer's class, ``"Adam"`` say.
    """

    method: str
    rates: Array
    seeds: tuple[int, ...]
    losses: Array
    label: str

    @property
    def median(self) -> Array:
        """The median over the seeds for each rate, of shape (k,)."""
        # np.median averages the middle two, and inf is a fair value there
        return np.median(self.losses, axis=1)

    @property
    def best(self) -> int:
        """Position of the rate with the least median."""
        return int(np.argmin(self.median))

    @property
    def best_rate(self) -> float:
        """The rate with the least median."""
        return float(self.rates[self.best])

    @property
    def best_loss(self) -> float:
        """The least median."""
        return float(self.median[self.best])

    @property
    def on_edge(self) -> bool:
        """Whether the best rate is the first or the last: then the grid was too narrow."""
        return self.best in (0, len(self.rates) - 1)

    def __repr__(self) -> str:
        edge = ", on the edge of the grid" if self.on_edge else ""
        return (
            f"{self.label}: best rate {self.best_rate:.6g}{edge}, "
            f"median loss {self.best_loss:.6g} of {len(self.seeds)} seed(s)"
        )


def final_loss(history: History) -> float:
    """Return the loss a run ended with, infinite where it diverged."""
    return history.final_loss


def sweep(
    problem: Problem,
    method: Callable[..., Optimizer],
    rates: Sequence[float],
    *,
    seeds: Sequence[int] = (0,),
    measure: Callable[[History], float] = final_loss,
    jobs: int = -1,
    **arguments: Any,
) -> Sweep:
    """Run :func:`minimize` for each rate and seed, on all cores.

    Runs are spread by joblib, where it is installed, so that inside
    ``with joblib.parallel_config(backend="dask"):`` they use that cluster.

    Parameters
    ----------
    problem, method
        As for :func:`minimize`.
    rates
        Learning rates, at least three, in ascending order.
    seeds
        Seeds of the runs; each rate meets the same ones.
    measure
        What to keep of each run; less is better.
    jobs
        Processes at a time; -1 for one a core, 1 for none but this one.
    **arguments
        Further arguments of :func:`minimize`: ``steps``, ``batch_size``, ``beta1``, ...

    Returns
    -------
    Sweep
        The losses, the best rate, and whether it lies on the edge of the grid.

    Examples
    --------
    >>> from companion import GradientDescent
    >>> from companion.problems import Quadratic
    >>> bowl = Quadratic([1.0, 10.0])
    >>> sweep(bowl, GradientDescent, [0.02, 0.1, 0.18, 0.25], steps=50, jobs=1)
    GradientDescent: best rate 0.18, median loss 2.22177e-09 of 1 seed(s)
    """
    grid = np.asarray(rates, dtype=np.float64)
    if grid.ndim != 1 or len(grid) < 3 or not (np.diff(grid) > 0).all():
        raise ValueError(f"rates={rates!r}, wanted three or more numbers in ascending order")
    if not len(seeds):
        raise ValueError("seeds is empty, wanted one or more")
    arguments |= {"record_every": arguments.get("steps", 1000)} | arguments
    runs = [(float(lr), seed) for lr in grid for seed in seeds]

    def run(lr: float, seed: int) -> tuple[str, str, float]:
        history = minimize(problem, method, lr=lr, seed=seed, progress=False, **arguments)
        return history.method, history.label.partition("(")[0], measure(history)

    try:
        from joblib import Parallel, delayed
    except ImportError:
        results = [run(*one) for one in runs]
    else:
        results = Parallel(n_jobs=jobs)(delayed(run)(*one) for one in runs)
    losses = np.array([loss for *_, loss in results]).reshape(len(grid), len(seeds))
    losses = np.where(np.isnan(losses), np.inf, losses)
    return Sweep(results[0][0], grid, tuple(seeds), losses, results[0][1])
