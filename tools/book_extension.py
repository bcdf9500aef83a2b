"""Sphinx extension of this book: everything offline, and every page described."""

import html
import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

DESCRIPTION_LENGTH = 160
REPEATED = {"exercise-content", "proof", "proof-content", "solution-content"}
# The parts of MathJax that a page of this book can ask for.
MATHJAX = [
    "core.js",
    "startup.js",
    "input/tex.js",
    "input/tex/extensions/*.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "a11y/assistive-mml.js",
    "ui/safe.js",
]
NOT_FOUND = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Page not found – {title}</title>
<style>
body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem; }}
a {{ color: inherit; }}
</style>
</head>
<body>
<main>
<h1>This page does not exist</h1>
<p>The address may be old or mistyped. <a href="{home}">Start from the first page of {title}.</a></p>
</main>
</body>
</html>
"""  # noqa: E501
REDIRECT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0; url={first}">
</head>
<body><main><h1>{title}</h1><p><a href="{first}">Open the book.</a></p></main></body>
</html>
"""


def remove_thebe(app: Sphinx, _config: Config) -> None:
    """Take out sphinx-thebe, which Jupyter Book always loads: its scripts come from a far host."""
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if not x.handler.__module__.startswith("sphinx_thebe")]
    app.registry.css_files[:] = [x for x in app.registry.css_files if "sphinx-thebe" not in x[0]]


def show_repository(_app: Sphinx, config: Config) -> None:
    """Show the edit and issue links once the repository's address is set in _config.yml."""
    if config.html_theme_options.get("repository_url"):
        for button in ("use_edit_page_button", "use_issues_button", "use_repository_button"):
            config.html_theme_options[button] = True


def renew_all(
    _app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    """Read every page again when one changed: citations, numbers and links cross pages."""
    return set(env.found_docs) if added | changed | removed else set()


def drop_repeated_names(_app: Sphinx, doctree: nodes.document, _page: str) -> None:
    """Take the same id from all boxes: sphinx-exercise and sphinx-proof give each box one."""
    for node in doctree.findall(nodes.Element):
        if REPEATED.intersection(node["ids"]):
            node["ids"] = []


def describe(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the page's description and the card that a link to it shows."""
    if app.builder.name != "html":
        return
    book = app.config.html_title
    title = re.sub("<[^>]*>", "", context.get("title") or book)
    if page == app.config.root_doc:
        context["docstitle"] = None  # the book's own name, once
    tags = {"og:site_name": book, "og:title": html.unescape(title), "og:type": "article"}
    if doctree and (text := first_paragraph(doctree)):
        tags |= {"description": text, "og:description": text}
    if base := app.config.html_baseurl:
        tags |= {
            "og:url": context["pageurl"],
            "og:image": f"{base.rstrip('/')}/_static/social-card.png",
            "twitter:card": "summary_large_image",
        }
    for name, content in tags.items():
        key = "property" if name.startswith("og:") else "name"
        context["metatags"] = (
            context.get("metatags", "")
            + f'\n<meta {key}="{name}" content="{html.escape(content)}" />'
        )


def first_paragraph(doctree: nodes.document) -> str:
    """Return the text of the first paragraph, cut at the end of a sentence or a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if not isinstance(paragraph.parent, nodes.section) or len(text) < 40:
            continue
        if len(text) <= DESCRIPTION_LENGTH:
            return text
        head = text[:DESCRIPTION_LENGTH]
        end = head.rfind(". ") + 1 or head.rfind(" ")
        return head[:end]
    return ""


def name_modules(
    _app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, signature: str, result: str
) -> tuple[str, str]:
    """Print a module that is a default value by its name; its repr has a local path."""
    return re.sub(r"<module '(\w+)'[^>]*>", r"\1", signature or ""), result


def finish(app: Sphinx, error: Exception | None) -> None:
    """Add the files that belong to the site and to no page; drop what no reader needs."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    copy_mathjax(out / "_static" / "mathjax")
    for unneeded in ("**/*.map", "sphinx-thebe.*", "locales"):
        for path in (out / "_static").glob(unneeded):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    book, base = html.escape(app.config.html_title), app.config.html_baseurl.rstrip("/")
    pages = [f"{doc}.html" for doc in sorted(app.env.found_docs)]
    first = f"{app.config.root_doc}.html"
    (out / "404.html").write_text(NOT_FOUND.format(title=book, home=f"{base}/"), "utf-8")
    (out / "index.html").write_text(REDIRECT.format(title=book, first=first), "utf-8")
    if base:  # a sitemap takes full addresses only
        urls = "".join(f"  <url><loc>{base}/{page}</loc></url>\n" for page in pages)
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
            "utf-8",
        )


def copy_mathjax(target: Path) -> None:
    """Copy the needed tenth of MathJax from its package."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise RuntimeError("MathJax is missing: pip install sphinx-mathjax-offline")
    source = Path(package.origin).parent / "static" / "mathjax"
    for pattern in MATHJAX:
        for file in source.glob(pattern):
            copy = target / file.relative_to(source)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the functions above to Sphinx."""
    app.connect("config-inited", remove_thebe, priority=0)
    app.connect("config-inited", show_repository)
    app.connect("env-get-outdated", renew_all)
    app.connect("autodoc-process-signature", name_modules)
    app.connect("doctree-resolved", drop_repeated_names)
    app.connect("html-page-context", describe)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
