"""What eager NumPy pays for new arrays: page faults a step, and the blocks' share of its time.

Each case runs in a process of its own: what the C library gives back to the system depends
on what a process did before.
"""

import datetime as dt
import json
import os
import subprocess
import sys
from typing import Any

PROGRAM = """
import json, resource, statistics, time
import numpy as np
import companion

def measure(cls, engine, steps=30):
    w, g = np.ones((2, 1_000_000), np.float32)
    optimizer = cls(w, engine=engine)
    for _ in range(5):
        optimizer.step(g)
    seconds, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.step(g)
        seconds.append(time.perf_counter() - start)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return statistics.median(seconds), faults / steps

cls = getattr(companion, {name!r})
eager, faults = measure(cls, "eager")
blocks, _ = measure(cls, "numpy")
print(json.dumps({{"faults": faults, "eager": eager, "blocks": blocks}}))
"""
KEEP = {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"}


def run() -> dict[str, Any]:
    """Count for three rules, with the C library's defaults and where it keeps its memory."""
    results: dict[str, Any] = {"date": dt.date.today().isoformat()}
    for case, settings in (("default", {}), ("kept", KEEP)):
        results[case] = {}
        for name in ("Adam", "AdaGrad", "RMSProp"):
            command = [sys.executable, "-c", PROGRAM.format(name=name)]
            output = subprocess.run(
                command, env=os.environ | settings, check=True, capture_output=True, text=True
            )
            results[case][name] = json.loads(output.stdout)
    return results
