"""Exact laws of the strategies, written from their rules. Nothing here draws a sample.

A record is a string, one character a patch: ``#`` is masked, ``.`` is visible.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import ceil, comb, floor


def mask_and_complement(n_patches: int, n_keep: int, min_block_size: int) -> dict[str, Fraction]:
    """Return the law of the record after the last block, for up to some 14 patches.

    It follows the Markov chain of the record: one step of all probabilities for every block.
    """
    law = {"." * n_patches: Fraction(1)}
    while any(strip.count(".") > n_keep for strip in law):
        after: dict[str, Fraction] = defaultdict(Fraction)
        for strip, probability in law.items():
            left = strip.count(".") - n_keep
            if left == 0:
                after[strip] += probability
                continue
            for masked, share in _place_block(strip, left, min_block_size):
                after[masked] += probability * share
        law = dict(after)
    return law


def _place_block(strip: str, left: int, min_block_size: int) -> Iterator[tuple[str, Fraction]]:
    stands_alone = left >= min_block_size
    lengths = range(min_block_size, left + 1) if stands_alone else range(left, left + 1)
    for visible in re.finditer(r"\.+", strip):
        start, end = visible.span()
        for length in lengths:
            share = Fraction(end - start, strip.count(".") * len(lengths))
            if end - start <= length:
                places = [(start, end)]
            elif stands_alone:
                places = [(at, at + length) for at in range(start, end - length + 1)]
            else:
                places = []
                if strip[:start]:
                    places.append((start, start + length))
                if strip[end:]:
                    places.append((end - length, end))
            for first, stop in places:
                masked = strip[:first] + "#" * (stop - first) + strip[stop:]
                yield masked, share / len(places)


def context_to_target(
    n_patches: int, context_length: int, target_length: int, n_targets: int, min_keep: int
) -> dict[tuple[str, ...], Fraction]:
    """Return the law of (context, target 1, target 2, ...) at fixed lengths, for small records.

    All layouts that leave `min_keep` context patches are equally likely.
    """

    def blocks(length: int) -> list[str]:
        starts = range(n_patches - length + 1)
        return ["." * at + "#" * length + "." * (n_patches - length - at) for at in starts]

    layouts: dict[tuple[str, ...], int] = defaultdict(int)
    for block, *targets in product(blocks(context_length), *[blocks(target_length)] * n_targets):
        context = "".join(
            "#" if in_block == "#" and "#" not in in_targets else "."
            for in_block, *in_targets in zip(block, *targets, strict=True)
        )
        if context.count("#") >= min_keep:
            layouts[(context, *targets)] += 1
    total = sum(layouts.values())
    return {layout: Fraction(ways, total) for layout, ways in layouts.items()}


def kept_counts(n_patches: int, low: str, high: str) -> dict[int, Fraction]:
    """Return the law of ``ceil(u * n_patches)``, `u` uniform between two decimals."""
    return _rounded(n_patches, low, high, ceil)


def block_lengths(n_patches: int, low: str, high: str) -> dict[int, Fraction]:
    """Return the law of ``max(1, floor(u * n_patches))``, `u` uniform between two decimals."""
    law: dict[int, Fraction] = defaultdict(Fraction)
    for length, probability in _rounded(n_patches, low, high, floor).items():
        law[max(1, length)] += probability
    return dict(law)


def _rounded(n_patches: int, low: str, high: str, rounding) -> dict[int, Fraction]:
    # Decimals come as text: Fraction("0.15") is exact, Fraction(0.15) is not.
    least, greatest = Fraction(low) * n_patches, Fraction(high) * n_patches
    if least == greatest:
        return {rounding(least): Fraction(1)}
    # Between two neighbouring whole numbers rounding is constant: look at the middle.
    marks = [least, *range(floor(least) + 1, ceil(greatest)), greatest]
    return {
        rounding((left + right) / 2): (right - left) / (greatest - least)
        for left, right in pairwise(marks)
    }


def cover(n_patches: int, length: int) -> list[Fraction]:
    """Return, for every patch, the probability that a uniformly placed block covers it."""
    n_starts = n_patches - length + 1
    return [
        Fraction(sum(start <= patch < start + length for start in range(n_starts)), n_starts)
        for patch in range(n_patches)
    ]


def overlap(n_patches: int, length: int) -> Fraction:
    """Return the probability that two independent blocks of one length share a patch."""
    n_starts = n_patches - length + 1
    pairs = product(range(n_starts), repeat=2)
    return Fraction(sum(abs(one - other) < length for one, other in pairs), n_starts**2)


def union_marginal(n_patches: int, n_targets: int, lengths: dict[int, Fraction]) -> list[float]:
    """Return, for every patch, the probability that any of `n_targets` covers it."""
    covers = {length: cover(n_patches, length) for length in lengths}
    return [
        float(sum(w * (1 - (1 - covers[length][p]) ** n_targets) for length, w in lengths.items()))
        for p in range(n_patches)
    ]


def context_marginal(
    n_patches: int,
    n_targets: int,
    target_lengths: dict[int, Fraction],
    context_lengths: dict[int, Fraction],
) -> list[float]:
    """Return, for every patch, the probability that it is context; `min_keep` left aside.

    The two lengths are independent, so the two factors are.
    """
    outside = [1 - p for p in union_marginal(n_patches, n_targets, target_lengths)]
    covers = {length: cover(n_patches, length) for length in context_lengths}
    inside = [
        float(sum(w * covers[length][p] for length, w in context_lengths.items()))
        for p in range(n_patches)
    ]
    return [a * b for a, b in zip(inside, outside, strict=True)]


def union_of_blocks(
    n_patches: int, lengths: dict[int, Fraction], num_blocks: int, min_keep: int = 1
) -> dict[str, Fraction]:
    """Return the law of the record under blocks that each draw their own length and start.

    Records with fewer than `min_keep` visible patches are drawn again, so they are left out.
    """
    law = {"." * n_patches: Fraction(1)}
    for _ in range(num_blocks):
        after: dict[str, Fraction] = defaultdict(Fraction)
        for (strip, probability), (length, weight) in product(law.items(), lengths.items()):
            n_starts = n_patches - length + 1
            for start in range(n_starts):
                masked = strip[:start] + "#" * length + strip[start + length :]
                after[masked] += probability * weight / n_starts
        law = dict(after)
    kept = {strip: p for strip, p in law.items() if strip.count(".") >= min_keep}
    total = sum(kept.values())
    return {strip: p / total for strip, p in kept.items()}


def union_of_blocks_marginal(
    n_patches: int, num_blocks: int, lengths: dict[int, Fraction]
) -> list[float]:
    """Return, for every patch, the probability that a block covers it; `min_keep` left aside."""
    covers = {length: cover(n_patches, length) for length in lengths}
    once = [sum(w * covers[length][p] for length, w in lengths.items()) for p in range(n_patches)]
    return [float(1 - (1 - q) ** num_blocks) for q in once]


def union_of_spans(n_patches: int, n_spans: int, length: int) -> dict[str, Fraction]:
    """Return the law of the union of spans if every set of `n_spans` starts is equally likely."""
    ways: dict[str, int] = defaultdict(int)
    for starts in combinations(range(n_patches - length + 1), n_spans):
        inside = {start + offset for start in starts for offset in range(length)}
        ways["".join("#" if patch in inside else "." for patch in range(n_patches))] += 1
    total = sum(ways.values())
    return {strip: Fraction(count, total) for strip, count in ways.items()}


def union_of_spans_marginal(n_patches: int, n_spans: int, length: int) -> list[float]:
    """Return, for every patch, the probability that one of `n_spans` different spans covers it."""
    n_starts = n_patches - length + 1
    covering = [int(q * n_starts) for q in cover(n_patches, length)]
    return [1 - comb(n_starts - c, n_spans) / comb(n_starts, n_spans) for c in covering]


def spans_of_batches(
    n_patches: int, ratio: str, length: int, min_spans: int
) -> dict[str, Fraction]:
    """Return the law of the record if the number of spans is rounded at random."""
    exact = Fraction(ratio) * n_patches / length
    most = (n_patches - 1) // length
    law: dict[str, Fraction] = defaultdict(Fraction)
    for n_spans, weight in [(floor(exact), 1 - exact % 1), (floor(exact) + 1, exact % 1)]:
        within = min(max(min_spans, n_spans), most)
        for strip, p in union_of_spans(n_patches, within, length).items():
            law[strip] += p * weight
    return {strip: p for strip, p in law.items() if p}


def inverse_blocks(
    n_patches: int, n_blocks: int, length: int, n_visible: int
) -> dict[str, Fraction]:
    """Return the law of blocks around random centres whose patches are then made `n_visible`."""
    law: dict[str, Fraction] = defaultdict(Fraction)
    for centres in product(range(n_patches), repeat=n_blocks):
        starts = [centre - length // 2 for centre in centres]
        inside = {at + i for at in starts for i in range(length)} & set(range(n_patches))
        if len(inside) >= n_visible:
            ends = [set(kept) for kept in combinations(sorted(inside), n_visible)]
        else:
            outside = sorted(set(range(n_patches)) - inside)
            ends = [inside | set(new) for new in combinations(outside, n_visible - len(inside))]
        for visible in ends:
            strip = "".join("." if patch in visible else "#" for patch in range(n_patches))
            law[strip] += Fraction(1, n_patches**n_blocks * len(ends))
    return dict(law)


def masked_units(n_units: int, most: int, probability: Fraction) -> dict[frozenset[int], Fraction]:
    """Return the law of independently masked units, given that 1 to `most` of them are masked."""
    law = {
        frozenset(units): probability**count * (1 - probability) ** (n_units - count)
        for count in range(1, most + 1)
        for units in combinations(range(n_units), count)
    }
    total = sum(law.values())
    return {units: p / total for units, p in law.items()}


def beats(n_patches: int, r_peaks: Sequence[float], n_masked: int) -> dict[str, Fraction]:
    """Return the law of the record if every set of `n_masked` beats is equally likely.

    A patch belongs to the R peak nearest to its centre, to the later of two that are as near.
    """
    nearest = [
        min(range(len(r_peaks)), key=lambda beat: (abs(patch + 0.5 - r_peaks[beat]), -beat))
        for patch in range(n_patches)
    ]
    law: dict[str, Fraction] = defaultdict(Fraction)
    for masked in combinations(range(len(r_peaks)), n_masked):
        strip = "".join("#" if beat in masked else "." for beat in nearest)
        law[strip] += Fraction(1, comb(len(r_peaks), n_masked))
    return dict(law)
