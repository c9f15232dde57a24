"""
SimMTM: runs of geometric length
================================

Hidden and seen runs take turns and have all lengths from one patch on, short ones the most often.
Choose it when gaps should have no fixed length, as in SimMTM.
"""

# %%
# Draw a mask
# -----------
#
# Half of the record is hidden on average, in runs of three patches on average. Blue is the
# **context**, which the encoder sees, orange the **target**.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import GeometricRuns, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import plot_12_leads, plot_draws, plot_statistics

ecg = sample_ecg()
strategy = GeometricRuns(ratio=0.5, mean_length=3)
masks = strategy.draw(24, 200, np.random.default_rng(0))
plot_12_leads(ecg, masks, title="SimMTM: runs of geometric length")

# %%
# See many draws
# --------------
#
# Pieces of one patch lie beside some that are many times as long. With a longer mean, there are
# fewer and longer pieces, and rows differ more in how much of them is blue.

longer = GeometricRuns(ratio=0.5, mean_length=10)
batches = {
    "Mean of 3 patches": masks,
    "Mean of 10 patches": longer.draw(24, 200, np.random.default_rng(0)),
}
plot_draws(ecg, batches)

# %%
# Measure it
# ----------
#
# Ends and middle are hidden equally often: the chain that draws the runs looks the same everywhere.
# Records show unequal numbers of patches, so a batch that is cut to one length loses some of them.

statistics = mask_statistics(strategy, 200, rng=np.random.default_rng(0), heart_rate=61)
print(statistics)
plot_statistics(statistics)

# %%
# Compare run lengths with the geometric law
# ------------------------------------------
#
# After each hidden patch the run ends with a chance of one in three. So a run of n patches is as
# likely as n - 1 times going on and then ending.

runs = statistics.target_runs
for length in (1, 2, 3, 6, 12):
    counted = runs[length] / runs.sum()
    expected = (1 - 1 / 3) ** (length - 1) / 3
    print(f"length {length:>2}: {counted:.1%} of the hidden runs, by the law {expected:.1%}")

# %%
# Train with it
# -------------
#
# The batch is cut to the shortest of its contexts, and to the shortest of its targets;
# ``truncate="never"`` would fill shorter ones up instead.

import torch

torch.manual_seed(0)
collate = PatchMaskCollator(strategy, patch_size=25)
batch, context, targets = collate([ecg.signal] * 8)
print(batch.shape, context.shape, targets[0].shape)
plt.show()

# sphinx_gallery_tags = ["shared mask", "blocks"]
