"""What `make site` packs: a folder, its zip, and the book as EPUB."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
XHTML, MATHML = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/1998/Math/MathML}"
LIMIT = 15e6  # bytes


@pytest.fixture(scope="module")
def dist(book_html, tmp_path_factory):
    """Pack the built book."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, ROOT / "tools/site.py", book_html, folder / "site"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def epub(dist):
    with ZipFile(dist / "adaptive-learning-rates.epub") as archive:
        yield archive


@pytest.fixture(scope="module")
def chapters(epub):
    """Parse the pages, which have to be well-formed XML."""
    names = [name for name in epub.namelist() if re.fullmatch(r"book/\w+\.xhtml", name)]
    return {name: ET.fromstring(epub.read(name)) for name in names}


def test_folder_and_zip_hold_the_same(dist):
    folder = dist / "site"
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    with ZipFile(dist / "site.zip") as archive:
        packed = {item.filename for item in archive.infolist() if not item.is_dir()}
    assert packed == set(files)
    assert {"index.html", "404.html", "book/adam.html"} <= set(files)
    assert not [name for name in files if name.endswith((".map", ".buildinfo"))]
    assert sum(path.stat().st_size for path in files.values()) <= LIMIT


def test_epub_has_every_chapter_and_its_name(epub, chapters):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    wanted = [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]
    assert {f"{name}.xhtml" for name in wanted} <= set(chapters)
    assert b"<dc:title>Adaptive Learning Rates</dc:title>" in epub.read("content.opf")


def test_epub_shows_formulas_without_a_script(epub, chapters):
    contents = epub.read("content.opf").decode()
    count = 0
    for name, page in chapters.items():
        formulas = list(page.iter(f"{MATHML}math"))
        count += len(formulas)
        assert bool(formulas) == (f'href="{name}" properties="mathml"' in contents)
        assert not list(page.iter(f"{MATHML}merror")), name
        assert not list(page.iter(f"{XHTML}script")), name
        for code in [*page.iter(f"{XHTML}pre"), *page.iter(f"{XHTML}code")]:
            code.clear()
        assert not re.search(r"\\[(\[a-zA-Z]", "".join(page.itertext())), name
    assert count > 1000


def test_epub_holds_all_that_its_pages_show(epub, chapters):
    names = set(epub.namelist())
    for name, page in chapters.items():
        shown = [image.get("src") for image in page.iter(f"{XHTML}img")]
        shown += [link.get("href") for link in page.iter(f"{XHTML}link")]
        for url in shown:
            assert url.removeprefix("../") in names, (name, url)
