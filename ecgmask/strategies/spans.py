"""Spans of one length from random starts are the target (wav2vec 2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from ecgmask._checks import check_count, check_inner_fraction
from ecgmask.strategies._blocks import draw_spans
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class Spans(Strategy):
    """Mask spans of one fixed length from random starts; they may overlap.

    The masking of wav2vec 2.0 [1]_, used on ECGs by ECG-FM [2]_ among others.

    Parameters
    ----------
    ratio
        Fraction of the patches that the spans would mask if none overlapped, in (0, 1).
    length
        Patches in a span, at least 1.

    Notes
    -----
    ``floor(ratio * n_patches / length)`` starts, at least one, are drawn without replacement from
    all that fit, first and last included. Masks are shared. The target is the union of the spans,
    the context its complement, so the two partition the record: no more than `ratio` of it is
    masked unless a single span is more, and less where spans overlap. Every masked run has at
    least `length` patches. Patches closer to an end than `length` are masked more rarely. A record
    that one span fills is refused.

    Departures: the published code adds a random number before it rounds the number of spans, never
    masks the last patch, and unmasks random patches to cut a batch to one length. Here the number
    is exact, every start that fits can be drawn, and a collator's ``truncate="ends"`` leaves all
    runs but the outermost whole.

    References
    ----------
    .. [1] A. Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
       Representations", NeurIPS 2020, arXiv:2006.11477.
    .. [2] K. McKeen et al., "ECG-FM: An Open Electrocardiogram Foundation Model", 2024,
       arXiv:2408.05178.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Spans
    >>> masks = Spans(ratio=0.65, length=10).draw(64, 200, np.random.default_rng(0))
    >>> bool((masks.targets.sum(axis=-1) <= 130).all())
    True
    """

    ratio: float = 0.65
    length: int = 10

    presets: ClassVar[dict[str, str]] = {"wav2vec 2.0 [Ba20], ECG-FM [M24]": "Spans.wav2vec2()"}

    def __post_init__(self) -> None:
        check_count("length", self.length)
        check_inner_fraction(
            "ratio", self.ratio, "something has to be masked and something visible"
        )

    @classmethod
    def wav2vec2(cls) -> Spans:
        """Return the masking of wav2vec 2.0: spans of ten from 6.5 % of the patches."""
        return cls(0.65, 10)

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        masked = draw_spans(n_records, n_patches, self.ratio, self.length, rng)[:, None]
        return Masks(~masked, masked[:, None])
