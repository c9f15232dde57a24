"""
After Signal-JEPA: blocks of neighbouring leads
===============================================

Blocks of neighbouring leads are hidden, each over a stretch of time. Choose it when what a lead's
neighbours tell should be hidden with it, while other leads and other times are seen.
"""

# %%
# Draw a mask
# -----------
#
# Limb leads are neighbours by their angle in the frontal plane, chest leads as they lie on the
# chest. Blue is the **context**, orange the **target**. V1, V2 and V3 are hidden together, and so
# are I and aVL, which are drawn apart but are neighbours in the plane.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import LeadBlocks, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = LeadBlocks(num_blocks=4, width=3)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Blocks of neighbouring leads")

# %%
# See many draws
# --------------
#
# Each record of the batch is a band, in which each lead is a line. Most of a band is blue: a few
# leads are hidden at a time, for seconds. The ends of the record are hardly ever hidden.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# Blocks fit into the record, so the ends are seen more often than the middle. About half of the
# context lies in leads that are seen from end to end.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# See how often neighbours are hidden together
# --------------------------------------------
#
# Of the patches that V3 hides, so many are hidden in each other chest lead as well: most in its
# neighbours V2 and V4.

hidden = strategy.draw(1000, 200, np.random.default_rng(0)).target_union
v3 = hidden[:, ecg.lead_index("V3")]
for lead in ("V1", "V2", "V4", "V5", "V6"):
    together = hidden[:, ecg.lead_index(lead)] & v3
    print(f"{lead}: {together.sum() / v3.sum():.0%}")

# %%
# Train with it
# -------------
#
# Tokens are single leads. Records hide unequal numbers of them, since blocks overlap, so nothing is
# cut here: shorter contexts are filled up.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25, truncate="never")
masked = collate([ecg.signal] * 8)
print(masked.context.shape, masked.targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["per-lead mask", "blocks"]
