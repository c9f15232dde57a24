"""All strategies: a table of numbers that are simulated in the build, a list, and their count."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from docutils import nodes
from scipy.signal import find_peaks
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.ext.autosummary.generate import generate_autosummary_docs
from sphinx.util.docutils import SphinxDirective

import ecgmask
from ecgmask import strategies
from ecgmask.statistics import BATCH_SIZE, N_BATCHES, cells

N_PATCHES = 200
PATCH_SIZE = 25

FAMILIES = [vars(ecgmask)[name] for name in strategies.__all__ if name not in ("Masks", "Strategy")]
HEADER = (
    *("Strategy", "Known as", "Sees", "Predicts", "Target run"),
    *("Context", "Cut", "Filled", "Ends"),
)


class StrategyTable(SphinxDirective):
    """The table; every row links the API reference, the paper and the gallery."""

    def run(self) -> list[nodes.Node]:
        ecg = ecgmask.sample_ecg()
        peaks, _ = find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)
        heart_rate = 60 * ecg.sampling_rate / np.diff(peaks).mean()
        lines = [".. list-table::", "   :header-rows: 1", "   :class: strategy-table", ""]
        settings = {
            name: (family, code) for family in FAMILIES for name, code in family.presets.items()
        }
        comparison = ecgmask.compare_strategies(
            {name: eval(code, vars(ecgmask).copy()) for name, (_, code) in settings.items()},
            N_PATCHES,
            r_peaks=peaks / PATCH_SIZE,
        )
        rows = [
            HEADER,
            *(
                self.row(name, family, code, comparison[name], heart_rate)
                for name, (family, code) in settings.items()
            ),
        ]
        for row in rows:
            lines += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
        return self.parse_text_to_nodes("\n".join(lines))

    def row(self, name, family, code, statistics, heart_rate):
        page = family.__module__.rpartition(".")[2]
        # The name of a paper ends in its key, which links here.
        known_as = re.sub(r"\[\w+\]", r"\g<0>_", name)
        context, target, _, run, tokens, lost, filler, first, middle = cells(statistics)
        beats = statistics.target_run * statistics.patch_duration * heart_rate / 60
        return (
            f":doc:`{code} </gallery/strategies/{page}>`",
            known_as,
            context,
            target,
            f"{run}, {beats:.1f} beats",
            tokens,
            *("none" if share == "0%" else share for share in (lost, filler)),
            f"{first} / {middle}",
        )


class StrategyList(SphinxDirective):
    """All strategies with their first sentences, and their pages of the API reference."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(autosummary())


def autosummary() -> str:
    names = "".join(f"   {family.__name__}\n" for family in FAMILIES)
    return f".. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{names}"


def write_pages(app: Sphinx) -> None:
    """Write the pages that the list leads to: autosummary reads the source of pages only."""
    listed = Path(app.doctreedir) / "strategies.rst"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text(f".. currentmodule:: ecgmask\n\n{autosummary()}", encoding="utf-8")
    generate_autosummary_docs([str(listed)], output_dir=Path(app.srcdir) / "api", app=app)


def define_numbers(app: Sphinx, config: Config) -> None:
    """Let pages write what the table is made of, and how many families come from papers."""
    # The name of a setting from a paper ends in the paper's key.
    n_published = sum(any("[" in name for name in family.presets) for family in FAMILIES)
    numbers = {
        "n_published": n_published,
        "n_own": len(FAMILIES) - n_published,
        "n_patches": N_PATCHES,
        "patch_ms": f"{1000 * PATCH_SIZE / ecgmask.sample_ecg().sampling_rate:g}",
        "n_batches": N_BATCHES,
        "batch_size": BATCH_SIZE,
    }
    lines = [f".. |{name}| replace:: {number}" for name, number in numbers.items()]
    config.rst_epilog = "\n".join([config.rst_epilog or "", *lines, ""])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("strategy-table", StrategyTable)
    app.add_directive("strategy-list", StrategyList)
    app.connect("config-inited", define_numbers)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
