"""
Random lead masking: hide whole leads
=====================================

Leads hidden for the whole record have to be predicted from the leads that stay.
Choose it for models that have to work with fewer leads.
"""

# %%
# Draw a mask
# -----------
#
# :meth:`Leads.oh <ecgmask.Leads.oh>` hides each lead with an even chance, but never all, as the
# augmentation of Oh et al. zeroes them. Here hidden leads, in orange, are to be predicted. Leads I,
# II and aVF are hidden, but III, aVR and aVL are seen, and two limb leads determine all six.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import LIMB_LEADS, Leads, Masks, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws

ecg = sample_ecg()
strategy = Leads.oh()
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Whole leads, each with an even chance")

# %%
# See many draws
# --------------
#
# Each band is a record, in which each lead is a row: the first eight of the batch, so that leads
# can be told apart. No row changes its colour, as a lead is hidden for the whole record.

first_eight = Masks(masks.context[:8], masks.targets[:8])
plot_draws(ecg, first_eight)

# %%
# Measure it
# ----------
#
# On average half of the leads are seen. The record that shows fewest sets the length of its batch:
# if all are cut to it, little more than two leads' worth of tokens is left.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)

# %%
# Why a single limb lead is algebra
# ---------------------------------
#
# Regress each limb lead on the other five and on the six chest leads at the same instant. The limb
# leads give it exactly; the chest leads leave something to learn, most of all in III and aVL.


def explained(lead, others):
    """Return the share of the variance of a lead that a linear fit of others explains."""
    weights, *_ = np.linalg.lstsq(others.T, lead, rcond=None)
    return 1 - np.var(lead - weights @ others) / np.var(lead)


signal = ecg.signal - ecg.signal.mean(axis=1, keepdims=True)
limb_leads, chest_leads = signal[:6], signal[6:]
for row, name in enumerate(LIMB_LEADS):
    from_limb = explained(limb_leads[row], np.delete(limb_leads, row, axis=0))
    from_chest = explained(limb_leads[row], chest_leads)
    print(f"{name:<4}R² = {from_limb:.3f} from limb leads, {from_chest:.2f} from chest leads")

# %%
# Hide the limb leads together
# ----------------------------
#
# With ``groups=(LIMB_LEADS,)`` the six count as one. Names in ``keep`` are never hidden.
# ``n_masked`` hides a fixed number, here two of five: the limb leads, V3, V4, V5 and V6. Where the
# upper half of a band is orange, the limb leads are hidden.

grouped = Leads(n_masked=2, groups=(LIMB_LEADS,), keep=("V1", "V2"))
plot_draws(ecg, grouped.draw(8, 200, np.random.default_rng(0)))

# %%
# Train with it
# -------------
#
# Some records of this batch hide seven leads, some two, and all are cut to the shortest. Without
# groups, a fixed number of leads leaves nothing to cut.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(grouped, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["whole leads"]
