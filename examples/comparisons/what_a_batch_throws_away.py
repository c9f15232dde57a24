"""
What does a batch throw away? To cut or to fill
===============================================

Contexts of a batch differ in length, but a tensor has one: cut all to the shortest, or fill them up
to the longest. This guide measures what either costs, for each strategy.
"""

# %%
# Measure the strategies
# ----------------------
#
# :func:`~ecgmask.compare_strategies` draws many batches of 64 records with each of them.

import numpy as np
from scipy.signal import find_peaks

from ecgmask import (
    Beats,
    Both,
    ContextToTarget,
    Forecast,
    GeometricRuns,
    InverseBlocks,
    LeadBlocks,
    Leads,
    MaskAndComplement,
    RandomPatches,
    Spans,
    UnionOfBlocks,
    compare_strategies,
    mask_statistics,
    sample_ecg,
)

ecg = sample_ecg()
peaks, _ = find_peaks(ecg.signal[ecg.lead_index("II")], height=0.6, distance=250)
strategies = {
    "I-JEPA": ContextToTarget.ijepa(),
    "V-JEPA, short range": UnionOfBlocks.vjepa_short(),
    "V-JEPA, long range": UnionOfBlocks.vjepa_long(),
    "wav2vec 2.0": Spans.wav2vec2(),
    "SimMTM": GeometricRuns(),
    "Random leads (Oh)": Leads.oh(),
    "Neighbouring leads": LeadBlocks(),
    "Spans and leads (ECG-FM)": Both(Spans.wav2vec2(), Leads.oh()),
    "Whole beats": Beats(),
    "MAE": RandomPatches.mae(),
    "ECG-JEPA": MaskAndComplement(),
    "Kim, blocks": UnionOfBlocks.kim(),
    "data2vec 2.0": InverseBlocks.data2vec2(),
    "Forecast": Forecast(),
}
comparison = compare_strategies(strategies, n_patches=200, batch_size=64, r_peaks=peaks / 25)
statistics = comparison.statistics

# %%
# See what is lost and what is filler
# -----------------------------------
#
# Blue and grey together are the context as drawn. Cutting leaves the blue part; filling up keeps
# both, and adds what is hatched. The strategies at the bottom keep equally many tokens of all
# records of a batch, or draw one mask for all: there is no choice to make.

import matplotlib.pyplot as plt

from ecgmask.plotting import LIGHT

names = list(statistics)
n_tokens = np.array([200 * s.n_leads for s in statistics.values()])
kept = 100 * np.array([s.tokens for s in statistics.values()]) / n_tokens
drawn = 100 * np.array([s.tokens_drawn for s in statistics.values()]) / n_tokens
slots = 100 * np.array([s.slots for s in statistics.values()]) / n_tokens

fig, ax = plt.subplots(figsize=(8.4, 5), layout="constrained")
ax.barh(
    names,
    slots,
    label="filler",
    facecolor=LIGHT.background,
    edgecolor=LIGHT.ignored_line,
    hatch="////",
)
ax.barh(names, drawn, label="lost if cut", color=LIGHT.ignored)
ax.barh(names, kept, label="left if cut", color=LIGHT.context)
ax.invert_yaxis()
ax.set(xlabel="Tokens of a record (%)", xlim=(0, 100))
fig.legend(loc="outside upper center", ncols=3, frameon=False, reverse=True)
costs = [f"{name} {s.lost:.0%} and {s.filler:.0%}" for name, s in statistics.items()]
fig.set_label(f"Share of the context that cutting loses, and of filler: {', '.join(costs)}.")

# %%
# Time a step
# -----------
#
# One forward and one backward pass of a transformer layer, for two records with the mean number of
# tokens. No token attends to filler, and the loss leaves it out. The fastest of five passes counts.

import time

import torch

torch.set_num_threads(1)
layer = torch.nn.TransformerEncoderLayer(64, 4, 256, dropout=0, batch_first=True)
cut_ms = {}
filled_ms = {}
for name in ("I-JEPA", "V-JEPA, short range", "V-JEPA, long range", "wav2vec 2.0"):
    n_cut = round(statistics[name].tokens)
    n_drawn = round(statistics[name].tokens_drawn)
    n_slots = round(statistics[name].slots)
    cut = torch.randn(2, n_cut, 64)
    filled = torch.randn(2, n_slots, 64)
    filler = torch.zeros(2, n_slots, dtype=torch.bool)
    filler[:, n_drawn:] = True
    cut_times = []
    filled_times = []
    for _ in range(5):
        start = time.perf_counter()
        loss = layer(cut).std()  # stands in for that of a task
        loss.backward()
        middle = time.perf_counter()
        loss = layer(filled, src_key_padding_mask=filler)[~filler].std()
        loss.backward()
        end = time.perf_counter()
        cut_times.append(middle - start)
        filled_times.append(end - middle)
    cut_ms[name] = 1000 * min(cut_times) / 2
    filled_ms[name] = 1000 * min(filled_times) / 2

