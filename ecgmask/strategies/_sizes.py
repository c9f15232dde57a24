"""Block lengths and patch counts drawn as fractions of the record."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

# ``ratio * n_patches`` is a float: 0.15 * 200 may land on either side of 30 and must count as 30.
SLACK = 1e-9


def floor_bounds(n_patches: int, low: float, high: float) -> tuple[int, int]:
    """Return the least and the greatest ``floor(u * n_patches)`` for `u` in ``[low, high)``."""
    least = floor(low * n_patches + SLACK)
    if low == high:
        return least, least
    return least, max(least, ceil(high * n_patches - SLACK) - 1)


def ceil_bounds(n_patches: int, low: float, high: float) -> tuple[int, int]:
    """Return the least and the greatest ``ceil(u * n_patches)`` for `u` in ``(low, high)``.

    Above a ratio of 0 there is at least one, however small the ratio.
    """
    if low == high:
        exact = max(ceil(low * n_patches - SLACK), int(low > 0))
        return exact, exact
    least, greatest = floor_bounds(n_patches, low, high)
    return least + 1, greatest + 1


def draw_floors(
    shape: tuple[int, ...], n_patches: int, low: float, high: float, rng: Generator
) -> NDArray[np.int64]:
    """Draw ``floor(u * n_patches)`` with `u` uniform on ``[low, high)``."""
    sizes = np.floor(rng.uniform(low, high, shape) * n_patches + SLACK).astype(np.int64)
    return np.clip(sizes, *floor_bounds(n_patches, low, high))


def draw_floor(n_patches: int, low: float, high: float, rng: Generator) -> int:
    """Draw one ``floor(u * n_patches)`` with `u` uniform on ``[low, high)``."""
    least, greatest = floor_bounds(n_patches, low, high)
    return min(max(floor(rng.uniform(low, high) * n_patches + SLACK), least), greatest)


def draw_ceil(n_patches: int, low: float, high: float, rng: Generator) -> int:
    """Draw ``ceil(u * n_patches)`` with `u` uniform on ``(low, high)``."""
    least, greatest = ceil_bounds(n_patches, low, high)
    return min(max(ceil(rng.uniform(low, high) * n_patches - SLACK), least), greatest)
