"""
What does a mask leave to learn?
================================

A target that a trivial guess fills in teaches a model little but that guess. This tutorial lets
three guessers fill in what each strategy hides of the sample ECG, and measures what they miss.
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
from ecgmask.guesses import copy_neighbouring_beat, interpolate, regress_on_visible_leads
from ecgmask.plotting import LIGHT

ecg = em.sample_ecg()
r_peaks, _ = find_peaks(ecg.signal[1], height=0.6, distance=250)
copy_beat = partial(copy_neighbouring_beat, r_peaks=r_peaks)
guessers = {"line": interpolate, "leads": regress_on_visible_leads, "beat": copy_beat}

# %%
# Four seconds of lead II follow, under spans drawn for every lead on its own, once for each
# guesser. Blue is visible, orange is guessed, and the grey band is what was hidden. An electrode
# artefact at 3.6 s shows what each relies on: other leads have it too, no other beat does.

masks = em.PerLead(em.Spans()).draw(1, 200, np.random.default_rng(1))
hidden = np.repeat(masks.targets[0, 0, 1], 25)
guesses = np.stack([guess(ecg, masks)[0, 1] for guess in guessers.values()])
seconds, rows = np.arange(5000) / 500, np.array([[3.2], [1.6], [0.0]])
fig, ax = plt.subplots(figsize=(8.4, 4.2), layout="constrained")
ax.fill_between(seconds, -0.6, 4.6, where=hidden, color=LIGHT.target, alpha=LIGHT.tint, lw=0)
ax.plot(seconds, (ecg.signal[1] + rows).T, color=LIGHT.ignored_line, lw=2.4)
ax.plot(seconds, np.where(hidden, guesses + rows, np.nan).T, color=LIGHT.target_line, lw=1.2)
ax.plot(seconds, np.where(hidden, np.nan, ecg.signal[1] + rows).T, color=LIGHT.context_line)
ax.set(xlim=(2, 6), ylim=(-0.6, 4.6), xlabel="Time (s)")
ax.set_yticks(rows[:, 0], guessers)
fig.set_label("Lead II, 2 to 6 s: the line misses hidden beats, leads and beat do not.")

# %%
# Every strategy in turn
# ----------------------
#
# Whole leads follow further down, and :class:`~ecgmask.Beats`, which needs the R peaks.

strategies = {
    "random (MAE)": em.RandomPatches.mae(),
    "spans (wav2vec 2.0)": em.Spans.wav2vec2(),
    "4 blocks (Kim)": em.UnionOfBlocks.kim(),
    "2 blocks (V-JEPA)": em.UnionOfBlocks.vjepa_long(),
    "inverse blocks": em.InverseBlocks(),
    "ECG-JEPA": em.MaskAndComplement(),
    "I-JEPA": em.ContextToTarget(),
    "forecast": em.Forecast(),
    "random, per lead": em.PerLead(em.RandomPatches(0.75)),
    "ECG-JEPA, per lead": em.PerLead(em.MaskAndComplement()),
}

# %%
# Score thirty draws of each
# --------------------------
#
# :func:`~ecgmask.guesses.explained_variance` is R² for each draw and lead: 1 is perfect, 0 is no
# better than the mean of what is visible, and a guess may be worse than that.

from ecgmask.guesses import explained_variance

rng = np.random.default_rng(0)
drawn = {name: strategy.draw(30, 200, rng) for name, strategy in strategies.items()}
drawn["beats"] = em.Beats().draw(30, 200, rng, r_peaks=np.tile(r_peaks / 25, (30, 1)))
r2 = {
    (name, guesser): explained_variance(ecg, masks, guess(ecg, masks))
    for name, masks in drawn.items()
    for guesser, guess in guessers.items()
}

# %%
# Hide whole leads
# ----------------
#
# A lead that is never visible tells nothing about itself, and line and beat have nothing to go on.
# So the regression learns from the first five seconds, all visible, and guesses in the last five.

earlier, later = (em.ECG(half, 500) for half in np.split(ecg.signal, 2, axis=1))
limb, chest = em.LIMB_LEADS, em.STANDARD_LEADS[6:]
whole_leads = {
    "one lead": em.Leads(n_masked=1),
    "half the leads (Oh)": em.Leads.oh(),
    "all limb leads": em.Leads(n_masked=1, groups=(limb,), keep=chest),
    "all chest leads": em.Leads(n_masked=1, groups=(chest,), keep=limb),
}
for name, strategy in whole_leads.items():
    masks = strategy.draw(100, 100, rng)
    guess = regress_on_visible_leads(later, masks, learnt_from=earlier)
    r2[name, "leads"] = explained_variance(later, masks, guess)

# %%
# What the guessers explain
# -------------------------
#
# Where a guesser has nothing to go on, it drops out: a shared mask shows no lead at a hidden
# instant. The rest is summed up by percentiles over draws of the mean over leads.

r2 = {key: score for key, score in r2.items() if np.isfinite(score).any()}
names = list(dict.fromkeys(name for name, _ in r2))
draws = {key: np.nanmean(score, axis=1) for key, score in r2.items()}
summary = {key: np.percentile(score, (5, 50, 95)) for key, score in draws.items()}
colours = LIGHT.ignored_line, LIGHT.context_line, LIGHT.target_line
looks = tuple(zip(guessers, "s^o", colours, (0.2, 0, -0.2), strict=True))

# %%
# A mark is the median, its bar reaches from the 5th to the 95th percentile. Left of zero, the mean
# of what is visible would have been the better guess.

fig, ax = plt.subplots(figsize=(8.4, 6), layout="constrained")
for guesser, marker, colour, down in looks:
    given = [row for row, name in enumerate(names) if (name, guesser) in summary]
    low, mid, high = np.transpose([summary[names[row], guesser] for row in given])
    bars = {"xerr": (mid - low, high - mid), "fmt": marker, "color": colour}
    ax.errorbar(mid, np.add(given, down), label=guesser, **bars)
ax.axvline(0, color=LIGHT.text, lw=0.8)
ax.set(xlim=(-1.5, 1.05), ylim=(len(names) - 0.5, -0.5), xlabel="R²")
ax.set_yticks(range(len(names)), names)
ax.legend(loc="lower left", frameon=False)
fig.set_label("R² of the guessers for each strategy: line below 0, beat above 0.5.")

# %%
# Lead by lead
# ------------
#
# The same medians in per cent, of the mean over leads and of each lead; nan: never hidden.

for guesser in guessers:
    print(f"{guesser:22}  all" + "".join(f"{lead:>5}" for lead in ecg.leads))
    for name in names:
        if (name, guesser) in r2:
            by_lead = np.ma.median(np.ma.masked_invalid(r2[name, guesser]), axis=0)
            medians = summary[name, guesser][1], *by_lead.filled(np.nan)
            print(f"{name:22}" + "".join(f"{100 * median:z5.0f}" for median in medians))
    print()

# %%
# How short must a gap be?
# ------------------------
#
# A QRS complex lasts two patches of 50 ms, so a line that skips a patch skips much of it. Only
# patches that are much shorter than the waves can be interpolated.

for samples in (5, 10, 25, 50):
    masks = em.RandomPatches.mae().draw(30, 5000 // samples, rng)
    score = explained_variance(ecg, masks, interpolate(ecg, masks)).mean(axis=1)
    print(f"random (MAE), patches of {2 * samples:3} ms: line {np.median(score):5.2f}")

# %%
# What to conclude
# ----------------
#
# * **The line is no shortcut here.** With patches of 50 ms it does worse than the mean under every
#   strategy. With patches of 10 ms it explains two fifths.
# * **Other leads are.** A hidden limb lead is algebra: 100 %. Masks drawn for every lead on its own
#   leave enough leads visible to explain much of what they hide. Without any other chest lead, V2
#   and V3 no longer follow, though V4 to V6 still do. A shared mask leaves nothing to this guesser.
# * **The nearest beat is everyone's shortcut.** It explains most of what any strategy hides, and
#   longer gaps hardly help: a forecast of five seconds is as easy to copy as short spans. Two long
#   blocks hide the most from it. What it misses is what differs between beats: noise, which weighs
#   most in leads of low voltage such as aVL, and artefacts, as in III.
#
# So a model earns its score where it beats all three, and a reconstruction error means little
# without theirs.

# %%
# What one recording cannot tell
# ------------------------------
#
# This is one person with ten beats in clean sinus rhythm: copying a beat does about as well
# as it can, and has less to offer with extra beats or in atrial fibrillation. It was told the R
# peaks, hidden ones too. Where whole leads are hidden, the regression learnt from the same heart.
#
# Bars show how masks differ, not how people do. And R² counts samples in mV: models that predict
# representations, as JEPA does, have another loss, which these guesses bound in no way.
#
# To see your own recordings, put an :class:`~ecgmask.ECG` of yours in place of the sample.

# sphinx_gallery_thumbnail_number = 1
