"""
Which strategy should you start with?
=====================================

Start from what your model takes for a token and what it has to predict. Three settings are plain
starting points, and one table says what each of them costs.
"""

# %%
# Three starting points
# ---------------------
#
# * Tokens are windows of **all leads**, and the model predicts **embeddings** (a JEPA):
#   :class:`~ecgmask.MaskAndComplement`, of ECG-JEPA. Gaps are longer than a beat, nothing is
#   ignored, and a batch loses nothing.
# * Tokens are windows of all leads, and the model fills in **samples** (a masked autoencoder):
#   :meth:`RandomPatches.mae <ecgmask.RandomPatches.mae>`. The encoder sees a quarter.
# * Tokens are **single leads** in a window: ``PerLead(RandomPatches(0.75))``, of ST-MEM. Hide whole
#   leads as well if other leads give too much away.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import MaskAndComplement, PerLead, RandomPatches, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
rng = np.random.default_rng(0)
strategies = {
    "JEPA": MaskAndComplement(),
    "Autoencoder": RandomPatches.mae(),
    "Single leads": PerLead(RandomPatches(0.75)),
}
masks = {name: strategy.draw(1, 200, rng) for name, strategy in strategies.items()}
plot_comparison(ecg, masks, lead="II")

# %%
# What they cost
# --------------
#
# All three keep equally many tokens of each record, so no batch is cut or filled up. They differ in
# how long the signal is hidden at a stretch and in the number of tokens that the encoder works on.

from ecgmask import compare_strategies

compare_strategies(strategies, n_patches=200)

# %%
# In training
# -----------
#
# One line changes when you try the next strategy.

from ecgmask import PatchMaskCollator

collate = PatchMaskCollator(strategies["JEPA"], patch_size=25, seed=0)
batch, context, targets = collate([ecg.signal] * 8)
print(tuple(batch.shape), tuple(context.shape), tuple(targets[0].shape))
plt.show()

# %%
# When to leave them
# ------------------
#
# * To repeat a paper, look it up in :doc:`/strategies`.
# * If the loss falls fast and what was learnt is of little use, see what is easy to guess:
#   :doc:`/gallery/concepts/what_is_left_to_learn`.
# * If the task should ask for rhythm, hide seconds: :class:`~ecgmask.UnionOfBlocks` or
#   :class:`~ecgmask.Forecast`. Whether the encoder then knows it better,
#   :doc:`/what_masks_teach` cannot tell.
# * If leads will be missing when the model is used, hide leads: :class:`~ecgmask.Leads`.
#
# Which of them makes the best embeddings for your task, no table of masks can tell: train two,
# change nothing else, and compare on people whom neither has seen. The study does so with a small
# encoder on synthetic people, and runs on your data, too.

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "statistics"]
