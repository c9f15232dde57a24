"""The BibTeX entry of CITATION.cff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CITATION = Path(__file__).parent.parent.parent / "CITATION.cff"


def author_of(author: dict[str, str]) -> str:
    """Return a person as family name and given names, and a group as one name."""
    if "family-names" in author:
        return f"{author['family-names']}, {author['given-names']}"
    return f"{{{author['name']}}}"


def bibtex_of(citation: dict[str, Any]) -> str:
    """Return the entry of what a citation file holds; what it does not hold is left out."""
    fields = {
        "author": " and ".join(map(author_of, citation["authors"])),
        "title": f"{{{citation['title']}}}",
        "year": str(citation.get("date-released", ""))[:4],
        "version": citation.get("version"),
        "doi": citation.get("doi"),
        "url": citation.get("repository-code"),
        "note": f"Licence: {citation['license']}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = citation["title"].split(":")[0]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


class CitationEntry(SphinxDirective):
    """Show the entry."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(CITATION)
        text = bibtex_of(yaml.safe_load(CITATION.read_text(encoding="utf-8")))
        return [nodes.literal_block(text, text, language="bibtex")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("citation-entry", CitationEntry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
