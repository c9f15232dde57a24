"""DataLoader collators: stack the records of a batch and draw their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import default_collate

from ecgmask.strategies import ContextToTarget, MaskAndComplement, Masks, Strategy
from ecgmask.strategies._checks import check_count
from ecgmask.strategies.equalise import Truncate, check_truncate, equalise
from ecgmask.strategies.masks import BoolArray


class MaskedBatch(NamedTuple):
    """A batch of records with the indices of its context and target patches.

    It unpacks as ``batch, context, targets``. The indices are ``int64``, in ascending order, and
    fit :func:`torch.gather` on the token axis of ``(n_records, n_patches, dim)``. Tokens of
    per-lead masks are numbered lead-major, ``lead * n_patches + patch``.
    """

    batch: Any
    """What :func:`torch.utils.data.default_collate` makes of the records."""
    context: Tensor | list[Tensor]
    """Indices that the encoder sees, one row for each record."""
    targets: Tensor | list[Tensor]
    """Indices to predict, one row for each record."""


@dataclass(frozen=True)
class _Collator:
    """What all collators share: the records they take and the checks they make."""

    _: KW_ONLY
    signal_key: str | int | None = None
    check_finite: bool = True

    def _collate(
        self, records: Sequence[Any], strategy: Strategy, patch_size: int, truncate: Truncate
    ) -> tuple[Any, Tensor, list[Tensor]]:
        if len(records) == 0:
            raise ValueError("a batch needs at least one record, but the list is empty")
        signals = [self._signal_of(record) for record in records]
        shape = _common_shape(signals)
        n_patches = _count_patches(shape, patch_size)
        batch = default_collate(list(records))
        if self.check_finite:
            _check_finite(self._signal_of(batch))

        rng = _generator_from_torch()
        masks = strategy.draw(len(records), n_patches, rng)
        _check_fit(masks, (len(records), shape[0], n_patches), strategy)
        context = _to_indices(equalise(masks.context, truncate, rng))
        targets = [
            _to_indices(equalise(masks.targets[:, block], truncate, rng))
            for block in range(masks.n_targets)
        ]
        for name, indices in (("context", context), *(("target", t) for t in targets)):
            if indices.shape[1] == 0:
                raise ValueError(f"{strategy!r} drew a record without any {name} patch")
        return batch, context, targets

    def _signal_of(self, record: Any) -> Any:
        """Return the signal of a record, or of a batch: ``default_collate`` keeps the form."""
        if isinstance(record, Tensor | np.ndarray):
            return record
        if isinstance(record, Mapping):
            keys = ", ".join(map(repr, record))
            if self.signal_key is None:
                raise TypeError(
                    f"records are dicts with the keys {keys}; say which is the signal "
                    "with signal_key="
                )
            if self.signal_key not in record:
                raise KeyError(f"signal_key={self.signal_key!r} is not among the keys {keys}")
            return record[self.signal_key]
        if isinstance(record, Sequence) and not isinstance(record, str | bytes):
            index = 0 if self.signal_key is None else self.signal_key
            if not isinstance(index, int) or not -len(record) <= index < len(record):
                raise TypeError(
                    f"records are sequences of {len(record)} items, but signal_key="
                    f"{self.signal_key!r}; give the position of the signal"
                )
            return record[index]
        raise TypeError(
            f"a record must be a tensor, an array, (signal, ...) or a dict, not "
            f"{type(record).__name__}; of an ECG pass ecg.signal"
        )


@dataclass(frozen=True)
class PatchMaskCollator(_Collator):
    """Stack the records of a batch and draw their masks with any strategy.

    Use it as the ``collate_fn`` of a :class:`torch.utils.data.DataLoader`.

    Parameters
    ----------
    strategy
        The rule that draws context and targets.
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    truncate
        How contexts (and targets) of different lengths are cut to the shortest of the batch,
        which index tensors need. ``"ends"`` drops the surplus from the left or right end of each
        record by a fair coin: runs stay long and hardly any position is favoured. ``"random"``
        drops a random subset: no position is favoured, but runs break up. ``"first"`` keeps the
        first patches in time, as the published code does, and hides the end of the record.
        What is dropped is ignored, never moved to the other side.
    signal_key
        Where the signal is in a record: a key if records are dicts, a position if they are
        sequences. By default a record is the signal itself or its first item.
    check_finite
        Whether NaN and infinite samples raise an error.

    Notes
    -----
    Every call takes one number from torch's generator and draws all masks of the batch from it,
    so :func:`torch.manual_seed` repeats them, and workers and epochs differ.

    Examples
    --------
    >>> from ecgmask import ContextToTarget, PatchMaskCollator, sample_ecg
    >>> collate = PatchMaskCollator(ContextToTarget(), patch_size=25)
    >>> batch, context, targets = collate([sample_ecg().signal] * 8)
    >>> batch.shape, context.shape[0], len(targets)
    (torch.Size([8, 12, 5000]), 8, 4)
    """

    strategy: Strategy
    patch_size: int
    _: KW_ONLY
    truncate: Truncate = "ends"

    def __post_init__(self) -> None:
        if isinstance(self.strategy, type) or not isinstance(self.strategy, Strategy):
            raise TypeError(
                "strategy must be an object with a draw method, such as MaskAndComplement(), "
                f"not {self.strategy!r}"
            )
        check_count("patch_size", self.patch_size)
        check_truncate(self.truncate)

    def __call__(self, records: Sequence[Any]) -> MaskedBatch:
        """Stack `records` and draw their masks.

        Parameters
        ----------
        records
            Records as :func:`torch.utils.data.default_collate` takes them, with signals
            ``(n_leads, n_samples)`` of one shape: bare tensors or arrays,
            ``(signal, label, ...)``, or dicts.

        Returns
        -------
        MaskedBatch
            The collated records, the context ``(n_records, n_context)``, and a list with
            ``(n_records, n_target)`` for each target block.

        Raises
        ------
        TypeError, ValueError
            If the batch is empty, the records do not stack or do not divide into patches, a
            sample is not finite, or the strategy cannot mask so few patches.
        """
        batch, context, targets = self._collate(
            records, self.strategy, self.patch_size, self.truncate
        )
        return MaskedBatch(batch, context, targets)


@dataclass(frozen=True)
class MaskCollator(_Collator):
    """Stack the records of a batch and mask them as ECG-JEPA does.

    A drop-in replacement for the two-argument ECG-JEPA collator [1]_:
    :class:`MaskAndComplement` with its parameters spelt out here, and one target tensor in place
    of a list.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    min_block_size, min_keep_ratio, max_keep_ratio
        As for :class:`MaskAndComplement`.
    signal_key, check_finite
        As for :class:`PatchMaskCollator`.

    References
    ----------
    .. [1] K. Weimann and T. O. F. Conrad, "Self-Supervised Pre-Training with Joint-Embedding
       Predictive Architecture Boosts ECG Classification Performance", 2024, arXiv:2410.13867.

    Examples
    --------
    >>> from ecgmask import MaskCollator, sample_ecg
    >>> collate = MaskCollator(patch_size=25)
    >>> batch, context, targets = collate([sample_ecg().signal] * 8)
    >>> context.shape[1] + targets.shape[1]
    200
    """

    patch_size: int = 25
    min_block_size: int = 10
    min_keep_ratio: float = 0.15
    max_keep_ratio: float = 0.25

    def __post_init__(self) -> None:
        check_count("patch_size", self.patch_size)
        _ = self.strategy

    @property
    def strategy(self) -> MaskAndComplement:
        """The strategy that draws the masks."""
        return MaskAndComplement(self.min_block_size, self.min_keep_ratio, self.max_keep_ratio)

    def __call__(self, records: Sequence[Any]) -> MaskedBatch:
        """Stack `records` and draw their masks; see :meth:`PatchMaskCollator.__call__`.

        Parameters
        ----------
        records
            Records as :class:`PatchMaskCollator` takes them.

        Returns
        -------
        MaskedBatch
            The collated records, the context ``(n_records, n_context)``, and the target
            ``(n_records, n_patches - n_context)``.
        """
        batch, context, (target,) = self._collate(records, self.strategy, self.patch_size, "ends")
        return MaskedBatch(batch, context, target)


@dataclass(frozen=True)
class IJEPAMaskCollator(_Collator):
    """Stack the records of a batch and mask them as I-JEPA does, in one dimension.

    A drop-in replacement for the I-JEPA collator [1]_: :class:`ContextToTarget` with its parameters
    spelt out here, and the context as a list of one tensor.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    context_scale, pred_scale, num_pred_blocks, min_keep
        As for :class:`ContextToTarget`.
    truncate, signal_key, check_finite
        As for :class:`PatchMaskCollator`.

    References
    ----------
    .. [1] M. Assran et al., "Self-Supervised Learning from Images with a Joint-Embedding
       Predictive Architecture", CVPR 2023, arXiv:2301.08243.

    Examples
    --------
    >>> from ecgmask import IJEPAMaskCollator, sample_ecg
    >>> collate = IJEPAMaskCollator(patch_size=25, num_pred_blocks=4)
    >>> batch, context, targets = collate([sample_ecg().signal] * 8)
    >>> len(context), len(targets)
    (1, 4)
    """

    patch_size: int = 25
    context_scale: tuple[float, float] = (0.85, 0.95)
    pred_scale: tuple[float, float] = (0.15, 0.20)
    num_pred_blocks: int = 4
    min_keep: int = 10
    _: KW_ONLY
    truncate: Truncate = "ends"

    def __post_init__(self) -> None:
        check_count("patch_size", self.patch_size)
        check_truncate(self.truncate)
        _ = self.strategy

    @property
    def strategy(self) -> ContextToTarget:
        """The strategy that draws the masks."""
        return ContextToTarget(
            self.context_scale, self.pred_scale, self.num_pred_blocks, self.min_keep
        )

    def __call__(self, records: Sequence[Any]) -> MaskedBatch:
        """Stack `records` and draw their masks; see :meth:`PatchMaskCollator.__call__`.

        Parameters
        ----------
        records
            Records as :class:`PatchMaskCollator` takes them.

        Returns
        -------
        MaskedBatch
            The collated records, a list with the context ``(n_records, n_context)``, and a list
            with ``(n_records, n_target)`` for each of the `num_pred_blocks` targets.
        """
        batch, context, targets = self._collate(
            records, self.strategy, self.patch_size, self.truncate
        )
        return MaskedBatch(batch, [context], targets)


def _generator_from_torch() -> Generator:
    # Seeded anew for every batch: a generator kept on the collator would be copied into every
    # worker, and all workers would draw the same masks.
    return np.random.default_rng(int(torch.randint(2**63 - 1, ())))


def _common_shape(signals: Sequence[Any]) -> tuple[int, int]:
    for signal in signals:
        if not isinstance(signal, Tensor | np.ndarray):
            raise TypeError(
                f"a signal must be a tensor or an array, not {type(signal).__name__}; say where "
                "it is in the record with signal_key="
            )
    shapes = sorted({tuple(signal.shape) for signal in signals})
    if len(shapes) > 1:
        raise ValueError(
            f"records of one batch must have one shape, not {' and '.join(map(str, shapes))}; "
            "crop or pad them in the dataset"
        )
    if len(shapes[0]) != 2 or 0 in shapes[0]:
        raise ValueError(
            f"a signal must have the shape (n_leads, n_samples), not {shapes[0]}; give a single "
            "lead a lead axis, signal[None]"
        )
    return shapes[0][0], shapes[0][1]


def _count_patches(shape: tuple[int, int], patch_size: int) -> int:
    n_samples = shape[1]
    if n_samples < patch_size:
        raise ValueError(
            f"records of {n_samples} samples are shorter than one patch of {patch_size}; is the "
            f"shape {shape} (n_leads, n_samples)? Transpose it, or lower patch_size"
        )
    if n_samples % patch_size:
        raise ValueError(
            f"records of {n_samples} samples do not divide into patches of {patch_size}; crop "
            f"{n_samples % patch_size} samples or change patch_size"
        )
    return n_samples // patch_size


def _check_finite(signal: Tensor) -> None:
    if not signal.is_floating_point():
        return
    # One sum shows whether anything is wrong, at a fraction of the cost of testing each sample;
    # large but finite samples may overflow it, so it only decides whether to look closer.
    if torch.isfinite(signal.sum()):
        return
    bad = torch.nonzero(~torch.isfinite(signal))
    if len(bad):
        record, lead, sample = bad[0].tolist()
        raise ValueError(
            f"{len(bad)} sample(s) are NaN or infinite, first in record {record} of the batch, "
            f"lead {lead}, sample {sample}; repair or drop the record, or pass check_finite=False"
        )


def _check_fit(masks: Masks, expected: tuple[int, int, int], strategy: Strategy) -> None:
    n_records, n_leads, n_patches = expected
    if masks.n_leads not in (1, n_leads):
        raise ValueError(
            f"{strategy!r} draws masks for {masks.n_leads} leads, but records have {n_leads}; "
            f"give the strategy n_leads={n_leads}"
        )
    if (masks.n_records, masks.n_patches) != (n_records, n_patches):
        raise ValueError(
            f"{strategy!r} was asked for {n_records} records of {n_patches} patches and drew "
            f"{masks.n_records} of {masks.n_patches}"
        )


def _to_indices(marked: BoolArray) -> Tensor:
    """Return the token numbers of `marked` ``(record, lead, patch)``, one row a record."""
    tokens = marked.reshape(len(marked), -1)
    return torch.from_numpy(np.flatnonzero(tokens) % tokens.shape[1]).reshape(len(marked), -1)
