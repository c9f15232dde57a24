"""Whether counts follow an exact law, at one stated false-alarm rate."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction

import numpy as np
from scipy.stats import chi2, chi2_contingency, norm

FALSE_ALARM = 1e-6
"""Chance that a correct sampler fails one such test under another seed. Seeds are fixed."""


def assert_follows(outcomes: Iterable[Hashable], law: Mapping[Hashable, float | Fraction]) -> None:
    """Hold `outcomes` against their exact `law` with a chi-squared test."""
    counts: dict[Hashable, int] = dict.fromkeys(law, 0)
    for outcome in outcomes:
        assert outcome in counts, f"{outcome!r} was drawn, but is impossible"
        counts[outcome] += 1
    observed = np.array([counts[outcome] for outcome in law], dtype=float)
    expected = np.array([float(probability) for probability in law.values()]) * observed.sum()
    assert np.isclose(expected.sum(), observed.sum()), "the law does not sum to one"

    # Chi-squared needs some five expected draws in each cell: share one cell among the rare.
    rare = expected < 5
    if rare.any():
        observed = np.append(observed[~rare], observed[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    assert len(expected) > 1, "too few draws to tell anything"
    statistic = ((observed - expected) ** 2 / expected).sum()
    p_value = chi2.sf(statistic, len(expected) - 1)
    assert p_value > FALSE_ALARM, f"chi-squared {statistic:.1f} in {len(expected)} cells"


def assert_uniform(outcomes: Iterable[Hashable], support: Iterable[Hashable]) -> None:
    """Hold `outcomes` against the uniform law on `support`."""
    values = list(support)
    assert_follows(outcomes, dict.fromkeys(values, 1 / len(values)))


def assert_means(
    samples: np.ndarray, expected: np.ndarray, *, rounding: float = 0.0, n_published: int = 0
) -> None:
    """Hold column means of independent rows `samples` against `expected`.

    The tolerance is the standard error at the false-alarm rate, shared among the columns, plus
    the `rounding` of `expected`, and plus its own standard error if it was measured on
    `n_published` draws.
    """
    spread = samples.std(axis=0, ddof=1)
    error = spread * np.sqrt(1 / len(samples) + (1 / n_published if n_published else 0))
    tolerance = norm.isf(FALSE_ALARM / 2 / samples.shape[1]) * error + rounding
    off = np.abs(samples.mean(axis=0) - expected)
    assert (off <= tolerance).all(), f"off by {off}, tolerated are {tolerance}"


LEAST = 10
"""Draws, of both samples, that an outcome needs to be a cell of its own."""


def p_value_of_one_law(one: Iterable[Hashable], other: Iterable[Hashable]) -> float:
    """Return the p-value of a two-sample chi-squared test; rare outcomes share one cell."""
    samples = [Counter(one), Counter(other)]
    both = samples[0] + samples[1]
    common = [outcome for outcome, count in both.items() if count >= LEAST]
    table = [[sample[outcome] for outcome in common] for sample in samples]
    for row, sample in zip(table, samples, strict=True):
        row.append(sample.total() - sum(row))
    cells = np.array(table)
    if cells[:, -1].sum() < LEAST:
        cells = cells[:, :-1]
    # Of a single outcome there is nothing to tell.
    return float(chi2_contingency(cells, correction=False).pvalue) if cells.shape[1] > 1 else 1.0


def assert_same_law(one: Iterable[Hashable], other: Iterable[Hashable]) -> None:
    """Hold two samples against each other: a correct pair fails at the false-alarm rate.

    With 4000 draws each, shares of .50 and .57 are told apart some nine times in ten, and so are
    .01 and .03.
    """
    p_value = p_value_of_one_law(one, other)
    assert p_value > FALSE_ALARM, f"two laws: p = {p_value:.2g}"


def assert_another_law(one: Iterable[Hashable], other: Iterable[Hashable]) -> None:
    """Hold two samples against each other: a pair of one law passes at the false-alarm rate."""
    p_value = p_value_of_one_law(one, other)
    assert p_value < FALSE_ALARM, (
        f"one law, or two that so few draws cannot tell: p = {p_value:.2g}"
    )
