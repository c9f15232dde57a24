"""
How many records a second? The cost of masks
============================================

A collator stacks the batch and draws its masks. This guide measures records per second with and
without masks, by batch size, on one core of the machine that built this site.
"""

# %%
# Records in memory
# -----------------
#
# A stack of records like the sample ECG. Nothing is read from a disk: this is the
# hardest comparison for masks, since all else is only copied.

import timeit
from collections import deque
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, default_collate

from ecgmask import IJEPAMaskCollator, MaskCollator, sample_ecg
from ecgmask.plotting import LIGHT

torch.set_num_threads(1)
signal = torch.tensor(sample_ecg().signal)
records = [signal.roll(shift, dims=1) for shift in range(1024)]
collators = {"no masks": default_collate, "ECG-JEPA": MaskCollator(), "I-JEPA": IJEPAMaskCollator()}

# %%
# Go through a loader with and without masks
# ------------------------------------------
#
# A ``deque`` of length 0 takes all batches and keeps none. The fastest of five epochs counts, for
# whatever else runs on a machine only slows one down.

rates, sizes = {}, [16, 64, 256, 1024]
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
colours = [LIGHT.ignored_line, LIGHT.context_line, LIGHT.target_line]
ax.set_prop_cycle(color=colours, marker=["s", "o", "^"], linestyle=[":", "-", "--"])
for name, collate in collators.items():
    loaders = [DataLoader(records, n, collate_fn=collate) for n in sizes]
    epochs = [timeit.repeat(partial(deque, each, 0), number=1, repeat=5) for each in loaders]
    rates[name] = [len(records) / min(seconds) for seconds in epochs]
    ax.plot([f"{n}" for n in sizes], rates[name], label=name)
ax.set(xlabel="Records in a batch", ylabel="Records per second", ylim=(0, None))
ax.legend(frameon=False)
fig.set_label("; ".join(f"{name}: {each[-1]:,.0f} records/s" for name, each in rates.items()))

# %%
# The same in numbers
# -------------------
#
# The masks of all records are drawn at once, by as many calls of NumPy for four records as for a
# hundred: a fixed cost, which shows in small batches. In large ones masks are the least, as the
# next numbers tell; the look for NaN, which reads all records once more, takes longer.
# ``check_finite=False`` leaves it out.

print("batch " + "".join(f"{name:>12}" for name in rates))
for n, *row in zip(sizes, *rates.values(), strict=True):
    print(f"{n:5} " + "".join(f"{rate:12,.0f}" for rate in row))

# %%
# What masks add
# --------------
#
# Milliseconds of a batch that are due to masks and the look for NaN, and the part of the time:

print("batch " + "".join(f"{name:>18}" for name in collators if name != "no masks"))
for n, plain, *masked in zip(sizes, *rates.values(), strict=True):
    added = [1000 * n * (1 / rate - 1 / plain) for rate in masked]
    parts = [1 - rate / plain for rate in masked]
    print(
        f"{n:5} "
        + "".join(f"{ms:8.2f} ms, {part:4.0%}" for ms, part in zip(added, parts, strict=True))
    )

# %%
# Records on a disk
# -----------------
#
# Reading takes longer than masks. Without workers, :class:`~ecgmask.ECGArrayDataset` reads a batch
# into one piece of memory, which the collator does not copy. The C library may give the memory of
# a large batch back to the system, and then has to get it again page by page. PyTorch has no
# function to keep it, so neither has this package; glibc does if ``MALLOC_TRIM_THRESHOLD_`` and
# ``MALLOC_MMAP_THRESHOLD_`` are set before Python starts. What a loop over a file costs beside one
# over its plain memory map is in the table of :doc:`/reproducible`.

# %%
# What one core feeds
# -------------------
#
# Masks alone, without records: what one core draws per second. Workers of a ``DataLoader`` draw
# theirs side by side, so this is never what a training run waits for.

import numpy as np

rng = np.random.default_rng(0)
for collate in (MaskCollator(), IJEPAMaskCollator()):
    for n in (4, 64, 1024):
        draw = partial(collate.strategy.draw, n, 200, rng)
        rate = n / min(timeit.repeat(draw, number=1, repeat=20))
        print(f"{type(collate).__name__:18} {n:4} records a batch: {rate:9,.0f} per second")

# sphinx_gallery_thumbnail_number = 1
# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["training", "statistics"]
