"""
MAE: random patches
===================

A masked autoencoder hides a fixed number of patches, each as likely as the next.
Choose it as the plain reference for other masks, or when the encoder should see pieces of all.
"""

# %%
# Draw a mask
# -----------
#
# :meth:`RandomPatches.mae <ecgmask.RandomPatches.mae>` hides three quarters of the patches, as He
# et al. do for images. Blue is the **context**, which the encoder sees, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PatchMaskCollator, RandomPatches, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = RandomPatches.mae()
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Masked autoencoder: random patches")

# %%
# See many draws
# --------------
#
# One row is one record of the batch. There is no order in them: wherever one looks, a quarter is
# blue, in crumbs.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# The number of hidden patches is exact, and no position is favoured: the probabilities are
# flat but for the noise of the simulation, and runs are short.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Less than it seems. Almost half of the hidden patches touch a visible one; in blocks, as ECG-JEPA
# hides them, hardly any do. But QRS complexes are too short for such patches: a straight line
# between visible samples explains nothing, see :doc:`/gallery/concepts/what_lines_fill_in`.

from ecgmask import MaskAndComplement

for each in (strategy, MaskAndComplement()):
    hidden = each.draw(1000, 200, np.random.default_rng(1)).target_union[:, 0]
    seen = np.pad(~hidden, ((0, 0), (1, 1)))  # one patch more at either end, not seen
    seen_before = seen[:, :-2]
    seen_after = seen[:, 2:]
    touching = hidden & (seen_before | seen_after)
    print(f"{type(each).__name__}: {touching.sum() / hidden.sum():.0%} touch one")

# %%
# Train with it
# -------------
#
# Kim 2024 hides an ECG in this way; in
# :meth:`RandomPatches.kim <ecgmask.RandomPatches.kim>` one mask is drawn for a batch.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(RandomPatches.kim(), patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "scattered"]
