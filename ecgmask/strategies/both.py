"""Two strategies at once, on one context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import ArrayLike, NDArray

from ecgmask._checks import check_draw
from ecgmask.strategies._blocks import redraw
from ecgmask.strategies.masks import BoolArray, Masks, Strategy, check_strategy, needs_r_peaks
from ecgmask.strategies.per_batch import PerBatch


@dataclass(frozen=True)
class Both(Strategy):
    """Hide what either of two strategies hides, such as stretches of time and whole leads.

    The encoder sees what both show. Spans of wav2vec 2.0 together with random lead masking are the
    masks of ECG-FM [1]_. Time and leads are both masked by MLTAE [2]_, D-BETA [3]_ and CoRe-ECG
    [4]_, too.

    Parameters
    ----------
    first
        A strategy.
    second
        Another one. A shared mask of one holds for each lead of the other; if both draw per-lead
        masks, they must have the same number of leads.

    Notes
    -----
    The two draw independently of each other. The context is what is context for both; the only
    target is what is in any target of either, each patch once, however many ask for it. What is
    ignored by one and no target of the other is ignored. Two targets of one strategy are not kept
    apart. A record of which nothing is left to see is drawn again, by both.

    Departures: random lead masking of ECG-FM zeroes leads as an augmentation and does not predict
    them, and it may zero all of a record, or none; here they are part of the target. Its spans
    depart from :class:`Spans` as those of wav2vec 2.0 do: they are replaced by a mask embedding,
    which leaves the encoder their places, where here they are dropped.

    References
    ----------
    .. [1] K. McKeen et al., "ECG-FM: An Open Electrocardiogram Foundation Model", 2024,
       arXiv:2408.05178.
    .. [2] H. Zhang et al., "MaeFE: Masked Autoencoders Family of Electrocardiogram for
       Self-Supervised Pretraining and Transfer Learning", IEEE Transactions on Instrumentation and
       Measurement 72, 2023, doi:10.1109/TIM.2022.3228267.
    .. [3] H. M. Pham, A. Saeed and D. Ma, "Boosting Masked ECG-Text Auto-Encoders as Discriminative
       Learners", ICML 2025, arXiv:2410.02131.
    .. [4] Z. Qin et al., "CoRe-ECG: Advancing Self-Supervised Representation Learning for 12-Lead
       ECG via Contrastive and Reconstructive Synergy", 2026, arXiv:2604.11359.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Both, Leads, Spans
    >>> ecg_fm = Both(Spans.wav2vec2(), Leads.oh())
    >>> masks = ecg_fm.draw(4, 200, np.random.default_rng(0))
    >>> masks.context.shape, masks.targets.shape
    ((4, 12, 200), (4, 1, 12, 200))
    """

    first: Strategy
    second: Strategy

    presets: ClassVar[dict[str, str]] = {"ECG-FM [M24]": "Both(Spans.wav2vec2(), Leads.oh())"}

    def __post_init__(self) -> None:
        for strategy in (self.first, self.second):
            check_strategy(strategy)
            if isinstance(strategy, PerBatch):
                raise TypeError(
                    "one mask for a batch cannot stand beside one for each record; write "
                    "PerBatch(Both(...))"
                )

    @property
    def needs_r_peaks(self) -> bool:
        return needs_r_peaks(self.first) or needs_r_peaks(self.second)

    def draw(
        self,
        n_records: int,
        n_patches: int,
        rng: Generator,
        *,
        size_rng: Generator | None = None,
        **given: ArrayLike,
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        # The same sizes for records that are drawn again.
        sizes = int((size_rng or rng).integers(2**63))

        def draw(rows: NDArray[np.intp]) -> tuple[BoolArray, BoolArray]:
            of_batch = Generator(PCG64(sizes))
            first, second = (
                _draw_rows(strategy, rows, n_patches, rng, of_batch, given)
                for strategy in (self.first, self.second)
            )
            if first.n_leads != second.n_leads and 1 not in (first.n_leads, second.n_leads):
                raise ValueError(
                    f"{self.first!r} draws masks for {first.n_leads} leads, but {self.second!r} "
                    f"for {second.n_leads}; give both the same leads"
                )
            context: BoolArray = first.context & second.context
            target: BoolArray = first.target_union | second.target_union
            return context, target[:, None]

        context, targets = redraw(
            n_records,
            draw,
            1,
            f"what {self.first!r} shows of {n_patches} patches is nearly always hidden by "
            f"{self.second!r}; lower the share that one of them hides",
        )
        return Masks(context, targets)


def _draw_rows(
    strategy: Strategy,
    rows: NDArray[np.intp],
    n_patches: int,
    rng: Generator,
    sizes: Generator,
    given: dict[str, ArrayLike],
) -> Masks:
    """Draw the masks of some records, with what the strategy needs of them."""
    draw: Any = strategy.draw
    needed = given if needs_r_peaks(strategy) else {}
    of_rows = {name: np.asarray(item)[rows] for name, item in needed.items()}
    masks: Masks = draw(rows.size, n_patches, rng, size_rng=sizes, **of_rows)
    return masks
