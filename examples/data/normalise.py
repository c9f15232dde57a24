"""
Normalise an ECG for training
=============================

One gain for all leads keeps what leads say of each other; a gain for each lead does not. This page
draws the difference, and shows where the normalising goes.
"""

# %%
# One gain, or one for each lead
# ------------------------------
#
# In the middle, all leads are divided by one number. Below, each has its own, and small leads
# become as tall as large ones. The axis of the heart is then lost, and low voltage with it.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import sample_ecg
from ecgmask.plotting import LIGHT

ecg = sample_ecg()
signal = ecg.signal - ecg.signal.mean(axis=1, keepdims=True)
versions = {
    "in mV": signal,
    "one gain": signal / signal.std(),
    "a gain for each lead": signal / signal.std(axis=1, keepdims=True),
}

time = np.arange(1500) / ecg.sampling_rate
fig, axes = plt.subplots(3, 1, figsize=(8.4, 6), layout="constrained")
for ax, (name, normalised) in zip(axes, versions.items(), strict=True):
    for lead, style in {"aVL": "-", "V2": ":", "V5": "--"}.items():
        row = ecg.lead_index(lead)
        ax.plot(time, normalised[row, :1500], style, color=LIGHT.context_line, label=lead)
    ax.set_title(name, loc="left")
    ax.set_xlim(0, 3)
ax.set_xlabel("Time (s)")
axes[0].legend(frameon=False, ncols=3, loc="upper right")
fig.set_label("aVL, V2 and V5 over 3 s in mV, with one gain, and with one each: all equally tall.")
plt.show()

# %%
# What remains true
# -----------------
#
# With one gain, lead III still is II minus I. With a gain each, it is not any more, and a check of
# the leads finds the contradiction.

for name, normalised in versions.items():
    i, ii, iii = normalised[:3]
    print(f"{name}: III differs from II - I by at most {np.abs(iii - (ii - i)).max():.2f}")

# %%
# Where it goes
# -------------
#
# Into the training step, after the collator: the batch is still in mV, and checks of units and flat
# leads have seen it so. A gain of the data set, found once on the training records, keeps low
# voltage low. A gain of each record hides it; it also knows a little of what is hidden, since it is
# computed from all samples.

from ecgmask import MaskCollator

collate = MaskCollator(patch_size=25, seed=0)
training_records = [ecg.signal] * 16  # yours
gain = 1 / float(np.stack(training_records).std())

batch, context, target = collate(training_records)
batch = batch - batch.mean(dim=2, keepdim=True)  # no offset
batch = gain * batch  # one number for all leads and records
print(f"standard deviation {batch.std():.2f}")

# %%
# What to choose
# --------------
#
# * **One gain for the data set** if amplitudes mean something for your task. They do in hypertrophy
#   and low voltage.
# * **One gain for each record** if devices or units differ and cannot be reconciled.
# * **A gain for each lead** only if leads are separate inputs that need not fit together. A flat
#   lead has no standard deviation to divide by: find it first, see
#   :doc:`/gallery/data/check_an_ecg`.

# sphinx_gallery_tags = ["your data", "training"]
