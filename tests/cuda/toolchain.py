"""The assembler for PTX, from PyPI, and what it says of a kernel."""

import functools
import importlib.metadata
import re
import subprocess
from dataclasses import dataclass

PACKAGES = ("nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvcc")  # of CUDA 12 and 13


@dataclass(frozen=True)
class Resources:
    """What a thread needs on one architecture."""

    registers: int
    stack: int  # bytes of local memory
    spills: int  # bytes stored and loaded


@functools.cache
def assemble(ptx, arch):
    """Assemble PTX for an architecture, "90" say; return its resources."""
    command = [assembler(), "-v", f"-arch=sm_{arch}", "-o", "/dev/null", "/dev/stdin"]
    done = subprocess.run(command, input=ptx, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    (registers,) = re.findall(r"Used (\d+) registers", done.stderr)
    (sizes,) = re.findall(
        r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr
    )
    stack, stores, loads = map(int, sizes)
    return Resources(int(registers), stack, stores + loads)


def assembler():
    """Where ptxas is."""
    for package in PACKAGES:
        try:
            files = importlib.metadata.files(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        return next(str(file.locate()) for file in files if file.name.startswith("ptxas"))
    raise RuntimeError(f"ptxas is missing: pip install {PACKAGES[0]}")
