"""
How do the parameters shape a mask?
===================================

The shortest block, the share that is kept and the number of targets set how long the gaps are, the
runs of patches to predict. This guide varies one at a time and measures gaps and the visible share.
"""

# %%
# The shortest block of ECG-JEPA
# ------------------------------
#
# Larger blocks make longer gaps, and how much is seen does not change. Even with a shortest block
# of one patch the mean gap is longer than a second, since a block may be as long as all that is
# left to hide.

import matplotlib.pyplot as plt
import numpy as np

from ecgmask import ContextToTarget, MaskAndComplement, mask_statistics
from ecgmask.plotting import LIGHT

rng = np.random.default_rng(0)
sizes = [1, 5, 10, 20, 40, 80]
swept = [mask_statistics(MaskAndComplement(n), 200, rng=rng) for n in sizes]
gaps = [50 * s.target_run for s in swept]
seen = [100 * s.context for s in swept]

# %%
# Longer blocks, longer gaps
# --------------------------
#
# Ten patches, half a second, are the published default. The target runs average 3 s there.

fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
left.plot(sizes, gaps, "o-", color=LIGHT.target_line)
left.set(xlabel="Shortest block (patches)", ylabel="Mean gap (ms)", ylim=(0, None))
right.plot(sizes, seen, "s--", color=LIGHT.context_line)
right.set(xlabel="Shortest block (patches)", ylabel="Patches seen (%)", ylim=(0, 100))
values = ", ".join(f"{gap:.0f} ms at {n}" for n, gap in zip(sizes, gaps, strict=True))
fig.set_label(f"Mean gap by shortest block in patches: {values}. About 20 % are seen.")

# %%
# The share that ECG-JEPA keeps
# -----------------------------
#
# Show more, and the gaps get shorter, but slowly: with half of the record visible, the mean gap is
# still almost two seconds.

kept = [0.1, 0.2, 0.3, 0.5, 0.7]
swept = [mask_statistics(MaskAndComplement(10, keep, keep), 200, rng=rng) for keep in kept]
gaps = [50 * s.target_run for s in swept]
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ax.plot(kept, gaps, "o-", color=LIGHT.target_line)
ax.set(xlabel="Share of patches kept", ylabel="Mean gap (ms)", ylim=(0, None))
values = ", ".join(f"{gap:.0f} ms at {k:.0%}" for k, gap in zip(kept, gaps, strict=True))
fig.set_label(f"Mean gap by the share of patches that is kept: {values}.")

# %%
# The number of targets of I-JEPA
# -------------------------------
#
# Each target takes its patches out of the context. Targets overlap and merge, so that the gaps grow
# while the context shrinks. Four is the published default.

numbers = [1, 2, 3, 4, 6, 8]
swept = [mask_statistics(ContextToTarget(num_pred_blocks=n), 200, rng=rng) for n in numbers]
gaps = [50 * s.target_run for s in swept]
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
left.plot(numbers, gaps, "o-", color=LIGHT.target_line)
left.set(xlabel="Number of targets", ylabel="Mean gap (ms)", ylim=(0, None))
right.plot(numbers, [100 * s.context for s in swept], "s--", color=LIGHT.context_line)
right.set(xlabel="Number of targets", ylabel="Patches seen (%)", ylim=(0, 100))
values = ", ".join(f"{gap:.0f} ms at {n}" for n, gap in zip(numbers, gaps, strict=True))
seen = ", ".join(f"{s.context:.0%}" for s in swept)
fig.set_label(f"Mean gap by number of targets: {values}. Seen: {seen}.")

# sphinx_gallery_tags = ["shared mask", "blocks", "statistics"]
# sphinx_gallery_thumbnail_number = 2
