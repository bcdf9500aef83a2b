"""The training loop."""

import copy
import itertools
import math
import operator
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from companion import _tree
from companion._typing import Array, Tree
from companion.optimizers import Optimizer
from companion.problems._base import Problem, host
from companion.training.history import History, Snapshot

# Problems of at most this many parameters record their path and rates by default.
SMALL = 16


def minimize(
    problem: Problem,
    method: Callable[..., Optimizer],
    *,
    steps: int = 1000,
    batch_size: int | None = None,
    sampling: str = "replacement",
    seed: int = 0,
    schedule: Callable[[int], float] | None = None,
    stop: Sequence[Callable[[Snapshot], bool]] = (),
    record: Collection[str] | None = None,
    record_every: int = 1,
    metrics: Mapping[str, Callable[[Tree], float]] | None = None,
    progress: bool = True,
    **hyperparameters: Any,
) -> History:
    r"""Minimize a problem from its start: the loop of algorithms 4.1 to 4.3.

    Until a stopping criterion holds: draw a mini-batch, compute its gradient, step.

    Parameters
    ----------
    problem
        What to minimize; it is not changed.
    method
        An optimizer's class, ``Adam`` say, called with a copy of ``problem.start`` and the
        hyperparameters.
    steps
        Greatest number of steps.
    batch_size
        Samples in a mini-batch. By default all of them; one where they never end, as for
        :class:`~companion.problems.Noisy`.
    sampling
        ``"replacement"``: each sample is drawn independently and uniformly, as the
        algorithms say. ``"shuffle"``: each epoch takes all samples in a new random order,
        cut into batches. ``"cycle"``: all samples in their own order, again and again.
    seed
        Of all randomness in the run: one seed gives every method the same batches.
    schedule
        The learning rate of step t = 1, 2, ..., as a function of t.
    stop
        Further criteria, from :mod:`companion.training` or your own functions of
        a :class:`Snapshot` that return whether to stop. Asked at each recorded step.
    record
        Any of ``"path"`` (the parameters) and ``"rates"`` (:func:`effective_rate`); by
        default both for problems of at most 16 parameters, neither for larger ones.
    record_every
        Record the start, each so many steps, and the last.
    metrics
        Further numbers to record, as functions of the parameters.
    progress
        Show a progress bar where standard error is a terminal and tqdm is installed.
    **hyperparameters
        Those of the method: ``lr``, ``beta1``, ...

    Returns
    -------
    History
        What was recorded. A loss that is not finite ends the run with the reason
        ``"diverged"``; it is no error.

    Examples
    --------
    >>> from companion import GradientDescent
    >>> from companion.problems import Quadratic
    >>> minimize(Quadratic([2.0], start=[10.0]), GradientDescent, lr=0.2, steps=10)
    GradientDescent(lr=0.2): loss 100 -> 0.00365616 in 10 steps (steps)
    """
    steps, record_every = positive("steps", steps), positive("record_every", record_every)
    batches = _batches(problem, batch_size, sampling, np.random.default_rng(seed))
    params = problem.start
    arrays = [array for _, array in _tree.leaves(params, "params")]
    wanted = _wanted(record, sum(array.size for array in arrays))
    metrics = metrics or {}
    if schedule:
        if "lr" in hyperparameters:
            raise TypeError(f"lr={hyperparameters['lr']!r} beside a schedule, wanted one of them")
        hyperparameters["lr"] = schedule(1)
    optimizer = method(params, **hyperparameters)
    label = _label(optimizer, hyperparameters, scheduled=schedule is not None)
    criteria = [(_name(criterion), copy.deepcopy(criterion)) for criterion in stop]
    moments: list[Snapshot] = []
    rows: dict[str, list[Any]] = {name: [] for name in (*wanted, *metrics)}
    reason, began = None, time.perf_counter()

    with np.errstate(all="ignore"):  # divergence is a result, not a warning
        for t in _progress(steps + 1, progress):
            gradient = problem.gradient(params, next(batches))
            if t % record_every == 0 or t == steps:
                seconds = time.perf_counter() - began
                now = Snapshot(t, problem.loss(params), _norm(gradient), params, seconds)
                moments.append(now)
                if "path" in wanted:
                    rows["path"].append(_flat(params))
                if "rates" in wanted:
                    rows["rates"].append(effective_rate(optimizer))
                for name, metric in metrics.items():
                    rows[name].append(float(metric(params)))
                if reason := _reason(now, criteria, steps):
                    break
            if schedule:
                optimizer.lr = schedule(t + 1)
            optimizer.step(gradient)
            problem.project(params)

    return History(
        method=optimizer.rule.__name__,
        label=label,
        steps=np.array([now.step for now in moments]),
        loss=np.array([now.loss for now in moments]),
        gradient_norm=np.array([now.gradient_norm for now in moments]),
        path=np.array(rows["path"]) if "path" in wanted else None,
        rates=np.array(rows["rates"]) if "rates" in wanted else None,
        metrics={name: np.array(rows[name]) for name in metrics},
        params=params,
        reason=reason or "steps",
        seconds=time.perf_counter() - began,
    )


