"""
Mask your own ECG
=================

One call reads a WFDB, DICOM, NumPy or HDF5 file as an ECG in millivolts with its leads in standard
order, ready for any mask. This page writes two of them first, so that it runs anywhere.
"""

# %%
# Files as you may have them
# --------------------------
#
# The sample ECG stands in for yours: once as a record of PTB-XL, whose lead names are in upper
# case, and once in a stack of half-precision numbers. Writing and reading WFDB needs
# ``python -m pip install "ecgmask[wfdb]"``.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import wfdb

from ecgmask import STANDARD_LEADS, sample_ecg

temporary = TemporaryDirectory()
folder = Path(temporary.name)
names = [lead.upper() for lead in STANDARD_LEADS]
signal = sample_ecg().signal
wfdb.wrsamp("00001_hr", 500, ["mV"] * 12, names, signal.T, fmt=["16"] * 12, write_dir=folder)
np.save(folder / "stack.npy", np.stack([signal.T] * 4).astype(np.float16))

# %%
# A WFDB record, such as those of PTB-XL
# --------------------------------------
#
# Lead names match in any spelling, units and sampling rate come from the header, and nothing that
# it says of the patient is kept. Blue is the context, orange what a model would have to predict.

from ecgmask import MaskAndComplement, read_ecg
from ecgmask.plotting import plot_12_leads, plot_lead

ecg = read_ecg(folder / "00001_hr")
masks = MaskAndComplement().draw(1, 200, np.random.default_rng(25))
plot_12_leads(ecg, masks, patch_size=25, title="A WFDB record, masked")

# %%
# One record of a NumPy stack
# ---------------------------
#
# An array has neither lead names, nor a unit, nor a sampling rate: these are never guessed, so say
# them. Which axis holds the leads follows from their number. HDF5 files, such as those of CODE-15%,
# are read in the same way; ``key=`` names the array if there are several.

ecg = read_ecg(
    folder / "stack.npy",
    index=2,
    file_leads=STANDARD_LEADS,
    file_unit="mV",
    file_sampling_rate=500,
)
print(ecg)

# %%
# A DICOM waveform, at another rate
# ---------------------------------
#
# The file that ships with pydicom was recorded in microvolts, at another rate. Ask for the sampling
# rate and the leads that your model takes. A patch is a time: at half the rate, so many samples
# last twice as long.

import pydicom.examples

ecg = read_ecg(pydicom.examples.get_path("waveform"), sampling_rate=250, leads=["I", "II", "V5"])
masks = MaskAndComplement(min_block_size=5).draw(1, 100, np.random.default_rng(3))
plot_lead(ecg, masks, lead="V5")
plt.show()
print(ecg)

# %%
# Nothing is invented
# -------------------
#
# A file that is missing, truncated or in an implausible unit is an error that names it. Here, the
# stack is said to be in volts.

try:
    read_ecg(
        folder / "stack.npy",
        index=0,
        file_leads=STANDARD_LEADS,
        file_unit="V",
        file_sampling_rate=500,
    )
except ValueError as error:
    print(str(error).replace(f"{folder}/", ""))

# sphinx_gallery_tags = ["shared mask", "your data"]
