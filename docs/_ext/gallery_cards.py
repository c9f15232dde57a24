"""Cards of the gallery: a picture in both themes, the title as the link, the summary in full.

They take the place of Sphinx-Gallery's, whose link has no name, whose summary needs a mouse, and
whose tag filter needs one, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html import escape, unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx_gallery import backreferences
from themed_figures import CARD, THEMES, picture

CARD_TEMPLATE = """
.. example-card:: {doc_name}
   :title: {title}
   :thumbnail: /{thumbnail}
   :tags: {tags}

   {intro}

"""


class example_card(nodes.General, nodes.Element):
    """A link to an example with its picture, title and summary."""


class ExampleCard(SphinxDirective):
    """Show an example of the gallery as a card."""

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(("title", "thumbnail", "tags"), directives.unchanged)

    def run(self) -> list[nodes.Node]:
        _, path = self.env.relfn2path(self.options["thumbnail"])
        # Written by Sphinx-Gallery as the attribute of an element.
        tags = json.loads(re.search(r"\[.*\]|$", self.options["tags"] or "").group() or "[]")
        stem = Path(path).with_suffix("")
        self.env.note_dependency(f"{stem}_light_1x.webp")
        card = example_card(stem=str(stem), tags=tags)
        title = self.options["title"]
        link = addnodes.pending_xref(
            "",
            nodes.inline("", title),
            refdomain="std",
            reftype="doc",
            refexplicit=True,
            reftarget=self.arguments[0],
            refdoc=self.env.docname,
            refwarn=True,
        )
        card += nodes.paragraph("", "", link, classes=["example-card__title"])
        summary = unescape(" ".join(self.content))
        card += nodes.paragraph("", summary, classes=["example-card__text"])
        return [card]


class example_tags(nodes.General, nodes.Element):
    """Links to the galleries of examples with the same tags."""


def place_tags(app: Sphinx, doctree: nodes.document) -> None:
    """Put links where Sphinx-Gallery writes the names of the tags."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if "sphx-glr-example-tags" in paragraph["classes"]:
            _, found, names = paragraph.astext().partition("Tags: ")
            if not found:
                raise ExtensionError("sphinx_gallery words tags otherwise; change gallery_cards")
            paragraph.replace_self(example_tags(tags=names.split(", ")))


def drop_lone_tags(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leave out links that would lead from an example to itself alone."""
    for place in list(doctree.findall(example_tags)):
        gallery = app.env.get_doctree("gallery/index")
        used = Counter(tag for card in gallery.findall(example_card) for tag in card["tags"])
        place["tags"] = [tag for tag in place["tags"] if used[tag] > 1]


class tag_filter(nodes.General, nodes.Element):
    """Buttons that filter the cards of a page by their tags."""


def place_filter(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the buttons where Sphinx-Gallery has a script make some of its own."""
    tags = sorted({tag for card in doctree.findall(example_card) for tag in card["tags"]})
    places = [raw for raw in doctree.findall(nodes.raw) if "sg-tag-list" in raw.astext()]
    for number, place in enumerate(places):
        # The page of all sections repeats those of each.
        place.replace_self([tag_filter(tags=tags)] if tags and number == 0 else [])


def visit_card(self: Any, node: example_card) -> None:
    tags = escape(json.dumps(node["tags"]))
    self.body.append(f'<div class="example-card" data-tags="{tags}">')
    for theme in THEMES:
        self.body.append(picture(self.builder, node["stem"], theme, {"": CARD}, alt=""))


def depart_card(self: Any, node: example_card) -> None:
    self.body.append("</div>\n")


def visit_tags(self: Any, node: example_tags) -> None:
    self.body.append('<nav class="tags" aria-label="Tags"><ul>')
    gallery = self.builder.get_relative_uri(self.builder.current_docname, "gallery/index")
    for tag in node["tags"]:
        self.body.append(f'<li><a href="{gallery}?tag={tag.replace(" ", "+")}">{escape(tag)}</a>')
    self.body.append("</ul></nav>\n")
    raise nodes.SkipNode


def visit_filter(self: Any, node: tag_filter) -> None:
    self.body.append('<div class="tags tag-filter pst-js-only" role="group" aria-label="Tags">')
    for tag in node["tags"]:
        self.body.append(
            f'<button type="button" aria-pressed="false" value="{escape(tag)}">{escape(tag)}'
            "</button>"
        )
    self.body.append('<p role="status"></p>')
    self.body.append('<button type="button" class="clear" hidden>Clear</button></div>\n')
    raise nodes.SkipNode


def skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def ignore(self: Any, node: nodes.Element) -> None:
    pass


def add_script(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Give the template the script of an example, for the button that copies it."""
    script = Path(app.srcdir, pagename).with_suffix(".py")
    if doctree and script.is_file():
        context["example_script"] = script.read_text(encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    for node in (example_tags, tag_filter):
        visit = visit_tags if node is example_tags else visit_filter
        app.add_node(node, html=(visit, None), text=(skip, None), man=(skip, None))
    app.add_node(
        example_card, html=(visit_card, depart_card), text=(ignore, ignore), man=(ignore, ignore)
    )
    app.add_directive("example-card", ExampleCard)
    app.connect("doctree-read", place_tags)
    app.connect("doctree-resolved", drop_lone_tags)
    app.connect("doctree-resolved", place_filter)
    app.connect("html-page-context", add_script)
    # Galleries, mini-galleries and related examples have no setting for this.
    for name in ("THUMBNAIL_TEMPLATE", "BACKREF_THUMBNAIL_TEMPLATE"):
        if not hasattr(backreferences, name):
            raise ExtensionError(f"sphinx_gallery has no {name} any more; change gallery_cards")
        setattr(backreferences, name, CARD_TEMPLATE)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
