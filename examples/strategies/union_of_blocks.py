"""
V-JEPA and Kim: union of blocks
===============================

A few long blocks, which may overlap, are hidden together, and all that they leave is seen.
Choose it to make a model carry the rhythm on, over gaps that last for beats.
"""

# %%
# Draw a mask
# -----------
#
# :meth:`UnionOfBlocks.vjepa_short <ecgmask.UnionOfBlocks.vjepa_short>` places eight blocks
# anywhere in the record. Blocks that overlap merge. Blue is the **context**, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import PatchMaskCollator, UnionOfBlocks, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
short = UnionOfBlocks.vjepa_short()
masks = short.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="V-JEPA, short range: union of eight blocks")

# %%
# Many short blocks, or few long ones
# -----------------------------------
#
# V-JEPA hides these eight short blocks (short range) and two long ones (long range). The short ones
# leave islands to see, the long ones the ends.

long = UnionOfBlocks.vjepa_long()
batches = {
    "V-JEPA, short range": masks,
    "V-JEPA, long range": long.draw(24, 200, np.random.default_rng(0)),
}
plot_draws(ecg, batches)

# %%
# One mask for a batch
# --------------------
#
# Kim's ECG-JEPA places four blocks of about a fifth of the record. Its code draws one mask for a
# batch: all rows are alike. ``UnionOfBlocks()`` draws the same blocks for each record. None of them
# is shorter than a beat of this ECG.

kim = UnionOfBlocks.kim()
each_record = UnionOfBlocks()
batches = {
    "One mask for a batch": kim.draw(24, 200, np.random.default_rng(0)),
    "A mask for each record": each_record.draw(24, 200, np.random.default_rng(0)),
}
plot_draws(ecg, batches)

# %%
# Measure it
# ----------
#
# The ends of a record are seen more often than its middle. With a mask for each record, as
# ``UnionOfBlocks()`` draws the blocks, contexts differ in length: see what a batch loses if it is
# cut to the shortest. Kim's one mask for the batch loses nothing.

statistics = mask_statistics(each_record, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# The place is known in advance: the two long blocks of V-JEPA always overlap in the middle, and
# what they leave is a stretch at either end.

statistics = mask_statistics(long, 200, rng=np.random.default_rng(0), heart_rate=61)
print(f"patch 0 is seen in {statistics.p_context[0]:.0%} of the records")
print(f"patch 100 is seen in {statistics.p_context[100]:.0%} of the records")

# %%
# Train with it
# -------------
#
# All records of a batch have the same mask, as with Kim's code.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(kim, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)

# %%
# Both on one batch
# -----------------
#
# V-JEPA trains with both ranges on every record: a collator takes a list of strategies. Contexts
# cut to the shortest of a large batch shrink to a few tokens, so nothing is cut here.

torch.manual_seed(0)
collate = PatchMaskCollator([short, long], patch_size=25, truncate="never")
masked = collate([ecg.signal] * 64)
print("short range:", masked.context[0].shape, masked.targets[0][0].shape)
print("long range: ", masked.context[1].shape, masked.targets[1][0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
