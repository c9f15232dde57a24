"""
Stop and resume in the middle of an epoch
=========================================

A run that was stopped should get the batches of one that never was, bit for bit. This guide stops
after five of twelve batches, goes on from what it saved, and compares.
"""

# %%
# Number the batches
# ------------------
#
# Masks follow the number of the batch, which ``NumberedBatches`` sends along with it. Records have
# to come in the same order, too: ``DistributedSampler`` shuffles by seed and epoch, on a single
# process as well.

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, DistributedSampler

from ecgmask import MaskCollator, Masks, NumberedBatches, NumberedRecords, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
signals = [torch.tensor(ecg.signal).roll(50 * number, dims=1) for number in range(48)]
records = NumberedRecords(signals)
order = DistributedSampler(records, num_replicas=1, rank=0, seed=1)
collate = MaskCollator(patch_size=25, seed=1)

# %%
# Run the epoch without a stop
# ----------------------------
#
# Twelve batches to compare with, numbered from 0. These are masks of the first record in the two
# between which the run will stop.

batches = NumberedBatches(order, batch_size=4, drop_last=True)
batches.set_epoch(3)
whole = list(DataLoader(records, batch_sampler=batches, collate_fn=collate))
_, context, target = whole[4]
last_before = Masks.from_indices(context, target, n_patches=200)
_, context, target = whole[5]
first_after = Masks.from_indices(context, target, n_patches=200)
masks = {"batch 4": last_before, "batch 5": first_after}
plot_comparison(ecg, masks)

# %%
# Stop after five batches
# -----------------------
#
# Workers have drawn ahead by then, so only the training loop knows how many batches are done. Save
# the state of the batches with those of the model and the optimiser. The guard is for macOS and
# Windows, where each worker starts by importing the script.

if __name__ == "__main__":
    batches = NumberedBatches(order, batch_size=4, drop_last=True)
    batches.set_epoch(3)
    loader = DataLoader(records, batch_sampler=batches, collate_fn=collate, num_workers=2)
    before = []
    for done, masked in enumerate(loader, start=1):
        before.append(masked)  # train here
        if done == 5:
            break
    state = batches.state_dict(batch=done)
    print(state)

# %%
# Resume
# ------
#
# The batches that are done are left out, and the others keep their numbers. How many workers there
# are may change. The epoch after this one comes by itself.

if __name__ == "__main__":
    batches = NumberedBatches(order, batch_size=4, drop_last=True)
    batches.load_state_dict(state)
    after = list(DataLoader(records, batch_sampler=batches, collate_fn=collate))

# %%
# Compare
# -------
#
# Records, context and target: not close, but equal. So weights come out equal as well, on the same
# machine. :doc:`/distributed` does the same with ``StatefulDataLoader``, Lightning, accelerate and
# transformers.

if __name__ == "__main__":
    n_equal = 0
    for expected, got in zip(whole, before + after, strict=True):
        for name in ("batch", "context", "targets"):
            n_equal += torch.equal(getattr(expected, name), getattr(got, name))
    print(f"{n_equal} of {3 * len(whole)} tensors are bit for bit the same")
    plt.show()

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["shared mask", "blocks", "training"]