def effective_rate(optimizer: Optimizer) -> Array:
    r"""Return the rate of each coordinate in the last step, as one vector.

    It is the factor :math:`\alpha / (\delta + \sqrt{\hat r})` by which the rule multiplies
    the gradient, or the (corrected) average of gradients where it keeps one; the learning
    rate itself for a method without second moment. NaN before the first step.
    """
    state, lr = optimizer.state, float(optimizer.lr)  # type: ignore[attr-defined]
    if not optimizer.t:
        return np.full_like(_flat(optimizer.params), np.nan)
    if "r" not in state:
        return np.full_like(_flat(optimizer.params), lr)
    r = _flat(state.get("r_max", state["r"]))
    if hasattr(optimizer, "beta2"):
        r = r / (1 - optimizer.beta2**optimizer.t)
    eps = float(getattr(optimizer, "eps", 0.0))
    inside = optimizer.options.get("eps_inside_root", False)
    return lr / (np.sqrt(r + eps) if inside else np.sqrt(r) + eps)


def positive(name: str, value: int) -> int:
    """Check a number that counts something."""
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r}, wanted an integer") from None
    if count < 1:
        raise ValueError(f"{name}={value!r}, wanted an integer >= 1")
    return count


def _batches(
    problem: Problem, size: int | None, sampling: str, rng: np.random.Generator
) -> Iterator[Array | None]:
    """Check the arguments, then give batches without end."""
    if sampling not in ("replacement", "shuffle", "cycle"):
        raise ValueError(f"sampling={sampling!r}, wanted 'replacement', 'shuffle' or 'cycle'")
    if math.isinf(problem.n):
        if sampling != "replacement":
            raise ValueError(f"sampling={sampling!r}, wanted 'replacement': samples never end")
        size = size or 1
    if size is None:
        return itertools.repeat(None)
    size = positive("batch_size", size)
    if size > problem.n:
        raise ValueError(f"batch_size={size}, and the problem has {problem.n} samples")
    if sampling == "replacement":
        return (problem.sample(rng, size) for _ in itertools.count())
    return _epochs(problem, size, rng if sampling == "shuffle" else None)


def _epochs(problem: Problem, size: int, rng: np.random.Generator | None) -> Iterator[Array]:
    n = int(problem.n)
    while True:
        order = np.arange(n) if rng is None else rng.permutation(n)
        for first in range(0, n, size):
            yield problem.xp.asarray(order[first : first + size])


def _wanted(record: Collection[str] | None, size: int) -> tuple[str, ...]:
    if record is None:
        return ("path", "rates") if size <= SMALL else ()
    if isinstance(record, str) or not set(record) <= {"path", "rates"}:
        raise ValueError(f"record={record!r}, wanted any of 'path', 'rates' in a list")
    return tuple(record)


def _flat(params: Tree) -> Array:
    """Join all parameters to one vector in NumPy's memory, float64."""
    arrays = [host(array).ravel() for _, array in _tree.leaves(params, "params")]
    return np.concatenate(arrays, dtype=np.float64)


def _norm(gradient: Tree) -> float:
    squares = [float((g * g).sum()) for _, g in _tree.leaves(gradient, "gradient")]
    return math.sqrt(math.fsum(squares)) if all(map(math.isfinite, squares)) else math.inf


def _reason(
    now: Snapshot, criteria: list[tuple[str, Callable[[Snapshot], bool]]], steps: int
) -> str | None:
    if not math.isfinite(now.loss):
        return "diverged"
    for name, holds in criteria:
        if holds(now):
            return name
    return "steps" if now.step == steps else None


def _label(optimizer: Any, given: dict[str, Any], *, scheduled: bool) -> str:
    """Name the optimizer with its first learning rate and what else was set."""
    words = [f"lr{' from ' if scheduled else '='}{optimizer.lr:.6g}"]
    words += [
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value!r}"
        for name, value in given.items()
        if name != "lr"
    ]
    return f"{type(optimizer).__name__}({', '.join(words)})"


def _name(criterion: Callable[[Snapshot], bool]) -> str:
    name: str = getattr(criterion, "__name__", repr(criterion))
    return "criterion" if name == "<lambda>" else name


def _progress(count: int, wanted: bool) -> Iterable[int]:
    if wanted and sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            return range(count)
        return tqdm(range(count), leave=False)  # type: ignore[no-any-return]
    return range(count)
