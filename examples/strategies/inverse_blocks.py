"""
data2vec 2.0: inverse blocks
============================

Blocks around random patches make up a fifth of the record, which is what the encoder sees.
Choose it for a small context that is more than single patches, of one size in all records.
"""

# %%
# Draw a mask
# -----------
#
# Blocks of ten patches lie around random centres. Single patches are taken out of them, or added,
# until exactly a fifth is the **context**, in blue, which the encoder sees. Orange is the
# **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import InverseBlocks, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = InverseBlocks(ratio=0.8, length=10)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="data2vec 2.0: inverse blocks")

# %%
# See many draws
# --------------
#
# Blocks do not stay whole: patches that were taken out leave gaps, and some stand alone.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# All records keep equally many patches, so a batch has nothing to cut. The ends are seen more
# rarely than the middle, since blocks are cut off there.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Neither visible runs nor gaps have a least length. But hardly any hidden patch lies in a short
# gap: most are in runs of a second or more, a beat of this ECG.

milliseconds = 50 * np.arange(201)  # of runs from 0 to 200 patches
hidden = milliseconds * statistics.target_runs  # in all runs of a length together
share = hidden / hidden.sum()
print(f"hidden patches in runs of up to 100 ms: {share[milliseconds <= 100].sum():.1%}")
print(f"hidden patches in runs of 1 s or more: {share[milliseconds >= 1000].sum():.0%}")

# %%
# Train with it
# -------------
#
# All contexts have one length already, so nothing is cut.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(InverseBlocks(ratio=0.8, length=10), patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
