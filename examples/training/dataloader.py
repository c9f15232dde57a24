"""
Draw masks in a DataLoader: labels, workers, seeds, epochs
==========================================================

A collator goes where ``collate_fn`` goes, and all else of a ``DataLoader`` stays as it is. This
guide passes labels and dicts, sets up workers, seeds and epochs, pins memory, loses no token, and
gives all batches one shape.
"""

# %%
# Records with labels
# -------------------
#
# Any dataset will do. A record here is a signal ``(12, 5000)`` in mV with a label; the sample ECG,
# rolled in time, stands in for yours. Labels are stacked, and the masks follow the records.

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader

from ecgmask import MaskCollator, Masks, gather_tokens, sample_ecg
from ecgmask.plotting import plot_comparison

ecg = sample_ecg()
records = [(np.roll(ecg.signal, 50 * label, axis=1), label) for label in range(32)]
loader = DataLoader(records, batch_size=8, collate_fn=MaskCollator(patch_size=25, seed=1))
(batch, labels), context, target = next(iter(loader))
print(batch.shape, labels.tolist(), context.shape, target.shape)

# %%
# See the masks of a batch
# ------------------------
#
# Every record has a mask of its own, here drawn over the same ECG. All keep equally many patches,
# so that ``context`` and ``target`` fit :func:`torch.gather`.

masks = Masks.from_indices(context, target, n_patches=200)
plot_comparison(ecg, {"record 0": masks[0], "record 1": masks[1]})

# %%
# Records that are dicts
# ----------------------
#
# Say which key holds the signal. The batch is a dict, too.

dicts = [{"ecg": signal, "age": 50 + label} for signal, label in records]
collate = MaskCollator(patch_size=25, signal_key="ecg")
batch, context, target = next(iter(DataLoader(dicts, batch_size=8, collate_fn=collate)))
print(batch["ecg"].shape, batch["age"].tolist())

# %%
# Workers and seeds
# -----------------
#
# With a seed, the masks of a batch depend on its number. ``NumberedBatches`` sends the number
# along, and ``NumberedRecords`` hands it on: masks are then the same for any number of workers. The
# guard is for macOS and Windows, where each worker starts by importing the script.

from torch.utils.data import RandomSampler, SequentialSampler

from ecgmask import NumberedBatches, NumberedRecords

numbered = NumberedRecords(records)
collate = MaskCollator(patch_size=25, seed=1)

if __name__ == "__main__":
    for num_workers in (0, 1, 2):
        batches = NumberedBatches(SequentialSampler(records), batch_size=8, drop_last=False)
        loader = DataLoader(
            numbered, batch_sampler=batches, num_workers=num_workers, collate_fn=collate
        )
        last_patches = [context[0, -3:].tolist() for _, context, _ in loader]
        print(f"{num_workers} workers: the contexts end in {last_patches}")

# %%
# Epochs
# ------
#
# Each time the loader starts over is a new epoch, with masks of its own; ``set_epoch`` of the
# batches would say which. Shuffling has a generator of its own.

if __name__ == "__main__":
    order = RandomSampler(records, generator=torch.Generator().manual_seed(1))
    batches = NumberedBatches(order, batch_size=8, drop_last=False)
    loader = DataLoader(
        numbered,
        batch_sampler=batches,
        num_workers=2,
        persistent_workers=True,
        collate_fn=collate,
    )
    for epoch in range(2):
        for (_, labels), context, _ in loader:
            print(f"epoch {epoch}: records {labels.tolist()}, {context.shape[1]} context patches")

# %%
# On a GPU
# --------
#
# The model and what it works on have to be on one device: move the signals and the indices of each
# batch, which are plain tensors in a named tuple. ``pin_memory`` pins them all, so that they can be
# copied while the GPU still computes. Masks are drawn by the workers, on the CPU. Without a GPU the
# same lines run on the CPU; pinning would only bring a warning there.

