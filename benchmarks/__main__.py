"""Time the optimizers side by side; write book/data/cpu.json, which a chapter shows."""

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from benchmarks import allocator, first_step, race, report
from benchmarks.contestants import THREADS

PACKAGES = ("numpy", "numba", "torch", "jax", "optax", "scikit-learn", "thinc")
RESULTS = Path(__file__).parents[1] / "book" / "data"


def processor() -> str:
    """Return the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """Describe where and with what the times were taken."""
    return {
        "date": dt.date.today().isoformat(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": THREADS,
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def main() -> None:
    """Run the race and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rules", nargs="+", choices=race.RULES, default=list(race.RULES))
    parser.add_argument("--sizes", nargs="+", choices=race.SIZES, default=list(race.SIZES))
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    arguments = parser.parse_args()
    results = {
        "machine": machine(),
        "first step": {} if arguments.dry else first_step.run(),
        "allocator": {} if arguments.dry else allocator.run(),
        "seconds": race.run(arguments.rules, arguments.sizes),
    }
    text = report.markdown(results)
    print(text)
    if arguments.dry:
        return
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cpu.json").write_text(json.dumps(results, indent=1) + "\n")


main()
