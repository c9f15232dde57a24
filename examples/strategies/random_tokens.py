"""
LaBraM and HeartLang: random tokens of all leads
================================================

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
from ecgmask.plotting import plot_12_leads, plot_draws

ecg = sample_ecg()
strategy = RandomTokens(ratio=0.5)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Random tokens of all leads")

# %%
# See many draws
# --------------
#
# The masks of lead II in all 24 records of the batch, a row each. Blue and orange pieces are short
# and lie anywhere; most are shorter than a beat.

plot_draws(ecg, masks, lead="II")

# %%
# Measure it
# ----------
#
# Every record keeps equally many tokens, so nothing is lost when a batch is cut to one length. Runs
# within a lead are two patches long on average.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)

# %%
# Count lead by lead
# ------------------
#
# The number is exact for the record, not for its leads. :class:`~ecgmask.PerLead` hides equally
# many patches of each instead.

for each in (strategy, PerLead(RandomPatches(ratio=0.5))):
    hidden = each.draw(1000, 200, np.random.default_rng(1)).target_union
    of_record = hidden.sum(axis=(1, 2))
    of_lead = hidden.sum(axis=2)
    print(type(each).__name__)
    print(f"  hides {of_record.min()} to {of_record.max()} tokens of a record")
    print(f"  hides {of_lead.min()} to {of_lead.max()} tokens of a lead")

# %%
# What is easy about it
# ---------------------
#
# Leads of an ECG are strongly correlated. Hardly any instant is hidden in all twelve, and where two
# limb leads are seen, the other four are algebra.

seen = strategy.draw(1000, 200, np.random.default_rng(2)).context
in_no_lead = ~seen.any(axis=1)
in_two_limb_leads = seen[:, :6].sum(axis=1) >= 2
print(f"instants that no lead shows: {in_no_lead.mean():.2%}")
print(f"instants with two limb leads or more: {in_two_limb_leads.mean():.0%}")

# %%
# Train with it
# -------------
#
# Tokens are numbered lead after lead, ``lead * n_patches + patch``.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "scattered"]
