"""The table that the book shows is that of the proof."""

import itertools
import json

import pytest

from tests.cuda import proof, report

STORED = json.loads(report.PATH.read_text())
ROWS = {(row["rule"], row["dtype"], row["arch"]): row for row in STORED["rows"]}


def test_every_kernel_is_in_the_table():
    kernels = itertools.product(proof.PUBLIC, proof.DTYPES, proof.ARCHITECTURES)
    assert list(ROWS) == [(proof.name(v), dtype, f"sm_{arch}") for v, dtype, arch in kernels]


@pytest.mark.skipif(STORED["versions"] != report.versions(), reason="made by other versions")
@pytest.mark.parametrize("dtype", proof.DTYPES)
@pytest.mark.parametrize("variant", proof.PUBLIC, ids=proof.name)
def test_the_table_is_fresh(variant, dtype):
    for arch in proof.ARCHITECTURES:
        row = report.counted(variant, dtype, arch)
        assert row.items() <= ROWS[row["rule"], dtype, row["arch"]].items()
