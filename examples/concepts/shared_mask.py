"""
One mask for all leads, or one per lead?
========================================

A token is a time window of all twelve leads, so hiding a token hides the window in every lead.
This tutorial takes one apart, and then gives each lead a mask of its own to show the difference.
"""

# %%
# One token is a window of all leads
# ----------------------------------
#
# Patch 10 is a window of 12 leads by 25 samples, 50 ms around the peak of the first QRS complex.
# Make it the only patch that the encoder sees.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import STANDARD_LEADS, MaskAndComplement, Masks, PerLead, sample_ecg
from ecgmask.plotting import plot_12_leads

ecg = sample_ecg()
context = np.zeros((1, 1, 200), dtype=bool)
context[..., 10] = True
token = Masks(context, targets=np.zeros((1, 0, 1, 200), dtype=bool))

# %%
# See it in the first second
# --------------------------
#
# The blue window is all that the encoder gets of this token, and all that it loses when the token
# is masked. Everything else is dotted.

fig = plot_12_leads(ecg, token, title="One token: 12 leads, 25 samples, 50 ms")
fig.axes[0].set_xlim(0, 20)
fig.axes[1].set_xlim(0, 1)
fig.set_label(f"The first second, enlarged. {fig.get_label()}")

# %%
# From samples to tokens
# ----------------------
#
# Cut the record into windows and flatten each one: ``[batch, patches, dim]``, with all leads in
# ``dim``, which a linear layer maps to the width of the model.

import torch

windows = torch.tensor(ecg.signal)[None].unfold(-1, 25, 25)
tokens = windows.permute(0, 2, 1, 3).flatten(2)
print(tokens.shape, "with", len(STANDARD_LEADS), "leads of 25 samples in each token")

# %%
# Masking drops rows of that tensor
# ---------------------------------
#
# The lead axis of a shared mask has length one, since there is no lead left to choose. The encoder
# gets the rows of its context, and only those: :func:`~ecgmask.gather_tokens` takes them out.

from ecgmask import gather_tokens

rng = np.random.default_rng(3)
shared = MaskAndComplement().draw(1, 200, rng)
context, targets = shared.to_indices()
seen = gather_tokens(tokens, torch.from_numpy(context))
print(shared.context.shape, seen.shape)

# %%
# The same strategy, shared and per lead
# --------------------------------------
#
# :class:`~ecgmask.PerLead` draws for every lead on its own: a token is one lead in one window.
# The chart becomes an image, with a row for each lead.

per_lead = PerLead(MaskAndComplement()).draw(1, 200, rng)
fig = plt.figure(figsize=(8.4, 15), layout="constrained")
top, bottom = fig.subfigures(2, 1)
plot_12_leads(ecg, shared, title="Shared", fig=top)
plot_12_leads(ecg, per_lead, title="Per lead", fig=bottom)
fig.set_label(f"Shared: {top.get_label()} Per lead: {bottom.get_label()}")

# %%
# What another lead gives away
# ----------------------------
#
# Limb leads are linear in each other: any two of the six give the other four. A shared mask hides
# all of them at once. Per-lead masks do not: many hidden limb-lead patches are seen in another limb
# lead, and some follow exactly from two, as counted over a batch of 200 records.

many = PerLead(MaskAndComplement()).draw(200, 200, rng)
hidden = many.target_union[:, :6]  # of the six limb leads
n_visible = many.context[:, :6].sum(axis=1, keepdims=True)  # limb leads, at each instant
one_or_more = (hidden & (n_visible >= 1)).sum() / hidden.sum()
two_or_more = (hidden & (n_visible >= 2)).sum() / hidden.sum()
print(f"hidden limb-lead patches with one or more limb leads visible: {one_or_more:.0%}")
print(f"hidden limb-lead patches with two or more limb leads visible: {two_or_more:.0%}")
plt.show()

# %%
# Which of the two to use
# -----------------------
#
# Use a **shared** mask if
#
# * your tokens are windows of all leads: there is no other;
# * the model should learn how the signal goes on in time, not how one lead follows from another;
# * the encoder has to be fast: a record has a twelfth of the tokens.
#
# Use a mask **per lead** if
#
# * your tokens are single leads in one window, and leads may be missing later on;
# * the model should learn what leads have in common, and hides enough of them at once that this is
#   no subtraction: whole leads with :class:`~ecgmask.Leads`, neighbours with
#   :class:`~ecgmask.LeadBlocks`, or both time and leads with :class:`~ecgmask.Both`.
#
# :doc:`/gallery/concepts/what_other_leads_tell` measures how much is left then.

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "concepts"]
