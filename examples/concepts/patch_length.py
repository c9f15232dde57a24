"""
How long should a patch be?
===========================

A patch is a time, and ``patch_size`` is how many samples it has at your sampling rate. Shorter
patches make more tokens, and longer ones hide more of a beat at once.
"""

# %%
# Three lengths on the same beats
# -------------------------------
#
# Half of the patches are hidden at random. Those of 20 ms are shorter than a QRS complex, those of
# 50 ms about half of one, those of 200 ms hide it whole.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import RandomPatches, sample_ecg
from ecgmask.plotting import plot_lead

ecg = sample_ecg()  # ten seconds at 500 Hz
rng = np.random.default_rng(1)
fig, axes = plt.subplots(3, 1, figsize=(8.4, 6), layout="constrained")
for ax, patch_size in zip(axes, (10, 25, 100), strict=True):
    masks = RandomPatches(0.5).draw(1, 5000 // patch_size, rng)
    plot_lead(ecg, masks, lead="II", ax=ax)
    ax.set_title(f"patches of {1000 * patch_size // 500} ms, {patch_size} samples", loc="left")
    ax.set_xlim(0, 3)
fig.set_label("Lead II, 0 to 3 s, half of it hidden in patches of 20, 50 and 200 ms.")
plt.show()

# %%
# The same time at another rate
# -----------------------------
#
# Samples in a patch, and patches in ten seconds. A length must be a whole number of samples: at
# 100 Hz there is none of 25 ms. The masks of a strategy depend on the number of patches alone, so
# 5 samples at 100 Hz are masked as 25 samples at 500 Hz are.

import pandas as pd

rows = {}
for milliseconds in (20, 25, 50, 100, 200):
    rows[f"{milliseconds} ms"] = {
        "at 500 Hz": 500 * milliseconds / 1000,
        "at 250 Hz": 250 * milliseconds / 1000,
        "at 100 Hz": 100 * milliseconds / 1000,
        "patches in 10 s": 10_000 / milliseconds,
    }
pd.DataFrame(rows).T

# %%
# At 100 Hz
# ---------
#
# Only ``patch_size`` changes. Settings of a strategy that count patches, such as
# ``min_block_size``, stay as they are as long as a patch lasts as long.

from ecgmask import MaskAndComplement, PatchMaskCollator

slow = ecg.resample(100)
collate = PatchMaskCollator(MaskAndComplement(min_block_size=10), patch_size=5, seed=0)
batch, context, targets = collate([slow.signal] * 8)
print(tuple(batch.shape), "with", context.shape[1] + targets[0].shape[1], "patches")

# %%
# What to choose
# --------------
#
# * **50 ms** is a start: a QRS complex takes two patches, and a straight line over a hidden one
#   explains little (:doc:`/gallery/concepts/what_lines_fill_in`).
# * **Shorter** if you look for short events, such as notches in a QRS complex. Hide blocks then, or
#   a line fills the gaps; and reckon with more tokens, whose attention costs their square.
# * **Longer** if records are long and rhythm is what counts. A token then has to describe most of a
#   beat.
# * If you change the length, change what a strategy counts in patches, too.

# sphinx_gallery_tags = ["shared mask", "concepts"]
