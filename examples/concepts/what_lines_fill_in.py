"""
How long a gap can a straight line fill?
========================================

If a straight line explains what is hidden, a model need not know what a heartbeat is. This tutorial
hides random patches of 2 to 100 ms of the sample ECG, and measures what a line makes of each.
"""

# %%
# Hide patches of 10 ms and of 50 ms
# ----------------------------------
#
# Three quarters of each kind are hidden at random, as a masked autoencoder does. The number of
# patches sets their length: 1000 patches in ten seconds last 10 ms each.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import RandomPatches, sample_ecg
from ecgmask.baselines import explained_variance, interpolate
from ecgmask.plotting import LIGHT

ecg, rng = sample_ecg(), np.random.default_rng(0)
masks = {f"{10_000 / n:.0f} ms": RandomPatches(0.75).draw(1, n, rng) for n in (1000, 200)}

# %%
# Draw the lines
# --------------
#
# Three beats of lead II in grey, and over them in orange what the lines make of them. With patches
# of 10 ms, above, one QRS complex is missed. With 50 ms, below, two are, and all P waves.

time, up = np.arange(5000) / 500, np.array([[1.6], [0.0]])
lines = np.stack([interpolate(ecg, each)[0, 1] for each in masks.values()])
fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.plot(time, (ecg.signal[1] + up).T, color=LIGHT.ignored_line, lw=2.4)
ax.plot(time, (lines + up).T, color=LIGHT.target_line, lw=1.2)
ax.set(xlim=(0, 3), xlabel="Time (s)")
ax.set_yticks(up[:, 0], [f"{length} patches" for length in masks])
fig.set_label("Lead II, 0 to 3 s: lines miss one of three beats at 10 ms, two of them at 50 ms.")

# %%
# Measure every length
# --------------------
#
# :func:`~ecgmask.baselines.explained_variance` is R²: 1 is perfect, 0 no better than the mean of
# what is visible. The medians are over 30 draws, of the mean over leads.

samples, r2 = [1, 2, 5, 10, 25, 50], {}
for ratio in (0.25, 0.5, 0.75):
    drawn = [RandomPatches(ratio).draw(30, 5000 // n, rng) for n in samples]
    scores = [explained_variance(ecg, each, interpolate(ecg, each)) for each in drawn]
    r2[f"{ratio:.0%} hidden"] = [np.median(each.mean(axis=1)) for each in scores]

# %%
# See where the line gives out
# ----------------------------
#
# Hidden patches often touch, so the more are hidden, the longer the gaps. With three quarters
# hidden, a line explains less than half at 10 ms, and nothing at 50 ms.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
colours = [LIGHT.ignored_line, LIGHT.context_line, LIGHT.target_line]
ax.set_prop_cycle(color=colours, marker=["s", "^", "o"])
ax.plot([f"{2 * n}" for n in samples], np.transpose(list(r2.values())), label=list(r2))
ax.axhline(0, color=LIGHT.text, lw=0.8)
ax.set(xlabel="Patch (ms)", ylabel="R² of the line")
ax.legend(frameon=False)
print(f"{'patch (ms)':<11}", *(f"{2 * n:5}" for n in samples))
print(*(f"{n:<11} " + " ".join(f"{x:5.2f}" for x in each) for n, each in r2.items()), sep="\n")
fig.set_label("R² of the line falls from above 0.9 at 2 ms to below 0.2 at 100 ms.")

# %%
# What to conclude
# ----------------
#
# A QRS complex lasts two patches of 50 ms, so a line that skips one of them skips much of it. Count
# gaps in milliseconds, not in patches: where patches of 50 ms leave a line little to explain, short
# patches need a larger share hidden, or blocks of half a second as in
# :class:`~ecgmask.MaskAndComplement`.

# sphinx_gallery_tags = ["shared mask", "scattered", "concepts", "statistics"]
