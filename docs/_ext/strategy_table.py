"""A table of all strategies, on numbers that are simulated when the site is built."""

from __future__ import annotations

import numpy as np
from docutils import nodes
from docutils.statemachine import StringList
from scipy.signal import find_peaks
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import ecgmask

N_PATCHES = 200
PATCH_SIZE = 25
SEED = 0

# What a reader writes, the paper that it comes from, and its page in the gallery.
STRATEGIES = [
    ("MaskAndComplement()", "ECG-JEPA [WC24]_", "mask_and_complement"),
    ("ContextToTarget()", "I-JEPA [A23]_", "context_to_target"),
    ("RandomPatches.mae()", "MAE [He22]_", "random_patches"),
    ("RandomPatches.kim()", "Kim's ECG-JEPA [K24]_", "random_patches"),
    ("UnionOfBlocks.kim()", "Kim's ECG-JEPA [K24]_", "union_of_blocks"),
    ("UnionOfBlocks.vjepa_short()", "V-JEPA [Ba24]_", "union_of_blocks"),
    ("UnionOfBlocks.vjepa_long()", "V-JEPA [Ba24]_", "union_of_blocks"),
    ("InverseBlocks()", "data2vec 2.0 [Ba23]_", "inverse_blocks"),
    ("Spans.wav2vec2()", "wav2vec 2.0 [Ba20]_, ECG-FM [M24]_", "spans"),
    ("Forecast()", "after CPC [O18]_", "forecast"),
    ("PerLead(RandomPatches(0.75))", "ST-MEM [N24]_", "per_lead"),
    ("Leads.oh()", "random lead masking [Oh22]_", "leads"),
    ("Leads(n_masked=1, groups=(LIMB_LEADS,))", "this package", "leads"),
    ("Beats()", "this package", "beats"),
]
HEADER = (
    *("Strategy", "From", "Sees", "Predicts", "Target run"),
    *("Context", "Cut", "Filled", "Ends"),
)


class StrategyTable(SphinxDirective):
    """The table; every row links the API reference, the paper and the gallery."""

    def run(self) -> list[nodes.Node]:
        ecg = ecgmask.sample_ecg()
        peaks, _ = find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)
        heart_rate = 60 * ecg.sampling_rate / np.diff(peaks).mean()
        lines = [".. list-table::", "   :header-rows: 1", "   :class: strategy-table", ""]
        rows = [HEADER, *(self.row(*each, peaks / PATCH_SIZE, heart_rate) for each in STRATEGIES)]
        for row in rows:
            lines += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
        parsed = nodes.Element()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, parsed)
        return parsed.children

    def row(self, code, paper, page, r_peaks, heart_rate):
        strategy = eval(code, vars(ecgmask))
        given = {"r_peaks": r_peaks} if strategy.needs_r_peaks else {}
        numbers = ecgmask.mask_statistics(
            strategy, N_PATCHES, rng=np.random.default_rng(SEED), n_batches=32, **given
        )
        seconds = numbers.target_run * numbers.patch_duration
        ends, middle = numbers.p_context[[0, N_PATCHES // 2]]
        return (
            f":doc:`{code} </gallery/strategies/{page}>`",
            paper,
            f"{numbers.context:.0%}",
            f"{numbers.target:.0%}",
            f"{seconds:.1f} s, {seconds * heart_rate / 60:.1f} beats",
            f"{numbers.tokens_drawn:.0f} of {N_PATCHES * numbers.n_leads}",
            *(f"{share:.0%}" if share else "none" for share in (numbers.lost, numbers.filler)),
            f"{ends:.2f} / {middle:.2f}",
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("strategy-table", StrategyTable)
    return {"parallel_read_safe": True}
