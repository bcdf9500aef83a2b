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
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
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

    nbformat.write(chapter, path)
    assert run_pytest(tmp_path, *nbval).returncode == 0
    output = chapter.cells[-1].outputs[0]
    output.text = re.sub(r"\d", lambda d: str((int(d[0]) + 1) % 10), output.text, count=1)
    nbformat.write(chapter, path)
    assert run_pytest(tmp_path, *nbval).returncode == 1


@pytest.mark.parametrize("rule", ["adagrad", "rmsprop", "adam", "amsgrad"])
def test_gradient_not_squared(copy, rule):
    """Replace `g * g` by `g` in one rule: the proof that it is its formula fails."""
    path = copy / "companion" / "rules.py"
    source = path.read_text("utf-8")
    start = source.index(f"def {rule}(")
    place = source.index("g * g", start)
    path.write_text(source[:place] + "g" + source[place + len("g * g") :], "utf-8")
    result = run_pytest(copy, "tests/test_symbolic.py")
    assert result.returncode == 1, result.stdout
    assert rule in result.stdout
