"""Pages that a strict Content-Security-Policy and the HTML validator take, and no file in vain.

The policy is in the template of all pages. It allows no script or style inside a page: what Sphinx,
its extensions and pandas write there goes, or is in a file of ``_static``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# Sphinx-Gallery's filter of its own cards, and what keeps the tabs of several pages alike.
UNUSED_SCRIPTS = ("sg-tags.js", "design-tabs.js")
# The theme's templates, and a script for icons of one's own; parts that other scripts hold.
UNUSED = (
    *UNUSED_SCRIPTS,
    "scripts/fontawesome.js*",
    "webpack-macros.html",
    "*-stemmer.js",
    "copybutton_funcs.js",
    "**/*.map",
)
SOURCE_MAP = re.compile(r"\s*(//|/\*)# sourceMappingURL=\S+( ?\*/)?\s*$")

BLOCKS = (nodes.paragraph, nodes.bullet_list)
# Docutils writes one, and so does Sphinx.
VIEWPORT = re.compile(r'<meta [^>]*name="viewport"[^>]*>')
PREFORMATTED = re.compile(r"<pre>.*?</pre>", re.DOTALL)
MENDED_IN_BODY = [
    # Pandas writes a style sheet into each table.
    (re.compile(r"<style scoped>.*?</style>\n?", re.DOTALL), ""),
    (re.compile(r'<table border="1" class="dataframe">'), '<table class="dataframe">'),
    # The corner of a table heads nothing; what may scroll is reached by keyboard.
    (re.compile(r"<th></th>"), "<td></td>"),
    (
        re.compile(r'(<div class="output_subarea output_html)'),
        r'<div tabindex="0" class="output_subarea output_html',
    ),
    # Docutils puts references into a list, with a role that only real items of lists may have.
    (re.compile(r' role="doc-biblioentry"'), ' role="listitem"'),
    # viewcode takes one name of a module for all that is in it, the package's or the module's own.
    # Pages are named as their anchors are.
    (
        re.compile(
            r'(class="viewcode-back" href="[^"]*/((?:\w+\.)*(\w+))\.html#)(?:\w+\.)*\3(?=[".])'
        ),
        r"\1\2",
    ),
]
MENDED_IN_PAGE = [
    # Tables of pandas, of docutils and of the index.
    (re.compile(r'(<(?:table|tr|td|col)) style="[^"]*"'), r"\1"),
    # What the validator calls needless.
    (re.compile(r"(<(?:br|col|hr|img|input|link|meta|source)\b[^<>]*?)\s*/>"), r"\1>"),
]


def mend(text: str, rules: list[tuple[re.Pattern[str], str]]) -> str:
    """Apply replacements in turn."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def take_blocks_out_of_paragraphs(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put lists after the paragraph that Sphinx makes of a parameter and all that it says."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        blocks = [each for each in paragraph if isinstance(each, BLOCKS)]
        if not blocks:
            continue
        if isinstance(blocks[0], nodes.paragraph):
            first = blocks.pop(0)
            first.replace_self(first.children)
        for each in blocks:
            paragraph.remove(each)
        place = paragraph.parent.index(paragraph) + 1
        paragraph.parent[place:place] = blocks


def mend_body(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Mend what a page says, and leave out scripts inside it and those that it does not need."""
    scripts = [each for each in context["script_files"] if each.filename]
    context["script_files"] = [
        each for each in scripts if Path(each.filename).name not in UNUSED_SCRIPTS
    ]
    context["metatags"] = VIEWPORT.sub("", context.get("metatags", ""))
    if "body" in context:
        context["body"] = PREFORMATTED.sub(without_blocks, mend(context["body"], MENDED_IN_BODY))


def without_blocks(preformatted: re.Match[str]) -> str:
    """Return code as viewcode marks it, with no element that code must not hold."""
    return re.sub(r"(</?)div\b", r"\1span", preformatted.group())


def mend_files(app: Sphinx, exception: Exception | None) -> None:
    """Mend what templates write, and take out what no page loads."""
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    for name in UNUSED:
        for path in list((site / "_static").glob(name)):
            path.unlink(missing_ok=True)
    for path in [*site.glob("_static/**/*.js"), *site.glob("_static/**/*.css")]:
        rewrite(path, [(SOURCE_MAP, "\n")])
    for path in site.rglob("*.html"):
        rewrite(path, MENDED_IN_PAGE)


def rewrite(path: Path, rules: list[tuple[re.Pattern[str], str]]) -> None:
    """Mend a file in place."""
    text = path.read_text("utf-8")
    path.write_text(mend(text, rules), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", take_blocks_out_of_paragraphs)
    # After the theme, which adds scripts to each page.
    app.connect("html-page-context", mend_body, priority=900)
    app.connect("build-finished", mend_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
