"""
See all strategies on lead II
=============================

Every family of masks lets a model see something else of an ECG, and asks it something else.
This guide draws all on the same ten seconds and compares them in one table of measured numbers.
"""

# %%
# Masks that show pieces
# ----------------------
#
# Many of them, or a few as with ECG-JEPA. Most names are those of papers. Blue is the context,
# orange the target; the titles count what was drawn.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import InverseBlocks, MaskAndComplement, PerLead, RandomPatches, Spans, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
rng = np.random.default_rng(8)
in_pieces = {
    "MAE": RandomPatches.mae(),
    "ECG-JEPA": MaskAndComplement(),
    "Kim, random": RandomPatches.kim(),
    "ST-MEM": PerLead(RandomPatches(0.75)),
    "wav2vec 2.0": Spans.wav2vec2(),
    "data2vec 2.0": InverseBlocks(),
}
masks = {name: strategy.draw(1, 200, rng) for name, strategy in in_pieces.items()}
plot_comparison(ecg, masks, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks of long stretches
# -----------------------
#
# These hide seconds at a time. Dotted grey is ignored: neither seen nor predicted. Random leads,
# after Oh et al., hide a lead for the whole record or not at all; here, lead II is hidden.

from ecgmask import ContextToTarget, Forecast, Leads, UnionOfBlocks

rng = np.random.default_rng(12)
in_stretches = {
    "I-JEPA": ContextToTarget.ijepa(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
    "Forecast": Forecast(),
    "Random leads": Leads.oh(),
}
masks = {name: strategy.draw(1, 200, rng) for name, strategy in in_stretches.items()}
plot_comparison(ecg, masks, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks that follow the heart
# ---------------------------
#
# :class:`~ecgmask.Beats` needs the R peaks, in patches, from a detector of your choice. Of
# half of the beats, drawn at random, it hides all, or a window around the peak: three patches here.

from scipy.signal import find_peaks

from ecgmask import Beats

lead_ii = ecg.signal[ecg.lead_index("II")]
peaks, _ = find_peaks(lead_ii, height=0.6, distance=250)
r_peaks = peaks / 25  # in patches of 25 samples
by_beat = {"Whole beats": Beats(), "R peaks": Beats(window=(1, 1))}
masks = {name: strategy.draw(1, 200, rng, r_peaks=[r_peaks]) for name, strategy in by_beat.items()}
plot_comparison(ecg, masks)
plt.show()

# %%
# Compare the numbers
# -------------------
#
# The shares of patches are in per cent, the mean length of what is hidden in milliseconds. What a
# batch keeps is the part of a record's tokens that the encoder sees once all contexts of a batch of
# 64 are cut to the shortest.

import pandas as pd

from ecgmask import mask_statistics

rows = {}
for name, strategy in (in_pieces | in_stretches | by_beat).items():
    s = mask_statistics(
        strategy,
        n_patches=200,
        rng=np.random.default_rng(0),
        n_batches=32,
        batch_size=64,
        r_peaks=r_peaks if strategy.needs_r_peaks else (),
    )
    rows[name] = {
        "Context (%)": 100 * s.context,
        "Target (%)": 100 * s.target,
        "Ignored (%)": 100 * s.ignored,
        "Hidden run (ms)": 50 * s.target_run,
        "Batch keeps (%)": 100 * s.tokens / (200 * s.n_leads),
    }
pd.DataFrame(rows).T.round().astype(int)

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "whole leads", "statistics"]
