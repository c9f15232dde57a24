"""
Turn a data set into one file
=============================

A folder of ECGs becomes one file that training maps into memory and that knows what it holds.
Records that cannot be used are found before training starts, with the reason.

This page writes the folder first, with the sample ECG in place of yours.
"""

# %%
# A folder as you may have it
# ---------------------------
#
# Forty WFDB records and a table that lists them, as PTB-XL has. In one record an electrode was off,
# and one file is missing.

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import wfdb

from ecgmask import STANDARD_LEADS, sample_ecg

temporary = TemporaryDirectory()
folder = Path(temporary.name)
heights = np.linspace(0.5, 1.5, 40)
names = [f"{number:05}_hr" for number in range(40)]
for name, height in zip(names, heights, strict=True):
    signal = height * sample_ecg().signal.T.astype(float)
    if name == "00007_hr":
        signal[:, 6] = 0
    leads = [lead.upper() for lead in STANDARD_LEADS]
    wfdb.wrsamp(name, 500, ["mV"] * 12, leads, signal, fmt=["16"] * 12, write_dir=str(folder))
(folder / "00030_hr.hea").unlink()
table = pd.DataFrame({"filename_hr": names, "age": np.arange(40, 80)})
table.to_csv(folder / "ptbxl_database.csv", index=False)

# %%
# One command, and what half precision costs
# ------------------------------------------
#
# In a terminal it reads
# ``python -m ecgmask.convert ptb-xl --table ptbxl_database.csv --out ptb-xl.npy``. All processors
# share the work; this page takes one. If it is stopped, the same command goes on where it was.
#
# Half-precision numbers have eleven binary digits, so their steps double with each power of two.
# Each point is a sample of the stack, with its distance from the sample in the WFDB file. From 1 to
# 2 mV a step is about the microvolt that PTB-XL itself counts in. ``--dtype float32`` takes twice
# the space for less.

import matplotlib.pyplot as plt

from ecgmask import ECGArrayDataset, read_ecg
from ecgmask.convert import main
from ecgmask.plotting import LIGHT

with chdir(folder):
    main([".", "--table", "ptbxl_database.csv", "--out", "ptb-xl.npy", "--workers", "1", "--quiet"])

stack = ECGArrayDataset(folder / "ptb-xl.npy")
exact = read_ecg(folder / stack.records[-1]).signal.ravel()
error = 1000 * np.abs(stack.ecg(-1).signal.ravel() - exact)  # in µV
amplitude = np.logspace(-2, np.log10(3), 500)
step = np.spacing(amplitude.astype(np.float16)).astype(float)  # to the next number, in mV
half_step = 1000 * step / 2  # in µV

fig, ax = plt.subplots(figsize=(8.4, 3.6), layout="constrained")
ax.plot(np.abs(exact), error, ".", markersize=2, color=LIGHT.ignored_line, label="samples")
ax.plot(amplitude, half_step, color=LIGHT.text, label="half a step")
ax.set(xscale="log", xlabel="Amplitude (mV)", ylabel="Error (µV)", xlim=(0.01, 3), ylim=0)
ax.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
ax.legend(loc="upper left")
fig.set_label("Errors of half precision stay below half a step: 0.5 µV from 1 to 2 mV.")
plt.show()

# %%
# Nothing else has to be said
# ---------------------------
#
# The description beside the file knows leads, unit and sampling rate. It also knows where each
# record comes from, by which labels find their ECGs: two records are not there any more. From
# Python the command is :func:`~ecgmask.write_stack`, which reads formats of your own too.

from ecgmask.stacks import read_description

description = read_description(folder / "ptb-xl.npy")
print(description)
age_of = table.set_index("filename_hr").age
ages = age_of[list(stack.records)]
dataset = ECGArrayDataset(folder / "ptb-xl.npy", labels=ages, n_samples=2500, seed=0)
print(dataset)
signal, age = dataset[7]
print(stack.records[7], tuple(signal.shape), int(age))

# %%
# A stack of another origin
# -------------------------
#
# It may hold records that end an epoch in its middle. A scan finds them all first, and ``skip=``
# leaves them out.

samples = np.load(folder / "ptb-xl.npy")
samples[5, :, 1000] = np.nan
samples[9, 3] = 0
np.save(folder / "other.npy", samples)
how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
unusable = ECGArrayDataset(folder / "other.npy", **how, check=False).scan(progress=False)
for record, reason in unusable.items():
    print(record, reason)
print(len(ECGArrayDataset(folder / "other.npy", **how, skip=unusable)))

# sphinx_gallery_tags = ["your data", "training"]
