"""DataLoader collators: stack the records of a batch and draw their masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, field, fields
from itertools import chain
from typing import Any, Generic, Literal, NamedTuple, Self, TypeAlias, overload

import torch
from torch import Tensor
from typing_extensions import TypeVar

from ecgmask._checks import check_count
from ecgmask.batches import Mark, mark_of
from ecgmask.indices import (
    AS_DRAWN,
    Indices,
    Kept,
    Truncate,
    check_truncate,
    draw_indices,
    may_differ,
)
from ecgmask.leads import STANDARD_LEADS, standard_name
from ecgmask.ranks import Ranks
from ecgmask.records import Facts, Grid, stack_records
from ecgmask.seeding import OF_RANKS, BatchSeed, Progress, seed_from_torch
from ecgmask.strategies import ContextToTarget, MaskAndComplement, Strategy
from ecgmask.strategies.masks import check_strategy, needs_r_peaks

Context = TypeVar("Context", bound=Tensor | list[Tensor])
Targets = TypeVar("Targets", bound=Tensor | list[Tensor] | list[list[Tensor]])
# One strategy or several, lengths or none, a tuple or a dict: what decides the form of a batch.
Rule = TypeVar("Rule", bound=Strategy | Sequence[Strategy], covariant=True)
Cut = TypeVar("Cut", bound=Truncate, default=Literal["ends"], covariant=True)
Lengths = TypeVar("Lengths", bound=str | int | None, default=None, covariant=True)
AsDict = TypeVar("AsDict", Literal[False], Literal[True], default=Literal[False], covariant=True)
Flat = TypeVar("Flat", Literal[False], Literal[True], default=Literal[False], covariant=True)


Cutting: TypeAlias = Literal["ends", "random", "first"]


class MaskedBatch(NamedTuple, Generic[Context, Targets]):
    """A batch of records with the indices of its context and target patches.

    It unpacks as ``batch, context, targets``. The indices are ``int64``, in ascending order, and
    fit :func:`torch.gather` on the token axis of ``(n_records, n_patches, dim)``. Tokens of
    per-lead masks are numbered lead-major, ``lead * n_patches + patch``.
    """

    batch: Any
    """What :func:`torch.utils.data.default_collate` makes of the records."""
    context: Context
    """Indices that the encoder sees, one row for each record."""
    targets: Targets
    """Indices to predict, one row for each record."""


class PaddedBatch(NamedTuple, Generic[Context, Targets]):
    """A batch of records of different lengths, with the patches that are padding.

    It unpacks as ``batch, context, targets, padding``; the first three are those of a
    :class:`MaskedBatch`.

    Examples
    --------
    >>> from ecgmask import PatchMaskCollator, RandomPatches, sample_ecg
    >>> collate = PatchMaskCollator(RandomPatches(), patch_size=25, lengths_key=1)
    >>> signal = sample_ecg().signal  # 5000 samples; say that in one record 1000 are padding
    >>> batch, context, targets, padding = collate([(signal, 5000), (signal, 4000)])
    >>> padding.sum(dim=1).tolist()
    [0, 40]
    """

    batch: Any
    """What :func:`torch.utils.data.default_collate` makes of the records."""
    context: Context
    """Indices that the encoder sees, one row for each record."""
    targets: Targets
    """Indices to predict, one row for each record."""
    padding: Tensor
    """``True`` where a patch is padding, a key padding mask of shape ``(n_records, n_patches)``."""


class FilledBatch(NamedTuple, Generic[Context, Targets]):
    """A batch that has lost no token: shorter rows are filled up to the longest.

    It unpacks as ``batch, context, targets, padding, context_padding, target_padding``; the first
    four are those of a :class:`PaddedBatch`. The last two are ``True`` where a slot of the indices
    is filler, as ``key_padding_mask`` of :class:`torch.nn.MultiheadAttention` and
    ``src_key_padding_mask`` of :class:`torch.nn.TransformerEncoder` take it. A filler repeats the
    last token of its record.

    Examples
    --------
    >>> import torch
    >>> from ecgmask import ContextToTarget, PatchMaskCollator, gather_tokens, sample_ecg
    >>> _ = torch.manual_seed(0)
    >>> collate = PatchMaskCollator(ContextToTarget(), patch_size=25, truncate="never")
    >>> masked = collate([sample_ecg().signal] * 4)
    >>> masked.context.shape == masked.context_padding.shape
    True
    >>> encoder = torch.nn.TransformerEncoderLayer(8, 2, batch_first=True)
    >>> seen = gather_tokens(torch.randn(4, 200, 8), masked.context)
    >>> encoder(seen, src_key_padding_mask=masked.context_padding).shape == seen.shape
    True

    As a nested tensor, a batch of sequences of their own lengths:

    >>> lengths = (~masked.context_padding).sum(dim=1)
    >>> nested = torch.nested.narrow(seen, 1, 0, lengths, layout=torch.jagged)
    >>> [len(tokens) for tokens in nested.unbind()] == lengths.tolist()
    True
    """

    batch: Any
    """What :func:`torch.utils.data.default_collate` makes of the records."""
    context: Context
    """Indices that the encoder sees, one row for each record."""
    targets: Targets
    """Indices to predict, one row for each record."""
    padding: Tensor
    """``True`` where a patch is padding, a key padding mask of shape ``(n_records, n_patches)``."""
    context_padding: Context
    """``True`` where a slot of the context is filler; of its form and shape."""
    target_padding: Targets
    """``True`` where a slot of a target is filler; of their form and shape."""


Named = TypeVar(
    "Named", bound=MaskedBatch[Any, Any] | PaddedBatch[Any, Any] | FilledBatch[Any, Any]
)


@dataclass(frozen=True, repr=False)
class _Collator(Generic[AsDict]):
    """What all collators share: the records they take and the checks they make."""

    _: KW_ONLY
    signal_key: str | int | None = None
    check_finite: bool = True
    as_dict: AsDict = False  # type: ignore[assignment]
    seed: int | None = None
    rank: int | None = None
    world_size: int | None = None
    # Compared, so that collators that draw different masks are not equal, but no part of the hash,
    # which stays. None without a seed.
    _progress: Progress | None = field(init=False, default=None, repr=False, hash=False)

    def __copy__(self) -> Self:
        return deepcopy(self)

    def __repr__(self) -> str:
        shown = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in sorted(fields(self), key=lambda f: f.kw_only is True)
            if f.repr and not (f.kw_only and getattr(self, f.name) == f.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def set_epoch(self, epoch: int) -> None:
        """Draw other masks from now on, where batches do not bring their number.

        Call it before each epoch when `seed` is given and the loader has no
        :class:`NumberedBatches`. It reaches workers that are alive already. Without `seed` it has
        no effect.

        Parameters
        ----------
        epoch
            Number of the epoch, at least 0.
        """
        epoch = check_count("epoch", epoch, least=0, bits=63)
        if self._progress is not None:
            self._progress.set_epoch(epoch)

    def state_dict(self, batch: int | None = None) -> dict[str, int | None]:
        """Return what :meth:`load_state_dict` needs to go on at the next batch.

        Batches of :class:`NumberedBatches` bring their number: save the state of those instead.

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
        if self._progress is None:
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
        if state["seed"] != self.seed or self._progress is None:
            raise ValueError(
                f"the state was saved with seed={state['seed']}, but this collator has "
                f"seed={self.seed}; pass the same seed"
            )
        epoch = check_count("epoch", state["epoch"], least=0, bits=63)
        self._progress.load(epoch, check_count("batch", state["batch"], least=0, bits=63))

    @property
    def _is_of_one_rank(self) -> bool:
        """Whether sizes of masks follow from what only one rank knows of its records."""
        return False

    @property
    def _kept(self) -> Kept:
        return AS_DRAWN

    def _check(
        self, patch_size: int | None, strategies: Sequence[Strategy], *, leads_missing: bool = False
    ) -> None:
        if patch_size is not None:
            check_count("patch_size", patch_size)
        kept = self._kept
        for name, given in kept._asdict().items():
            if given is not None:
                check_count(name, given)
        if self.seed is not None:
            # A plain int, as the state that holds it is stored.
            object.__setattr__(self, "seed", check_count("seed", self.seed, least=0, bits=64))
            object.__setattr__(self, "_progress", Progress())
        if self.rank is not None:
            check_count("rank", self.rank, least=0)
        if self.world_size is None:
            differing = [s for s in strategies if may_differ(s, kept, leads_missing=leads_missing)]
            if self.rank and differing:
                why = " where leads are missing" if leads_missing else ""
                raise ValueError(
                    f"rank={self.rank} needs world_size: masks of {differing[0]!r} differ in "
                    f"length{why}, and ranks can only agree on one if they know of each other, or "
                    "are told with n_context= and n_target="
                )
        elif check_count("world_size", self.world_size) <= (self.rank or 0):
            raise ValueError(f"rank must be below world_size={self.world_size}, not {self.rank}")
        if self.seed is None and (self.rank or self.world_size not in (None, 1)):
            raise ValueError(
                "rank and world_size need seed=, the same for all ranks, so that all ranks draw "
                "masks of one size"
            )

    def _collate(
        self,
        records: Sequence[Any],
        strategies: Sequence[Strategy],
        grid: Grid,
        truncate: Truncate = "ends",
        **where: Any,
    ) -> tuple[Any, list[Indices], Facts]:
        batch, facts = stack_records(
            records,
            grid,
            signal_key=self.signal_key,
            check_finite=self.check_finite,
            **where,
        )
        mark = mark_of(records)
        seed = self._next_seed(mark)
        ranks = self._ranks()
        if mark is not None and ranks.world_size > 1:
            self._check_n_records(mark, strategies, facts)
        drawn = [
            draw_indices(
                strategy,
                facts,
                seed._replace(part=part),
                truncate,
                self._kept,
                **ranks._asdict(),
            )
            for part, strategy in enumerate(strategies)
        ]
        return batch, drawn, facts

    def _formed(self, masked: Named) -> Named | dict[str, Any]:
        """Return a batch as it is, or as a dict."""
        if not self.as_dict:
            return masked
        named = dict(zip(masked._fields, masked, strict=True))
        batch = named.pop("batch")
        if not isinstance(batch, Mapping):
            return {"batch": batch, **named}
        taken = sorted(set(batch) & set(named))
        if taken:
            raise ValueError(
                f"records have the keys {', '.join(map(repr, taken))}, which as_dict=True needs "
                "for the masks; rename them"
            )
        return {**batch, **named}

    def _next_seed(self, mark: Mark | None) -> BatchSeed:
        if self.seed is None or self._progress is None:
            return seed_from_torch()
        if mark is not None:
            return BatchSeed(self.seed, mark.epoch, mark.batch)
        return BatchSeed(self.seed, *self._progress.next_batch())

    def _ranks(self) -> Ranks:
        """Return which process this is, as told or as it was launched."""
        found = None if self._progress is None else self._progress.ranks()
        rank, world_size = found or (0, 1)
        if self._is_of_one_rank and self.rank is self.world_size is None:
            return Ranks(rank, world_size=0)
        ranks = Ranks(
            rank if self.rank is None else self.rank,
            world_size if self.world_size is None else self.world_size,
        )
        if found is not None and self._progress is not None and ranks != found:
            self._progress.warn_once(
                OF_RANKS,
                f"rank={ranks.rank} of world_size={ranks.world_size} was asked for, but this is "
                f"process {rank} of {world_size}; leave out rank and world_size, which are found",
            )
        return ranks

    def _check_n_records(self, mark: Mark, strategies: Sequence[Strategy], facts: Facts) -> None:
        """Raise an error if ranks would disagree on the size of their masks."""
        differing = [
            s
            for s in strategies
            if may_differ(s, self._kept, leads_missing=facts.missing is not None)
        ]
        if differing and mark.n_records not in (None, facts.n_records):
            raise ValueError(
                f"batch {mark.batch} of epoch {mark.epoch} has {facts.n_records} records and that "
                f"of another rank may have {mark.n_records}, but ranks that draw {differing[0]!r} "
                "need the same number to agree on the size of their masks; pass drop_last=True to "
                "NumberedBatches, and leave no record out"
            )


