"""What the authors' code draws, written from the rules that it follows: plain loops, no strategy.

Each function draws one batch: a list of records, each a tuple with a string for every lead, or one
for all of them. ``#`` is a patch that is hidden from the encoder, ``.`` one that it sees. What this
package does otherwise has an option, which is off as published.
"""

from fractions import Fraction

import numpy as np


def strip(n_patches, hidden):
    """Return the string of a set of hidden patches."""
    marks = np.full(n_patches, ord("."), dtype=np.uint8)
    marks[[*hidden]] = ord("#")
    return marks.tobytes().decode()


def block(rng, n_patches, length, *, last_patch):
    """Return a random block; published bounds are often exclusive: no block has the last patch."""
    start = int(rng.integers(n_patches - length + last_patch))
    return set(range(start, start + length))


def part(n_patches, ratio, *, exact=False):
    """Return how many of the patches a ratio leaves, as floating point has it or exactly."""
    if exact:
        return int(n_patches * (1 - Fraction(str(ratio))))
    return int(n_patches * (1 - ratio))


def mae(rng, n_records, n_patches, ratio, *, n_leads=1, exact=False):
    """Masked autoencoders, and ST-MEM and PatchTST for each lead: shuffle and keep the first."""
    n_kept = part(n_patches, ratio, exact=exact)
    return [
        tuple(strip(n_patches, rng.permutation(n_patches)[n_kept:]) for _ in range(n_leads))
        for _ in range(n_records)
    ]


def random_tokens(rng, n_records, n_patches, ratio, n_leads):
    """LaBraM, HeartLang: one random set over all leads and times of a record."""
    n_tokens = n_leads * n_patches
    records = mae(rng, n_records, n_tokens, ratio)
    starts = range(0, n_tokens, n_patches)
    return [tuple(tokens[at : at + n_patches] for at in starts) for (tokens,) in records]


def kim_random(rng, n_records, n_patches):
    """Kim, random masking: one mask for the batch."""
    n_hidden = int(n_patches * rng.uniform(0.6, 0.7))
    return [(strip(n_patches, rng.permutation(n_patches)[:n_hidden]),)] * n_records


def kim_blocks(rng, n_records, n_patches, *, last_patch=False):
    """Kim, blocks: four, and one mask for the batch."""
    hidden = set()
    for _ in range(4):
        length = int(n_patches * rng.uniform(0.175, 0.225))
        hidden |= block(rng, n_patches, length, last_patch=last_patch)
    return [(strip(n_patches, hidden),)] * n_records


def simmtm(rng, n_records, n_patches, ratio, mean_length, *, some=False):
    """SimMTM: hidden and visible runs of geometric length by turns, cut at the end."""
    mean_seen = mean_length * (1 - ratio) / ratio
    records = []
    while len(records) < n_records:
        row, hidden = "", rng.random() < ratio
        while len(row) < n_patches:
            row += ".#"[hidden] * rng.geometric(1 / (mean_length if hidden else mean_seen))
            hidden = not hidden
        row = row[:n_patches]
        if not some or len(set(row)) == 2:
            records.append((row,))
    return records


def vjepa(rng, n_records, n_patches, n_blocks, scale):
    """V-JEPA on a row of patches: drawn again while nothing is seen."""
    records = []
    while len(records) < n_records:
        hidden = set()
        for _ in range(n_blocks):
            hidden |= block(rng, n_patches, int(n_patches * scale), last_patch=True)
        if len(hidden) < n_patches:
            records.append((strip(n_patches, hidden),))
    return records


def keep_the_first(marked, n_kept):
    """Return the first so many patches of a set, as V-JEPA cuts contexts and targets."""
    return set(sorted(marked)[:n_kept])


def data2vec2(rng, n_records, n_patches, *, exact=False):
    """data2vec 2.0, inverse blocks in one dimension: patch by patch, the count is made right."""
    ratio, length, adjust = 0.8, 10, 0.07
    n_seen = part(n_patches, ratio, exact=exact)
    n_blocks = int(n_patches * (1 - ratio + adjust) / length)
    records = []
    for _ in range(n_records):
        seen = set()
        for centre in rng.integers(n_patches, size=n_blocks):
            start = int(centre) - length // 2
            seen |= set(range(max(start, 0), min(start + length, n_patches)))
        while len(seen) > n_seen:
            seen.remove(sorted(seen)[rng.integers(len(seen))])
        while len(seen) < n_seen:
            seen.add(int(rng.integers(n_patches)))
        records.append((strip(n_patches, set(range(n_patches)) - seen),))
    return records


