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

N_PATCHES = 200
PATCH_SIZE = 25
SEED = 0

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
        rows = [
            HEADER,
            *(
                self.row(code, name, family, peaks / PATCH_SIZE, heart_rate)
                for family in FAMILIES
                for name, code in family.presets.items()
            ),
        ]
        for row in rows:
            lines += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
        return self.parse_text_to_nodes("\n".join(lines))

    def row(self, code, name, family, r_peaks, heart_rate):
        page = family.__module__.rpartition(".")[2]
        # The name of a paper ends in its key, which links here.
        known_as = re.sub(r"\[\w+\]", r"\g<0>_", name)
        strategy = eval(code, vars(ecgmask))
        given = {"r_peaks": r_peaks} if strategy.needs_r_peaks else {}
        # One mask a batch needs as many batches as others need records.
        n_batches = 2048 if isinstance(strategy, ecgmask.PerBatch) else 32
        numbers = ecgmask.mask_statistics(
            strategy, N_PATCHES, rng=np.random.default_rng(SEED), n_batches=n_batches, **given
        )
        seconds = numbers.target_run * numbers.patch_duration
        ends, middle = numbers.p_context[[0, N_PATCHES // 2]]
        return (
            f":doc:`{code} </gallery/strategies/{page}>`",
            known_as,
            f"{numbers.context:.0%}",
            f"{numbers.target:.0%}",
            f"{seconds:.1f} s, {seconds * heart_rate / 60:.1f} beats",
            f"{numbers.tokens_drawn:.0f} of {N_PATCHES * numbers.n_leads}",
            *(f"{share:.0%}" if share else "none" for share in (numbers.lost, numbers.filler)),
            f"{ends:.2f} / {middle:.2f}",
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


def count_families(app: Sphinx, config: Config) -> None:
    """Let pages write how many families come from papers, and how many are the package's own."""
    # The name of a setting from a paper ends in the paper's key.
    n_published = sum(any("[" in name for name in family.presets) for family in FAMILIES)
    n_own = len(FAMILIES) - n_published
    counts = f"\n.. |n_published| replace:: {n_published}\n.. |n_own| replace:: {n_own}\n"
    config.rst_epilog = (config.rst_epilog or "") + counts


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("strategy-table", StrategyTable)
    app.add_directive("strategy-list", StrategyList)
    app.connect("config-inited", count_families)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
