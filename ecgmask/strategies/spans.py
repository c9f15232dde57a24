"""Spans of one length from random starts are the target (wav2vec 2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from ecgmask._checks import check_count, check_draw, check_inner_fraction
from ecgmask.strategies._sizes import SLACK
from ecgmask.strategies._subsets import draw_subsets
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class Spans(Strategy):
    """Mask spans of one fixed length from random starts; they may overlap.

    The masking of wav2vec 2.0 [1]_. MELP [3]_ uses it on ECGs, and so does ECG-FM [2]_, together
    with random lead masking: ``Both(Spans.wav2vec2(), Leads.oh())``.

    Parameters
    ----------
    ratio
        Fraction of the patches that the spans would mask if none overlapped, in (0, 1).
    length
        Patches in a span, at least 1.
    min_spans
        Fewest spans of a record, at least 1.

    Notes
    -----
    The number of spans is drawn once for a batch: ``floor(ratio * n_patches / length + u)`` with
    ``u`` uniform on [0, 1), but at least `min_spans`, and never so many that they could cover the
    record. Their starts are drawn without replacement from all that fit, first and last included.
    Masks are shared. The target is the union of the spans, the context its complement, so the two
    partition the record. Every masked run has at least `length` patches. Patches closer to an end
    than `length` are masked more rarely. A record that `min_spans` spans could cover is refused.

    Departures: the published code never masks the last patch, replaces masked tokens by an
    embedding where a context here leaves them out, and makes the masks of a batch equal by
    unmasking random patches; a collator's ``truncate="ends"`` leaves all runs but the outermost
    whole.

    References
    ----------
    .. [1] A. Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
       Representations", NeurIPS 2020, arXiv:2006.11477.
    .. [2] K. McKeen et al., "ECG-FM: An Open Electrocardiogram Foundation Model", 2024,
       arXiv:2408.05178.
    .. [3] F. Wang, J. Xu and L. Yu, "From Token to Rhythm: A Multi-Scale Approach for ECG-Language
       Pretraining", ICML 2025, arXiv:2506.21803.

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
    min_spans: int = 2

    presets: ClassVar[dict[str, str]] = {"wav2vec 2.0 [Ba20], MELP [W25]": "Spans.wav2vec2()"}

    def __post_init__(self) -> None:
        check_count("length", self.length)
        check_count("min_spans", self.min_spans)
        check_inner_fraction(
            "ratio", self.ratio, "something has to be masked and something visible"
        )

    @classmethod
    def wav2vec2(cls) -> Spans:
        """Return the masking of wav2vec 2.0: at least two spans of ten patches."""
        return cls(0.65, 10)

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        # However close to 1 the ratio is, so many spans cannot cover all patches.
        most = (n_patches - 1) // self.length
        if most < self.min_spans:
            raise ValueError(
                f"min_spans={self.min_spans} spans of length={self.length} could cover a record of "
                f"{n_patches} patches; lower one of them or use longer records"
            )
        extra = (size_rng or rng).random()
        n_spans = floor(self.ratio * n_patches / self.length + extra + SLACK)
        n_spans = min(max(self.min_spans, n_spans), most)
        n_starts = n_patches - self.length + 1
        starts = draw_subsets(n_records, n_starts, n_spans, rng)
        # A span adds +1 at its start and -1 past its end: one running sum counts those on a patch.
        edges = np.zeros((n_records, n_patches + 1), dtype=np.int32)
        edges[:, :n_starts] += starts
        edges[:, self.length :] -= starts
        masked = (edges[:, :-1].cumsum(axis=1) > 0)[:, None]
        return Masks(~masked, masked[:, None])
