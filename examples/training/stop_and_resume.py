"""
Stop and resume in the middle of an epoch
=========================================

A run that was stopped should get the batches of one that never was, bit for bit. This guide stops
after five of twelve batches, goes on from what it saved, and compares.
"""

# %%
# Seed the order of the records
# -----------------------------
#
# Masks follow batches, so records have to come in the same order, too. ``DistributedSampler``
# shuffles by seed and epoch, on a single process as well.

import torch
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import MaskCollator, Masks, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
records = [torch.tensor(ecg.signal).roll(50 * number, dims=1) for number in range(48)]
sampler = DistributedSampler(records, num_replicas=1, rank=0, seed=1)
sampler.set_epoch(3)
order = list(sampler)

# %%
# Run the epoch without a stop
# ----------------------------
#
# Twelve batches to compare with, numbered from 0. These are masks of the first record in the two
# between which the run will stop.

collate = MaskCollator(patch_size=25, seed=1)
collate.set_epoch(3)
whole = list(DataLoader(records, batch_size=4, sampler=order, collate_fn=collate))
masks = {f"batch {k}": Masks.from_indices(*whole[k][1:], n_patches=200) for k in (4, 5)}
plot_comparison(ecg, masks)

# %%
# Stop after five batches
# -----------------------
#
# Workers have drawn ahead by then, so only the training loop knows how many batches are done: tell
# the collator. Save its state with those of the model and the optimiser. The guard is for macOS and
# Windows, where each worker starts by importing the script.

if __name__ == "__main__":
    collate = MaskCollator(patch_size=25, seed=1)
    collate.set_epoch(3)
    loader = DataLoader(records, batch_size=4, sampler=order, collate_fn=collate, num_workers=2)
    before = []
    for done, masked in enumerate(loader, start=1):
        before.append(masked)  # train here
        if done == 5:
            break
    state = collate.state_dict(batch=done)
    print(state)

# %%
# Resume
# ------
#
# The collator loads its state; the loader gets what is left of the order. The number of workers may
# be another one. From the next epoch on, all is as ever: ``set_epoch`` on sampler and collator.

if __name__ == "__main__":
    collate = MaskCollator(patch_size=25, seed=1)
    collate.load_state_dict(state)
    left = order[4 * state["batch"] :]
    after = list(DataLoader(records, batch_size=4, sampler=left, collate_fn=collate))

# %%
# Compare
# -------
#
# Records, context and target: not close, but equal. So weights come out equal as well, on the same
# machine. ``StatefulDataLoader`` of torchdata keeps the place in the order itself, see
# :doc:`/reproducible`.

if __name__ == "__main__":
    pairs = zip(whole, before + after, strict=True)
    equal = [torch.equal(one, other) for pair in pairs for one, other in zip(*pair, strict=True)]
    print(f"{sum(equal)} of {len(equal)} tensors are bit for bit the same")

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["shared mask", "blocks", "training"]
