"""
ECG-FM: hide leads and time at once
===================================

Two strategies share one context: the encoder sees what both show, and predicts what either hides.
Choose it when a model has to do without leads and without stretches of time in one record.
"""

# %%
# Draw a mask
# -----------
#
# ECG-FM masks the spans of wav2vec 2.0 and leads at random: in one line, ``Both(...)`` of the two.
# Blue is the **context**, orange the **target**. Lead I is seen but for the spans, which are the
# same in all leads; lead II is hidden for the whole record.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import Both, Leads, RandomPatches, RandomTokens, Spans, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = Both(Spans.wav2vec2(), Leads.oh())
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="ECG-FM: spans and whole leads")

# %%
# See many draws
# --------------
#
# Each record of the batch is a band, in which each lead is a line. Spans cut through a whole band,
# and hidden leads run along it. Some bands show many leads, a few almost none.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# Records hide unequal numbers of leads, so the context of one may be many times as long as that of
# another: cut to the shortest, a batch loses most of what was drawn. Most target patches lie in
# runs as long as the record, which are the hidden leads.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# Take it apart
# -------------
#
# The two are drawn independently of each other, so that the shares that they show multiply.

rng = np.random.default_rng(1)
by_spans = strategy.first.draw(4000, 200, rng).context.mean()
by_leads = strategy.second.draw(4000, 200, rng).context.mean()
by_both = strategy.draw(4000, 200, rng).context.mean()
print(f"spans show {by_spans:.1%} of the tokens, leads {by_leads:.1%}, both {by_both:.1%}")
print(f"the product of the first two is {by_spans * by_leads:.1%}")

# %%
# Combine others
# --------------
#
# MLTAE, D-BETA and CoRe-ECG mask leads and time, too. Strategies and shares here are examples: if
# patches are shared and their number is fixed, as that of the leads, contexts are equally long.

combined = {
    "Patches and leads": Both(RandomPatches(0.5), Leads(n_masked=3)),
    "Tokens and leads": Both(RandomTokens(0.5), Leads(n_masked=3)),
}
for name, each in combined.items():
    lengths = each.draw(64, 200, np.random.default_rng(0)).context.sum(axis=(1, 2))
    print(f"{name}: {lengths.min()} to {lengths.max()} context tokens")

# %%
# Train with it
# -------------
#
# ECG-FM leaves hidden tokens in their places: it zeroes leads and replaces spans by an embedding.
# Here they are left out, and all of them are predicted. ``truncate="never"`` fills shorter contexts
# up, so that none of the context is lost.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25, truncate="never")
masked = collate([ecg.signal] * 8)
print(masked.context.shape, masked.targets[0].shape)
print("context tokens:", (~masked.context_padding).sum(dim=1).tolist())
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "whole leads", "blocks"]
