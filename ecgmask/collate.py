"""DataLoader collators: stack the records of a batch and draw their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from ecgmask.seeding import BatchSeed, Progress, seed_from_torch
from ecgmask.strategies import ContextToTarget, MaskAndComplement, Masks, Strategy
from ecgmask.strategies._checks import check_count
from ecgmask.strategies.equalise import Truncate, check_truncate, count, equalise
from ecgmask.strategies.masks import BoolArray, check_strategy, has_equal_counts


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


@dataclass(frozen=True, repr=False)
class _Collator:
    """What all collators share: the records they take and the checks they make."""

    _: KW_ONLY
    signal_key: str | int | None = None
    check_finite: bool = True
    seed: int | None = None
    rank: int = 0
    world_size: int | None = None
    _progress: Progress = field(default_factory=Progress, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        shown = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in sorted(fields(self), key=lambda f: f.kw_only is True)
            if f.repr and not (f.kw_only and getattr(self, f.name) == f.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def set_epoch(self, epoch: int) -> None:
        """Draw other masks from now on; call it before each epoch when `seed` is given.

        It reaches workers that are alive already. Without `seed` it has no effect.

        Parameters
        ----------
        epoch
            Number of the epoch, at least 0.
        """
        self._progress.set_epoch(epoch)

    def state_dict(self, batch: int | None = None) -> dict[str, int | None]:
        """Return what :meth:`load_state_dict` needs to go on at the next batch.

        Parameters
        ----------
        batch
            Number of batches of this epoch that training has finished, at least 0. Needed if
            the loader has workers, which draw ahead.

        Returns
        -------
        dict
            The seed, the epoch and the number of the next batch.

        Raises
        ------
        ValueError
            If there is no seed, or workers draw the batches and `batch` is not given.
        """
        if self.seed is None:
            raise ValueError("masks that follow torch's generator have no state; pass seed=")
        return {"seed": self.seed, **self._progress.state(batch)}

    def load_state_dict(self, state: Mapping[str, int | None]) -> None:
        """Go on where :meth:`state_dict` was called: the next batch is the first that was not done.

        The loader has to go on at the same batch. Calling :meth:`set_epoch` with the epoch that
        was resumed changes nothing.

        Parameters
        ----------
        state
            What :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If the state belongs to another seed.
        """
        missing = {"seed", "epoch", "batch"} - set(state)
        if missing:
            raise ValueError(f"the state lacks {', '.join(sorted(missing))}; pass state_dict()'s")
        if state["seed"] != self.seed:
            raise ValueError(
                f"the state was saved with seed={state['seed']}, but this collator has "
                f"seed={self.seed}; pass the same seed"
            )
        self._progress.load(state["epoch"], state["batch"])

    def _check(self, patch_size: int, strategy: Strategy) -> None:
        check_count("patch_size", patch_size)
        if self.seed is not None:
            # A plain int, as the state that holds it is stored.
            object.__setattr__(self, "seed", check_count("seed", self.seed, least=0))
            if self.seed >= 2**64:
                raise ValueError(f"seed must be below 2**64, not {self.seed}")
        check_count("rank", self.rank, least=0)
        if self.world_size is None:
            if self.rank and not has_equal_counts(strategy):
                raise ValueError(
                    f"rank={self.rank} needs world_size: contexts of {strategy!r} differ in "
                    "length, and ranks can only agree on one if they know of each other"
                )
        elif self.rank >= check_count("world_size", self.world_size):
            raise ValueError(f"rank must be below world_size={self.world_size}, not {self.rank}")
        if self.seed is None and (self.rank or self.world_size not in (None, 1)):
            raise ValueError(
                "rank and world_size need seed=, the same for all ranks, so that all ranks draw "
                "masks of one size"
            )

    def _collate(
        self, records: Sequence[Any], strategy: Strategy, patch_size: int, truncate: Truncate
    ) -> tuple[Any, Tensor, list[Tensor]]:
        if len(records) == 0:
            raise ValueError("a batch needs at least one record, but the list is empty")
        signals = [self._signal_of(record) for record in records]
        shape = _common_shape(signals)
        n_patches = _count_patches(shape, patch_size)
        try:
            batch = default_collate(list(records))
        except (KeyError, RuntimeError, TypeError) as error:
            raise ValueError(
                "records of a batch must have the same form, and items that default_collate can "
                f"stack, but: {error}"
            ) from error
        if self.check_finite:
            _check_finite(self._signal_of(batch))

        seed = self._next_seed()
        rng = seed.positions(self.rank)
        masks = strategy.draw(len(records), n_patches, rng, size_rng=seed.sizes())
        _check_fit(masks, (len(records), shape[0], n_patches), strategy)
        drawn = [masks]
        if not has_equal_counts(strategy):
            # Ranks agree on the shortest context by drawing each other's masks.
            drawn += [
                strategy.draw(len(records), n_patches, seed.positions(rank), size_rng=seed.sizes())
                for rank in range(self.world_size or 1)
                if rank != self.rank
            ]
        # The masks of this rank come first.
        counts = [(count(each.context), count(each.targets)) for each in drawn]
        n_context = min(in_context.min() for in_context, _ in counts)
        n_targets = np.min([in_targets.min(axis=0) for _, in_targets in counts], axis=0)
        in_context, in_targets = counts[0]
        context = _to_indices(equalise(masks.context, in_context, n_context, truncate, rng))
        targets = [
            _to_indices(equalise(masks.targets[:, j], in_targets[:, j], n_target, truncate, rng))
            for j, n_target in enumerate(n_targets)
        ]
        for name, indices in (("context", context), *(("target", t) for t in targets)):
            if indices.shape[1] == 0:
                raise ValueError(f"{strategy!r} drew a record without any {name} patch")
        return batch, context, targets

    def _next_seed(self) -> BatchSeed:
        if self.seed is None:
            return seed_from_torch()
        return BatchSeed(self.seed, self._progress.epoch, self._progress.next_batch())

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
                raise ValueError(f"signal_key={self.signal_key!r} is not among the keys {keys}")
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


@dataclass(frozen=True, repr=False)
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
    seed
        Without it, every call takes one number from torch's generator and draws all masks of the
        batch from it: :func:`torch.manual_seed` repeats them for the same number of workers. With
        it, at least 0 and below ``2**64``, the masks of a batch depend on the seed, the epoch,
        the number of the batch and the rank, and on nothing else; call :meth:`set_epoch`
        before each epoch.
    rank
        Which process of a distributed run this is, at least 0; needs `seed`. Ranks get masks of
        the same sizes at different positions. All must have the same batch size.
    world_size
        Number of processes, above `rank`; needed if contexts differ in length.

    Notes
    -----
    With `seed`, masks are the same bit for bit for any number of workers, however they are
    started, persistent or not, in order or not. Each loader needs a collator of its own, which
    counts its batches. An iterable dataset gives each worker its own stream of records, and batches
    are numbered within it: masks repeat for the same number of workers, but another number pairs
    them with other records, and a run that resumes in the middle of an epoch draws others.

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
        check_strategy(self.strategy)
        self._check(self.patch_size, self.strategy)
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


@dataclass(frozen=True, repr=False)
class MaskCollator(_Collator):
    """Stack the records of a batch and mask them as ECG-JEPA does.

    A drop-in replacement for the collator of ECG-JEPA [1]_, which returns the batch, one context
    tensor and one target tensor: :class:`MaskAndComplement` with its parameters spelt out here.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    min_block_size, min_keep_ratio, max_keep_ratio
        As for :class:`MaskAndComplement`.
    signal_key, check_finite, seed, rank, world_size
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
    min_block_size: int = MaskAndComplement.min_block_size
    min_keep_ratio: float = MaskAndComplement.min_keep_ratio
    max_keep_ratio: float = MaskAndComplement.max_keep_ratio

    def __post_init__(self) -> None:
        self._check(self.patch_size, self.strategy)

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


