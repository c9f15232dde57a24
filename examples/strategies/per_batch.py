"""
Draw one mask for a whole batch: Kim's ECG-JEPA
===============================================

All records of a batch share one mask, so that nothing of their contexts has to be cut.
Choose it when contexts would differ in length, and a batch can do with one mask.
"""

# %%
# Draw a mask
# -----------
#
# Kim's presets are such masks: :meth:`UnionOfBlocks.kim <ecgmask.UnionOfBlocks.kim>` draws four
# blocks once for all records, as :meth:`RandomPatches.kim <ecgmask.RandomPatches.kim>` does random
# patches. Blue is the **context**, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import Masks, PatchMaskCollator, PerBatch, UnionOfBlocks, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_comparison, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = UnionOfBlocks.kim()
print(strategy)
masks = strategy.draw(n_records=64, n_patches=200, rng=np.random.default_rng(8))
plot_12_leads(ecg, masks, record=0, title="Kim's ECG-JEPA: the mask of all 64 records")

# %%
# Look closely at one lead
# ------------------------
#
# The first gap is longer than a beat, and it is in the same place in every record of the batch.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=ax)
ax.set_xlim(0, 3)
fig.set_label(f"Lead II, the first 3 s, enlarged. {ax.get_label()}")

# %%
# Compare the records of a batch
# ------------------------------
#
# Above, the first and the last record of this batch; below, those of one in which each record has a
# mask of its own. ``PerBatch`` takes any strategy but :class:`~ecgmask.Beats`, whose R peaks differ
# between records.

each_its_own = strategy.strategy
own = each_its_own.draw(n_records=64, n_patches=200, rng=np.random.default_rng(8))
records = {
    "One mask a batch, first record": Masks(masks.context[:1], masks.targets[:1]),
    "One mask a batch, last record": Masks(masks.context[-1:], masks.targets[-1:]),
    "One mask a record, first record": Masks(own.context[:1], own.targets[:1]),
    "One mask a record, last record": Masks(own.context[-1:], own.targets[-1:]),
}
plot_comparison(ecg, records)

# %%
# See that nothing is cut
# -----------------------
#
# Records that share a mask keep equally many patches. If each has its own, a batch is cut to the
# shortest of its contexts.

for each in (strategy, each_its_own):
    rng = np.random.default_rng(0)
    statistics = mask_statistics(each, 200, rng=rng, heart_rate=61)
    n_drawn, n_left = statistics.tokens_drawn, statistics.tokens
    print(f"{type(each).__name__:<13} draws {n_drawn:.1f}, leaves {n_left:.1f} context tokens")

# %%
# Measure it
# ----------
#
# The law of a single record is that of the strategy inside. Batches differ from each other more:
# each shows one mask instead of many, so averages take more of them to settle.

statistics = mask_statistics(PerBatch(each_its_own), 200, rng=np.random.default_rng(0))
print(statistics)
plot_statistics(statistics)

# %%
# Train with it
# -------------
#
# In a distributed run each rank draws a mask of its own. The collator returns tensors as for any
# other strategy; here, all rows are the same.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
print("masks in the batch:", len(context.unique(dim=0)))
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
