"""Seconds from ``import companion`` to the end of the first step, in a process of its own."""

import os
import statistics
import subprocess
import sys
import tempfile

PROGRAM = """
import time, numpy as np
start = time.perf_counter()
from companion import Adam
w = np.ones({size}, np.float32)
Adam(w, engine="numba").step(np.ones({size}, np.float32))
print(time.perf_counter() - start)
"""
SIZES = {"one thread": 1_000, "threads": 100_000}


def measure(cache: str, size: int) -> float:
    """Run one process with this directory for the compiled code."""
    environment = os.environ | {"XDG_CACHE_HOME": cache}
    command = [sys.executable, "-c", PROGRAM.format(size=size)]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(output.stdout)


def run(repeats: int = 5) -> dict[str, dict[str, float]]:
    """Take medians with an empty and with a filled cache."""
    results = {}
    for name, size in SIZES.items():
        cold, warm = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(measure(cache, size))
                warm.append(measure(cache, size))
        results[name] = {"cold": statistics.median(cold), "warm": statistics.median(warm)}
    return results
