"""
Which part of the record does a strategy favour?
================================================

Some strategies show the encoder the ends of a record far more often than its middle.
This guide measures, for each of them, how likely every patch is to be seen.
"""

# %%
# Measure every patch
# -------------------
#
# :func:`~ecgmask.compare_strategies` draws many batches with each strategy and counts. These five
# hide blocks.

import matplotlib.pyplot as plt

from ecgmask import MaskAndComplement, Spans, UnionOfBlocks, compare_strategies
from ecgmask.plotting import plot_visibility

hiding_blocks = {
    "wav2vec 2.0": Spans.wav2vec2(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "ECG-JEPA": MaskAndComplement(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
}
blocks = compare_strategies(hiding_blocks, n_patches=200)

# %%
# Those that favour the ends
# --------------------------
#
# A hidden block has to fit into the record, and few of the places where it fits reach an end. So
# the ends stay visible: with spans of half a second only the last few patches at either end, with
# longer blocks far more.

plot_visibility(blocks)

# %%
# Measure the others
# ------------------
#
# In two of these the *context* is made of blocks. Whole beats need R peaks, here the sample's.
# Per-lead versions are left out: they have the curve of their inner strategy.

from scipy.signal import find_peaks

from ecgmask import (
    Beats,
    ContextToTarget,
    Forecast,
    InverseBlocks,
    Leads,
    RandomPatches,
    sample_ecg,
)

ecg = sample_ecg()
peaks, _ = find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)
r_peaks = peaks / 25  # in patches of 25 samples
others = {
    "I-JEPA": ContextToTarget.ijepa(),
    "data2vec 2.0": InverseBlocks(),
    "MAE": RandomPatches.mae(),
    "Random leads": Leads.oh(),
    "Whole beats": Beats(),
    "Forecast": Forecast(),
}
not_the_ends = compare_strategies(others, n_patches=200, r_peaks=r_peaks)

# %%
# Those that favour the inside, or nothing
# ----------------------------------------
#
# The context block of I-JEPA rarely reaches the first and the last patches; most is seen just
# inside them. Blocks of data2vec 2.0 are cut off at the ends. Random patches, random leads and
# whole beats favour nothing; a forecast shows the past only.

plot_visibility(not_the_ends)
plt.show()

# %%
# Compare the numbers
# -------------------
#
# The last two columns are the probabilities of the first patch and the middle one. An ECG-JEPA
# encoder sees the first many times as often as the middle one. With crops at random starts, it is
# at least not always the same beat that is in the middle.

compare_strategies(hiding_blocks | others, n_patches=200, r_peaks=r_peaks)

# sphinx_gallery_tags = ["shared mask", "whole leads", "statistics"]