def wav2vec2(rng, n_records, n_patches, *, last_patch=False, unequal=False):
    """wav2vec 2.0, fairseq-signals, MELP: spans, at least two; then the batch is made equal."""
    ratio, length = 0.65, 10
    n_spans = max(2, int(ratio * n_patches / length + rng.random()))
    sets = []
    for _ in range(n_records):
        starts = rng.choice(n_patches - length + last_patch, n_spans, replace=False)
        sets.append({int(start) + offset for start in starts for offset in range(length)})
    if not unequal:
        fewest = min(map(len, sets))
        sets = [rng.choice(sorted(hidden), fewest, replace=False) for hidden in sets]
    return [(strip(n_patches, hidden),) for hidden in sets]


def oh(rng, n_records, n_patches, n_leads=12, *, some=False):
    """Random lead masking: each lead survives with probability 0.5, so all may, or none."""
    records = []
    while len(records) < n_records:
        hidden = rng.random(n_leads) < 0.5
        if not some or 0 < hidden.sum() < n_leads:
            records.append(tuple(".#"[lead] * n_patches for lead in hidden.astype(int)))
    return records


def mlae(rng, n_records, n_patches):
    """MLAE as ST-MEM runs it: three of twelve leads are kept."""
    records = []
    for _ in range(n_records):
        kept = set(rng.permutation(12)[:3].tolist())
        records.append(tuple("#."[lead in kept] * n_patches for lead in range(12)))
    return records


def ecg_fm(rng, n_records, n_patches, n_leads=12, *, last_patch=False, unequal=False, some=False):
    """ECG-FM: the spans of wav2vec 2.0 and random lead masking on the same record."""
    spans = wav2vec2(rng, n_records, n_patches, last_patch=last_patch, unequal=unequal)
    leads = oh(rng, n_records, n_patches, n_leads, some=some)
    return [
        tuple(lead if lead[0] == "#" else in_time for lead in of_record)
        for (in_time,), of_record in zip(spans, leads, strict=True)
    ]


def ijepa(
    rng,
    n_records,
    n_patches,
    *,
    context_scale=(0.85, 1.0),
    pred_scale=(0.15, 0.2),
    min_keep=10,
    last_patch=False,
    never_leaks=False,
    short_targets=False,
):
    """I-JEPA on a row of patches: four targets, and more than `min_keep` patches of context.

    After the string of the context, each record has one of each target, ``#`` where it is. After
    every twenty attempts, one target more is left in the context.
    """
    length = int(n_patches * rng.uniform(*pred_scale))
    context_length = int(n_patches * rng.uniform(*context_scale))
    if not short_targets and length <= min_keep:
        raise RecursionError(f"targets of {length} patches are drawn again for ever")
    records = []
    for _ in range(n_records):
        targets = [block(rng, n_patches, length, last_patch=last_patch) for _ in range(4)]
        context, attempts = set(), 0
        while len(context) <= min_keep:
            if never_leaks:
                targets = [block(rng, n_patches, length, last_patch=last_patch) for _ in range(4)]
            n_cut_out = 4 if never_leaks else max(0, 4 - attempts // 20)
            context = block(rng, n_patches, context_length, last_patch=last_patch)
            context = context.difference(*targets[:n_cut_out])
            attempts += 1
        hidden = set(range(n_patches)) - context
        records.append(tuple(strip(n_patches, marked) for marked in (hidden, *targets)))
    return records


def ecg_jepa(rng, n_records, n_patches):
    """ECG-JEPA of Weimann and Conrad: blocks of at least ten inside what is still visible."""
    shortest = 10
    n_hidden = n_patches - int(np.ceil(n_patches * rng.uniform(0.15, 0.25)))
    records = []
    for _ in range(n_records):
        intervals, hidden = [(0, n_patches)], set()
        while len(hidden) < n_hidden:
            left = n_hidden - len(hidden)
            sizes = np.array([end - start for start, end in intervals])
            start, end = intervals.pop(rng.choice(len(sizes), p=sizes / sizes.sum()))
            length = int(rng.integers(shortest, left + 1)) if left >= shortest else left
            if end - start <= length:
                first, stop = start, end
            elif left >= shortest:
                first = int(rng.integers(start, end - length + 1))
                stop = first + length
            elif end == n_patches or (start > 0 and rng.random() < 0.5):
                first, stop = start, start + length
            else:
                first, stop = end - length, end
            hidden |= set(range(first, stop))
            intervals += [(a, b) for a, b in [(start, first), (stop, end)] if b > a]
        records.append((strip(n_patches, hidden),))
    return records
