"""Figures that the code on a page has drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from themed_figures import alternative_text, drawings_of_widths, figure_node, save


class DrawnFigure(SphinxDirective):
    """Run the ``testcode`` above, all of the page in turn, and show the figure that it draws."""

    def run(self) -> list[nodes.Node]:
        state = self.env.temp_data.setdefault("drawn_figures", {"variables": {}, "done": 0, "n": 0})
        blocks = [
            node
            for node in self.state.document.findall(nodes.literal_block)
            if node.get("testnodetype") == "testcode"
        ]
        for block in blocks[state["done"] :]:
            exec(block.astext(), state["variables"])
        state["done"] = len(blocks)
        state["n"] += 1
        numbers = plt.get_fignums()
        if len(numbers) != 1:
            plt.close("all")
            raise self.error(f"the code above must draw one figure, not {len(numbers)}")
        fig = plt.figure(numbers[0])
        folder = Path(self.env.app.doctreedir) / "drawn-figures"
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / f"{self.env.docname.replace('/', '-')}-{state['n']}"
        alt = alternative_text(fig, ":".join(map(str, self.get_source_info())))
        save(drawings_of_widths(fig, stem))
        plt.close("all")
        return [figure_node(stem, alt, self, classes=["drawn"])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("drawn-figure", DrawnFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
