"""
ECG-JEPA: mask and complement
=============================

Hidden blocks of half a second and more cover four fifths of an ECG, and the encoder sees what is
left. Choose it to hide whole beats, with nothing ignored and equally many tokens in each record.
"""

# %%
# A real ECG in patches
# ---------------------
#
# :func:`~ecgmask.sample_ecg` returns ten seconds of a resting ECG as an
# :class:`~ecgmask.ECG`. It divides into 200 patches of 25 samples.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import MaskAndComplement, MaskCollator, describe, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws

ecg = sample_ecg()
print(ecg)

# %%
# Draw a mask
# -----------
#
# A strategy holds the parameters and draws masks for a whole batch at once; here, for 24 records,
# of which the figure shows the first. The seed makes this page repeatable. Blue is the
# **context**, which the encoder sees. Orange is the **target**, which the model must predict.
# Nothing is ignored.

strategy = MaskAndComplement(min_block_size=10, min_keep_ratio=0.15, max_keep_ratio=0.25)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="ECG-JEPA: mask and complement")

# %%
# The two wandering stretches in II, III and aVF are electrode
# artefacts of the left leg. They belong to the recording and stay in it.
#
# Read the mask in numbers
# ------------------------
#
# Every masked run is at least ten patches, half a second, long: about half a beat, and longer than
# a QRS complex. Only gaps far shorter than that could be bridged by a straight line.

print(describe(masks))

# %%
# See many draws
# --------------
#
# One row is one record of the batch. All rows have equally much blue, for its amount is drawn once
# for a batch. It lies at the ends more often than in the middle.

plot_draws(ecg, masks)

# %%
# Measure it
# ----------
#
# The first and the last patch are seen many times as often as those in the middle, for hidden
# blocks rarely reach an end.

from ecgmask import mask_statistics
from ecgmask.plotting import plot_statistics

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# Change the shortest block, or how much is seen
# ----------------------------------------------
#
# A larger ``min_block_size`` makes gaps longer, the *target runs* of the table, and moves what is
# seen to the ends. But blocks have no longest length: even if a single patch is allowed, gaps last
# longer than a second on average. With half of the record seen, they still last two seconds.

from ecgmask import compare_strategies

settings = {
    "Shortest block 1": MaskAndComplement(min_block_size=1),
    "Shortest block 40": MaskAndComplement(min_block_size=40),
    "Half is seen": MaskAndComplement(min_keep_ratio=0.5, max_keep_ratio=0.5),
}
batches = {}
for name, each in settings.items():
    batches[name] = each.draw(24, 200, np.random.default_rng(0))
plot_draws(ecg, batches)
compare_strategies(settings, 200)

# %%
# Train with it
# -------------
#
# :class:`~ecgmask.MaskCollator` draws a new mask for every record of every batch and follows
# torch's seed. Counts are drawn once a batch, so the index tensors have one length and fit
# :func:`torch.gather`.

import torch

torch.manual_seed(0)
collate = MaskCollator(patch_size=25)
batch, context, target = collate([ecg.signal] * 8)
print(batch.shape, context.shape, target.shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
