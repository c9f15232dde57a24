"""
How much do other leads give away?
==================================

Twelve leads are views of one heart, so what is hidden in one is often seen in another. This
tutorial lets a linear regression on the visible leads guess the rest, and scores it lead by lead.
"""

# %%
# Hide some of every lead
# -----------------------
#
# :class:`~ecgmask.PerLead` draws Kim's four blocks for every lead on its own. At most instants some
# leads are visible, and the regression learns from these alone.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PerLead, UnionOfBlocks, sample_ecg
from ecgmask.baselines import explained_variance, regress_on_visible_leads
from ecgmask.plotting import plot_guesses

ecg = sample_ecg()
rng = np.random.default_rng(0)
masks = PerLead(UnionOfBlocks()).draw(1, 200, rng)
guess = regress_on_visible_leads(ecg, masks)  # (1, 12, 5000), in mV

# %%
# See what it guesses
# -------------------
#
# Of three leads, blue is visible, orange is hidden, and black is the guess. It runs along
# lead II, artefact included, and misses much of two beats in V2.

fig, axes = plt.subplots(3, 1, figsize=(8.4, 6), layout="constrained")
for ax, lead in zip(axes, ["II", "V2", "V5"], strict=True):
    plot_guesses(ecg, masks, {f"other leads guess {lead}": guess}, lead=lead, ax=ax)
    ax.set_xlim(2, 6)
fig.set_label("Leads II, V2 and V5, 2 to 6 s: the guess follows II and V5, and misses beats of V2.")
plt.show()

# %%
# Score masks of single leads
# ---------------------------
#
# R² in per cent, the median over 30 draws: 100 is perfect, 0 no better than the mean of what is
# visible. The masks that show less are harder, and V2 and V3 are the hardest leads.

import pandas as pd

from ecgmask import MaskAndComplement, RandomPatches, Spans

strategies = {
    "wav2vec 2.0": PerLead(Spans.wav2vec2()),
    "Kim, blocks": PerLead(UnionOfBlocks()),
    "ST-MEM": PerLead(RandomPatches(0.75)),
    "ECG-JEPA": PerLead(MaskAndComplement()),
}
rows = {}
for name, strategy in strategies.items():
    drawn = strategy.draw(30, 200, rng)
    r2 = explained_variance(ecg, drawn, regress_on_visible_leads(ecg, drawn))
    rows[name] = 100 * np.median(r2, axis=0)
pd.DataFrame(rows, index=ecg.leads).T.round().astype(int)

# %%
# Score whole leads
# -----------------
#
# A lead that is never visible tells nothing about itself. So the regression learns from the first
# five seconds, all visible, and guesses in the last five. Leads that are never hidden have a dash.

from ecgmask import LIMB_LEADS, STANDARD_LEADS, Leads

CHEST_LEADS = STANDARD_LEADS[6:]
earlier = ecg.crop(0, 2500)
later = ecg.crop(2500, 2500)
strategies = {
    "one lead": Leads(n_masked=1),
    "half of them (Oh)": Leads.oh(),
    "all limb leads": Leads(n_masked=1, groups=(LIMB_LEADS,), keep=CHEST_LEADS),
    "all chest leads": Leads(n_masked=1, groups=(CHEST_LEADS,), keep=LIMB_LEADS),
}
rows = {}
for name, strategy in strategies.items():
    drawn = strategy.draw(100, 100, rng)
    guesses = regress_on_visible_leads(later, drawn, learnt_from=earlier)
    r2 = pd.DataFrame(explained_variance(later, drawn, guesses), columns=ecg.leads)
    rows[name] = 100 * r2.median()  # of the draws that hide the lead
pd.DataFrame(rows).T.round().astype("Int64").astype(object).fillna("–")

# %%
# What to conclude
# ----------------
#
# * **A single hidden lead is algebra** if it is a limb lead; a chest lead of this ECG follows
#   nearly as well, with coefficients from its own seconds before.
# * **Hidden groups leave something to learn.** Without any limb lead, III and aVL follow in part.
#   Without any chest lead, V2 and V3 hardly do, though V4 to V6 still do.
# * **Coefficients were learnt from the same heart**, seconds before. A model has to find them.

# sphinx_gallery_tags = ["per-lead mask", "whole leads", "concepts", "statistics"]
