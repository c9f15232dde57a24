"""
What does a large batch hide? The bias of truncation
====================================================

Contexts of different lengths are cut to the shortest of their batch, so that they fit one tensor.
This guide measures which patches that costs under each rule, and how many at each batch size.
"""

# %%
# Collate a hundred batches
# -------------------------
#
# A collator draws I-JEPA's masks for batches of 64 records. Counting its indices gives the
# probability of each patch to be seen.

import matplotlib.pyplot as plt
import numpy as np
import torch

from ecgmask import ContextToTarget, PatchMaskCollator, mask_statistics, sample_ecg
from ecgmask.plotting import LIGHT

torch.manual_seed(0)
records, kept = [sample_ecg().signal[:1]] * 64, {}
for truncate in ("first", "random", "ends"):
    collate = PatchMaskCollator(ContextToTarget(), patch_size=25, truncate=truncate)
    kept[truncate] = [collate(records).context for _ in range(100)]

# %%
# See where they look
# -------------------
#
# Keeping the first indices, as the published code does, hides the end of the record from the model.
# The other two rules treat both ends alike.

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
colours = [LIGHT.target_line, LIGHT.ignored_line, LIGHT.context_line]
ax.set_prop_cycle(color=colours, linestyle=["-", "--", "-"])
flat = {rule: torch.cat([each.flatten() for each in drawn]) for rule, drawn in kept.items()}
seen = {rule: torch.bincount(each, minlength=200) / 6400 for rule, each in flat.items()}
for rule, x, y in (("first", 60, 0.33), ("random", 165, 0.34), ("ends", 112, 0.28)):
    (line,) = ax.plot(seen[rule])
    ax.text(x, y, f'"{rule}"', color=line.get_color())
ax.set(xlim=(0, 199), ylim=(0, 0.7), xlabel="Patch", ylabel="Probability to be seen")
means = ", ".join(f"{r} {p[:50].mean():.2f}, {p[150:].mean():.2f}" for r, p in seen.items())
fig.set_label(f"Probability to be seen, in the first and the last quarter: {means}.")

# %%
# Weigh bias against splinters
# ----------------------------
#
# ``"random"`` has no bias, but it breaks the context up; ``"ends"``, the default, keeps long
# runs and hardly any bias.

for rule, drawn in kept.items():
    first, last = seen[rule][:50].mean(), seen[rule][150:].mean()
    run = len(flat[rule]) / sum(64 + (each.diff() != 1).sum() for each in drawn)
    print(f"{rule:<7}first quarter {first:.2f}, last {last:.2f}, run {run:.1f} patches")

# %%
# Count what is left
# ------------------
#
# Whatever the rule, the shortest context of a batch sets the length for all. One record loses
# nothing, and each larger batch loses more.

rng = np.random.default_rng(0)
sizes = [1, 8, 64, 1024]
runs = [mask_statistics(ContextToTarget(), 200, rng=rng, batch_size=n) for n in sizes]
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
bars = ax.bar([f"{n}" for n in sizes], [s.tokens for s in runs], color=LIGHT.context)
ax.bar_label(bars, fmt="%.0f")
ax.set(xlabel="Records in a batch", ylabel="Context tokens kept", ylim=(0, 100))
tokens = ", ".join(f"{s.tokens:.0f} at {n}" for n, s in zip(sizes, runs, strict=True))
fig.set_label(f"Context tokens kept of 200 by batch size: {tokens}.")
