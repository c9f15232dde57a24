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

ecg, rng = sample_ecg(), np.random.default_rng(8)
scatter = {
    "MAE": RandomPatches.mae(),
    "ECG-JEPA": MaskAndComplement(),
    "Kim, random": RandomPatches.kim(),
    "ST-MEM": PerLead(RandomPatches(0.75)),
    "wav2vec 2.0": Spans.wav2vec2(),
    "data2vec 2.0": InverseBlocks(),
}
in_pieces = {name: strategy.draw(1, 200, rng) for name, strategy in scatter.items()}
plot_comparison(ecg, in_pieces, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks of long stretches
# -----------------------
#
# These hide seconds at a time. Dotted grey is ignored: neither seen nor predicted. Random leads,
# after Oh et al., hide a lead for the whole record or not at all; here, lead II is seen.

from ecgmask import ContextToTarget, Forecast, Leads, UnionOfBlocks

stretch = {
    "I-JEPA": ContextToTarget.ijepa(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
    "Forecast": Forecast(),
    "Random leads": Leads.oh(),
}
in_stretches = {name: strategy.draw(1, 200, rng) for name, strategy in stretch.items()}
plot_comparison(ecg, in_stretches, fig=plt.figure(figsize=(8.4, 9), layout="constrained"))

# %%
# Masks that follow the heart
# ---------------------------
#
# :class:`~ecgmask.Beats` needs the R peaks, in patches, from a detector of your choice. Of
# half of the beats, drawn at random, it hides all, or a window around the peak: three patches here.

from scipy.signal import find_peaks

from ecgmask import Beats

r_peaks = find_peaks(ecg.signal[1], height=0.6, distance=250)[0] / 25
beats = {"Whole beats": Beats(), "R peaks": Beats(window=(1, 1))}
by_beat = {name: each.draw(1, 200, rng, r_peaks=[r_peaks]) for name, each in beats.items()}
plot_comparison(ecg, by_beat)

# %%
# Compare the numbers
# -------------------
#
# The columns are shares of the patches; the mean hidden run in ms; and what is left to see, in per
# cent of all tokens, once the contexts of a batch are cut to the shortest.

from ecgmask import mask_statistics

drawn = in_pieces | in_stretches | by_beat
print(f"{'':<21}context  target  ignored  hidden run  kept")
for name, strategy in (scatter | stretch | beats).items():
    peaks = r_peaks if name in beats else ()
    s = mask_statistics(strategy, 200, rng=rng, n_batches=32, r_peaks=peaks)
    run = 50 * s.target_run
    kept = s.tokens / drawn[name].context.size
    shares = f"{s.context:7.0%}{s.target:8.0%}{s.ignored:9.0%}"
    print(f"{name:<21}{shares}{run:9.0f} ms{kept:6.0%}")

# sphinx_gallery_thumbnail_masks = "drawn"
# sphinx_gallery_tags = ["shared mask", "per-lead mask", "whole leads", "statistics"]
