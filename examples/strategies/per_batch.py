"""
Kim's ECG-JEPA: one mask for a whole batch
==========================================

All records of a batch share one mask, so that nothing of their contexts has to be cut.
Choose it when contexts would differ in length, and a batch can do with one mask.
"""

# %%
# Draw a mask
# -----------
#
# :class:`~ecgmask.PerBatch` draws any other strategy once for all records. Kim's presets are such
# masks: :meth:`RandomPatches.kim <ecgmask.RandomPatches.kim>` draws random patches,
# :meth:`UnionOfBlocks.kim <ecgmask.UnionOfBlocks.kim>` four blocks. Blue is the **context**, orange
# the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PatchMaskCollator, RandomPatches, UnionOfBlocks, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = RandomPatches.kim()
print(strategy)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Kim's ECG-JEPA: the mask of all 24 records")

# %%
# See many draws
# --------------
#
# All rows of this batch are the same. Below are blocks: a batch that shares them, and one in which
# each record has blocks of its own, as the strategy inside draws them.

blocks = UnionOfBlocks.kim()
each_its_own = blocks.strategy
batches = {
    "Patches, one mask a batch": masks,
    "Blocks, one mask a batch": blocks.draw(24, 200, np.random.default_rng(0)),
    "Blocks, one mask a record": each_its_own.draw(24, 200, np.random.default_rng(0)),
}
plot_draws(ecg, batches)

# %%
# Measure it
# ----------
#
# The law of a single record is that of the strategy inside. Batches differ from each other more:
# each shows one mask instead of many, so that averages take more of them to settle, and the curves
# of the blocks are rough.

statistics = mask_statistics(blocks, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# See that nothing is cut
# -----------------------
#
# Records that share a mask keep equally many patches. If each has its own, a batch is cut to the
# shortest of its contexts. :class:`~ecgmask.Beats` cannot be shared, as R peaks differ between
# records.

for name, each in {"one mask a batch": blocks, "one mask a record": each_its_own}.items():
    measured = mask_statistics(each, 200, rng=np.random.default_rng(0))
    print(f"{name}: {measured.tokens_drawn:.1f} tokens drawn, {measured.tokens:.1f} left")

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
