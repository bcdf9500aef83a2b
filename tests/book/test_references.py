"""Every work that the book or its package names is in the bibliography, and can be found."""

import ast
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = parse_file(ROOT / "book/references.bib").entries
# "Duchi, Hazan & Singer (2011)", "He et al. (2015)": the first name, and the year.
WORK = re.compile(r"(\w+)(?:, \w+)*(?: & \w+| et al\.)? \((\d{4})\)")


@cache
def cited_in_chapters():
    """Return the keys that the chapters cite."""
    texts = [path.read_text("utf-8") for path in (ROOT / "book").glob("*.md")]
    for path in (ROOT / "book").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        texts += [cell.source for cell in cells if cell.cell_type == "markdown"]
    roles = re.findall(r"\{cite[:\w]*\}`([^`]+)`", "\n".join(texts))
    return {key.strip() for role in roles for key in role.split(",")}


@cache
def cited_in_docstrings():
    """Return first author and year of each work that a docstring names."""
    works = set()
    for path in (ROOT / "companion").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                works |= set(WORK.findall(" ".join((ast.get_docstring(node) or "").split())))
    return works


def author_and_year(entry):
    return entry.persons["author"][0].last_names[0], entry.fields["year"]


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_can_be_found(key):
    assert {"doi", "eprint", "url"} & set(ENTRIES[key].fields)


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_is_cited(key):
    assert key in cited_in_chapters() or author_and_year(ENTRIES[key]) in cited_in_docstrings()


def test_every_work_that_a_docstring_names_has_an_entry():
    assert cited_in_docstrings() <= {author_and_year(entry) for entry in ENTRIES.values()}
