"""
Compare two strategies on lead II
=================================

Mask-and-complement hides most of the record in one piece or a few, context-to-target hides four
blocks, which may join or overlap. This guide sets both on the same ten seconds of lead II.
"""

# %%
# Draw both for the same ECG
# --------------------------
#
# Blue is the context that the encoder sees, orange the target, dotted grey is ignored. Any
# :class:`~ecgmask.Strategy` fits; the titles count the :class:`~ecgmask.Masks` that it drew.

import numpy as np

from ecgmask import ContextToTarget, MaskAndComplement, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
rng = np.random.default_rng(7)
strategies = {"ECG-JEPA": MaskAndComplement(), "I-JEPA": ContextToTarget.ijepa()}
masks = {name: strategy.draw(1, 200, rng) for name, strategy in strategies.items()}
plot_comparison(ecg, masks, lead="II")

# %%
# Count what the encoder sees
# ---------------------------
#
# One draw is an anecdote, and sizes are drawn once a batch. Over 500 batches of eight records,
# mask-and-complement shows the encoder a fifth of the patches and I-JEPA two fifths.

for name, strategy in strategies.items():
    seen = [strategy.draw(8, 200, rng).context.mean() for _ in range(500)]
    print(f"{name}: the encoder sees {np.mean(seen):.0%} of the patches")

# %%
# Compare on a chest lead
# -----------------------
#
# The same masks on V2: a shared mask covers the same instants in every lead, whatever the waves
# look like there.

plot_comparison(ecg, masks, lead="V2")

# %%
# Draw from a collator instead
# ----------------------------
#
# Figures take what a collator returns, a :class:`~ecgmask.MaskedBatch`. Index tensors do not say
# how long a patch is, so name it. More is ignored than above: contexts of the eight records are
# cut to one length, and this record gave up its surplus at one end.

import torch

from ecgmask import PatchMaskCollator

torch.manual_seed(0)
drawn = PatchMaskCollator(ContextToTarget.ijepa(), patch_size=25)([ecg.signal] * 8)
plot_comparison(ecg, {"I-JEPA, third of a batch": drawn}, patch_size=25, record=2)

# %%
# Draw for a dark page
# --------------------
#
# A :class:`~ecgmask.plotting.Palette` holds the colours of a figure; this site switches between
# :data:`~ecgmask.plotting.LIGHT` and :data:`~ecgmask.plotting.DARK`.

from ecgmask.plotting import DARK, LIGHT

palettes = {"light page": LIGHT, "dark page": DARK}
plot_comparison(ecg, masks, palette=palettes["dark page"])

# sphinx_gallery_tags = ["shared mask", "blocks"]
