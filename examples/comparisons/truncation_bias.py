"""
What does a large batch hide? The bias of truncation
====================================================

Contexts of different lengths are cut to the shortest of their batch, so that they fit one tensor.
This guide measures which patches that costs under each rule, and how bias and loss grow with it.
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
# Measure the bias at each batch size
# -----------------------------------
#
# Divide the probabilities to be seen by their sum, before and after equalising. Half the sum of
# absolute differences, the **total variation**, is the share of the context that has moved.

from ecgmask.strategies.equalise import count, equalise

rng, bias = np.random.default_rng(0), {rule: [] for rule in kept}
sizes = {1: 64, 8: 1024, 64: 128, 1024: 24}  # records in a batch: batches
for n, n_batches in sizes.items():
    drawn = [ContextToTarget().draw(n, 200, rng).context for _ in range(n_batches)]
    before = np.sum([each.sum(axis=(0, 1)) for each in drawn], axis=0)
    for rule, moved in bias.items():
        after = np.zeros(200)
        for each in drawn:
            size, left = count(each), rng.random(n) < 0.5
            after += equalise(each, size, size.min(), rule, rng, left).sum(axis=(0, 1))
        moved.append(abs(after / after.sum() - before / before.sum()).sum() / 2)

# %%
# See where it grows
# ------------------
#
# Under ``"first"`` the bias grows with the batch, to about a quarter of the context. Under
# ``"random"`` it stays near 0.01, and under ``"ends"`` below 0.05. One record is never cut.

fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
ax.set_prop_cycle(color=colours, linestyle=["-", "--", "-"], marker=["o", "s", "^"])
for rule, up in (("first", 0.015), ("random", -0.03), ("ends", 0.015)):
    (line,) = ax.plot(list(sizes), bias[rule])
    ax.text(80, bias[rule][2] + up, f'"{rule}"', color=line.get_color())
ax.set_xscale("log", base=2)
ax.set_xticks(list(sizes), [f"{size}" for size in sizes])
ax.set(xlabel="Records in a batch", ylabel="Total variation", ylim=(-0.04, 0.32))
at = "; ".join(f"{rule} " + ", ".join(f"{b:.2f}" for b in each) for rule, each in bias.items())
fig.set_label(f"Total variation in batches of 1, 8, 64 and 1024 records: {at}.")

# %%
# Count what is left
# ------------------
#
# Whatever the rule, the shortest context of a batch sets the length for all. One record loses
# nothing, and each larger batch loses more.

rng = np.random.default_rng(0)
runs = [mask_statistics(ContextToTarget(), 200, rng=rng, batch_size=n) for n in sizes]
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
bars = ax.bar([f"{n}" for n in sizes], [s.tokens for s in runs], color=LIGHT.context)
ax.bar_label(bars, fmt="%.0f")
ax.set(xlabel="Records in a batch", ylabel="Context tokens kept", ylim=(0, 100))
tokens = ", ".join(f"{s.tokens:.0f} at {n}" for n, s in zip(sizes, runs, strict=True))
fig.set_label(f"Context tokens kept of 200 by batch size: {tokens}.")