device = "cuda" if torch.cuda.is_available() else "cpu"
model = torch.nn.Linear(12 * 25, 64).to(device)
loader = DataLoader(
    records,
    batch_size=8,
    collate_fn=MaskCollator(patch_size=25, seed=1),
    pin_memory=device == "cuda",
)
for (signals, _), context, target in loader:
    signals = signals.to(device, non_blocking=True)
    context = context.to(device, non_blocking=True)
    target = target.to(device, non_blocking=True)
    tokens = model(signals.unfold(2, 25, 25).transpose(1, 2).flatten(2))
    seen = gather_tokens(tokens, context)
print(tuple(seen.shape), "on", seen.device.type)

# %%
# Lose no token
# -------------
#
# Spans leave contexts and targets of different lengths, which are cut to the shortest of a batch.
# With ``truncate="never"`` they are filled up to the longest, and the :class:`~ecgmask.FilledBatch`
# says which slots are filler.

from ecgmask import PatchMaskCollator, Spans

collate = PatchMaskCollator(Spans.wav2vec2(), patch_size=25, truncate="never", seed=1)
filled = collate([signal for signal, _ in records[:8]])
target = filled.targets[0]
target_filler = filled.target_padding[0]
context_filler = filled.context_padding
n_context = (~context_filler).sum(dim=1)
n_target = (~target_filler).sum(dim=1)
print(filled.context.shape[1], "slots for contexts of", n_context.tolist())
print(target.shape[1], "slots for targets of", n_target.tolist())

# %%
# Keep filler out of the loss
# ---------------------------
#
# No token attends to filler: ``context_padding`` is a key padding mask, of the encoder and of all
# that reads its output. The loss is that of the other slots. What a filler holds then changes
# nothing.

from torch import nn

torch.manual_seed(0)
embed = nn.Linear(12 * 25, 64)
position = nn.Embedding(200, 64)
samples = nn.Linear(64, 12 * 25)
encoder = nn.TransformerEncoderLayer(64, 4, dropout=0, batch_first=True)
predictor = nn.MultiheadAttention(64, 4, batch_first=True)

patches = filled.batch.unfold(2, 25, 25).transpose(1, 2).flatten(2)  # (8, 200, 12 * 25)
seen = gather_tokens(embed(patches) + position.weight, filled.context)
encoded = encoder(seen, src_key_padding_mask=context_filler)
asked = position(target)
predicted, _ = predictor(asked, encoded, encoded, key_padding_mask=context_filler)
error = samples(predicted) - gather_tokens(patches, target)
loss = error[~target_filler].square().mean()
print(f"loss {loss:.3f} mV² over {len(error[~target_filler])} tokens")

# %%
# Replace what is hidden
# ----------------------
#
# An encoder that sees all places gets an embedding where something is hidden.
# :func:`~ecgmask.mark_tokens` says where, on the device of the indices.

from ecgmask import mark_tokens

mask_embedding = nn.Parameter(torch.zeros(64))
hidden = mark_tokens(target, 200)
replaced = torch.where(hidden[..., None], mask_embedding, embed(patches))
everything = encoder(replaced + position.weight)
print(everything.shape, "with", hidden.sum(dim=1).tolist(), "places replaced")

# %%
# One shape in all batches
# ------------------------
#
# Some loaders and compilers want one shape throughout. ``n_context`` and ``n_target`` cut records
# to so many tokens, and draw those again that have fewer. Trainers that rebuild batches take a
# dict: ``as_dict=True`` puts the indices beside what the records hold.

collate = PatchMaskCollator(
    Spans.wav2vec2(),
    patch_size=25,
    signal_key="ecg",
    as_dict=True,
    n_context=70,
    n_target=70,
    seed=1,
)
for _ in range(3):
    masked = collate(dicts[:8])
    print(list(masked), tuple(masked["context"].shape))

if __name__ == "__main__":
    plt.show()

# sphinx_gallery_parallel = False
# sphinx_gallery_tags = ["shared mask", "training"]
