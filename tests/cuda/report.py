"""Write the table of the proof for the book, and print it: ``python -m tests.cuda.report``."""

import datetime as dt
import itertools
import json
import re
import subprocess
from pathlib import Path

import numpy as np

from companion import rules
from tests.cuda import cupy_hooks, proof, ptx, toolchain
from tests.cuda.emulator import TYPES
from tests.test_proof_table import follow

PATH = Path(__file__).parents[2] / "book/data/cuda_proof.json"


def versions():
    """Versions of what made the kernels."""
    ptxas = subprocess.check_output([toolchain.assembler(), "--version"], text=True)
    return {
        "cupy": cupy_hooks.cupy.__version__,
        "nvrtc": ".".join(map(str, cupy_hooks.nvrtc_version())),
        "ptxas": re.search(r"V(\d[.\d]+)", ptxas).group(1),
    }


def counted(variant, dtype, arch):
    """Return what is counted in one kernel: registers, spills, loads, stores, bytes."""
    text = proof.compiled(variant, dtype, arch).ptx
    loads, stores = proof.assert_traffic(text, variant)
    moves = [i for i in ptx.parse(text).instructions if "global" in i.opcode[1:2]]
    return {
        "rule": proof.name(variant),
        "dtype": dtype,
        "arch": f"sm_{arch}",
        "registers": proof.assert_resources(text, arch, dtype),
        "spills": 0,  # asserted
        "loads": loads,
        "stores": stores,
        "bytes": sum(TYPES[i.type].itemsize for i in moves),
    }


def rows():
    """Prove every kernel; return one row for each."""
    found = []
    for variant, dtype, arch in itertools.product(proof.PUBLIC, proof.DTYPES, proof.ARCHITECTURES):
        row = counted(variant, dtype, arch)
        text = proof.compiled(variant, dtype, arch).ptx
        counts = [proof.assert_bits(text, variant, dtype, stride=s) for s in (False, True)]
        found.append({**row, "elements": sum(counts), "bits": "equal"})  # asserted
    return found


def subnormal():
    """Compare float32 kernels with the rule where -ftz=true matters: every number is tiny."""
    found = []
    for variant in proof.PUBLIC:
        text = proof.compiled(variant, "float32", "90").ptx
        tiny = float(np.finfo("float32").tiny)
        w, _, start, gradients = proof.steps(text, variant, "float32", scale=2 * tiny)
        kept, _ = follow(*variant, start, gradients)
        finite = np.isfinite(w) & np.isfinite(kept)
        difference = np.abs(w[finite] - kept[finite])
        found.append(
            {
                "rule": proof.name(variant),
                "elements": int(finite.sum()),
                "differ": int((difference > 0).sum()),
                "largest": float(difference.max()),
            }
        )
    return found


def loop(text):
    """Cut the loop out of PTX: what a thread does for each element."""
    kernel = ptx.parse(text)
    last = max(n for n, i in enumerate(kernel.instructions) if i.name == "bra")
    first = kernel.labels[kernel.instructions[last].operands[0]]
    return [str(i) for i in kernel.instructions[first : last + 1]]


def markdown(table):
    """Print rows as a table, one line for each rule and dtype."""
    columns = ["rule", "dtype", "loads", "stores", "bytes", "spills"]
    head = [*columns, *(f"registers sm_{arch}" for arch in proof.ARCHITECTURES), "bits"]
    lines = [head, ["---"] * len(head)]
    for _, group in itertools.groupby(table, lambda row: (row["rule"], row["dtype"])):
        of_arch = list(group)
        registers = [row["registers"] for row in of_arch]
        elements = sum(row["elements"] for row in of_arch)
        lines.append([*(of_arch[0][c] for c in columns), *registers, f"{elements} equal"])
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main():
    """Prove, print and write."""
    adam = proof.compiled((rules.adam, {}), "float32", "90").ptx
    report = {
        "made": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": versions(),
        "rows": rows(),
        "subnormal": subnormal(),
        "adam float32 sm_90": loop(adam),
    }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(report, indent=1) + "\n")
    print(markdown(report["rows"]))


if __name__ == "__main__":
    main()
