"""What every stored chapter must be; nbval checks what its cells print."""

import re
from pathlib import Path

import nbformat
import pytest

from tools import refresh

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
LOCAL_PATH = re.compile(
    r"(?<![\w.])/(home|root|tmp|Users|usr|work|var|private)/|site-packages|[A-Z]:\\"
)

chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def texts(output):
    """Return all that an output says, images left out."""
    if output.output_type == "stream":
        return [output.text]
    return [str(v) for kind, v in output.get("data", {}).items() if not kind.startswith("image/p")]


def test_every_page_is_in_the_table_of_contents():
    listed = re.findall(r"\bbook/\w+", (ROOT / "_toc.yml").read_text("utf-8"))
    pages = [p for p in (ROOT / "book").iterdir() if p.suffix in {".md", ".ipynb"}]
    assert sorted(listed) == sorted(f"book/{page.stem}" for page in pages)


@chapters
def test_all_cells_ran_once_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1)), "run `make refresh`"


@chapters
def test_stored_as_refresh_writes_it(path):
    notebook = nbformat.read(path, as_version=4)
    assert path.read_text("utf-8") == refresh.normalize(notebook), "run `make refresh`"


@chapters
def test_no_output_is_an_error_or_a_warning(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@chapters
def test_no_output_names_a_local_path(path):
    for cell in code_cells(path):
        for text in (text for output in cell.outputs for text in texts(output)):
            assert not LOCAL_PATH.search(text), text


@chapters
def test_figures_have_caption_and_alternative_text(path):
    for cell in code_cells(path):
        images = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        if images:
            settings = cell.metadata.get("mystnb", {})
            assert len(images) == 1, f"one figure a cell:\n{cell.source}"
            assert len(settings.get("image", {}).get("alt", "")) >= 20, cell.source
            assert settings.get("figure", {}).get("caption"), cell.source
