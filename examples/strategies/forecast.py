"""
Forecast: the past and the future
=================================

The simplest mask shows the start of a record and hides its end, so that no gap has a right border.
Choose it for models that run forward in time.
"""

# %%
# Draw a mask
# -----------
#
# The second half is the **target**, in orange; all before it is the **context**, in blue. Nothing
# is random: all 24 records have this mask, and the generator that every strategy takes is not used.

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks

from ecgmask import Forecast, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_lead, plot_statistics

ecg = sample_ecg()
strategy = Forecast(ratio=0.5)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="Forecast: the second half")

# %%
# Look closely at one lead
# ------------------------
#
# The future has no right border from which to interpolate.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_lead(ecg, masks, lead="II", ax=ax)
ax.set_xlim(3.5, 6.5)
fig.set_label(f"Lead II, 3.5 to 6.5 s, enlarged. {ax.get_label()}")

# %%
# Measure it
# ----------
#
# There is one run of each kind, and the start of a record is never predicted.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# What is easy about it
# ---------------------
#
# Beats look alike. Repeat the end of the past, one beat long, over the future of lead II: most of
# the first second is explained. Then the copies fall out of step with the heart, which they meet
# once more in the third second. By the last they are worse than a flat line, as R² is negative.

past, future = ecg.signal[1, :2500], ecg.signal[1, 2500:]
peaks, _ = find_peaks(past, height=0.6, distance=250)
beat_length = int(np.median(np.diff(peaks)))
last_beat = past[-beat_length:]
guess = np.resize(last_beat, future.size)  # repeated to the end
for second in range(5):
    part = slice(500 * second, 500 * (second + 1))
    error = np.mean((future[part] - guess[part]) ** 2)
    print(f"second {second + 1}: R² = {1 - error / future[part].var():.2f}")

# %%
# Train with it
# -------------
#
# Let the data set crop records at random starts, or
# every epoch asks the same question.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "forecast"]
