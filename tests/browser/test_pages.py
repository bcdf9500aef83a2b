"""Every page, as a reader meets it: offline, accessible, on a laptop, a phone and in the dark."""

import gzip
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = re.findall(r"\bbook/\w+", (ROOT / "_toc.yml").read_text("utf-8"))
GENERATED = ["genindex", "prf-prf", "py-modindex", "search", "404"]
PAGE_LIMIT = 1.5e6  # bytes, as a web server sends them
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# Scheme, width and what to check: in the dark nothing but colors differs.
SETTINGS = {
    "light": ("light", 1280, RULES),
    "dark": ("dark", 1280, COLOR_RULES),
    "narrow": ("light", 375, RULES),
}

every_page = pytest.mark.parametrize("name", CHAPTERS + GENERATED)
every_chapter = pytest.mark.parametrize("name", CHAPTERS)


def visit(page, address):
    """Open a page and wait until MathJax has typeset it."""
    page.goto(address)
    page.wait_for_function("!window.MathJax || window.MathJax.startup?.promise")
    page.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")


def thin(page):
    """Leave two of each kind of element: axe-core then takes a second, not a minute.

    Elements are of one kind if all that encloses them has the same tags and classes.
    """
    page.evaluate("""() => {
        const many = 'p, li, dl, tr, pre, figure, a, code, span, .cell, .math, mjx-container';
        const kind = node => node === document.body ? '' :
            `${kind(node.parentNode)} ${node.tagName}.${node.className}.${node.tabIndex}`;
        const seen = {};
        for (const node of document.querySelectorAll(many)) {
            if (!node.isConnected || node.closest('th')) continue;
            const name = kind(node);
            seen[name] = (seen[name] || 0) + 1;
            if (seen[name] <= 2) continue;
            if (node.matches('a, code, span')) node.replaceWith(...node.childNodes);
            else node.remove();
        }
        document.body.normalize();
    }""")


def violations(page, rules=RULES):
    """Return what axe-core finds, as readable lines."""
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    response = Axe().run(page, options=options).response["violations"]
    return [
        f"{v['id']}: {node['target']} {node['html'][:200]}" for v in response for node in v["nodes"]
    ]


@every_page
def test_reads_well_from_a_folder(page, book_html, name):
    visit(page, (book_html / f"{name}.html").as_uri())
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    if page.locator(".math").count():
        assert page.locator("mjx-container").count()
    page.set_viewport_size({"width": 375, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    thin(page)
    found = {}
    for setting, (scheme, width, rules) in SETTINGS.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        found[setting] = violations(page, rules)
    assert not any(found.values()), json.dumps(found, indent=2)


def transferred(page, address):
    """Open a page and return what it fetches, in bytes as a web server sends them."""
    responses = []
    page.on("response", lambda response: responses.append(response))  # noqa: PLW0108 - Playwright
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert all(response.ok for response in responses)
    return sum(len(gzip.compress(response.body())) for response in responses)


@every_chapter
def test_is_light_over_the_network(page, server, book_html, name):
    """Count all of MathJax, whatever part the page needs: typesetting takes long."""
    page.route("**/mathjax/**", lambda route: route.fulfill(body=""))
    files = (path for path in (book_html / "_static/mathjax").rglob("*") if path.is_file())
    mathjax = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert transferred(page, f"{server}/{name}.html") + mathjax <= PAGE_LIMIT


def test_formulas_come_over_the_network(page, server):
    assert transferred(page, f"{server}/book/notation.html") <= PAGE_LIMIT
    page.locator("mjx-container").first.wait_for()


def test_text_does_not_wait_for_mathjax(page, server):
    page.route("**/mathjax/**", lambda _: None)  # MathJax never arrives
    page.goto(f"{server}/book/adam.html", wait_until="commit")
    page.locator("article h1").wait_for(state="visible")
    page.unroute_all(behavior="ignoreErrors")


def test_first_address_leads_to_the_book(page, server):
    page.goto(server)
    page.wait_for_url(f"**/{CHAPTERS[0]}.html")


@pytest.mark.parametrize("over", ["file", "http"])
def test_search_finds_bias_correction(page, book_html, server, over):
    base = book_html.as_uri() if over == "file" else server
    page.goto(f"{base}/search.html?q=bias+correction")
    page.wait_for_selector("#search-results .search-summary:not(:empty)")
    assert page.locator("#search-results li a").count()


def test_keyboard_skips_to_the_text(page, book_html):
    page.goto((book_html / f"{CHAPTERS[0]}.html").as_uri())
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == "Skip to main content"
    box = focused.bounding_box()
    assert box
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_keyboard_focus_is_visible(page, book_html):
    page.goto((book_html / f"{CHAPTERS[0]}.html").as_uri())
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(({outlineStyle, outlineWidth, boxShadow}) => [outlineStyle, outlineWidth, boxShadow])"
            "(getComputedStyle(document.activeElement))"
        )
        assert style[:2] not in (["none", "0px"], ["auto", "0px"]) or style[2] != "none"


def test_a_figure_opens_alone(page, book_html):
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto((book_html / "book/adagrad.html").as_uri())
    page.locator("figure a:has(img)").first.click()
    page.wait_for_url("**/*.png")
    assert page.locator("img").evaluate("image => image.naturalWidth") > 375


def test_printed_page_holds_the_text_and_no_menus(page, book_html):
    page.goto((book_html / f"{CHAPTERS[1]}.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator("article p").first.is_visible()
    assert not page.locator(".bd-sidebar-primary").is_visible()
