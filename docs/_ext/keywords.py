"""The words by which the search finds a page: those of the glossary that lead there."""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

GLOSSARY = "glossary"
KEYWORDS: dict[str, list[str]] = {}


def read_glossary(app: Sphinx, env: BuildEnvironment) -> None:
    """Find the pages that each entry links, before any page is written."""
    KEYWORDS.clear()
    if GLOSSARY not in env.found_docs:
        return
    for entry in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        terms = [term.astext() for term in entry.findall(nodes.term)]
        links = [link["reftarget"] for link in entry.findall(addnodes.pending_xref)]
        pages = [link for link in links if link in env.found_docs]
        if not pages:
            raise ExtensionError(f"the glossary says no page about {terms[0]}; link one")
        for page in pages:
            KEYWORDS.setdefault(page, []).extend(terms)


def add_keywords(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Let the search find the page by these words: it reads the entries of the page itself."""
    entries = [("single", term, "", "main", None) for term in KEYWORDS.get(docname, [])]
    if entries:
        doctree += addnodes.index(entries=entries)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-updated", read_glossary)
    app.connect("doctree-resolved", add_keywords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
