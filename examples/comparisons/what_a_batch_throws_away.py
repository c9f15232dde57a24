"""
What does a batch throw away? To cut or to fill
===============================================

Contexts of a batch differ in length, but a tensor has one: cut all to the shortest, or fill them up
to the longest. This guide measures what either costs, for each strategy.
"""

# %%
# Measure every strategy
# ----------------------
#
# Each class holds the settings that have a name in the literature, as code.
# :func:`~ecgmask.mask_statistics` draws 64 batches of 64 records with each of them.

import numpy as np
from scipy.signal import find_peaks

import ecgmask as em

peaks, _ = find_peaks(em.sample_ecg().signal[1], height=0.6, distance=250)
statistics = {}
for family in em.Strategy.__subclasses__():
    for name, code in family.presets.items():
        strategy = eval(code, {}, vars(em))
        r_peaks = peaks / 25 if strategy.needs_r_peaks else ()
        rng = np.random.default_rng(0)
        short_name = name.split(" [")[0]
        statistics[short_name] = em.mask_statistics(strategy, 200, rng=rng, r_peaks=r_peaks)

# %%
# See what is lost and what is filler
# -----------------------------------
#
# Blue and grey together are the context as drawn. Cutting leaves the blue part; filling up keeps
# both, and adds what is hatched. Strategies with contexts of one length are left out.

import matplotlib.pyplot as plt

from ecgmask.plotting import LIGHT

unequal = {name: s for name, s in statistics.items() if s.lost > 0}
all_tokens = np.array([200 * s.n_leads for s in unequal.values()])
kept = 100 * np.array([s.tokens for s in unequal.values()]) / all_tokens
drawn = 100 * np.array([s.tokens_drawn for s in unequal.values()]) / all_tokens
slots = 100 * np.array([s.slots for s in unequal.values()]) / all_tokens

fig, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
labels = [name.replace(", ", ",\n") for name in unequal]
hatched = {"facecolor": LIGHT.background, "edgecolor": LIGHT.ignored_line, "hatch": "////"}
ax.barh(labels, slots, label="filler", **hatched)
ax.barh(labels, drawn, label="lost if cut", color=LIGHT.ignored)
ax.barh(labels, kept, label="left if cut", color=LIGHT.context)
ax.invert_yaxis()
ax.set(xlabel="Tokens of a record (%)", xlim=(0, 100))
fig.legend(loc="outside upper center", ncols=3, frameon=False, reverse=True)
costs = [f"{name} {s.lost:.0%} and {s.filler:.0%}" for name, s in unequal.items()]
fig.set_label(f"Share of the context that cutting loses, and of filler: {', '.join(costs)}.")

# %%
# Time a step
# -----------
#
# One forward and one backward pass of a transformer layer, for two records with the mean number of
# tokens. No token attends to filler, and the loss leaves it out. The fastest of five passes counts.

from timeit import repeat

import torch

torch.set_num_threads(1)
layer = torch.nn.TransformerEncoderLayer(64, 4, 256, dropout=0, batch_first=True)
cut_step = "layer(cut).std().backward()"
filled_step = "layer(filled, src_key_padding_mask=padding)[~padding].std().backward()"
seconds = {}
for name, s in unequal.items():
    cut = torch.randn(2, round(s.tokens), 64)
    filled = torch.randn(2, round(s.slots), 64)
    padding = torch.arange(round(s.slots)).expand(2, -1) >= s.tokens_drawn
    times_cut = repeat(cut_step, number=1, repeat=5, globals=globals())
    times_filled = repeat(filled_step, number=1, repeat=5, globals=globals())
    seconds[name] = min(times_cut) / 2, min(times_filled) / 2

# %%
# Compare the numbers
# -------------------
#
# The context tokens of a record as drawn, the share of them that cutting loses, the share of the
# slots that is filler, and the time of a step in milliseconds a record. Filled, a step works on
# filler, but also on all the tokens that cutting loses.

print(f"{'':<27}drawn   lost  filler  step, cut  step, filled")
for name, s in unequal.items():
    cut, filled = seconds[name]
    shares = f"{s.tokens_drawn:5.0f}{s.lost:7.0%}{s.filler:8.0%}"
    print(f"{name:<27}{shares}{1000 * cut:8.2f} ms{1000 * filled:11.2f} ms")

# %%
# Know where there is no choice to make
# -------------------------------------
#
# These strategies keep equally many tokens of all records of a batch, or draw one mask for all.

equal = {name: s for name, s in statistics.items() if s.lost == 0}
for name, s in equal.items():
    print(f"{name:<23}{s.tokens_drawn:5.0f} drawn{s.tokens:5.0f} if cut{s.slots:5.0f} slots")

# %%
# See which patches cutting costs
# -------------------------------
#
# I-JEPA's masks for a hundred batches, once for each rule; one seed draws the same masks for all.
# Keeping the first patches, as the published code does, hides the end of the record. ``"random"``
# and ``"ends"`` lose as much, but at both ends alike. ``"never"`` shows what was drawn.

record = em.sample_ecg().signal[:1]
context = {}
for rule in ("first", "random", "ends", "never"):
    collate = em.PatchMaskCollator(em.ContextToTarget.ijepa(), 25, truncate=rule, seed=0)
    batches = [collate([record] * 64) for _ in range(100)]
    masks = [em.Masks.from_indices(each.context, each.targets, n_patches=200) for each in batches]
    context[rule] = np.concatenate([each.context for each in masks])

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
colours = [LIGHT.target_line, LIGHT.ignored_line, LIGHT.context_line, LIGHT.text]
ax.set_prop_cycle(color=colours, linestyle=["-", "--", "-", ":"])
for rule, shown in context.items():
    ax.plot(shown.mean(axis=(0, 1)), label=f'"{rule}"')
ax.set(xlim=(0, 199), ylim=(0, 0.7), xlabel="Patch", ylabel="Probability of being seen")
ax.legend(frameon=False, ncols=2)
ends = {rule: (c[..., :50].mean(), c[..., 150:].mean()) for rule, c in context.items()}
means = [f"{rule} {first:.2f} and {last:.2f}" for rule, (first, last) in ends.items()]
fig.set_label(f"Probability of being seen, in the first and last quarter: {', '.join(means)}.")

# %%
# Weigh bias against splinters
# ----------------------------
#
# ``"random"`` favours no patch, but breaks the context up. ``"ends"``, the default, leaves long
# runs.

for rule, (first, last) in ends.items():
    n_runs = np.diff(context[rule], prepend=False, append=False).sum() / 2
    run = context[rule].sum() / n_runs
    print(f"{rule:<7}first quarter {first:.2f}, last {last:.2f}, run {run:4.1f} patches")

# %%
# Watch the batch grow
# --------------------
#
# One record is alone and loses nothing. Each larger batch loses more, and needs more filler.

for batch_size in (1, 8, 64, 1024):
    s = em.mask_statistics(em.ContextToTarget.ijepa(), 200, rng=rng, batch_size=batch_size)
    print(f"{batch_size:4} records: {s.lost:4.0%} lost, or {s.filler:4.0%} filler")

# %%
# Choose
# ------
#
# Filled up, each record keeps the context that its strategy draws, however large the batch. Cutting
# makes short steps, and is what the published code of I-JEPA and V-JEPA does. See
# :doc:`/gallery/training/dataloader` for how filler is kept out of a loss.

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["shared mask", "per-lead mask", "statistics"]
# sphinx_gallery_thumbnail_number = 2
