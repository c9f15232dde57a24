"""
Make an ECG for a test
======================

Code that trains on ECGs is tested on ECGs of any length and heart rate, not on noise. A synthetic
ECG has beats, and leads that say the same thing twice, and it says everywhere that it is synthetic.
"""

# %%
# Ask for it by name
# ------------------
#
# A dipole that turns as the heart beats, seen by twelve leads. No function of this package falls
# back to it: a missing file is an error.

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
# What it lacks
# -------------
#
# Without noise, three numbers at each instant explain all twelve leads; this recording takes more.
# A model that fills in leads has an easier life here, and what it learns says nothing about
# patients.

from ecgmask import sample_ecg

clean = synthetic_ecg(rng=np.random.default_rng(0))
print(np.linalg.matrix_rank(clean.signal, tol=0.1), "synthetic")
print(np.linalg.matrix_rank(sample_ecg().signal, tol=0.1), "real")

# %%
# Any length and heart rate
# -------------------------
#
# Thirty seconds at 100 Hz, 140 beats per minute, with intervals that vary by a tenth.

fast = synthetic_ecg(
    rng=np.random.default_rng(1),
    n_samples=3000,
    sampling_rate=100,
    heart_rate=140,
    rr_variation=0.1,
)
print(fast)

# sphinx_gallery_tags = ["your data"]
