"""What several folders of tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def book_html() -> Path:
    """Give the folder of the built book, which `make test` builds first."""
    html = ROOT / "_build" / "html"
    if not (html / "searchindex.js").exists():
        pytest.fail("there is no built book in _build/html: run `make book` first")
    return html
