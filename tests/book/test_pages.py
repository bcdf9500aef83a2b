"""What every built page must be, seen without a browser."""

import re
from functools import cache
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

# A browser fetches these by itself; other links wait for a click.
FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
LIMIT = 15e6  # bytes


@cache
def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@cache
def names(path):
    return {element["id"] for element in parse(path).find_all(id=True)}


@pytest.fixture(scope="module")
def pages(book_html):
    return sorted(p for p in book_html.rglob("*.html") if "_static" not in p.parts)


@pytest.fixture(scope="module")
def documents(pages):
    """Give the pages without the redirect and the 404 page, which stand alone."""
    return [p for p in pages if p.name not in {"index.html", "404.html"}]


def is_external(url):
    return urlsplit(url).scheme in {"http", "https", "ftp"} or url.startswith("//")


def test_no_page_fetches_anything_external(pages):
    for page in pages:
        for tag, attribute in FETCHED.items():
            for element in parse(page).find_all(tag, attrs={attribute: True}):
                if element.get("rel") != ["canonical"]:
                    assert not is_external(element[attribute]), (page, element)
        for element in parse(page).find_all(srcset=True):
            assert "//" not in element["srcset"], (page, element)


def test_no_style_fetches_anything_external(book_html):
    for style in book_html.rglob("*.css"):
        fetched = re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")]+)", style.read_text("utf-8"))
        assert not [url for url in fetched if is_external(url)], style


def test_every_link_inside_the_book_leads_somewhere(documents):
    for page in documents:
        for link in parse(page).find_all("a", href=True):
            url = urlsplit(link["href"])
            if url.scheme or link["href"] == "#" or "=" in url.fragment:  # a live figure's state
                continue
            target = (page.parent / unquote(url.path)).resolve() if url.path else page
            assert target.is_file(), (page, link)
            if url.fragment and target.suffix == ".html":
                assert unquote(url.fragment) in names(target), (page, link)


def test_every_page_has_language_title_and_one_heading(documents):
    titles = [parse(page).title.get_text() for page in documents]
    assert len(set(titles)) == len(titles)
    for page in documents:
        assert parse(page).html["lang"] == "en"
        headings = parse(page).select("main h1:not(#jb-print-docs-body h1)")
        assert len(headings) == 1, page


def test_no_two_elements_have_one_name(documents):
    for page in documents:
        elements = parse(page).find_all(id=True)
        # sphinx-proof names an unnumbered box and its title alike, and finds them so.
        names = [e["id"] for e in elements if "admonition-title" not in e.get("class", [])]
        assert len(set(names)) == len(names), (page, sorted(names))


def test_every_chapter_has_a_description(documents):
    chapters = [page for page in documents if page.parent.name == "book"]
    assert chapters
    for page in chapters:
        description = parse(page).find("meta", attrs={"name": "description"})
        assert description, page
        assert 40 <= len(description["content"]) <= 160


def test_every_image_has_alternative_text(documents):
    for page in documents:
        for image in parse(page).find_all("img"):
            assert image.get("alt"), (page, image)
            assert not image["alt"].endswith((".png", ".svg")), (page, image)


def test_every_notebook_can_be_downloaded(book_html, documents):
    for page in documents:
        if source := next((book_html / "_sources/book").glob(f"{page.stem}.ipynb"), None):
            links = {link["href"] for link in parse(page).find_all("a", href=True)}
            assert f"../_sources/book/{source.name}" in links


def test_site_is_small_and_without_source_maps(book_html):
    files = [path for path in book_html.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".map"]
    assert sum(path.stat().st_size for path in files) <= LIMIT
