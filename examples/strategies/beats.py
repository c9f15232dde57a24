"""
Hide whole heartbeats: masks that follow the heart
==================================================

Blocks of a fixed length cut beats anywhere; this strategy hides beats as a whole.
This tutorial finds the R peaks of a real 12-lead ECG and hides half of its ten beats.
"""

# %%
# Find the R peaks
# ----------------
#
# Any detector will do. In lead II of this ECG a threshold finds the ten beats. Masks count in
# patches, so divide by the patch size, 25 samples.

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks

from ecgmask import Beats, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
peaks, _ = find_peaks(ecg.signal[1], height=0.6, distance=250)
r_peaks = peaks / 25
print(len(peaks), "R peaks, at patches", r_peaks.round(1))

# %%
# Draw a mask
# -----------
#
# A beat reaches half way to the R peak before its own and half way to the one after. Blue is the
# **context**, orange the **target**: five beats, three of them in a row.

strategy = Beats(ratio=0.5)
masks = strategy.draw(1, 200, np.random.default_rng(10), r_peaks=[r_peaks])
plot_12_leads(ecg, masks, title="Whole beats")

# %%
# Look closely at one lead
# ------------------------
#
# Borders lie between the T wave of one beat and the P wave of the next: no wave is cut here.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=ax)
ax.set_xlim(0, 3)
fig.set_label(f"Lead II, the first 3 s, enlarged. {ax.get_label()}")

# %%
# Measure it
# ----------
#
# Half of the beats are hidden, and every set of five is as likely as the next.

rng = np.random.default_rng(0)
statistics = mask_statistics(strategy, 200, rng=rng, r_peaks=r_peaks, heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# One beat of this sinus rhythm is much like the next: around the R peak,
# neighbours correlate strongly. A model can copy the shape, but has to find the time.

beats = np.stack([ecg.signal[1, peak - 150 : peak + 300] for peak in peaks])
neighbours = np.diag(np.corrcoef(beats), k=1)
print(f"correlation of neighbouring beats: {np.median(neighbours):.2f} (median)")

# %%
# Train with it
# -------------
#
# Choose it to ask for whole beats, or with ``window=(1, 1)`` for what is around each R peak. At
# high heart rates the border half way between R peaks may cut a T wave. R peaks travel with each
# record, in samples; name the place where they are.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, 25, signal_key="ecg", r_peaks_key="r_peaks")
batch, context, targets = collate([{"ecg": ecg.signal, "r_peaks": peaks}] * 8)
print(batch["ecg"].shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "beats"]
