"""
Mask every lead on its own: ST-MEM
==================================

If a token is one lead in one time window, each lead can have a mask of its own, as in ST-MEM.
This tutorial draws one on a real 12-lead ECG and counts what the other leads give away.
"""

# %%
# Draw a mask
# -----------
#
# :class:`~ecgmask.PerLead` draws any other strategy for every lead. ST-MEM hides three quarters of
# each. The lanes are an image: a row for each lead, blue where the encoder sees it.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PerLead, RandomPatches, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = PerLead(RandomPatches(ratio=0.75), n_leads=12)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(0))
plot_12_leads(ecg, masks, title="ST-MEM: random patches of every lead")

# %%
# Look closely at two leads
# -------------------------
#
# What one lead hides, the other may show at the same instant. Each panel has a gain of its own:
# compare the bars of 1 mV.

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=top).set(xlim=(0, 3), xlabel="")
plot_lead(ecg, masks, lead="V5", ax=bottom).set_xlim(0, 3)
fig.set_label(f"The first 3 s, enlarged. {top.get_label()} {bottom.get_label()}")

# %%
# Measure it
# ----------
#
# Every lead keeps equally many patches, so every record has equally many context tokens.

rng = np.random.default_rng(0)
statistics = mask_statistics(strategy, 200, rng=rng, n_batches=16, heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Leads are strongly correlated, and nearly every hidden patch is seen in some other lead. Among the
# six limb leads two determine all others exactly, and that is frequent, too.

many = strategy.draw(200, 200, np.random.default_rng(1))
elsewhere = many.context.any(axis=1, keepdims=True) & many.target_union
print(f"seen in another lead: {elsewhere.sum() / many.target_union.sum():.0%}")
limb_hidden = many.target_union[:, :6]
solved = limb_hidden & (many.context[:, :6].sum(axis=1, keepdims=True) >= 2)
print(f"limb leads that follow from two others: {solved.sum() / limb_hidden.sum():.0%}")

# %%
# Train with it
# -------------
#
# Choose it if the tokens of your model are single leads. Tokens are numbered lead after lead,
# ``lead*200 + patch``.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "scattered"]
