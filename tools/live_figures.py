"""Sphinx extension: the directive ``live``, a figure that is computed in the reader's browser.

    ```{live} stability
    What stands here where no script runs: in print, in the EPUB.
    ```

Its scripts are loaded only by pages that hold such a figure. ``rules.js`` is made from the
package at every build.
"""

import functools
import html
from pathlib import Path
from typing import Any

import javascript  # beside this file, where Sphinx finds its extensions
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

FOLDER = "explorer"
SCRIPTS = ("rules", "simulate", "draw", "controls", "state", "form", "explorer", "figures")


class Live(SphinxDirective):
    """Put a live figure here; the content is its substitute without a script."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the substitute, inside the element that the script fills."""
        name = html.escape(self.arguments[0])
        content = self.parse_content_to_nodes()
        if self.env.app.builder.format != "html" or self.env.app.builder.name == "epub":
            return content
        opening = nodes.raw("", f'<div data-live="{name}">', format="html")
        closing = nodes.raw("", "</div>", format="html")
        self.env.metadata[self.env.docname]["live"] = True
        return [opening, *content, closing]


class View(ReferenceRole):
    """Link to a state of the explorer on the same page: ``{view}`text <f=saddle&steps=50>```."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link; on paper, its words."""
        if self.env.app.builder.name == "epub":
            return [nodes.Text(self.title)], []
        return [nodes.reference("", self.title, refuri=f"#{self.target}")], []


def add_scripts(
    app: Sphinx, page: str, _template: str, _context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the scripts on pages with a live figure."""
    if doctree is not None and app.env.metadata.get(page, {}).get("live"):
        app.add_css_file(f"{FOLDER}/explorer.css")
        for name in SCRIPTS:
            app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer")


def write_rules(script: str, app: Sphinx, error: Exception | None) -> None:
    """Put the script of the rules beside the others."""
    if error is None and app.builder.name == "html":
        path = Path(app.outdir) / "_static" / FOLDER / "rules.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the parts to Sphinx."""
    app.add_directive("live", Live)
    app.add_role("view", View())
    app.connect("html-page-context", add_scripts)
    # Made now: autodoc will replace the defaults in the signatures by their source text.
    app.connect("build-finished", functools.partial(write_rules, javascript.script()))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
