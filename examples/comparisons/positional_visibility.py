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

import ecgmask as em
from ecgmask.plotting import LIGHT

rng = np.random.default_rng(0)
blocks = {"V-JEPA, short": em.UnionOfBlocks.vjepa_short(), "Kim": em.UnionOfBlocks()}
blocks |= {"V-JEPA, long": em.UnionOfBlocks.vjepa_long(), "wav2vec 2.0": em.Spans.wav2vec2()}
blocks |= {"ECG-JEPA": em.MaskAndComplement()}
seen = {name: em.mask_statistics(s, 200, rng=rng).p_context for name, s in blocks.items()}

# %%
# Those that favour the ends
# --------------------------
#
# A hidden block has to fit into the record, and few of the places where it fits reach an end. So
# the ends stay visible: with spans of half a second only the last few patches at either end, with
# longer blocks far more.

colours = [LIGHT.context_line, LIGHT.target_line, LIGHT.text, LIGHT.ignored_line]
fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.set_prop_cycle(color=[*colours, LIGHT.target_line], linestyle=["-", "-", ":", "-", "--"])
for name, probability in seen.items():
    (line,) = ax.plot(probability)
    ax.text(100, probability[100] + 0.02, name, ha="center", color=line.get_color())
ax.set(xlim=(0, 199), ylim=(-0.01, 1), xlabel="Patch", ylabel="Probability of being seen")
means = ", ".join(f"{name} {p[0]:.2f} and {p[100]:.2f}" for name, p in seen.items())
fig.set_label(f"Probability of being seen, at the first patch and the middle one: {means}.")

# %%
# Measure the others
# ------------------
#
# In two of these the *context* is made of blocks. Whole beats need R peaks, here the sample's.
# Per-lead versions are left out: they have the curve of their inner strategy.

from scipy.signal import find_peaks

others = {"I-JEPA": em.ContextToTarget.ijepa(), "data2vec 2.0": em.InverseBlocks()}
others |= {"MAE": em.RandomPatches.mae(), "Forecast": em.Forecast()}
others |= {"Random leads": em.Leads.oh()}
more = {name: em.mask_statistics(s, 200, rng=rng).p_context for name, s in others.items()}
r_peaks = find_peaks(em.sample_ecg().signal[1], height=0.6, distance=250)[0] / 25
more["Beats"] = em.mask_statistics(em.Beats(), 200, rng=rng, r_peaks=r_peaks).p_context

# %%
# Those that favour the inside, or nothing
# ----------------------------------------
#
# The context block of I-JEPA rarely reaches the first and the last patches; most is seen just
# inside them. Blocks of data2vec 2.0 are cut off at the ends. Random patches, random leads and
# whole beats favour nothing; a forecast shows the past only.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ends = [LIGHT.target_line, LIGHT.context_line]
ax.set_prop_cycle(color=[*colours, *ends], linestyle=["-", "-", ":", "-", "--", ":"])
for name, probability in more.items():
    (line,) = ax.plot(probability)
    x = 85 if name == "Beats" else 140
    below = {"data2vec 2.0": -0.055, "MAE": 0.035}.get(name, 0.02)
    ax.text(x, probability[x] + below, name, ha="center", color=line.get_color())
ax.set(xlim=(0, 199), ylim=(-0.01, 1.01), xlabel="Patch", ylabel="Probability of being seen")
means = ", ".join(f"{name} {p[0]:.2f} and {p[100]:.2f}" for name, p in more.items())
fig.set_label(f"Probability of being seen, at the first patch and the middle one: {means}.")

# %%
# Compare the numbers
# -------------------
#
# An ECG-JEPA encoder sees the first patch many times as often as the middle one. With crops at
# random starts, it is at least not always the same beat that is in the middle.

print(f"{'':<21}patch 0  patch 20  patch 100")
for name, p in (seen | more).items():
    print(f"{name:<21}{p[0]:7.2f}{p[20]:10.2f}{p[100]:11.2f}")

# sphinx_gallery_tags = ["shared mask", "whole leads", "statistics"]
# sphinx_gallery_thumbnail_number = 1
