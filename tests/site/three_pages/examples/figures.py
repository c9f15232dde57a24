"""
A figure of every kind
======================

The title has "quotes" & <brackets>, and so has the text below.
"""

# %%
# Traces
# ------

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import MaskAndComplement, PerLead, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_statistics

ecg, rng = sample_ecg(), np.random.default_rng(0)
masks = MaskAndComplement().draw(24, 200, rng)
fig = plot_12_leads(ecg, masks, title="A title that is much too long for the window of a phone")
fig.set_label('Says "this" & <that>')

# %%
# An image, and axes side by side
# -------------------------------

plot_12_leads(ecg, PerLead(MaskAndComplement()).draw(1, 200, rng))
plot_statistics(mask_statistics(MaskAndComplement(), 200, rng=rng, n_batches=2))

# %%
# Matplotlib's own black and white
# --------------------------------

fig, ax = plt.subplots(figsize=(6.4, 2))
ax.plot([0, 1], [0, 1], color="black")
fig.set_label("A line.")

# sphinx_gallery_tags = ["one tag", "another"]