@dataclass(frozen=True, repr=False)
class PatchMaskCollator(_Collator[AsDict], Generic[Rule, Cut, Lengths, AsDict, Flat]):
    """Stack the records of a batch and draw their masks with any strategy.

    Use it as the ``collate_fn`` of a :class:`torch.utils.data.DataLoader`.

    Parameters
    ----------
    strategy
        The rule that draws context and targets, or several of them: each draws a context and
        targets of its own for every record of the batch.
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    n_patches
        How many tokens the front end of a model makes of a record, in place of `patch_size`: a
        whole number of at least 1, or a function that is given the samples of a record. R peaks
        are placed as if tokens divided a record evenly.
    truncate
        What becomes of contexts (and targets) of different lengths, since index tensors have one.
        ``"ends"`` cuts all to the shortest of the batch and drops the surplus from the left or
        right end of each record by a fair coin: runs stay long and hardly any position is favoured.
        ``"random"`` drops a random subset: no position is favoured, but runs break up. ``"first"``
        keeps the first patches in time, as some published code does, and hides the end of the
        record. What is dropped is ignored, never moved to the other side. ``"never"`` drops
        nothing: shorter rows are filled up to the longest, and a :class:`FilledBatch` says where.
    n_context
        Context tokens that each record keeps, at least 1, so that all batches have one shape: cut
        to so many, or filled up to so many with ``truncate="never"``. A record that is drawn with
        fewer (there, with more) is drawn again, up to a thousand times; then an error says so.
    n_target
        The same for the tokens of each target.
    lengths_key
        Where a record says how many of its samples are no padding. Padded patches, whole or in
        part, are neither context nor target, and a :class:`PaddedBatch` says which they are. A
        short record cuts its batch to what it has itself; ``truncate="never"`` cuts nothing, and
        a sampler that puts records of like length together loses little.
    r_peaks_key
        Where a record holds the positions of its R peaks in samples, in ascending order, for
        :class:`Beats`. They stay a list in the batch.
    missing_leads
        Names of leads that no record has, or ``"nan"`` to take leads that are NaN throughout as
        missing. Their tokens are neither context nor target; per-lead masks only.
    flat_targets
        Whether the targets of several strategies are one list, in the order of the strategies,
        and not a list for each of them.
    signal_key
        Where the signal is in a record: a key if records are dicts, a position if they are
        sequences. By default a record is the signal itself or its first item.
    check_finite
        Whether NaN and infinite samples raise an error.
    as_dict
        Whether a batch is a plain dict with the names of its parts as keys: ``batch``, ``context``,
        ``targets``, and what else its form has. Records that are dicts keep their keys in place of
        ``batch``.
    seed
        Without it, every call takes one number from torch's generator and draws all masks of the
        batch from it: :func:`torch.manual_seed` repeats them for the same number of workers. With
        it, at least 0 and below ``2**64``, the masks of a batch depend on the seed, the epoch,
        the number of the batch and the rank, and on nothing else. Let :class:`NumberedBatches`
        number the batches; otherwise the collator counts its calls, and warns where that may go
        wrong.
    rank
        Which process of a distributed run this is, at least 0; needs `seed`. Ranks get masks of
        the same sizes at different positions. All must have the same batch size. By default it is
        that of ``torch.distributed``, or of the variables ``RANK`` and ``WORLD_SIZE`` of a
        launcher.
    world_size
        Number of processes, above `rank`; needed with `rank` if contexts differ in length, unless
        `n_context` and `n_target` give one.

    Notes
    -----
    With `seed` and :class:`NumberedBatches`, masks are the same bit for bit for any number of
    workers, however they are started, persistent or not, in order or not, and after batches that
    were skipped. Without them, a collator counts its calls, for one loader, from the epoch that
    :meth:`set_epoch` starts. An iterable dataset gives each worker its own stream of records, and
    batches are numbered within it: masks repeat for the same number of workers, but another number
    pairs them with other records, and a run that resumes in the middle of an epoch draws others.

    Examples
    --------
    >>> from ecgmask import ContextToTarget, PatchMaskCollator, sample_ecg
    >>> collate = PatchMaskCollator(ContextToTarget(), patch_size=25)
    >>> batch, context, targets = collate([sample_ecg().signal] * 8)
    >>> batch.shape, context.shape[0], len(targets)
    (torch.Size([8, 12, 5000]), 8, 4)

    All batches of one shape, as dicts:

    >>> strategy = ContextToTarget(pred_scale=(0.15, 0.15), min_keep=40)
    >>> collate = PatchMaskCollator(strategy, 25, n_context=40, n_target=30, as_dict=True)
    >>> masked = collate([sample_ecg().signal] * 8)
    >>> list(masked), masked["context"].shape, masked["targets"][0].shape
    (['batch', 'context', 'targets'], torch.Size([8, 40]), torch.Size([8, 30]))
    """

    strategy: Rule
    patch_size: int | None = None
    _: KW_ONLY
    n_patches: int | Callable[[int], int] | None = None
    truncate: Cut = "ends"  # type: ignore[assignment]
    n_context: int | None = None
    n_target: int | None = None
    lengths_key: Lengths = None  # type: ignore[assignment]
    r_peaks_key: str | int | None = None
    missing_leads: tuple[str, ...] | str | None = None
    flat_targets: Flat = False  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if isinstance(self.strategy, list | tuple):
            object.__setattr__(self, "strategy", tuple(self.strategy))
            if not self.strategy:
                raise ValueError("strategy must hold at least one strategy, but is empty")
        for strategy in self._strategies:
            check_strategy(strategy)
        if (self.patch_size is None) == (self.n_patches is None):
            raise ValueError(
                "give either patch_size=, the samples in a patch, or n_patches=, how many tokens "
                f"the front end makes of a record, not {self.patch_size} and {self.n_patches}"
            )
        if self.n_patches is not None and not callable(self.n_patches):
            check_count("n_patches", self.n_patches)
            if self.lengths_key is not None:
                raise ValueError(
                    f"lengths_key={self.lengths_key!r} needs n_patches= as a function, which says "
                    "how many tokens so many samples make"
                )
        self._check(self.patch_size, self._strategies, leads_missing=self.missing_leads is not None)
        check_truncate(self.truncate)
        if self.missing_leads is not None and self.missing_leads != "nan":
            given: Any = self.missing_leads
            names = () if isinstance(given, str) else tuple(map(standard_name, given))
            if not names or not set(names) <= set(STANDARD_LEADS):
                raise ValueError(
                    f'missing_leads must be "nan" or a tuple of {", ".join(STANDARD_LEADS)}, not '
                    f"{given!r}"
                )
            object.__setattr__(self, "missing_leads", names)
        needy = [strategy for strategy in self._strategies if needs_r_peaks(strategy)]
        if needy and self.r_peaks_key is None:
            raise ValueError(
                f"{needy[0]!r} needs the R peaks of each record; say where they are with "
                "r_peaks_key="
            )
        if self.r_peaks_key is not None and not needy:
            raise ValueError(
                f"r_peaks_key={self.r_peaks_key!r} is given, but no strategy uses R peaks; leave "
                "it out"
            )
        if self._is_of_one_rank and (self.rank or self.world_size not in (None, 1)):
            raise ValueError(
                "lengths, R peaks and leads that are NaN are known to one rank only, so ranks "
                "cannot agree on the size of their masks; give n_context= and n_target=, or leave "
                "out rank and world_size, and expect batches of different shapes"
            )

    @property
    def _is_of_one_rank(self) -> bool:
        return not self._kept.all_given and (
            self.lengths_key is not None
            or self.r_peaks_key is not None
            or self.missing_leads == "nan"
        )

    @property
    def _strategies(self) -> tuple[Strategy, ...]:
        given: Any = self.strategy
        return given if isinstance(given, tuple) else (given,)

    @property
    def _kept(self) -> Kept:
        return Kept(self.n_context, self.n_target)

    @overload
    def __call__(
        self: PatchMaskCollator[Strategy, Cutting, None, Literal[False], Any],
        records: Sequence[Any],
    ) -> MaskedBatch[Tensor, list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Strategy, Cutting, str | int, Literal[False], Any],
        records: Sequence[Any],
    ) -> PaddedBatch[Tensor, list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Strategy, Literal["never"], str | int | None, Literal[False], Any],
        records: Sequence[Any],
    ) -> FilledBatch[Tensor, list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Sequence[Strategy], Cutting, None], records: Sequence[Any]
    ) -> MaskedBatch[list[Tensor], list[list[Tensor]]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Sequence[Strategy], Cutting, str | int], records: Sequence[Any]
    ) -> PaddedBatch[list[Tensor], list[list[Tensor]]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Sequence[Strategy], Literal["never"], str | int | None],
        records: Sequence[Any],
    ) -> FilledBatch[list[Tensor], list[list[Tensor]]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Sequence[Strategy], Cutting, None, Literal[False], Literal[True]],
        records: Sequence[Any],
    ) -> MaskedBatch[list[Tensor], list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[
            Sequence[Strategy], Cutting, str | int, Literal[False], Literal[True]
        ],
        records: Sequence[Any],
    ) -> PaddedBatch[list[Tensor], list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[
            Sequence[Strategy],
            Literal["never"],
            str | int | None,
            Literal[False],
            Literal[True],
        ],
        records: Sequence[Any],
    ) -> FilledBatch[list[Tensor], list[Tensor]]: ...

    @overload
    def __call__(
        self: PatchMaskCollator[Any, Any, Any, Literal[True], Any], records: Sequence[Any]
    ) -> dict[str, Any]: ...

    def __call__(
        self, records: Sequence[Any]
    ) -> MaskedBatch[Any, Any] | PaddedBatch[Any, Any] | FilledBatch[Any, Any] | dict[str, Any]:
        """Stack `records` and draw their masks.

        Parameters
        ----------
        records
            Records as :func:`torch.utils.data.default_collate` takes them, with signals
            ``(n_leads, n_samples)`` of one shape: bare tensors or arrays,
            ``(signal, label, ...)``, or dicts.

        Returns
        -------
        MaskedBatch, PaddedBatch, FilledBatch or dict
            The collated records, the context ``(n_records, n_context)``, and a list with
            ``(n_records, n_target)`` for each target block. With several strategies, a list of
            contexts, and a list of such lists. With `lengths_key`, the padding as well; with
            ``truncate="never"``, the padding and what is filler. With `as_dict`, a dict of these.

        Raises
        ------
        TypeError, ValueError
            If the batch is empty, the records do not stack or do not divide into patches, a
            sample is not finite, or the strategy cannot mask so few patches.
        """
        batch, drawn, facts = self._collate(
            records,
            self._strategies,
            Grid(self.patch_size, self.n_patches),
            self.truncate,
            lengths_key=self.lengths_key,
            r_peaks_key=self.r_peaks_key,
            missing_leads=self.missing_leads,
        )
        several = isinstance(self.strategy, tuple)
        context, targets, context_padding, target_padding = (
            _by_strategy(drawn, flat_targets=self.flat_targets) if several else drawn[0]
        )
        if self.truncate != "never" and facts.n_valid is None:
            return self._formed(MaskedBatch(batch, context, targets))
        padding = torch.zeros(facts.n_records, facts.n_patches, dtype=torch.bool)
        if facts.n_valid is not None:
            padding |= torch.arange(facts.n_patches) >= torch.from_numpy(facts.n_valid)[:, None]
        if self.truncate != "never":
            return self._formed(PaddedBatch(batch, context, targets, padding))
        return self._formed(
            FilledBatch(batch, context, targets, padding, context_padding, target_padding)
        )


