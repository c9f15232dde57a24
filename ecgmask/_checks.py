"""The checks that strategies make of their parameters."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from numpy.random import Generator


def check_count(name: str, value: Any, *, least: int = 1, bits: int | None = None) -> int:
    """Return `value` as an ``int`` if it is a whole number of at least `least`, of so many bits."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be a whole number, not {value!r} of type {type(value).__name__}; "
            f"pass an int of at least {least}"
        )
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    if bits is not None and value >= 2**bits:
        raise ValueError(f"{name} must be below 2**{bits}, not {value}")
    return int(value)


def check_scale(name: str, scale: Any) -> tuple[float, float]:
    """Return `scale` as ``(low, high)`` if ``0 <= low <= high <= 1``, and `high` is above 0."""
    try:
        low, high = scale
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a pair of fractions such as (0.15, 0.2), not {scale!r}"
        ) from None
    checked = check_fractions(f"{name}[0]", low, f"{name}[1]", high)
    if checked[1] == 0:
        raise ValueError(f"{name}=(0, 0) leaves nothing of the record; raise it")
    return checked


def check_fraction(name: str, value: Any) -> float:
    """Return `value` as a ``float`` if it is in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(
            f"{name} must be a number in [0, 1], not {value!r} of type {type(value).__name__}"
        )
    if not 0 <= float(value) <= 1:  # refuses NaN too
        raise ValueError(
            f"{name} must be in [0, 1], not {value}; it is a fraction, not a percentage"
        )
    return float(value)


def check_inner_fraction(name: str, value: Any, why: str) -> float:
    """Return `value` as a ``float`` if it is above 0 and below 1, which `why` explains."""
    checked = check_fraction(name, value)
    if checked in (0, 1):
        raise ValueError(f"{name} must be above 0 and below 1, not {value}; {why}")
    return checked


def check_fractions(low_name: str, low: Any, high_name: str, high: Any) -> tuple[float, float]:
    """Return ``(low, high)`` as floats if ``0 <= low <= high <= 1``."""
    checked = check_fraction(low_name, low), check_fraction(high_name, high)
    if checked[0] > checked[1]:
        raise ValueError(
            f"{low_name} must not be above {high_name}, but {low} > {high}; swap the two"
        )
    return checked


def check_sampling_rate(value: Any, name: str = "sampling_rate") -> float:
    """Return `value` as a ``float`` if it is a number of samples per second."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number in Hz, not {value!r}")
    if not 0 < float(value) < math.inf:  # refuses NaN too
        raise ValueError(f"{name} must be positive, in Hz, not {value}")
    return float(value)


def check_draw(n_records: Any, n_patches: Any, rng: Any) -> None:
    """Raise an error unless these are the arguments of a draw."""
    check_count("n_records", n_records)
    check_count("n_patches", n_patches)
    check_rng(rng)


def check_rng(rng: Any) -> None:
    """Raise an error unless this is a generator."""
    if not isinstance(rng, Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, not {type(rng).__name__}; pass "
            "np.random.default_rng(seed)"
        )
