"""What the authors' code draws, written from the rules that it follows: plain loops, no strategy.

Each function returns the masks of one batch as strings, ``#`` where a patch is hidden from the
encoder and ``.`` where it is seen. Options undo a difference to this package, one each.
"""

import numpy as np


def strip(n_patches, hidden):
    return "".join("#" if patch in hidden else "." for patch in range(n_patches))


def draw_start(rng, n_patches, length, *, last_patch):
    """Return a start; published bounds are often exclusive, so that the last patch is left out."""
    return int(rng.integers(n_patches - length + last_patch))


def mae(rng, n_records, n_patches, ratio):
    """Masked autoencoders (He 2022), and ST-MEM for each lead: shuffle, keep the first."""
    n_kept = int(n_patches * (1 - ratio))
    return [strip(n_patches, rng.permutation(n_patches)[n_kept:]) for _ in range(n_records)]


def kim_random(rng, n_records, n_patches):
    """Kim 2024, random masking: one mask for the batch."""
    n_hidden = int(n_patches * rng.uniform(0.6, 0.7))
    return [strip(n_patches, rng.permutation(n_patches)[:n_hidden])] * n_records


def kim_blocks(rng, n_records, n_patches, *, last_patch=False):
    """Kim 2024, blocks: four, one mask for the batch."""
    hidden = set()
    for _ in range(4):
        length = int(n_patches * rng.uniform(0.175, 0.225))
        start = draw_start(rng, n_patches, length, last_patch=last_patch)
        hidden |= set(range(start, start + length))
    return [strip(n_patches, hidden)] * n_records


def vjepa(rng, n_records, n_patches, n_blocks, scale):
    """V-JEPA on a row of patches: drawn again while nothing is seen."""
    length = int(n_patches * scale)
    masks = []
    while len(masks) < n_records:
        hidden = set()
        for _ in range(n_blocks):
            start = draw_start(rng, n_patches, length, last_patch=True)
            hidden |= set(range(start, start + length))
        if len(hidden) < n_patches:
            masks.append(strip(n_patches, hidden))
    return masks


def data2vec2(rng, n_records, n_patches, ratio, length, adjust=0.07):
    """data2vec 2.0, inverse blocks in one dimension: the ratio is made exact patch by patch."""
    n_seen = n_patches - round(n_patches * ratio)
    n_blocks = int(n_patches * (1 - ratio + adjust) / length)
    masks = []
    for _ in range(n_records):
        seen = set()
        for centre in rng.integers(n_patches, size=n_blocks):
            start = centre - length // 2
            seen |= set(range(max(start, 0), min(start + length, n_patches)))
        while len(seen) > n_seen:
            seen.remove(rng.choice(sorted(seen)))
        while len(seen) < n_seen:
            seen.add(int(rng.choice(sorted(set(range(n_patches)) - seen))))
        masks.append(strip(n_patches, set(range(n_patches)) - seen))
    return masks


def wav2vec2(rng, n_records, n_patches, ratio, length, *, last_patch=False):
    """wav2vec 2.0 and fairseq-signals, before a batch is made equal: spans, at least two."""
    n_spans = max(2, int(ratio * n_patches / length + rng.random()))
    masks = []
    for _ in range(n_records):
        starts = rng.choice(n_patches - length + last_patch, n_spans, replace=False)
        hidden = {start + offset for start in starts for offset in range(length)}
        masks.append(strip(n_patches, hidden))
    return masks


def oh(rng, n_records, n_leads, *, all_or_none=True):
    """Random lead masking (Oh 2022): each lead survives with probability 0.5."""
    masks = []
    while len(masks) < n_records:
        hidden = np.flatnonzero(rng.random(n_leads) < 0.5)
        if all_or_none or 0 < len(hidden) < n_leads:
            masks.append(strip(n_leads, hidden))
    return masks


def ijepa(rng, n_records, n_patches, *, context_scale=(0.85, 1.0), min_keep=10, last_patch=False):
    """I-JEPA on a row of patches, as (context, targets): more than `min_keep` patches are seen."""
    target_length = int(n_patches * rng.uniform(0.15, 0.2))
    context_length = int(n_patches * rng.uniform(*context_scale))
    masks = []
    while len(masks) < n_records:
        starts = [
            draw_start(rng, n_patches, target_length, last_patch=last_patch) for _ in range(4)
        ]
        blocks = [set(range(start, start + target_length)) for start in starts]
        start = draw_start(rng, n_patches, context_length, last_patch=last_patch)
        context = set(range(start, start + context_length)).difference(*blocks)
        if len(context) > min_keep:
            masks.append((strip(n_patches, set(range(n_patches)) - context), tuple(starts)))
    return masks


def random_tokens(rng, n_records, n_leads, n_patches, ratio):
    """LaBraM, ECG masked autoencoders: one random set over all tokens of a record."""
    n_tokens = n_leads * n_patches
    n_kept = int(n_tokens * (1 - ratio))
    return [strip(n_tokens, rng.permutation(n_tokens)[n_kept:]) for _ in range(n_records)]
