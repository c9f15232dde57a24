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
from ecgmask.plotting import LIGHT, plot_guesses

ecg = sample_ecg()
rng = np.random.default_rng(0)
masks = {
    "patches of 10 ms": RandomPatches(0.75).draw(1, 1000, rng),
    "patches of 50 ms": RandomPatches(0.75).draw(1, 200, rng),
}

# %%
# Draw the lines
# --------------
#
# Three beats of lead II: blue is visible, orange hidden, and black is the line. With patches of
# 10 ms, above, one QRS complex is missed. With 50 ms, below, all three are, and all P waves.

fig, axes = plt.subplots(2, 1, figsize=(8.4, 4.6), layout="constrained")
for ax, (name, drawn) in zip(axes, masks.items(), strict=True):
    plot_guesses(ecg, drawn, {f"line, {name}": interpolate(ecg, drawn)}, lead="II", ax=ax)
    ax.set_xlim(0, 3)
fig.set_label("Lead II, 0 to 3 s: lines miss one of three beats at 10 ms, all of them at 50 ms.")

# %%
# Measure every length
# --------------------
#
# :func:`~ecgmask.baselines.explained_variance` is R²: 1 is perfect, 0 no better than the mean of
# what is visible. The medians are over 30 draws, of the mean over leads.

import pandas as pd

table = pd.DataFrame()
for patch_size in (1, 2, 5, 10, 25, 50):  # samples of 2 ms
    for ratio in (0.25, 0.5, 0.75):
        drawn = RandomPatches(ratio).draw(30, 5000 // patch_size, rng)
        r2 = explained_variance(ecg, drawn, interpolate(ecg, drawn))
        table.loc[f"{2 * patch_size} ms", f"{ratio:.0%} hidden"] = np.median(r2.mean(axis=1))
table.round(2)

# %%
# See where the line gives out
# ----------------------------
#
# Hidden patches often touch, so the more are hidden, the longer the gaps. With three quarters
# hidden, a line explains less than half at 10 ms, and nothing at 50 ms.

fig, ax = plt.subplots(figsize=(8.4, 4), layout="constrained")
ax.plot(table["25% hidden"], "s:", color=LIGHT.text, label="25% hidden")
ax.plot(table["50% hidden"], "^--", color=LIGHT.text, label="50% hidden")
ax.plot(table["75% hidden"], "o-", color=LIGHT.text, label="75% hidden")
ax.axhline(0, color=LIGHT.ignored_line, linewidth=0.8)
ax.set(xlabel="Length of a patch", ylabel="R² of the line")
ax.legend(frameon=False)
fig.set_label("R² of the line falls from above 0.9 at 2 ms to below 0.2 at 100 ms.")
plt.show()

# %%
# What to conclude
# ----------------
#
# A QRS complex lasts two patches of 50 ms, so a line that skips one of them skips much of it. Count
# gaps in milliseconds, not in patches: where patches of 50 ms leave a line little to explain, short
# patches need a larger share hidden, or blocks of half a second as in
# :class:`~ecgmask.MaskAndComplement`.

# sphinx_gallery_tags = ["shared mask", "scattered", "concepts", "statistics"]
