"""
What do masks cost?
===================

A collator stacks the batch and draws its masks. This guide measures what masks add to a loop over
records, by batch size, on one core of the machine that built this site.
"""

# %%
# Records in memory
# -----------------
#
# A stack of records like the sample ECG. Nothing is read from a disk: this is the
# hardest comparison for masks, since all else is only copied.

import torch
from torch.utils.data import default_collate

from ecgmask import IJEPAMaskCollator, MaskCollator, sample_ecg

torch.set_num_threads(1)
signal = torch.tensor(sample_ecg().signal)
records = [signal.roll(shift, dims=1) for shift in range(512)]
collators = {
    "no masks": default_collate,
    "ECG-JEPA": MaskCollator(patch_size=25),
    "I-JEPA": IJEPAMaskCollator(patch_size=25),
}

# %%
# Go through a loader with and without masks
# ------------------------------------------
#
# The fastest of five epochs counts, for whatever
# else runs on a machine only slows one down.

import time

import matplotlib.pyplot as plt
import pandas as pd
from torch.utils.data import DataLoader

from ecgmask.plotting import LIGHT

rates = pd.DataFrame()
for name, collate in collators.items():
    for batch_size in (16, 64, 256):
        loader = DataLoader(records, batch_size=batch_size, collate_fn=collate)
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            for masked in loader:
                del masked  # train here
            seconds.append(time.perf_counter() - start)
        rates.loc[f"{batch_size}", name] = len(records) / min(seconds)

fig, ax = plt.subplots(figsize=(8.4, 3.4), layout="constrained")
ax.plot(rates["no masks"], "s:", color=LIGHT.ignored_line, label="no masks")
ax.plot(rates["ECG-JEPA"], "o-", color=LIGHT.text, label="ECG-JEPA")
ax.plot(rates["I-JEPA"], "^--", color=LIGHT.text, label="I-JEPA")
ax.set(xlabel="Records in a batch", ylabel="Records per second", ylim=(0, None))
ax.legend(frameon=False)
words = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.iloc[-1].items())
fig.set_label(f"Records per second in batches of 256: {words}.")
plt.show()

# %%
# The same in numbers
# -------------------
#
# Records per second. Where two columns are as close as two runs of one loop, the difference is
# noise, and may have either sign.

rates.round().astype(int)

# %%
# What masks take of a batch
# --------------------------
#
# So time the parts, not the difference: milliseconds for the masks of a batch, and for stacking it.
# All masks of a batch are drawn at once, by as many calls of NumPy for sixteen records as for a
# hundred: a fixed cost, which shows in small batches. Workers of a ``DataLoader`` draw side by
# side, so the rate in the last column is that of each.

import numpy as np

rng = np.random.default_rng(0)
table = pd.DataFrame()
for name in ("ECG-JEPA", "I-JEPA"):
    strategy = collators[name].strategy
    for batch_size in (16, 64, 256):
        stacking = []
        drawing = []
        for _ in range(20):
            start = time.perf_counter()
            default_collate(records[:batch_size])
            middle = time.perf_counter()
            strategy.draw(batch_size, 200, rng)
            end = time.perf_counter()
            stacking.append(middle - start)
            drawing.append(end - middle)
        row = f"{name}, {batch_size} records"
        table.loc[row, "Stacking (ms)"] = 1000 * min(stacking)
        table.loc[row, "Masks (ms)"] = 1000 * min(drawing)
        table.loc[row, "Masks per second"] = round(batch_size / min(drawing))
table.round(2)

# %%
# Why one factor does not tell
# ----------------------------
#
# A collator does more than both: it looks for NaN, which reads all records once more, and makes
# index tensors. ``check_finite=False`` leaves out the look. Set against stacking alone, its call
# takes much longer for a small batch that is in no cache, and little longer for a large one, whose
# stacking waits for memory. Both are true of the same collator, and neither is what a training run
# waits for: count in milliseconds of a batch, as above, beside those of your step.
#
# Reading from a disk takes longer than masks. Without workers, :class:`~ecgmask.ECGArrayDataset`
# reads a batch into one piece of memory, which the collator does not copy. The C library may give
# the memory of a large batch back to the system, and then has to get it again page by page.
# PyTorch has no function to keep it, so neither has this package; glibc does if
# ``MALLOC_TRIM_THRESHOLD_`` and ``MALLOC_MMAP_THRESHOLD_`` are set before Python starts.

# %%
# What the benchmarks say
# -----------------------
#
# ``nox -s bench`` measures masks against a plain loop over records, and against stacking the
# batch, all in one run on one core. Its last run on a two-core cloud machine gave:
#
# .. csv-table::
#    :file: /benchmarks.csv
#    :header-rows: 1

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["training", "statistics"]
