"""
What does a mask leave to learn?
================================

What a trivial guess fills in asks little of a model. This tutorial lets three guessers
fill in what each strategy hides of the sample ECG, and measures what they miss.
"""

# %%
# Three guessers
# --------------
#
# A straight line between visible samples; a regression on the leads that are visible at the same
# instant; a copy of the nearest beat that shows it. None uses a hidden sample, but the copy is
# told where all R peaks are.

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks

import ecgmask as em
from ecgmask import baselines
from ecgmask.plotting import LIGHT

ecg = em.sample_ecg()
r_peaks, _ = find_peaks(ecg.signal[1], height=0.6, distance=250)
copy_beat = partial(baselines.copy_neighbouring_beat, r_peaks=r_peaks)
guessers = {"line": baselines.interpolate, "leads": baselines.regress_on_visible_leads}
guessers["beat"] = copy_beat

# %%
# See them guess
# --------------
#
# Four seconds of lead II, under spans drawn for every lead on its own. In the bands, which are
# hidden, orange is the guess and grey the ECG; blue is visible. An electrode artefact
# shows what each relies on: other leads have it too, no other beat does.

masks = em.PerLead(em.Spans()).draw(1, 200, np.random.default_rng(1))
guessed = np.stack([guess(ecg, masks)[0, 1] for guess in guessers.values()])
hidden = np.repeat(masks.target_union[0, 1], 25)
time, up = np.arange(5000) / 500, np.array([[3.2], [1.6], [0.0]])
fig, ax = plt.subplots(figsize=(8.4, 4.2), layout="constrained")
ax.fill_between(time, -0.6, 4.6, where=hidden, color=LIGHT.target, alpha=LIGHT.tint, lw=0)
ax.plot(time, (ecg.signal[1] + up).T, color=LIGHT.ignored_line, lw=2.4)
ax.plot(time, np.where(hidden, guessed + up, np.nan).T, color=LIGHT.target_line, lw=1.2)
ax.plot(time, np.where(hidden, np.nan, guessed + up).T, color=LIGHT.context_line)
ax.set(xlim=(2, 6), ylim=(-0.6, 4.6), xlabel="Time (s)")
ax.set_yticks(up[:, 0], guessers)
fig.set_label("Lead II, 2 to 6 s: the line misses hidden beats, leads and beat do not.")

# %%
# Score every strategy
# --------------------
#
# :func:`~ecgmask.baselines.explained_variance` is R²: 1 is perfect, 0 no better than the mean of
# what is visible. Here are medians over 30 draws of the mean over leads.

strategies = {
    "MAE": em.RandomPatches.mae(),
    "wav2vec 2.0": em.Spans.wav2vec2(),
    "Kim, blocks": em.UnionOfBlocks(),
    "ECG-JEPA": em.MaskAndComplement(),
    "V-JEPA, long range": em.UnionOfBlocks.vjepa_long(),
    "I-JEPA": em.ContextToTarget.ijepa(),
    "Forecast": em.Forecast(),
    "ST-MEM": em.PerLead(em.RandomPatches(0.75)),
}
rng = np.random.default_rng(0)
print(f"{'':<18}" + "".join(f"{guesser:>8}" for guesser in guessers))
for name, strategy in strategies.items():
    drawn = strategy.draw(30, 200, rng)
    row = f"{name:<18}"
    for guess in guessers.values():
        r2 = baselines.explained_variance(ecg, drawn, guess(ecg, drawn))
        row += f"{np.median(r2.mean(axis=1)):8.2f}"
    print(row)

# %%
# What to conclude
# ----------------
#
# * **The line is no shortcut** with these patches: it does worse than the mean under every
#   strategy here. See :doc:`/gallery/concepts/what_lines_fill_in`.
# * **Other leads are** one where each lead has a mask of its own: two thirds of ST-MEM. A shared
#   mask leaves none to go by (nan). See :doc:`/gallery/concepts/what_other_leads_tell`.
# * **The nearest beat is a shortcut for all**, once the R peaks are told. Longer gaps hardly help
#   against it: a forecast of five seconds is as easy to copy as short spans.
#
# This is one person in sinus rhythm, with all R peaks told, and R² counts samples in mV: a
# bound for models that reconstruct the signal, none for those that predict representations.

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "concepts", "statistics"]
