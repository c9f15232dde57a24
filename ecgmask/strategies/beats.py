"""Whole beats, or windows around R peaks, are the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from ecgmask._checks import check_count, check_draw, check_inner_fraction
from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies.masks import BoolArray, Masks, Strategy


@dataclass(frozen=True)
class Beats(Strategy):
    """Mask whole heartbeats, or a window around their R peaks, and see the other beats.

    Blocks of a fixed length cut beats anywhere; this strategy follows them. R peaks are found
    beforehand, by a detector of your choice, and travel with the record: give a collator their
    place with ``r_peaks_key``. HeartLang [1]_ makes a token of each beat of each lead, which it
    cuts half way between QRS complexes, too.

    Parameters
    ----------
    ratio
        Fraction of the beats to mask, in (0, 1).
    window
        Patches before and after the one with the R peak, at least 0 each, to mask that window
        only; or ``None`` to mask whole beats, from half way after the last R peak to half way
        before the next.

    Notes
    -----
    ``floor(ratio * n_beats)`` beats of each record are masked, at least one and never all; every
    set of that many is equally likely. A patch belongs to the beat that its centre lies in. The
    first beat begins with the record and the last one ends with it. At high heart rates, the border
    half way between two R peaks lies in the T wave. Masks are shared, and context and target
    partition the record. Their lengths depend on the heart rate, so a collator cuts them to one
    length, unless it fills them up. Ranks of a distributed run do not know each other's R peaks, so
    `rank` and `world_size` are refused.

    Departures: HeartLang hides half of all tokens at random, so a beat is hidden in some leads and
    seen in others; here it is hidden in all leads, or in none.

    References
    ----------
    .. [1] J. Jin et al., "Reading Your Heart: Learning ECG Words and Sentences via Pre-training
       ECG Language Model", ICLR 2025, arXiv:2502.10707.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Beats
    >>> r_peaks = [[2.0, 6.0, 10.0]]
    >>> masks = Beats(ratio=0.4).draw(1, 12, np.random.default_rng(0), r_peaks=r_peaks)
    >>> int(masks.targets.sum())
    4
    """

    ratio: float = 0.5
    window: tuple[int, int] | None = None

    presets: ClassVar[dict[str, str]] = {
        "Whole beats": "Beats()",
        "QRS complexes": "Beats(window=(1, 1))",
    }

    def __post_init__(self) -> None:
        check_inner_fraction("ratio", self.ratio, "some beats have to be masked and some visible")
        if self.window is not None:
            try:
                before, after = self.window
            except (TypeError, ValueError):
                raise TypeError(
                    "window must be a pair of patches before and after the R peak, such as "
                    f"(2, 2), not {self.window!r}"
                ) from None
            check_count("window[0]", before, least=0)
            check_count("window[1]", after, least=0)
            object.__setattr__(self, "window", (before, after))

    @property
    def needs_r_peaks(self) -> bool:
        return True

    def draw(
        self,
        n_records: int,
        n_patches: int,
        rng: Generator,
        *,
        size_rng: Generator | None = None,
        r_peaks: ArrayLike = (),
    ) -> Masks:
        """Draw the masks of a batch from its R peaks.

        Parameters
        ----------
        n_records
            Number of records, at least 1.
        n_patches
            Number of patches of each record, at least 1.
        rng
            The only source of randomness.
        size_rng
            Not used: no size is drawn.
        r_peaks
            ``(n_records, most_peaks)``, ascending positions of the R peaks in patches (samples
            divided by `patch_size`), from 0 to below `n_patches`; NaN fills up the rows of
            records with fewer. Each record needs at least two.

        Returns
        -------
        Masks
            Context ``(n_records, 1, n_patches)`` and targets ``(n_records, 1, 1, n_patches)``.

        Raises
        ------
        ValueError
            If R peaks are missing, too few, out of order or outside the record, or if beats so
            short or a window so wide leave a record without context or target.
        """
        check_draw(n_records, n_patches, rng)
        peaks = _check_peaks(r_peaks, n_records, n_patches)
        is_beat = ~np.isnan(peaks)
        n_beats = is_beat.sum(axis=1, keepdims=True)
        n_masked = np.clip(np.floor(self.ratio * n_beats + SLACK), 1, n_beats - 1)
        order = np.where(is_beat, rng.random(peaks.shape), 1.0)
        chosen = order.argsort(axis=1).argsort(axis=1) < n_masked
        if self.window is None:
            beat = _beat_of_patch(peaks, n_patches)
            masked = np.take_along_axis(chosen, beat, axis=1)[:, None]
        else:
            masked = _around(peaks, chosen, self.window, n_patches)[:, None]
        one_role = np.flatnonzero(masked.all(axis=(1, 2)) | ~masked.any(axis=(1, 2)))
        if one_role.size:
            raise ValueError(
                f"the beats drawn for record {one_role[0]} leave it without a masked patch or "
                "without a visible one; use shorter patches, or a narrower window"
            )
        return Masks(~masked, masked[:, None])


def _check_peaks(r_peaks: ArrayLike, n_records: int, n_patches: int) -> NDArray[np.float64]:
    if np.size(r_peaks) == 0:
        raise ValueError(
            "Beats needs the R peaks of each record; pass r_peaks=, or r_peaks_key= to a collator"
        )
    peaks = np.asarray(r_peaks, dtype=np.float64)
    if peaks.ndim != 2 or len(peaks) != n_records:
        raise ValueError(
            f"r_peaks must have the shape (n_records, most_peaks) with {n_records} records, not "
            f"{peaks.shape}"
        )
    few = np.flatnonzero((~np.isnan(peaks)).sum(axis=1) < 2)
    if few.size:
        raise ValueError(
            f"record {few[0]} has fewer than two R peaks, so no beat can be masked and another "
            "seen; leave it out"
        )
    if np.nanmin(peaks) < 0 or np.nanmax(peaks) >= n_patches:
        raise ValueError(
            f"R peaks must lie in the record of {n_patches} patches, not at "
            f"{np.nanmin(peaks):g} to {np.nanmax(peaks):g}; give them in samples to a collator, in "
            "patches to draw"
        )
    gaps = np.isnan(peaks)[:, :-1] & ~np.isnan(peaks)[:, 1:]
    if gaps.any() or (np.diff(peaks, axis=1) <= 0).any():
        raise ValueError(
            "R peaks must be in ascending order, none twice, with NaN behind the last; sort them"
        )
    return peaks


def _beat_of_patch(peaks: NDArray[np.float64], n_patches: int) -> NDArray[np.intp]:
    """Return ``(n_records, n_patches)``, the number of the beat that each centre lies in."""
    borders = (peaks[:, 1:] + peaks[:, :-1]) / 2
    # The first patch whose centre is not before the border; NaN goes past the end.
    first = np.nan_to_num(np.ceil(borders - 0.5), nan=n_patches).astype(np.intp)
    steps = np.zeros((len(peaks), n_patches + 1), dtype=np.intp)
    np.add.at(steps, (np.arange(len(peaks))[:, None], first), 1)
    beat: NDArray[np.intp] = steps[:, :-1].cumsum(axis=1)
    return beat


def _around(
    peaks: NDArray[np.float64], chosen: BoolArray, window: tuple[int, int], n_patches: int
) -> BoolArray:
    """Return ``(n_records, n_patches)``, ``True`` in the windows around the chosen peaks."""
    record, beat = np.nonzero(chosen)
    at = peaks[record, beat].astype(np.intp)
    edges = np.zeros((len(peaks), n_patches + 1), dtype=np.intp)
    np.add.at(edges, (record, np.maximum(at - window[0], 0)), 1)
    np.add.at(edges, (record, np.minimum(at + window[1] + 1, n_patches)), -1)
    inside: BoolArray = edges[:, :-1].cumsum(axis=1) > 0
    return inside
