"""What a page says of itself once the book has a home: two addresses in _config.yml."""

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
HOME, REPOSITORY = "https://book.example.org/rates", "https://github.com/example/rates"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a book of one page with this book's configuration and with its addresses set."""
    book = tmp_path_factory.mktemp("book")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    assert not config["repository"]["url"]
    assert not config["html"]["baseurl"]
    config["repository"]["url"], config["html"]["baseurl"] = REPOSITORY, HOME
    (book / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    (book / "_toc.yml").write_text("format: jb-book\nroot: book/one\n", "utf-8")
    shutil.copytree(ROOT / "tools", book / "tools")
    shutil.copytree(ROOT / "book/_static", book / "book/_static")
    shutil.copy(ROOT / "book/references.bib", book / "book")
    (book / "book/one.md").write_text(
        "# One & only\n\nThis page holds a single sentence, which describes it.\n"
    )
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-q"]
    subprocess.run(command, cwd=book, check=True, capture_output=True)
    return book / "_build/html"


@pytest.fixture(scope="module")
def page(site):
    return BeautifulSoup((site / "book/one.html").read_text("utf-8"), "html.parser")


def test_the_card_of_a_link_is_complete(site, page):
    tags = {
        tag.get("property") or tag.get("name"): tag["content"]
        for tag in page.find_all("meta", content=True)
    }
    assert tags["og:title"] == "One & only"
    assert tags["og:description"] == "This page holds a single sentence, which describes it."
    assert tags["og:url"] == f"{HOME}/book/one.html"
    assert tags["twitter:card"] == "summary_large_image"
    image = tags["og:image"]
    assert image.startswith(f"{HOME}/")
    picture = (site / image.removeprefix(f"{HOME}/")).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert [int.from_bytes(picture[i : i + 4]) for i in (16, 20)] == [1200, 630]
    assert len(picture) < 100_000


def test_the_page_knows_its_address(page):
    assert page.find("link", rel="canonical")["href"] == f"{HOME}/book/one.html"


def test_the_sitemap_lists_the_pages(site):
    root = ET.parse(site / "sitemap.xml").getroot()
    assert [loc.text for loc in root.findall(".//{*}loc")] == [f"{HOME}/book/one.html"]


def test_a_reader_can_edit_the_page_or_open_an_issue(page):
    links = {link["href"] for link in page.find_all("a", href=True)}
    assert f"{REPOSITORY}/edit/main/book/one.md" in links
    assert any(link.startswith(f"{REPOSITORY}/issues/new") for link in links)


def test_a_missing_page_leads_home(site):
    missing = BeautifulSoup((site / "404.html").read_text("utf-8"), "html.parser")
    assert missing.find("a")["href"] == f"{HOME}/"
