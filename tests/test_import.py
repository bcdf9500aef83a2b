"""`import companion` alone needs NumPy, and little time."""

import subprocess
import sys

OPTIONAL = {"cupy", "matplotlib", "numba", "platformdirs", "scipy", "sklearn", "sympy", "tqdm"}
LIMIT = 30e3  # microseconds beyond NumPy


def run(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def test_import_loads_no_optional_package():
    code = "import sys, companion; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(run("-c", code).stdout.split())
    assert "numpy" in loaded
    assert not loaded & OPTIONAL


def test_import_takes_at_most_30_ms_beyond_numpy():
    def microseconds():
        lines = run("-X", "importtime", "-c", "import numpy, companion").stderr.splitlines()
        times = {line.split("|")[2].strip(): int(line.split("|")[1]) for line in lines[1:]}
        return times["companion"]

    # The least of several: whatever else the machine does only adds.
    assert min(microseconds() for _ in range(5)) <= LIMIT
