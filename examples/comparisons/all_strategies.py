"""
See all strategies on lead II
=============================

Every family of masks lets a model see something else of an ECG, and asks it something else.
This guide draws all on the same ten seconds and compares them in one table of measured numbers.
"""

# %%
# Masks that show pieces
# ----------------------
#
# Many of them, or a few as with ECG-JEPA. Most names are those of papers. Blue is the context,
# orange the target; the titles count what was drawn.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import InverseBlocks, MaskAndComplement, PerLead, RandomPatches, Spans, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
in_pieces = {
    "MAE": RandomPatches.mae(),
    "ECG-JEPA": MaskAndComplement(),
    "Kim, random": RandomPatches.kim(),
    "ST-MEM": PerLead(RandomPatches(0.75)),
    "wav2vec 2.0": Spans.wav2vec2(),
    "data2vec 2.0": InverseBlocks(),
}
masks = {name: each.draw(1, 200, np.random.default_rng(8)) for name, each in in_pieces.items()}
plot_comparison(ecg, masks, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks of long stretches
# -----------------------
#
# These hide seconds at a time. Dotted grey is ignored: neither seen nor predicted. Random leads,
# after Oh et al., hide a lead for the whole record or not at all; here, lead II is hidden.

from ecgmask import ContextToTarget, Forecast, Leads, UnionOfBlocks

in_stretches = {
    "I-JEPA": ContextToTarget.ijepa(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
    "Forecast": Forecast(),
    "Random leads": Leads.oh(),
}
masks = {name: each.draw(1, 200, np.random.default_rng(0)) for name, each in in_stretches.items()}
plot_comparison(ecg, masks, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks that follow the heart
# ---------------------------
#
# :class:`~ecgmask.Beats` needs the R peaks, in patches, from a detector of your choice. Of
# half of the beats, drawn at random, it hides all, or a window around the peak: three patches here.

from scipy.signal import find_peaks

from ecgmask import Beats

lead_ii = ecg.signal[ecg.lead_index("II")]
peaks, _ = find_peaks(lead_ii, height=0.6, distance=250)
r_peaks = peaks / 25  # in patches of 25 samples
by_beat = {"Whole beats": Beats(), "R peaks": Beats(window=(1, 1))}
masks = {}
for name, each in by_beat.items():
    masks[name] = each.draw(1, 200, np.random.default_rng(0), r_peaks=[r_peaks])
plot_comparison(ecg, masks)

# %%
# Compare the numbers
# -------------------
#
# :func:`~ecgmask.compare_strategies` simulates each of them: the shares of the patches, how long
# the signal is hidden at a stretch, how many tokens the encoder sees, and how much of them a batch
# loses if all contexts are cut to the shortest.

from ecgmask import compare_strategies

strategies = in_pieces | in_stretches | by_beat
comparison = compare_strategies(strategies, n_patches=200, r_peaks=r_peaks)
comparison

# %%
# Compare the shares
# ------------------
#
# What is seen, what is predicted, and what is neither. Strategies with the same shares can still
# hide other things, for scattered patches and one long stretch count alike.

from ecgmask.plotting import plot_shares

plot_shares(comparison)
plt.show()

# sphinx_gallery_tags = ["shared mask", "per-lead mask", "whole leads", "statistics"]
