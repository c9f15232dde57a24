"""
Train on more ECGs than fit into memory
=======================================

A stack in one file, or a folder of WFDB records, becomes a data set whose crops repeat for any
number of workers. This page writes both first, with the sample ECG in place of yours.
"""

# %%
# A stack in one file
# -------------------
#
# Half precision, leads last, as many such files are. The data set maps the file into memory, and
# each worker opens it for itself.

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecgmask import STANDARD_LEADS, ECGArrayDataset, sample_ecg

temporary = TemporaryDirectory()
folder = Path(temporary.name)
np.save(folder / "stack.npy", np.stack([sample_ecg().signal.T] * 32).astype(np.float16))
dataset = ECGArrayDataset(
    folder / "stack.npy",
    file_leads=STANDARD_LEADS,
    file_sampling_rate=500,
    file_unit="mV",
    n_samples=2500,
    seed=0,
)
print(dataset)

# %%
# Another crop in every epoch
# ---------------------------
#
# Lead II of the same record in three epochs: 5 s each time, from elsewhere. Which crop it is
# depends on the seed, the epoch and the number of the record, and on nothing else.

import matplotlib.pyplot as plt

from ecgmask.plotting import LIGHT

fig, ax = plt.subplots(figsize=(8.4, 3.2), layout="constrained")
for epoch in range(3):
    dataset.set_epoch(epoch)
    lead_ii = dataset[7][1]
    ax.plot(np.arange(2500) / 500, lead_ii - 1.5 * epoch, color=LIGHT.context_line)
ax.set(xlabel="Time in the crop (s)", ylabel="Epoch (rows 1.5 mV apart)", xlim=(0, 5))
ax.set_yticks([0, -1.5, -3], ["0", "1", "2"])
fig.set_label("Lead II of one record, 5 s in each of three epochs: three different crops.")
plt.show()

# %%
# In a DataLoader, with masks
# ---------------------------
#
# Masks are drawn for whatever the crop shows. Both objects have to know the epoch.

from torch.utils.data import DataLoader

from ecgmask import MaskCollator

collate = MaskCollator(patch_size=25, seed=0)
loader = DataLoader(dataset, batch_size=16, shuffle=True, collate_fn=collate)
for epoch in range(2):
    dataset.set_epoch(epoch)
    collate.set_epoch(epoch)
    for batch, context, target in loader:
        print(epoch, tuple(batch.shape), tuple(context.shape), tuple(target.shape))

# %%
# A folder of WFDB records
# ------------------------
#
# With PTB-XL, ``WFDBDataset.from_csv("ptb-xl", "ptbxl_database.csv", column="filename_hr")`` is
# all that it takes. All headers are read first, so that a missing file or lead is known early.

import wfdb

from ecgmask import WFDBDataset

names = [lead.upper() for lead in STANDARD_LEADS]
for record in ("00001_hr", "00002_hr"):
    signal = sample_ecg().signal.T.astype(float)
    wfdb.wrsamp(record, 500, ["mV"] * 12, names, signal, fmt=["16"] * 12, write_dir=str(folder))
print(WFDBDataset(folder, ["00001_hr", "00002_hr"], labels=[0, 1], progress=False))

# sphinx_gallery_tags = ["your data", "training"]
