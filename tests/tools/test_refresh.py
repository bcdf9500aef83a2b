"""Refreshing a notebook twice changes no byte, and a failing one is left alone."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def notebook(tmp_path):
    figure = {"tags": ["hide-input"], "mystnb": {"image": {"alt": "A line."}}, "trusted": True}
    cells = [
        new_markdown_cell("# Title"),
        new_code_cell("print(1, flush=True)\nprint(2)"),
        new_code_cell("print(1, flush=True)\nprint(2)"),
        new_code_cell(
            "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()", metadata=figure
        ),
    ]
    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def refresh(path):
    command = [sys.executable, ROOT / "tools/refresh.py", path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_second_run_changes_no_byte(notebook):
    assert refresh(notebook).returncode == 0
    first, stamp = notebook.read_bytes(), notebook.stat().st_mtime_ns
    assert refresh(notebook).returncode == 0
    assert notebook.read_bytes() == first
    assert notebook.stat().st_mtime_ns == stamp

    _, one, same, plot = nbformat.read(notebook, as_version=4).cells
    assert [output.text for output in one.outputs] == ["1\n2\n"]
    assert one.id != same.id
    assert plot.metadata == {"tags": ["hide-input"], "mystnb": {"image": {"alt": "A line."}}}
    image = Image.open(io.BytesIO(base64.b64decode(plot.outputs[0].data["image/png"])))
    size = plot.outputs[0].metadata["image/png"]
    assert image.mode == "P"
    assert image.size == (2 * size["width"], 2 * size["height"])  # two pixels for each of the page


def test_failing_notebook_is_named_and_left_alone(notebook):
    broken = nbformat.read(notebook, as_version=4)
    broken.cells[1].source = "print(2)\n1 / 0"
    nbformat.write(broken, notebook)
    before = notebook.read_bytes()
    result = refresh(notebook)
    assert result.returncode == 1
    assert "chapter.ipynb" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert notebook.read_bytes() == before
    assert list(notebook.parent.iterdir()) == [notebook]
