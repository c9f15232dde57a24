"""
I-JEPA: context to target
=========================

Four blocks are cut out of one long context, to be predicted one by one from what is left.
Choose it to ask several questions of one context; contexts differ in length, so batches are cut.
"""

# %%
# A real ECG in patches
# ---------------------
#
# Ten seconds of 500 samples each are 200 patches of 25 samples.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import ContextToTarget, IJEPAMaskCollator, describe, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws

ecg = sample_ecg()
print(ecg)

# %%
# Draw context and targets
# ------------------------
#
# A context block of 85 to 100 % of the record and four targets of 15 to 20 % are placed at random;
# then the targets are cut out of the context, so that nothing to be predicted is ever seen. Masks
# are drawn for 24 records at once; the figure shows those of the first.

strategy = ContextToTarget.ijepa()
print(strategy)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="I-JEPA: context to target")

# %%
# Each target has a lane of its own above the leads. Where two targets overlap, their tints add up.
# Grey dots are **ignored**: outside the context block and in no target.
#
# Read the mask in numbers
# ------------------------
#
# Context, target and ignored patches add up to all of them. Targets are predicted one by one: a
# patch in two of them counts once in the :class:`~ecgmask.MaskSummary`, and once in the
# :class:`~ecgmask.BlockSummary` of each.

counts = describe(masks)
print(counts)
print([block.n_patches for block in counts.targets])

# %%
# See many draws
# --------------
#
# One row is one record of a batch. Orange is fuller where targets overlap, and ignored patches are
# grey, the most of them at the ends. A target lasts longer than one beat of this ECG.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# The first and the last patches are rarely shown, since few context blocks reach an end. Just
# inside them most is seen, where fewer targets reach.

from ecgmask import mask_statistics
from ecgmask.plotting import plot_statistics

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# Change the number of targets
# ----------------------------
#
# Each target takes its patches out of the context, so that less is seen with each. Targets that
# overlap merge into longer gaps, the *target runs* of the table. Contexts differ more in length, so
# a batch loses more of them if all are cut to the shortest.

from ecgmask import compare_strategies
from ecgmask.plotting import plot_shares

settings = {
    "1 target": ContextToTarget(context_scale=(0.85, 1.0), num_pred_blocks=1),
    "2 targets": ContextToTarget(context_scale=(0.85, 1.0), num_pred_blocks=2),
    "4 targets, as in I-JEPA": strategy,
    "8 targets": ContextToTarget(context_scale=(0.85, 1.0), num_pred_blocks=8),
}
comparison = compare_strategies(settings, 200)
plot_shares(comparison)
comparison

# %%
# Train with it
# -------------
#
# :class:`~ecgmask.IJEPAMaskCollator` follows torch's seed and returns lists: one context tensor and
# four target tensors. Its own context scale is that of the notebook that this package grew from, so
# ask for the paper's. Contexts differ in length, so the longer ones of a batch lose patches at one
# end of the record.

import torch

torch.manual_seed(0)
collate = IJEPAMaskCollator(patch_size=25, context_scale=(0.85, 1.0), min_keep=11)
batch, contexts, targets = collate([ecg.signal] * 8)
print(contexts[0].shape, *[target.shape for target in targets], sep="\n")
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
