"""
Write a strategy of your own
============================

A strategy is a class with one method that draws the masks of a batch. This guide writes a small one
in a notebook, looks at it, and trains with it.
"""

# %%
# One method
# ----------
#
# Each record shows one window of two seconds, which may lie anywhere; all else is to be predicted.
# ``draw`` makes boolean arrays: context ``(record, lead, patch)`` and targets
# ``(record, target, lead, patch)``. A lead axis of length one is a mask for all leads. All
# randomness comes from ``rng``, and the class keeps nothing in mind, so that workers differ and
# seeds hold.

from dataclasses import dataclass

import numpy as np

from ecgmask import Masks, Strategy


@dataclass(frozen=True)
class OneWindow(Strategy):
    n_visible: int = 40

    def draw(self, n_records, n_patches, rng, *, size_rng=None):
        n_places = n_patches - self.n_visible + 1
        first = rng.integers(n_places, size=(n_records, 1, 1))
        patch = np.arange(n_patches)
        context = (patch >= first) & (patch < first + self.n_visible)
        return Masks(context, targets=~context[:, None])


# %%
# Look at it
# ----------
#
# All figures take what it draws.

import matplotlib.pyplot as plt

from ecgmask import sample_ecg
from ecgmask.plotting import plot_12_leads, plot_statistics

ecg = sample_ecg()
masks = OneWindow().draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="One window is visible")

# %%
# Measure it
# ----------
#
# A window has to fit into the record, so that the ends are seen less often than the middle. Whoever
# does not want that has to let windows reach over the ends.

from ecgmask import mask_statistics

statistics = mask_statistics(OneWindow(), 200, rng=np.random.default_rng(0))
plot_statistics(statistics)
print(statistics)
plt.show()

# %%
# Train with it
# -------------
#
# :class:`~ecgmask.PatchMaskCollator` takes any strategy. :class:`~ecgmask.PerLead` gives each lead
# a window of its own, without a line in the class.

from ecgmask import PatchMaskCollator, PerLead

collate = PatchMaskCollator(OneWindow(n_visible=60), patch_size=25, seed=0)
batch, context, targets = collate([ecg.signal] * 8)
print(tuple(batch.shape), tuple(context.shape), tuple(targets[0].shape))

per_lead = PerLead(OneWindow()).draw(1, 200, np.random.default_rng(0))
print(per_lead.context.shape)

# %%
# What is left to do
# ------------------
#
# Check parameters in ``__post_init__``, and say in an error how short a record may be. If sizes are
# drawn, draw them from ``size_rng`` where there is one: processes of a distributed run then agree
# on them. :doc:`/add_a_strategy` takes a strategy into this package, with its tests and its page.

# sphinx_gallery_tags = ["shared mask", "training"]
