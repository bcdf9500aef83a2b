"""Run the contestants side by side in one process, and take medians."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.contestants import CONTESTANTS, PEERS, AbsentError
from companion import rules

RULES = ("adam", "adagrad", "rmsprop")
SIZES = {
    "1e3": [(1_000,)],
    "1e4": [(10_000,)],
    "1e5": [(100_000,)],
    "1e6": [(1_000_000,)],
    "2e7": [(20_000_000,)],
    "200 arrays": [(64, 64)] * 100 + [(64,)] * 100,
}
ROUNDS = 11
BATCH = 0.02  # seconds of steps that are timed together
PAUSE = 0.005  # seconds; the idle threads of one library must not slow the next

Results = dict[str, dict[str, dict[str, float]]]


def arrays(size: str, seed: int) -> list[np.ndarray]:
    """Make float32 arrays of normal numbers."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in SIZES[size]]


def run(chosen_rules: list[str], sizes: list[str]) -> Results:
    """Time every contestant; seconds a step by rule, size and name."""
    results: Results = {}
    with tqdm(total=len(chosen_rules) * len(sizes) * (ROUNDS + 1)) as bar:
        for rule in chosen_rules:
            for size in sizes:
                bar.set_description(f"{rule} {size}")
                results.setdefault(rule, {})[size] = race(rule, size, bar.update)
    return results


def race(rule: str, size: str, advance: Callable[[], Any]) -> dict[str, float]:
    """Time the contestants in turns, so that a slow moment of the machine meets them all."""
    steps = {}
    for name, prepare in CONTESTANTS.items():
        if "packed" in name and size != "200 arrays":
            continue
        w = arrays(size, 0)
        try:
            step = prepare(rule, w, arrays(size, 1))
        except AbsentError:
            continue
        step()
        step()
        if name in PEERS:
            check(rule, size, getattr(step, "parameters", lambda w=w: w)(), name)
        steps[name] = step
    counts = {name: max(1, round(BATCH / seconds(step, 1))) for name, step in steps.items()}
    advance()
    times: dict[str, list[float]] = {name: [] for name in steps}
    gc.disable()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            time.sleep(PAUSE)
            times[name].append(seconds(step, counts[name]))
        gc.collect()
        advance()
    gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}


def seconds(step: Callable[[], None], count: int) -> float:
    """Return the time of one step, averaged over a few in a row, after one to warm the cache."""
    step()
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def check(rule: str, size: str, parameters: list[np.ndarray], name: str) -> None:
    """Assert that a peer has done the same two steps, where eps is too small to matter."""
    options = {"rmsprop": {"eps_inside_root": False, "decay": 0.9}}.get(rule, {})
    function = getattr(rules, rule)
    w, g = arrays(size, 0)[-1], arrays(size, 1)[-1]
    states = [np.zeros_like(w) for _ in range(2 if rule == "adam" else 1)]
    for t in (1, 2):
        count = {"t": t} if rule == "adam" else {}
        w, *states = function(w, g, *states, lr=1e-3, eps=1e-7, **options, **count)
    large = abs(g) > 0.01
    actual = parameters[-1][large]
    np.testing.assert_allclose(actual, w[large], atol=2e-5, err_msg=f"{name} differs on {rule}")
