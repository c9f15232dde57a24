"""
Make an ECG for a test
======================

Code that trains on ECGs is tested on ECGs of any length and heart rate, not on noise. Rhythm,
intervals, axis and amplitudes of a synthetic ECG are parameters, and it says what it is.
"""

# %%
# Ask for it by name
# ------------------
#
# A dipole that turns as the heart beats, seen by twelve leads. No function of this package falls
# back to it: a missing file is an error.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import MaskAndComplement, synthetic_ecg
from ecgmask.plotting import plot_12_leads

ecg = synthetic_ecg(rng=np.random.default_rng(0), heart_rate=75, noise=0.01)
masks = MaskAndComplement().draw(1, 200, np.random.default_rng(25))
plot_12_leads(ecg, masks, title="A synthetic ECG, masked")

# %%
# What it shares with a real ECG
# ------------------------------
#
# The limb leads agree with each other, so the checks of real files pass. T waves get
# shorter as the heart beats faster.

print(ecg.problems())
print(ecg)

# %%
# One factor at a time
# --------------------
#
# Lead II of the same two seconds: dashed as it usually is, black with one thing changed. Intervals
# are in milliseconds, amplitudes in millivolts. The axis turns QRS alone, and a wide QRS leaves the
# T wave less time: QT ends where it did.

from ecgmask.plotting import LIGHT

changes = {
    "pr_interval": 280,
    "qrs_duration": 150,
    "qtc": 500,
    "frontal_axis": -40,
    "t_amplitude": -0.3,
    "st_level": 0.25,
    "baseline_wander": 0.2,
    "muscle_noise": 0.05,
    "mains_noise": 0.1,
}
times = np.arange(1000) / 500
usual = synthetic_ecg(rng=np.random.default_rng(0), n_samples=1000)
fig, axes = plt.subplots(3, 3, figsize=(8.4, 6), sharex=True, sharey=True, layout="constrained")
for ax, (name, value) in zip(axes.flat, changes.items(), strict=True):
    changed = synthetic_ecg(rng=np.random.default_rng(0), n_samples=1000, **{name: value})
    ax.plot(times, usual.signal[1], "--", color=LIGHT.ignored_line, linewidth=1)
    ax.plot(times, changed.signal[1], color=LIGHT.text, linewidth=1)
    ax.set_title(f"{name}={value}", fontsize="medium")
fig.supxlabel("Time (s)")
fig.supylabel("Lead II of a synthetic ECG (mV)")
fig.set_label("Lead II of a synthetic ECG nine times, usual and with one factor changed.")

# %%
# Slow and fast: 50 and 130 a minute
# ----------------------------------
#
# The same mask on a slow and on a fast heart, which is no longer quite regular. It hides the same
# seconds, and so another number of beats. A mask that should hide as many beats of either follows
# the R peaks: :class:`~ecgmask.Beats`.

from ecgmask.plotting import plot_lead

slow = synthetic_ecg(rng=np.random.default_rng(1), heart_rate=50)
fast = synthetic_ecg(rng=np.random.default_rng(1), heart_rate=130, rr_variation=0.2)
fig, (above, below) = plt.subplots(2, 1, figsize=(8.4, 4.4), layout="constrained")
plot_lead(slow, masks, lead="II", ax=above)
plot_lead(fast, masks, lead="II", ax=below)
above.set_title("50 beats per minute", loc="left")
below.set_title("130 beats per minute, irregular", loc="left")
fig.set_label(f"50 beats a minute: {above.get_label()} 130 beats a minute: {below.get_label()}")

# %%
# Fibrillation and ectopic beats
# ------------------------------
#
# Atrial fibrillation has no P waves, irregular beats and f waves. Premature beats of the ventricles
# are early and wide, and a pause follows.

fibrillation = synthetic_ecg(rng=np.random.default_rng(2), rhythm="atrial fibrillation")
ectopy = synthetic_ecg(rng=np.random.default_rng(3), ectopic_beats=2)
fig, (above, below) = plt.subplots(2, 1, figsize=(8.4, 4.4), layout="constrained")
plot_lead(fibrillation, masks, lead="V1", ax=above)
plot_lead(ectopy, masks, lead="II", ax=below)
above.set_title("Atrial fibrillation, lead V1", loc="left")
below.set_title("Two ectopic beats, lead II", loc="left")
fig.set_label(f"Fibrillation: {above.get_label()} Ectopic beats: {below.get_label()}")

# %%
# Many people, and what is true of them
# -------------------------------------
#
# Every record is of a person of its own, with waves and a chest of that person. The factors are
# independent of each other. They come as a table, with the rate and the variation of the record.

import pandas as pd

from ecgmask import synthetic_population

people = synthetic_population(100, np.random.default_rng(0))
table = pd.DataFrame(people.factors)
print(people.signals.shape)
table.head().T

# %%
# What it lacks
# -------------
#
# Without noise, three numbers at each instant explain all twelve leads; this recording takes more.
# A model that fills in leads has an easier life here.

from ecgmask import sample_ecg

clean = synthetic_ecg(rng=np.random.default_rng(0))
print(np.linalg.matrix_rank(clean.signal, tol=0.1), "synthetic")
print(np.linalg.matrix_rank(sample_ecg().signal, tol=0.1), "real")

# %%
# Beats of a record differ in nothing but whether they are ectopic. No electrode moves, nobody
# breathes, and no disease brings several changes at once, as diseases do: a wide QRS is here no
# bundle branch block. So a model that reads all factors of this world may read none of a patient,
# and what it learns says nothing about patients.

# %%
# Another sampling rate
# ---------------------
#
# Thirty seconds at 100 Hz. A patch of 50 ms has five samples then, and there are as many patches a
# second as before.

low_rate = synthetic_ecg(rng=np.random.default_rng(1), n_samples=3000, sampling_rate=100)
low_rate_masks = MaskAndComplement().draw(1, 600, np.random.default_rng(0))
plot_lead(low_rate, low_rate_masks, lead="II", patch_size=5)
plt.show()

# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_tags = ["your data"]
