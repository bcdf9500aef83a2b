"""Compiled kernels stay on disk, so that a second process does not compile them."""

import os
import subprocess
import sys

import pytest

from companion import rules
from companion.engines import numba
from companion.tape import record

PROGRAM = """
from companion import rules
from companion.engines.numba import make_kernel
from companion.tape import record
kernel = make_kernel(record(rules.adagrad), "float32", {parallel})
print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""


@pytest.mark.parametrize("parallel", [False, True])
def test_a_second_process_loads_what_the_first_compiled(tmp_path, parallel):
    def hits_and_misses():
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
        command = [sys.executable, "-c", PROGRAM.format(parallel=parallel)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    if sys.platform == "darwin":
        pytest.skip("macOS has no variable that moves the cache directory")
    assert hits_and_misses() == ["0", "1"]
    assert hits_and_misses() == ["1", "0"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_where_no_cache_can_be_written_a_temporary_directory_serves(monkeypatch, tmp_path):
    def unwritable(*_args, **_kwargs):
        raise PermissionError("read-only file system")

    monkeypatch.setattr("platformdirs.user_cache_path", unwritable)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    directory = numba.cache_directory.__wrapped__()
    assert directory.is_dir()
    assert directory.parent == tmp_path


def test_another_source_gets_another_file():
    tape = record(rules.rmsprop), record(rules.rmsprop, eps_inside_root=False)
    texts = {numba.source(t, d, p) for t in tape for d in ("float32", "float64") for p in (0, 1)}
    assert len(texts) == 8
