"""Blocks of one length are the context, the rest the target (data2vec 2.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from ecgmask._checks import check_count, check_inner_fraction
from ecgmask.strategies._blocks import draw_spans
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class InverseBlocks(Strategy):
    """Let the model see blocks of one fixed length from random starts, and mask the rest.

    The context is chosen rather than left over, so the encoder sees whole waves. This is the
    inverse block masking of data2vec 2.0 [1]_, in one dimension.

    Parameters
    ----------
    ratio
        Fraction of the patches that are masked if no two blocks overlap, in (0, 1).
    length
        Patches in a visible block, at least 1.

    Notes
    -----
    ``floor((1 - ratio) * n_patches / length)`` starts, at least one, are drawn without
    replacement from all that fit, first and last included. Masks are shared. The context is the
    union of the blocks, the target its complement, so the two partition the record: at least
    `ratio` of it is masked, unless one block alone is longer than ``(1 - ratio) * n_patches``.
    Every visible run has at least `length` patches. A record that one block fills is refused.

    Departures: the published code adds or removes single patches until the ratio is exact, which
    breaks blocks up, and allows for overlaps when it counts them. Here blocks stay whole, and a
    collator cuts them to one length by `truncate`. The paper's block of 3 x 3 image patches has no
    counterpart in time, so `length` is this package's choice: ten patches, half a second at 50 ms.

    References
    ----------
    .. [1] A. Baevski et al., "Efficient Self-supervised Learning with Contextualized Target
       Representations for Vision, Speech and Language", ICML 2023, arXiv:2212.07525.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import InverseBlocks
    >>> masks = InverseBlocks(ratio=0.8, length=10).draw(64, 200, np.random.default_rng(0))
    >>> bool((masks.context.sum(axis=-1) <= 40).all())
    True
    """

    ratio: float = 0.8
    length: int = 10

    presets: ClassVar[dict[str, str]] = {"data2vec 2.0 [Ba23]": "InverseBlocks()"}

    def __post_init__(self) -> None:
        check_count("length", self.length)
        check_inner_fraction(
            "ratio", self.ratio, "something has to be masked and something visible"
        )

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        visible = draw_spans(n_records, n_patches, 1 - self.ratio, self.length, rng)[:, None]
        return Masks(visible, ~visible[:, None])
