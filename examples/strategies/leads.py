"""
Hide whole leads: which of them leave something to learn?
=========================================================

Leads hidden for the whole record have to be predicted from the leads that stay.
This tutorial hides some on a real 12-lead ECG and shows why single limb leads are mere algebra.
"""

# %%
# Hide three of twelve
# --------------------
#
# Any three leads are equally likely. Blue is the **context**, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import LIMB_LEADS, Leads, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
masks = Leads(n_masked=3).draw(n_records=1, n_patches=200, rng=np.random.default_rng(3))
plot_12_leads(ecg, masks, title="Three hidden leads")

# %%
# Look closely at two leads
# -------------------------
#
# Lead I is hidden, but II and III, which is not drawn here, are seen, and I is II minus III at
# every instant. Each panel has a gain of its own: compare the bars of 1 mV.

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="I", ax=top).set(xlim=(0, 3), xlabel="")
plot_lead(ecg, masks, lead="II", ax=bottom).set_xlim(0, 3)
fig.set_label(f"The first 3 s, enlarged. {top.get_label()} {bottom.get_label()}")

# %%
# Why a single limb lead is algebra
# ---------------------------------
#
# Regress each limb lead on the other five and on the six chest leads at the same instant. The limb
# leads give it exactly; the chest leads leave something to learn, most of all in III and aVL.

signal = ecg.signal - ecg.signal.mean(axis=1, keepdims=True)
for row, lead in enumerate(LIMB_LEADS):
    limb, chest = np.delete(signal[:6], row, axis=0), signal[6:]
    fits = [np.linalg.lstsq(x.T, signal[row], rcond=None)[0] @ x for x in (limb, chest)]
    r2 = [1 - np.var(signal[row] - fit) / np.var(signal[row]) for fit in fits]
    print(f"{lead:<4}R² = {r2[0]:.3f} from limb leads, {r2[1]:.2f} from chest leads")

# %%
# Hide the limb leads together
# ----------------------------
#
# With ``groups=(LIMB_LEADS,)`` the six count as one. Names in ``keep`` are never hidden.

strategy = Leads(n_masked=2, groups=(LIMB_LEADS,), keep=("V1", "V2"))
grouped = strategy.draw(1, 200, np.random.default_rng(3))
plot_12_leads(ecg, grouped, title="Two of five: limb leads, V3, V4, V5, V6")

# %%
# Measure it
# ----------
#
# :meth:`Leads.oh <ecgmask.Leads.oh>` hides each lead with an even chance, as the augmentation of Oh
# et al. zeroes them, but never all. Here hidden leads are to be predicted. The record that shows
# fewest sets the length of its batch: two leads' worth is kept.

rng = np.random.default_rng(0)
statistics = mask_statistics(Leads.oh(), 200, rng=rng, n_batches=16, heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# Train with it
# -------------
#
# Choose it for models that have to work with fewer leads. Some records of this batch hide seven
# leads, some two, and all are cut to the shortest. Without groups, nothing is cut.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["whole leads"]
# sphinx_gallery_thumbnail_lead = "I"
