"""
Hide and show by turns: runs of geometric length
================================================

Hidden runs have all lengths from one patch on, short ones the most often, as in SimMTM.
This tutorial draws them on a real 12-lead ECG.
"""

# %%
# Draw a mask
# -----------
#
# Blue is the **context**, which the encoder sees, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import GeometricRuns, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_statistics

ecg = sample_ecg()
strategy = GeometricRuns(ratio=0.5, mean_length=3)
masks = strategy.draw(n_records=1, n_patches=200, rng=np.random.default_rng(7))
plot_12_leads(ecg, masks, title="Runs of geometric length")

# %%
# Measure it
# ----------
#
# Ends and middle are hidden equally often: the chain that draws the runs looks the same everywhere.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0))
print(statistics)
plot_statistics(statistics)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
