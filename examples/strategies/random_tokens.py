"""
Hide random tokens of all leads: LaBraM and HeartLang
=====================================================

One random set of all tokens is hidden, where a token is one patch of one lead. Choose it when the
number of hidden tokens has to be exact, but may differ from lead to lead.
"""

# %%
# Draw a mask
# -----------
#
# Half of the tokens are hidden, and every set of so many is equally likely. LaBraM masks the
# channels of an EEG like this, and HeartLang the heartbeats of all leads. The lanes are an image: a
# row for each lead, blue where the encoder sees it, orange where it is predicted.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PerLead, RandomPatches, RandomTokens, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = RandomTokens(ratio=0.5)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(3))
plot_12_leads(ecg, masks, title="Random tokens of all leads")

# %%
# Look closely at two leads
# -------------------------
#
# Each lead has gaps of its own: what one hides, another may show at the same instant. Each panel
# has a gain of its own: compare the bars of 1 mV.

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=top).set(xlim=(0, 3), xlabel="")
plot_lead(ecg, masks, lead="V2", ax=bottom).set_xlim(0, 3)
fig.set_label(f"The first 3 s, enlarged. {top.get_label()} {bottom.get_label()}")

# %%
# Count lead by lead
# ------------------
#
# The number is exact for the record, not for its leads. :class:`~ecgmask.PerLead` hides equally
# many patches of each instead.

for each in (strategy, PerLead(RandomPatches(ratio=0.5))):
    hidden = each.draw(1000, 200, np.random.default_rng(1)).target_union
    records = hidden.sum(axis=(1, 2))
    leads = hidden.sum(axis=2)
    print(
        f"{type(each).__name__:<12} hides {records.min()} to {records.max()} of a record, "
        f"{leads.min()} to {leads.max()} of a lead"
    )

# %%
# Measure it
# ----------
#
# No token is favoured, and the runs within a lead are short.

rng = np.random.default_rng(0)
statistics = mask_statistics(strategy, 200, rng=rng, n_batches=16, heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Leads of an ECG are strongly correlated. Hardly any instant is hidden in all twelve, and where two
# limb leads are seen, the other four are algebra.

many = strategy.draw(1000, 200, np.random.default_rng(2)).context
print(f"instants that no lead shows: {1 - many.any(axis=1).mean():.2%}")
print(f"instants with two limb leads or more: {(many[:, :6].sum(axis=1) >= 2).mean():.0%}")

# %%
# Train with it
# -------------
#
# All records keep equally many tokens, so nothing is cut. They are numbered lead after lead,
# ``lead * n_patches + patch``.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "scattered"]