def _by_strategy(drawn: list[Indices], *, flat_targets: bool) -> tuple[Any, ...]:
    """Return contexts, targets and what is filler of each, in lists by strategy."""
    context, targets, context_padding, target_padding = map(list, zip(*drawn, strict=True))
    if flat_targets:
        targets, target_padding = [*chain(*targets)], [*chain(*target_padding)]
    return context, targets, context_padding, target_padding


@dataclass(frozen=True, repr=False)
class MaskCollator(_Collator[AsDict]):
    """Stack the records of a batch and mask them as ECG-JEPA does.

    A drop-in replacement for the collator of ECG-JEPA [1]_, which returns the batch, one context
    tensor and one target tensor: :class:`MaskAndComplement` with its parameters spelt out here.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    min_block_size, min_keep_ratio, max_keep_ratio
        As for :class:`MaskAndComplement`.
    signal_key, check_finite, as_dict, seed, rank, world_size
        As for :class:`PatchMaskCollator`.

    Notes
    -----
    Context and target share out all patches, so nothing can be dropped to get one shape for all
    batches; equal `min_keep_ratio` and `max_keep_ratio` do that.

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
        self._check(self.patch_size, [self.strategy])

    @property
    def strategy(self) -> MaskAndComplement:
        """The strategy that draws the masks."""
        return MaskAndComplement(self.min_block_size, self.min_keep_ratio, self.max_keep_ratio)

    @overload
    def __call__(
        self: MaskCollator[Literal[False]], records: Sequence[Any]
    ) -> MaskedBatch[Tensor, Tensor]: ...

    @overload
    def __call__(self: MaskCollator[Literal[True]], records: Sequence[Any]) -> dict[str, Any]: ...

    def __call__(self, records: Sequence[Any]) -> MaskedBatch[Tensor, Tensor] | dict[str, Any]:
        """Stack `records` and draw their masks; see :meth:`PatchMaskCollator.__call__`.

        Parameters
        ----------
        records
            Records as :class:`PatchMaskCollator` takes them.

        Returns
        -------
        MaskedBatch or dict
            The collated records, the context ``(n_records, n_context)``, and the target
            ``(n_records, n_patches - n_context)``.
        """
        batch, drawn, _ = self._collate(records, [self.strategy], Grid(self.patch_size))
        context, (target,), *_ = drawn[0]
        return self._formed(MaskedBatch(batch, context, target))


@dataclass(frozen=True, repr=False)
class IJEPAMaskCollator(_Collator[AsDict]):
    """Stack the records of a batch and mask them after I-JEPA, in one dimension.

    It returns the batch in the form of I-JEPA's collator [1]_: a list of one context tensor and a
    list of target tensors. This is :class:`ContextToTarget` with its parameters spelt out; the
    defaults are those of the notebook that this package grew from. Give
    ``context_scale=(0.85, 1.0), min_keep=11`` for those of the paper.

    Parameters
    ----------
    patch_size
        Samples in a patch, at least 1. Records must divide into patches without remainder.
    context_scale, pred_scale, num_pred_blocks, min_keep
        As for :class:`ContextToTarget`.
    truncate, n_context, n_target, signal_key, check_finite, as_dict, seed, rank, world_size
        As for :class:`PatchMaskCollator`. ``n_context=min_keep`` cuts each context to what each
        record has.

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
    truncate: Cutting = "ends"
    n_context: int | None = None
    n_target: int | None = None

    def __post_init__(self) -> None:
        # Lists, as configuration files give them, become tuples here as in the strategy.
        object.__setattr__(self, "context_scale", self.strategy.context_scale)
        object.__setattr__(self, "pred_scale", self.strategy.pred_scale)
        self._check(self.patch_size, [self.strategy])
        truncate: str = self.truncate
        check_truncate(truncate)
        if truncate == "never":
            raise ValueError(
                'truncate="never" needs a place to say what is filler, which the form of I-JEPA '
                "lacks; use PatchMaskCollator(ContextToTarget(...), ...)"
            )

    @property
    def _kept(self) -> Kept:
        return Kept(self.n_context, self.n_target)

    @property
    def strategy(self) -> ContextToTarget:
        """The strategy that draws the masks."""
        return ContextToTarget(
            self.context_scale, self.pred_scale, self.num_pred_blocks, self.min_keep
        )

    @overload
    def __call__(
        self: IJEPAMaskCollator[Literal[False]], records: Sequence[Any]
    ) -> MaskedBatch[list[Tensor], list[Tensor]]: ...

    @overload
    def __call__(
        self: IJEPAMaskCollator[Literal[True]], records: Sequence[Any]
    ) -> dict[str, Any]: ...

    def __call__(
        self, records: Sequence[Any]
    ) -> MaskedBatch[list[Tensor], list[Tensor]] | dict[str, Any]:
        """Stack `records` and draw their masks; see :meth:`PatchMaskCollator.__call__`.

        Parameters
        ----------
        records
            Records as :class:`PatchMaskCollator` takes them.

        Returns
        -------
        MaskedBatch or dict
            The collated records, a list with the context ``(n_records, n_context)``, and a list
            with ``(n_records, n_target)`` for each of the `num_pred_blocks` targets.
        """
        grid = Grid(self.patch_size)
        batch, drawn, _ = self._collate(records, [self.strategy], grid, self.truncate)
        context, targets, *_ = drawn[0]
        return self._formed(MaskedBatch(batch, [context], targets))


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
        If the shapes do not belong together, or an index names no token. The second is looked for
        on the CPU only, and not in a compiled function.

    Notes
    -----
    ``torch.compile`` takes it with ``fullgraph=True``. A new context length compiles anew until
    the compiler makes it dynamic; with ``dynamic=False`` each length costs a graph, until the limit
    on them is reached. One shape, and one graph, is left by ``n_context=`` and ``n_target=`` of a
    collator.

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
    # On an accelerator the check would wait for the device at every call, and a compiler would
    # have to leave the graph for it.
    checked = indices.device.type == "cpu" and not torch.compiler.is_compiling()
    if (
        checked
        and indices.numel()
        and not 0 <= int(indices.min()) <= int(indices.max()) < tokens.shape[1]
    ):
        raise ValueError(
            f"indices go from {int(indices.min())} to {int(indices.max())}, but there are "
            f"{tokens.shape[1]} tokens; do the model and the collator agree on the patches?"
        )
    return torch.gather(tokens, 1, indices[..., None].expand(-1, -1, tokens.shape[2]))


def mark_tokens(indices: Tensor, n_tokens: int) -> Tensor:
    """Return which tokens indices name, on the device of the indices.

    Code that replaces hidden tokens by an embedding, or weighs a loss, takes masks in this form.

    Parameters
    ----------
    indices
        ``(n_records, n_indices)``, whole numbers from 0 to below `n_tokens`, as collators return
        them; a token may be named twice, as by a filler.
    n_tokens
        Number of tokens of a record, at least 1: for per-lead masks those of all leads.

    Returns
    -------
    Tensor
        ``(n_records, n_tokens)``, ``True`` where a token is named.

    Examples
    --------
    >>> import torch
    >>> from ecgmask import mark_tokens
    >>> mark_tokens(torch.tensor([[0, 2], [1, 1]]), n_tokens=3)
    tensor([[ True, False,  True],
            [False,  True, False]])
    """
    check_count("n_tokens", n_tokens)
    if indices.ndim != 2:
        raise ValueError(
            f"indices must have the shape (n_records, n_indices), not {tuple(indices.shape)}"
        )
    marked = torch.zeros(len(indices), n_tokens, dtype=torch.bool, device=indices.device)
    return marked.scatter(1, indices, True)
