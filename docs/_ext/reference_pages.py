"""Pages of the API reference: what they show of the gallery, and the list beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from gallery_cards import CARD_TEMPLATE
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from strategy_table import FAMILIES

N_EXAMPLES = 3
SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)
FIGURE = re.compile(r"^\.\. themed-figure::.*\n   :alt: .*$", re.MULTILINE)


def tutorial_of(name: str) -> str:
    """Return the file of the tutorial that is about a name, if there is one."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Examples(SphinxDirective):
    """Cards of the examples for a name: its own tutorial first, then those that name it most."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        source = Path(self.env.srcdir)
        text = (source / "gallery/backreferences/backreferences_all.json").read_text("utf-8")
        used_by = {name: list(map(tuple, used)) for name, used in json.loads(text).items()}
        # Variables may be of a class that a script does not name.
        known = used_by.get(self.arguments[0], [])
        name = self.arguments[0].rpartition(".")[2]

        def uses(example: tuple[str, ...]) -> int:
            script = Path(example[1], example[0]).read_text("utf-8")
            return len(re.findall(rf"\b{name}\b", script))

        def rank(example: tuple[str, ...]) -> tuple[bool, int, str]:
            return Path(example[0]).stem != tutorial_of(name), -uses(example), example[0]

        examples = {each for used in used_by.values() for each in used}
        found = sorted((each for each in examples if each in known or uses(each)), key=rank)
        cards = [self.card(example) for example in found[:N_EXAMPLES]]
        box = nodes.container(classes=["sphx-glr-thumbnails"])
        lines = StringList("\n".join(cards).splitlines(), source=self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, box)
        return [box]

    def card(self, example: tuple[str, ...]) -> str:
        file, _, target, intro, title = example
        page = (Path(target) / file).relative_to(self.env.srcdir).with_suffix("")
        return CARD_TEMPLATE.format(
            doc_name=f"/{page.as_posix()}",
            title=title,
            thumbnail=f"{page.parent.as_posix()}/images/thumb/sphx_glr_{page.name}_thumb.webp",
            tags="",
            intro=intro,
        )


def show_strategy(
    app: Sphinx, what: str, name: str, strategy: Any, options: Any, lines: list[str]
) -> None:
    """Show what a strategy draws, and where its settings can be moved, after its parameters."""
    if what != "class" or strategy not in FAMILIES:
        return
    page = Path(app.srcdir, "gallery", "strategies", tutorial_of(strategy.__name__))
    figure = FIGURE.search(page.with_suffix(".rst").read_text("utf-8"))
    explorer = f"`mask explorer <../explorer.html?strategy={strategy.__name__}>`__"
    end = next(i for i, line in enumerate(lines) if line.startswith(".. rubric::"))
    lines[end:end] = [
        *figure[0].splitlines(),
        "",
        f"From :doc:`its tutorial </gallery/strategies/{page.name}>`. Move its settings in the "
        f"{explorer}.",
        "",
    ]


def without_constructor(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str, returns: str
) -> tuple[str, str] | None:
    """Leave out the arguments of a class that is made to be inherited from and takes none."""
    return ("", "") if arguments == "(*args, **kwargs)" else None


def mend_signatures(
    app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any
) -> None:
    """Make lists of arguments lines: Sphinx makes them definitions of no term, which is no HTML."""

    def as_lines(signature: re.Match[str]) -> str:
        lines = re.sub(r"<dl>", '<span class="sig-arguments">', signature[0])
        lines = re.sub(r"<dd>", '<span class="sig-argument">', lines)
        return re.sub(r"</d[dl]>", "</span>", lines)

    if "body" in context:
        context["body"] = SIGNATURE.sub(as_lines, context["body"])


def add_groups(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Give pages of the reference its list of names in the groups of its first page."""
    if pagename != "api" and not pagename.startswith("api/"):
        return
    env = app.builder.env
    context["reference_groups"] = [
        (
            section[0].astext(),
            [
                (env.titles[page].astext(), page)
                for tree in section.findall(addnodes.toctree)
                for _, page in tree["entries"]
            ],
        )
        for section in next(env.get_doctree("api").findall(nodes.section)).findall(nodes.section)
        if isinstance(section.parent.parent, nodes.document)
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("examples-of", Examples)
    # After Napoleon, which takes what it does not know for a section.
    app.connect("autodoc-process-docstring", show_strategy, priority=600)
    app.connect("autodoc-process-signature", without_constructor)
    app.connect("html-page-context", mend_signatures)
    app.connect("html-page-context", add_groups)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
