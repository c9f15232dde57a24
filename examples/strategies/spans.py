"""
wav2vec 2.0: spans
==================

Spans of one length are hidden from random starts; where they overlap, they merge.
Choose it when the encoder should see about half the record in pieces, spread evenly.
"""

# %%
# Draw a mask
# -----------
#
# :meth:`Spans.wav2vec2 <ecgmask.Spans.wav2vec2>` starts spans of ten patches, half a second, at
# random. Blue is the **context**, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PatchMaskCollator, Spans, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = Spans.wav2vec2()
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="wav2vec 2.0: spans")

# %%
# See many draws
# --------------
#
# Where spans overlap, gaps last a second and more. Rows differ in how much of them is blue, since
# each has its own overlaps.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# Side by side, the spans would hide nearly two thirds of the record. They overlap, and about half
# is left to predict. The first and last patches are hidden more rarely: fewer spans reach them.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# No gap is shorter than half a second, too long for a straight line. But many of the hidden
# patches lie in gaps shorter than a beat of this ECG, which lasts a second.

length = np.arange(201)  # of a run, in patches
n_patches = length * statistics.target_runs  # hidden in runs of each length
print(f"shortest hidden run: {length[n_patches > 0].min()} patches")
print(f"hidden patches in runs below 1 s: {n_patches[length < 20].sum() / n_patches.sum():.0%}")

# %%
# Train with it
# -------------
#
# Contexts differ in length, so a batch is cut to the shortest; ``truncate="never"`` fills up
# instead. ECG-FM hides whole leads as well: :doc:`/gallery/strategies/both`.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(Spans.wav2vec2(), patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
