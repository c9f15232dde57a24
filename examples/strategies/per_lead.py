"""
ST-MEM: one mask per lead
=========================

Each lead hides patches of its own, as in ST-MEM, where a token is one patch of one lead.
Choose it when the tokens of your model are single leads.
"""

# %%
# Draw a mask
# -----------
#
# :class:`~ecgmask.PerLead` draws any other strategy for every lead. ST-MEM hides three quarters of
# each. The lanes are an image: a row for each lead, blue where the encoder sees it, orange where it
# is predicted.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PerLead, RandomPatches, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws

ecg = sample_ecg()
strategy = PerLead(RandomPatches(ratio=0.75), n_leads=12)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="ST-MEM: random patches of every lead")

# %%
# See many draws
# --------------
#
# The masks of lead II in all 24 records of the batch, a row each. Every row has equally much blue,
# in other places. The blue pieces are short, and so are most of the gaps between them.

plot_draws(ecg, masks, lead="II")

# %%
# Measure it
# ----------
#
# Every lead keeps equally many patches, so every record has equally many context tokens, and
# nothing is lost when a batch is cut to one length.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)

# %%
# What is easy about it
# ---------------------
#
# Leads are strongly correlated, and nearly every hidden patch is seen in some other lead. Among the
# six limb leads two determine all others exactly, and that is frequent, too.

many = strategy.draw(200, 200, np.random.default_rng(1))
hidden = many.target_union
seen_in_any_lead = many.context.any(axis=1, keepdims=True)
seen_elsewhere = hidden & seen_in_any_lead
print(f"seen in another lead: {seen_elsewhere.sum() / hidden.sum():.0%}")

hidden_limb_leads = hidden[:, :6]
two_limb_leads_seen = many.context[:, :6].sum(axis=1, keepdims=True) >= 2
solved = hidden_limb_leads & two_limb_leads_seen
print(f"limb leads that follow from two others: {solved.sum() / hidden_limb_leads.sum():.0%}")

# %%
# Train with it
# -------------
#
# Tokens are numbered lead after lead, ``lead*200 + patch``.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "scattered"]