@dataclass(frozen=True, repr=False)
class IJEPAMaskCollator(_Collator):
    """Stack the records of a batch and mask them as I-JEPA does, in one dimension.

    A drop-in replacement for the collator of I-JEPA [1]_, which returns the batch, a list of one
    context tensor and a list of target tensors: :class:`ContextToTarget` with its parameters
    spelt out here.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    context_scale, pred_scale, num_pred_blocks, min_keep
        As for :class:`ContextToTarget`.
    truncate, signal_key, check_finite, seed, rank, world_size
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
    context_scale: tuple[float, float] = ContextToTarget.context_scale
    pred_scale: tuple[float, float] = ContextToTarget.pred_scale
    num_pred_blocks: int = ContextToTarget.num_pred_blocks
    min_keep: int = ContextToTarget.min_keep
    _: KW_ONLY
    truncate: Truncate = "ends"

    def __post_init__(self) -> None:
        # Lists, as configuration files give them, become tuples here as in the strategy.
        object.__setattr__(self, "context_scale", self.strategy.context_scale)
        object.__setattr__(self, "pred_scale", self.strategy.pred_scale)
        self._check(self.patch_size, self.strategy)
        check_truncate(self.truncate)

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


def gather_tokens(tokens: Tensor, indices: Tensor) -> Tensor:
    """Return the tokens that indices name, record by record.

    Parameters
    ----------
    tokens
        ``(n_records, n_tokens, dim)``.
    indices
        ``(n_records, n_indices)``, whole numbers from 0 to below ``n_tokens``, as collators
        return them.

    Returns
    -------
    Tensor
        ``(n_records, n_indices, dim)``.

    Raises
    ------
    ValueError
        If the shapes do not belong together, or an index names no token.

    Examples
    --------
    >>> import torch
    >>> from ecgmask import gather_tokens
    >>> tokens = torch.arange(12).reshape(2, 3, 2)
    >>> gather_tokens(tokens, torch.tensor([[0, 2], [1, 1]])).tolist()
    [[[0, 1], [4, 5]], [[8, 9], [8, 9]]]
    """
    if tokens.ndim != 3 or indices.ndim != 2 or len(tokens) != len(indices):
        raise ValueError(
            f"tokens {tuple(tokens.shape)} and indices {tuple(indices.shape)} must have the shapes "
            "(n_records, n_tokens, dim) and (n_records, n_indices)"
        )
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < tokens.shape[1]:
        raise ValueError(
            f"indices go from {int(indices.min())} to {int(indices.max())}, but there are "
            f"{tokens.shape[1]} tokens; do the model and the collator agree on the patches?"
        )
    return torch.gather(tokens, 1, indices[..., None].expand(-1, -1, tokens.shape[2]))


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
        way_out = (
            "give a single lead a lead axis, signal[None]"
            if len(shapes[0]) == 1
            else "a record is one ECG, with at least one lead and one sample"
        )
        raise ValueError(
            f"a signal must have the shape (n_leads, n_samples), not {shapes[0]}; {way_out}"
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
    """Return the token numbers of `marked` ``(record, lead, patch)``, one row a record.

    All records must have equally many.
    """
    tokens = marked.reshape(len(marked), -1)
    indices = np.flatnonzero(tokens).reshape(len(marked), -1)
    indices -= np.arange(len(marked))[:, None] * tokens.shape[1]
    return torch.from_numpy(indices)
