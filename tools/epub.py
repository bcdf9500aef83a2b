"""Sphinx extension: the EPUB, with formulas as MathML, which no reader needs a script for."""

import functools
import html
import re
from pathlib import Path
from typing import Any

import math_core
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

STYLES = {"pygments.css", "epub.css"}


class Builder(Epub3Builder):
    """Sphinx's builder of EPUB 3, with this book's formulas and cover."""

    def init(self) -> None:
        """Take MathML in the place of MathJax; a tuple cannot stand in _config.yml."""
        self.config.html_math_renderer = "mathml"
        self.config.epub_cover = ("_static/social-card.png", "")
        self.config.html_domain_indices = False
        super().init()

    def build_content(self) -> None:
        """Drop other styles; say in the list of contents which pages hold MathML."""
        for path in Path(self.outdir, "_static").rglob("*.css"):
            if path.name not in STYLES:
                path.unlink()
        super().build_content()
        path = Path(self.outdir, "content.opf")

        def declare(item: re.Match[str]) -> str:
            holds = "<math" in Path(self.outdir, item["page"]).read_text("utf-8")
            return f'{item[0]} properties="mathml"' if holds else item[0]

        text = path.read_text("utf-8")
        text = re.sub(r'<item id="epub-\d+" href="(?P<page>[^"]*\.xhtml)"', declare, text)
        path.write_text(text, "utf-8")


def style(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Link to this book's styles only; those of the extensions are for web pages."""
    if app.builder.name == Builder.name:
        context["css_files"] = [x for x in context["css_files"] if Path(x.filename).name in STYLES]


def mathml(translator: HTML5Translator, latex: str, *, block: bool) -> str:
    """Convert a formula; XML knows the characters, and not HTML's names for them."""
    text = converter(translator.builder.app).convert_with_local_state(latex, displaystyle=block)
    return re.sub(r"&(?!lt;|gt;|amp;)\w+;", lambda name: html.unescape(name[0]), text)


@functools.cache
def converter(app: Sphinx) -> math_core.LatexToMathML:
    """Give the converter, with the macros that MathJax has on the pages."""
    macros = app.config.mathjax3_config["tex"]["macros"]
    latex = {name: m if isinstance(m, str) else m[0] for name, m in macros.items()}
    return math_core.LatexToMathML(macros=latex, xml_namespace=True)


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in the text."""
    translator.body.append(mathml(translator, node.astext(), block=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})</span>')
    latex = node.astext()
    if r"\\" in latex:  # as Sphinx does for MathJax
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    translator.body.append(mathml(translator, latex, block=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the parts to Sphinx."""
    app.add_builder(Builder, override=True)
    app.connect("html-page-context", style, priority=900)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
