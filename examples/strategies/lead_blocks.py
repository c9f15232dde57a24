"""
Hide neighbouring leads for a while: after Signal-JEPA
======================================================

Blocks of neighbouring leads are hidden, each over a stretch of time. Choose them when what a
lead's neighbours tell should be hidden with it, while other leads and other times are seen.
"""

# %%
# Draw a mask
# -----------
#
# Limb leads are neighbours by their angle in the frontal plane, chest leads as they lie on the
# chest. Blue is the **context**, which the encoder sees, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import LeadBlocks, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = LeadBlocks(num_blocks=4, width=3)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(3))
plot_12_leads(ecg, masks, title="Blocks of neighbouring leads")

# %%
# Look closely at two neighbours
# ------------------------------
#
# V3 and V4 are hidden at the same time here, so that neither tells of the other.

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="V3", ax=top)
plot_lead(ecg, masks, lead="V4", ax=bottom)
fig.set_label(f"{top.get_label()} {bottom.get_label()}")

# %%
# See how often neighbours are hidden together
# --------------------------------------------
#
# Of the patches that V3 hides, so many are hidden in each chest lead as well.

hidden = strategy.draw(1000, 200, np.random.default_rng(0)).target_union
v3 = hidden[:, ecg.lead_index("V3")]
for lead in ("V1", "V2", "V4", "V5", "V6"):
    together = hidden[:, ecg.lead_index(lead)] & v3
    print(f"{lead}: {together.sum() / v3.sum():.0%}")

# %%
# Measure it
# ----------
#
# Blocks fit into the record, so the ends are seen more often than the middle.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), n_batches=16)
print(statistics)
plot_statistics(statistics)

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
