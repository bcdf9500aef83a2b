"""The suite notices one wrong number in a chapter and one wrong factor in a rule."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def copy(tmp_path):
    """Copy what the checks below need; the copy is imported in place of the original."""
    for name in ("companion", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "baseline", "browser", "cuda")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_one_number_in_a_stored_output(tmp_path):
    """Run the cells of a chapter up to its first printed number, true and changed."""
    chapter = nbformat.read(ROOT / "book/adagrad.ipynb", as_version=4)
    has_number = [
        bool(cell.get("outputs")) and bool(re.search(r"\d", cell.outputs[0].get("text", "")))
        for cell in chapter.cells
    ]
    chapter.cells = chapter.cells[: has_number.index(True) + 1]
    path = tmp_path / "chapter.ipynb"
    sanitize = ROOT / "tests/sanitize.cfg"
    nbval = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(sanitize), path.name]

    output = chapter.cells[-1].outputs[0]
    output.text = re.sub(r"\d", lambda d: str((int(d[0]) + 1) % 10), output.text, count=1)
    nbformat.write(chapter, path)
    result = run_pytest(tmp_path, *nbval)
    assert result.returncode == 1, result.stdout
    assert "mismatch 'stdout'" in result.stdout


def test_gradient_not_squared(copy):
    """Replace `g * g` by `g` everywhere: the proof fails for each rule that squares, no other."""
    path = copy / "companion" / "rules.py"
    path.write_text(path.read_text("utf-8").replace("g * g", "g"), "utf-8")
    result = run_pytest(copy, "-rf", "tests/test_symbolic.py", "-k", "published_formula")
    failed = re.findall(r"FAILED \S+formula\[(\w+)\]", result.stdout)
    assert sorted(failed) == ["adagrad", "adam", "amsgrad", "rmsprop"], result.stdout
