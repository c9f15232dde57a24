"""
What does a large batch hide? The bias of truncation
====================================================

Contexts of different lengths are cut to the shortest of their batch, so that they fit one tensor.
This guide measures which patches that costs under each rule, and how the loss grows with the batch.
"""

# %%
# Collate a hundred batches
# -------------------------
#
# A collator draws I-JEPA's masks for batches of 64 records, once for each rule. One seed makes the
# masks the same before they are cut. The masks ignore the signal, so one lead will do.

import matplotlib.pyplot as plt
import numpy as np
import torch

from ecgmask import ContextToTarget, PatchMaskCollator, sample_ecg
from ecgmask.plotting import LIGHT

record, collators, kept = sample_ecg().signal[:1], {}, {}
for rule in ("first", "random", "ends"):
    collators[rule] = PatchMaskCollator(ContextToTarget(), 25, truncate=rule, seed=0)
    kept[rule] = [collators[rule]([record] * 64).context for _ in range(100)]

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
for rule, x, y in (("first", 60, 0.33), ("random", 150, 0.34), ("ends", 112, 0.28)):
    (line,) = ax.plot(seen[rule])
    ax.text(x, y, f'"{rule}"', color=line.get_color())
ax.set(xlim=(0, 199), ylim=(0, 0.7), xlabel="Patch", ylabel="Probability of being seen")
means = ", ".join(f"{r} {p[:50].mean():.2f}, {p[150:].mean():.2f}" for r, p in seen.items())
fig.set_label(f"Probability of being seen, in the first and the last quarter: {means}.")

# %%
# Weigh bias against splinters
# ----------------------------
#
# ``"random"`` has no bias of its own, but it breaks the context up; ``"ends"``, the default, keeps
# long runs and treats both ends alike.

for rule, drawn in kept.items():
    first, last = seen[rule][:50].mean(), seen[rule][150:].mean()
    run = len(flat[rule]) / sum(64 + (each.diff() != 1).sum() for each in drawn)
    print(f"{rule:<7}first quarter {first:.2f}, last {last:.2f}, run {run:.1f} patches")

# %%
# Measure each batch size
# -----------------------
#
# A fair rule leaves a quarter of the context in the last quarter of the record. How much is kept is
# the same under all rules.

sizes, last = {"1": 1024, "8": 256, "64": 128, "1024": 24}, {}  # records in a batch: batches
for rule, collate in collators.items():
    drawn = {n: [collate([record] * int(n)).context for _ in range(sizes[n])] for n in sizes}
    flat = {n: torch.cat([each.flatten() for each in batches]) for n, batches in drawn.items()}
    last[rule] = [(each >= 150).float().mean() for each in flat.values()]
tokens = [np.mean([each.shape[1] for each in batches]) for batches in drawn.values()]

# %%
# See where it grows
# ------------------
#
# One record is never cut. Under ``"first"`` 6 % are left in the last quarter at 64 records, and 4 %
# at 1024; the others stay near 25 %. Each larger batch loses more tokens, whatever the rule.

fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
left.set_prop_cycle(color=colours, linestyle=["-", "--", "-"], marker=["o", "s", "^"])
left.plot(list(sizes), 100 * np.transpose(list(last.values())), label=list(last))
left.set(xlabel="Records in a batch", ylabel="Context in the last quarter (%)", ylim=(0, 32))
left.legend(frameon=False)
right.bar_label(right.bar(list(sizes), tokens, color=LIGHT.context), fmt="%.0f")
right.set(xlabel="Records in a batch", ylabel="Context tokens kept", ylim=(0, 100))
shares = "; ".join(f"{r} {', '.join(f'{x:.0%}' for x in each)}" for r, each in last.items())
left_over = ", ".join(f"{each:.0f}" for each in tokens)
fig.set_label(f"Context in the last quarter, by batch size: {shares}. Tokens kept: {left_over}.")

# sphinx_gallery_tags = ["shared mask", "blocks", "statistics"]
# sphinx_gallery_thumbnail_number = 1
