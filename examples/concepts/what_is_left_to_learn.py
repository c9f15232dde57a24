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

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import find_peaks

from ecgmask import PerLead, Spans, sample_ecg
from ecgmask.baselines import copy_neighbouring_beat, interpolate, regress_on_visible_leads
from ecgmask.plotting import plot_guesses

ecg = sample_ecg()
r_peaks, _ = find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)
masks = PerLead(Spans()).draw(1, 200, np.random.default_rng(1))
guesses = {
    "straight line": interpolate(ecg, masks),
    "other leads": regress_on_visible_leads(ecg, masks),
    "nearest beat": copy_neighbouring_beat(ecg, masks, r_peaks),
}

# %%
# See them guess
# --------------
#
# Four seconds of lead II, under spans drawn for every lead on its own. Blue is visible, orange
# hidden, and black is the guess. An electrode artefact shows what each relies on: other leads have
# it too, no other beat does.

fig, axes = plt.subplots(3, 1, figsize=(8.4, 6), layout="constrained")
for ax, (name, guess) in zip(axes, guesses.items(), strict=True):
    plot_guesses(ecg, masks, {name: guess}, lead="II", ax=ax)
    ax.set_xlim(2, 6)
fig.set_label("Lead II, 2 to 6 s: the line misses hidden beats, leads and beat do not.")
plt.show()

# %%
# Score every strategy
# --------------------
#
# :func:`~ecgmask.baselines.explained_variance` is R²: 1 is perfect, 0 no better than the mean of
# what is visible. Here are medians over 30 draws of the mean over leads. A dash stands where no
# lead is visible to go by.

import pandas as pd

from ecgmask import ContextToTarget, Forecast, MaskAndComplement, RandomPatches, UnionOfBlocks
from ecgmask.baselines import explained_variance

strategies = {
    "MAE": RandomPatches.mae(),
    "wav2vec 2.0": Spans.wav2vec2(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "ECG-JEPA": MaskAndComplement(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
    "I-JEPA": ContextToTarget.ijepa(),
    "Forecast": Forecast(),
    "ST-MEM": PerLead(RandomPatches(0.75)),
}
rng = np.random.default_rng(0)
rows = {}
for name, strategy in strategies.items():
    drawn = strategy.draw(30, 200, rng)
    guesses = {
        "Straight line": interpolate(ecg, drawn),
        "Other leads": regress_on_visible_leads(ecg, drawn),
        "Nearest beat": copy_neighbouring_beat(ecg, drawn, r_peaks),
    }
    rows[name] = {}
    for guesser, guess in guesses.items():
        r2 = explained_variance(ecg, drawn, guess)  # (30 draws, 12 leads)
        rows[name][guesser] = np.median(r2.mean(axis=1))
pd.DataFrame(rows).T.round(2).astype(object).fillna("–")

# %%
# What to conclude
# ----------------
#
# * **The line is no shortcut** with these patches: it does worse than the mean under every
#   strategy here. See :doc:`/gallery/concepts/what_lines_fill_in`.
# * **Other leads are** one where each lead has a mask of its own: two thirds of ST-MEM. A shared
#   mask leaves none to go by. See :doc:`/gallery/concepts/what_other_leads_tell`.
# * **The nearest beat is a shortcut for all**, once the R peaks are told. Longer gaps hardly help
#   against it: a forecast of five seconds is as easy to copy as short spans.
#
# This is one person in sinus rhythm, with all R peaks told, and R² counts samples in mV: a
# bound for models that reconstruct the signal, none for those that predict representations.

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "concepts", "statistics"]
