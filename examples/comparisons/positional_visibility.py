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
# :func:`~ecgmask.mask_statistics` draws 64 batches of 64 records and counts. These five strategies
# hide blocks.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import MaskAndComplement, Spans, UnionOfBlocks, mask_statistics
from ecgmask.plotting import LIGHT

hiding_blocks = {
    "wav2vec 2.0": Spans.wav2vec2(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "ECG-JEPA": MaskAndComplement(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
}
seen = {}
for name, strategy in hiding_blocks.items():
    statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0))
    seen[name] = statistics.p_context

# %%
# Those that favour the ends
# --------------------------
#
# A hidden block has to fit into the record, and few of the places where it fits reach an end. So
# the ends stay visible: with spans of half a second only the last few patches at either end, with
# longer blocks far more.

fig, axes = plt.subplots(5, 1, figsize=(8.4, 7), sharex=True, layout="constrained")
for ax, name in zip(axes, seen, strict=True):
    ax.fill_between(range(200), seen[name], color=LIGHT.context, linewidth=0)
    ax.set_title(name, loc="left")
    ax.set(xlim=(0, 199), ylim=(0, 1))
fig.supxlabel("Patch")
fig.supylabel("Probability of being seen")
ends = [f"{name} {p[0]:.2f} and {p[100]:.2f}" for name, p in seen.items()]
fig.set_label(f"Probability of being seen, first and middle patch: {', '.join(ends)}.")

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
others = {
    "I-JEPA": ContextToTarget.ijepa(),
    "data2vec 2.0": InverseBlocks(),
    "MAE": RandomPatches.mae(),
    "Random leads": Leads.oh(),
    "Whole beats": Beats(),
    "Forecast": Forecast(),
}
more = {}
for name, strategy in others.items():
    r_peaks = peaks / 25 if strategy.needs_r_peaks else ()
    statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), r_peaks=r_peaks)
    more[name] = statistics.p_context

# %%
# Those that favour the inside, or nothing
# ----------------------------------------
#
# The context block of I-JEPA rarely reaches the first and the last patches; most is seen just
# inside them. Blocks of data2vec 2.0 are cut off at the ends. Random patches, random leads and
# whole beats favour nothing; a forecast shows the past only.

fig, axes = plt.subplots(6, 1, figsize=(8.4, 8), sharex=True, layout="constrained")
for ax, name in zip(axes, more, strict=True):
    ax.fill_between(range(200), more[name], color=LIGHT.context, linewidth=0)
    ax.set_title(name, loc="left")
    ax.set(xlim=(0, 199), ylim=(0, 1))
fig.supxlabel("Patch")
fig.supylabel("Probability of being seen")
ends = [f"{name} {p[0]:.2f} and {p[100]:.2f}" for name, p in more.items()]
fig.set_label(f"Probability of being seen, first and middle patch: {', '.join(ends)}.")
plt.show()

# %%
# Compare the numbers
# -------------------
#
# An ECG-JEPA encoder sees the first patch many times as often as the middle one. With crops at
# random starts, it is at least not always the same beat that is in the middle.

import pandas as pd

table = pd.DataFrame(seen | more).T
table[[0, 20, 100]].add_prefix("patch ").round(2)

# sphinx_gallery_tags = ["shared mask", "whole leads", "statistics"]
# sphinx_gallery_thumbnail_number = 1
