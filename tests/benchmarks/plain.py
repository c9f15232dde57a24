"""Plain implementations, a record or a patch at a time, that the benchmarks compare with."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import default_collate


def mask_and_complement(n_patches, rng, min_block_size=10, n_keep=40):
    """Draw one record: place blocks in a list of visible intervals."""
    n_masked = n_patches - n_keep
    masked = np.zeros(n_patches, dtype=bool)
    intervals = [(0, n_patches)]
    left = n_masked
    while left > 0:
        sizes = np.array([end - start for start, end in intervals])
        start, end = intervals.pop(rng.choice(len(intervals), p=sizes / sizes.sum()))
        fits = left >= min_block_size
        length = rng.integers(min_block_size, left + 1) if fits else left
        if end - start <= length:
            at, length = start, end - start
        elif fits:
            at = rng.integers(start, end - length + 1)
        elif start > 0 and (end == n_patches or rng.random() < 0.5):
            at = start
        else:
            at = end - length
        masked[at : at + length] = True
        left -= length
        intervals += [part for part in ((start, at), (at + length, end)) if part[0] < part[1]]
    return np.flatnonzero(~masked), np.flatnonzero(masked)


def context_to_target(n_patches, rng, length=35, context_length=180, n_targets=4, min_keep=10):
    """Draw one record with NumPy."""
    while True:
        targets = []
        context = np.zeros(n_patches, dtype=bool)
        start = rng.integers(0, n_patches - context_length + 1)
        context[start : start + context_length] = True
        for _ in range(n_targets):
            start = rng.integers(0, n_patches - length + 1)
            targets.append(np.arange(start, start + length))
            context[start : start + length] = False
        if context.sum() >= min_keep:
            return np.flatnonzero(context), targets


def context_to_target_torch(n_patches, length=35, context_length=180, n_targets=4, min_keep=10):
    """Draw one record with torch."""
    while True:
        targets = []
        context = torch.zeros(n_patches, dtype=torch.int32)
        start = torch.randint(0, n_patches - context_length + 1, (1,))
        context[start : start + context_length] = 1
        for _ in range(n_targets):
            start = torch.randint(0, n_patches - length + 1, (1,))
            block = torch.zeros(n_patches, dtype=torch.int32)
            block[start : start + length] = 1
            targets.append(torch.nonzero(block).squeeze(1))
            context[start : start + length] = 0
        context = torch.nonzero(context).squeeze(1)
        if len(context) >= min_keep:
            return context, targets


def collate_mask_and_complement(records, patch_size, rng):
    """Check, stack and mask a batch, one record at a time."""
    for record in records:
        if record.shape != records[0].shape or record.shape[1] % patch_size:
            raise ValueError("records do not fit")
        if not torch.isfinite(record).all():
            raise ValueError("samples are not finite")
    batch = default_collate(records)
    n_patches = records[0].shape[1] // patch_size
    contexts, targets = zip(*(mask_and_complement(n_patches, rng) for _ in records), strict=True)
    return (
        batch,
        torch.stack([torch.from_numpy(context) for context in contexts]),
        torch.stack([torch.from_numpy(target) for target in targets]),
    )


def draw_12_leads(signal, context, targets, patch_size=25, sampling_rate=500):
    """Draw a line for each patch and lead, and a bar for each patch."""
    time = np.arange(signal.shape[1]) / sampling_rate
    n_patches = signal.shape[1] // patch_size
    fig, axes = plt.subplots(
        len(signal) + 1, 1, figsize=(18, 16), height_ratios=[0.8] + [1] * len(signal), sharex=True
    )
    colours = []
    for patch in range(n_patches):
        hit = [i for i, block in enumerate(targets) if patch in block]
        colours.append(f"C{hit[0] + 1}" if hit else "C0" if patch in context else "0.8")
    seconds = patch_size / sampling_rate
    for patch, colour in enumerate(colours):
        axes[0].axvspan(patch * seconds, (patch + 1) * seconds, color=colour, lw=0)
    for ax, lead in zip(axes[1:], signal, strict=True):
        for patch, colour in enumerate(colours):
            piece = slice(patch * patch_size, (patch + 1) * patch_size)
            ax.plot(time[piece], lead[piece], color=colour, linewidth=1)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(True, axis="x", alpha=0.2)
    return fig
