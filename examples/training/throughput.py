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
records = [signal.roll(shift, dims=1) for shift in range(256)]
collators = {"no masks": default_collate, "ECG-JEPA": MaskCollator(), "I-JEPA": IJEPAMaskCollator()}

# %%
# Go through a loader with and without masks
# ------------------------------------------
#
# A ``deque`` of length 0 takes all batches and keeps none. The fastest of five epochs counts, for
# whatever else runs on a machine only slows one down.

rates, sizes = {}, [4, 16, 64, 128]
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
# next numbers tell; the look for NaN, which reads all records once more, takes several times as
# long. ``check_finite=False`` leaves it out.

print("batch " + "".join(f"{name:>12}" for name in rates))
for n, *row in zip(sizes, *rates.values(), strict=True):
    print(f"{n:5} " + "".join(f"{rate:12,.0f}" for rate in row))

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
