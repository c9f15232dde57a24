"""Signatures as a reader writes them: type variables by what they stand for."""

from __future__ import annotations

import re
from typing import TypeVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

from ecgmask import collate


def say_bound(app, env, node, contnode) -> nodes.Node | None:
    """Write what a type variable is bound to, in place of a link to it."""
    module, _, name = node["reftarget"].rpartition(".")
    variable = vars(collate).get(name)
    if module != collate.__name__ or not isinstance(variable, TypeVar):
        return None
    # The two literals of a flag are constraints, since a bound of both would be bool to checkers.
    bound = stringify_annotation(variable.__bound__ or bool, "fully-qualified")
    return nodes.inline(text=re.sub(r"\b[\w.]+\.(\w+)", r"\1", bound))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", say_bound)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
