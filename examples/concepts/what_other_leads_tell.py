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

import ecgmask as em
from ecgmask.baselines import explained_variance, regress_on_visible_leads
from ecgmask.plotting import LIGHT

ecg, rng = em.sample_ecg(), np.random.default_rng(0)
masks = em.PerLead(em.UnionOfBlocks()).draw(1, 200, rng)
guess = regress_on_visible_leads(ecg, masks)[0]

# %%
# See what it guesses
# -------------------
#
# Of three leads, blue is visible, grey is hidden, and orange over it is the guess. It runs along
# lead II, artefact included, and misses much of two beats in V2.

shown, up = [1, 7, 10], np.array([[5.6], [4.2], [0.0]])
hidden = np.repeat(masks.target_union[0, shown], 25, axis=1)
time, signal = np.arange(5000) / 500, ecg.signal[shown] + up
fig, ax = plt.subplots(figsize=(8.4, 4.2), layout="constrained")
ax.plot(time, signal.T, color=LIGHT.ignored_line, lw=2.4)
ax.plot(time, np.where(hidden, np.nan, signal).T, color=LIGHT.context_line)
ax.plot(time, np.where(hidden, guess[shown] + up, np.nan).T, color=LIGHT.target_line, lw=1.2)
ax.set(xlim=(2, 6), xlabel="Time (s)")
ax.set_yticks(up[:, 0], [ecg.leads[row] for row in shown])
fig.set_label("Leads II, V2 and V5, 2 to 6 s: the guess follows II and V5, and misses beats of V2.")

# %%
# Score masks of single leads
# ---------------------------
#
# R² in per cent, the median over 30 draws: 100 is perfect, 0 no better than the mean of what is
# visible. The masks that show less are harder, and V2 and V3 are the hardest leads.

header = " " * 20 + "".join(f"{lead:>5}" for lead in ecg.leads)
print(header)
strategies = {"wav2vec 2.0": em.Spans.wav2vec2(), "Kim, blocks": em.UnionOfBlocks()}
strategies |= {"ST-MEM": em.RandomPatches(0.75), "ECG-JEPA": em.MaskAndComplement()}
for name, strategy in strategies.items():
    drawn = em.PerLead(strategy).draw(30, 200, rng)
    r2 = explained_variance(ecg, drawn, regress_on_visible_leads(ecg, drawn))
    print(f"{name:<20}" + "".join(f"{100 * lead:5.0f}" for lead in np.median(r2, axis=0)))

# %%
# Score whole leads
# -----------------
#
# A lead that is never visible tells nothing about itself. So the regression learns from the first
# five seconds, all visible, and guesses in the last five. Leads that are never hidden are nan.

earlier, later = ecg.crop(0, 2500), ecg.crop(2500, 2500)
limb, chest = em.LIMB_LEADS, em.STANDARD_LEADS[6:]
leads = {"one lead": em.Leads(n_masked=1), "half of them (Oh)": em.Leads.oh()}
leads |= {"all limb leads": em.Leads(n_masked=1, groups=(limb,), keep=chest)}
leads |= {"all chest leads": em.Leads(n_masked=1, groups=(chest,), keep=limb)}
print(header)
for name, strategy in leads.items():
    drawn = strategy.draw(100, 100, rng)
    guess = regress_on_visible_leads(later, drawn, learnt_from=earlier)
    r2 = np.ma.masked_invalid(explained_variance(later, drawn, guess))
    medians = np.ma.median(r2, axis=0).filled(np.nan)
    print(f"{name:<20}" + "".join(f"{100 * lead:5.0f}" for lead in medians))

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