# %%
# Compare the numbers
# -------------------
#
# The context tokens of a record as drawn, the share of them that cutting loses, the share of the
# slots that is filler, and the time of a step in milliseconds a record. Filled, a step works on
# filler, but also on all the tokens that cutting loses.

import pandas as pd

table = pd.DataFrame(
    {
        "Drawn": {name: statistics[name].tokens_drawn for name in cut_ms},
        "Lost if cut (%)": {name: 100 * statistics[name].lost for name in cut_ms},
        "Filler (%)": {name: 100 * statistics[name].filler for name in cut_ms},
        "Step, cut (ms)": cut_ms,
        "Step, filled (ms)": filled_ms,
    }
)
table.round({"Drawn": 0, "Lost if cut (%)": 0, "Filler (%)": 0}).round(2)

# %%
# See which patches cutting costs
# -------------------------------
#
# I-JEPA's masks for a hundred batches, once for each rule; one seed draws the same masks for all.
# Keeping the first patches, as the published code does, hides the end of the record. ``"random"``
# and ``"ends"`` lose as much, but at both ends alike. ``"never"`` shows what was drawn.

from ecgmask import Masks, PatchMaskCollator

one_lead = ecg.signal[:1]
context = {}
for rule in ("never", "ends", "random", "first"):
    collate = PatchMaskCollator(ContextToTarget.ijepa(), patch_size=25, truncate=rule, seed=0)
    seen = []
    for _ in range(100):
        batch = collate([one_lead] * 64)
        masks = Masks.from_indices(batch.context, batch.targets, n_patches=200)
        seen.append(masks.context[:, 0])
    context[rule] = np.concatenate(seen)  # (records, patches)

fig, axes = plt.subplots(4, 1, figsize=(8.4, 6), sharex=True, layout="constrained")
for ax, rule in zip(axes, context, strict=True):
    ax.fill_between(range(200), context[rule].mean(axis=0), color=LIGHT.context, linewidth=0)
    ax.set_title(f'"{rule}"', loc="left")
    ax.set(xlim=(0, 199), ylim=(0, 0.7))
fig.supxlabel("Patch")
fig.supylabel("Probability of being seen")
quarters = []
for rule, seen in context.items():
    quarters.append(f"{rule} {seen[:, :50].mean():.2f} and {seen[:, 150:].mean():.2f}")
fig.set_label(f"Probability of being seen, first and last quarter: {', '.join(quarters)}.")

# %%
# Weigh bias against splinters
# ----------------------------
#
# ``"random"`` favours no patch, but breaks the context up. ``"ends"``, the default, leaves long
# runs.

rows = {}
for rule, seen in context.items():
    n_changes = np.diff(seen, prepend=False, append=False).sum()
    n_runs = n_changes / 2  # each has a beginning and an end
    rows[rule] = {
        "First quarter": seen[:, :50].mean(),
        "Last quarter": seen[:, 150:].mean(),
        "Run (patches)": seen.sum() / n_runs,
    }
pd.DataFrame(rows).T.round(2)

# %%
# Watch the batch grow
# --------------------
#
# One record is alone and loses nothing. Each larger batch loses more, and needs more filler.

sizes = (1, 8, 64, 1024)
lost = []
filler = []
for batch_size in sizes:
    s = mask_statistics(
        ContextToTarget.ijepa(), 200, rng=np.random.default_rng(0), batch_size=batch_size
    )
    lost.append(100 * s.lost)
    filler.append(100 * s.filler)

fig, ax = plt.subplots(figsize=(8.4, 3), layout="constrained")
ax.plot(sizes, lost, "o-", color=LIGHT.ignored_line, label="lost if cut")
ax.plot(sizes, filler, "s:", color=LIGHT.text, label="filler if filled up")
ax.set(xscale="log", xlabel="Records in a batch", ylabel="I-JEPA (%)", ylim=(0, None))
ax.set_xticks(sizes, [str(size) for size in sizes])
ax.legend(frameon=False)
fig.set_label(f"Share of I-JEPA's context that is lost, by batch size: {np.round(lost)} %.")
plt.show()

# %%
# Choose
# ------
#
# Filled up, each record keeps the context that its strategy draws, however large the batch. Cutting
# makes short steps, and is what the published code of I-JEPA and V-JEPA does. See
# :doc:`/gallery/training/dataloader` for how filler is kept out of a loss.

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["shared mask", "per-lead mask", "statistics"]
