"""
Hide whole beats: masks that follow the heart
=============================================

Half of the beats of a record are hidden, each as a whole, where blocks of a fixed length cut beats
anywhere. Choose it when you know the R peaks and whole beats are to be predicted.
"""

# %%
# Draw a mask
# -----------
#
# Any detector of R peaks will do; in lead II of this ECG a threshold finds the ten beats. Masks
# count in patches, so divide by the patch size, 25 samples. A beat reaches half way to the R peak
# before its own and half way to the one after. Blue is the **context**, orange the **target**: five
# beats, three of them in a row.

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks

from ecgmask import Beats, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
peaks, _ = find_peaks(ecg.signal[1], height=0.6, distance=250)
r_peaks = peaks / 25
strategy = Beats(ratio=0.5)
masks = strategy.draw(24, 200, np.random.default_rng(0), r_peaks=[r_peaks] * 24)
plot_12_leads(ecg, masks, title="Whole beats")

# %%
# See many draws
# --------------
#
# Every row hides five beats. Colours change at the same times in all rows, since all 24 records are
# the same ECG here, and they change between the T wave of one beat and the P wave of the next: no
# wave is cut.

plot_draws(ecg, masks, lead="II")

# %%
# Measure it
# ----------
#
# Every set of five beats is as likely as the next, so that no part of the record is favoured. The
# lengths of runs go in steps: one beat, two beats, three.

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
neighbours = np.diag(np.corrcoef(beats), k=1)  # each beat and the next
print(f"correlation of neighbouring beats: {np.median(neighbours):.2f} (median)")

# %%
# Train with it
# -------------
#
# With ``window=(1, 1)``, only what is around each R peak is hidden. At high heart rates the border
# half way between R peaks may cut a T wave. R peaks travel with each record, in samples; name the
# place where they are.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, 25, signal_key="ecg", r_peaks_key="r_peaks")
batch, context, targets = collate([{"ecg": ecg.signal, "r_peaks": peaks}] * 8)
print(batch["ecg"].shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "beats"]
