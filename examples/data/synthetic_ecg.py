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
# Other rhythms: 50 and 130 a minute
# ----------------------------------
#
# The same mask on a slow and on a fast heart, which is no longer quite regular. It hides the same
# seconds, and so another number of beats. A mask that should hide as many beats of either follows
# the R peaks: :class:`~ecgmask.Beats`. Atrial fibrillation has no model here; the largest variation
# of the intervals is a fifth, and P waves stay.

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
