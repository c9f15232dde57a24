"""Contexts of known lengths, sent through a collator."""

import numpy as np
import torch

from ecgmask import Masks, PatchMaskCollator


class Prescribed:
    """A strategy that returns the masks that it was given."""

    def __init__(self, masks):
        self.masks = masks

    def draw(self, n_records, n_patches, rng, **_):  # noqa: ARG002
        return self.masks


def truncated(context, truncate):
    """Return what a collator leaves of `context` ``(n_records, n_leads, n_patches)``."""
    # One more patch at the end is the target, so that there is one.
    context = np.pad(context, [(0, 0), (0, 0), (0, 1)])
    target = np.zeros_like(context)
    target[..., -1] = True
    n_records, n_leads, n_patches = context.shape
    collate = PatchMaskCollator(
        Prescribed(Masks(context, target[:, None])), patch_size=1, truncate=truncate
    )
    _, kept, targets = collate(list(torch.zeros(n_records, n_leads, n_patches)))
    masks = Masks.from_indices(kept, targets, n_patches=n_patches, n_leads=n_leads)
    return masks.context[..., :-1]
