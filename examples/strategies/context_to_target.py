"""
Predict targets from a context: I-JEPA on an ECG
================================================

I-JEPA shows the encoder one long stretch of the record and asks for four blocks cut out of it.
This tutorial draws them on a real 12-lead ECG, overlaps and ignored patches included.
"""

# %%
# A real ECG in patches
# ---------------------
#
# Ten seconds of 500 samples each are 200 patches of 25 samples.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import ContextToTarget, IJEPAMaskCollator, describe, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead

ecg = sample_ecg()
print(ecg)

# %%
# Draw context and targets
# ------------------------
#
# A context block of 85 to 100 % of the record and four targets of 15 to 20 % are placed at random;
# then the targets are cut out of the context, so that nothing to be predicted is ever seen.

strategy = ContextToTarget.ijepa()
print(strategy)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(54))
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
# Look closely at one lead
# ------------------------
#
# A target lasts longer than one beat of this ECG: a neighbouring sample does not give it away.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=ax)
ax.set_xlim(0, 3)
fig.set_label(f"Lead II, the first 3 s, enlarged. {ax.get_label()}")

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
