"""
Show a few blocks and hide the rest: data2vec 2.0
=================================================

Inverse block masking chooses what the encoder sees, short blocks of one length, and hides the rest.
This tutorial draws it on a real 12-lead ECG, where a block lasts half a second.
"""

# %%
# Draw a mask
# -----------
#
# A fifth of 200 patches is four blocks of ten. Two of them overlap here, so that 35 patches in
# three stretches are the **context**, in blue, which the encoder sees. Orange is the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import InverseBlocks, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = InverseBlocks(ratio=0.8, length=10)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(7))
plot_12_leads(ecg, masks, title="data2vec 2.0: inverse blocks")

# %%
# Look closely at one lead
# ------------------------
#
# The first visible block shows a P wave, a QRS complex and half a T wave. Two blocks that overlap
# make a longer stretch: the second has 15 patches, 0.75 s.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=ax)
ax.set_xlim(0, 3)
fig.set_label(f"Lead II, the first 3 s, enlarged. {ax.get_label()}")

# %%
# Measure it
# ----------
#
# Overlaps leave a little less than a fifth visible. The first and last nine patches are seen
# more rarely, since fewer blocks reach them.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Visible blocks have a least length, hidden gaps have none. Two blocks may leave a gap of 100 ms or
# less between them, but hardly any hidden patch lies in one. Most are in runs of 20 or more, a
# second: a beat of this ECG.

runs = statistics.target_runs * np.arange(201)
print(f"hidden patches in runs of up to 100 ms: {runs[:3].sum() / runs.sum():.1%}")
print(f"hidden patches in runs of 1 s or more: {runs[20:].sum() / runs.sum():.0%}")

# %%
# Train with it
# -------------
#
# Choose it for a small context in pieces that are long enough for a QRS complex. Contexts differ in
# length, since blocks may overlap, and a batch is cut to the shortest.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(InverseBlocks(ratio=0.8, length=10), patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)

# sphinx_gallery_tags = ["shared mask", "blocks"]
