"""What a strategy returns, and what a strategy is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from ecgmask._checks import check_count

BoolArray = NDArray[np.bool_]
IndexArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Masks:
    """The context and the targets of a batch of records, as boolean arrays.

    A shared mask, one for all leads, has a lead axis of length one; a per-lead mask has one row
    for each lead. Every strategy returns its masks in this form, and every figure takes it.

    Parameters
    ----------
    context
        ``(n_records, n_leads, n_patches)``, ``True`` where the encoder sees the patch.
    targets
        ``(n_records, n_targets, n_leads, n_patches)``, ``True`` where a target block has to be
        predicted. Target blocks of one record may overlap each other, never the context.

    Raises
    ------
    TypeError
        If an array is not boolean.
    ValueError
        If the shapes do not belong together, or a patch is context and target at once.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import Masks
    >>> context = np.array([[[True, True, False, False]]])
    >>> targets = np.array([[[[False, False, False, True]]]])
    >>> masks = Masks(context, targets)
    >>> masks.ignored
    array([[[False, False,  True, False]]])
    """

    context: BoolArray
    targets: BoolArray

    def __post_init__(self) -> None:
        given: list[tuple[str, Any, int]] = [
            ("context", self.context, 3),
            ("targets", self.targets, 4),
        ]
        for name, array, n_axes in given:
            if not isinstance(array, np.ndarray) or array.dtype != np.bool_:
                got = getattr(array, "dtype", type(array).__name__)
                raise TypeError(
                    f"{name} must be a boolean NumPy array, not {got}; "
                    "turn index tensors into masks with Masks.from_indices"
                )
            if array.ndim != n_axes:
                axes = "(record, lead, patch)" if n_axes == 3 else "(record, target, lead, patch)"
                raise ValueError(f"{name} must have the axes {axes}, not the shape {array.shape}")
        if self.context.shape != (self.targets.shape[0], *self.targets.shape[2:]):
            raise ValueError(
                f"context {self.context.shape} and targets {self.targets.shape} must agree in "
                "records, leads and patches"
            )
        leaks = self.context & self.target_union
        if leaks.any():
            record, lead, patch = np.argwhere(leaks)[0]
            raise ValueError(
                f"patch {patch} of record {record}, lead row {lead}, is context and target at "
                "once; remove the targets from the context"
            )

    def __repr__(self) -> str:
        return (
            f"<Masks: {self.n_records} record(s), {self.n_targets} target(s), "
            f"{'shared by all leads' if self.n_leads == 1 else f'{self.n_leads} leads'}, "
            f"{self.n_patches} patches>"
        )

    @property
    def n_records(self) -> int:
        """Number of records."""
        return len(self.context)

    @property
    def n_targets(self) -> int:
        """Number of target blocks of each record."""
        return int(self.targets.shape[1])

    @property
    def n_leads(self) -> int:
        """Length of the lead axis, which is 1 for a shared mask."""
        return int(self.context.shape[1])

    @property
    def n_patches(self) -> int:
        """Number of patches in time."""
        return int(self.context.shape[2])

    @property
    def target_union(self) -> BoolArray:
        """``(n_records, n_leads, n_patches)``, ``True`` where any target block is."""
        union: BoolArray
        if self.n_targets == 1:  # its own union, and no copy
            union = self.targets[:, 0]
        else:
            union = np.logical_or.reduce(self.targets, axis=1)
        return union

    @property
    def ignored(self) -> BoolArray:
        """``(n_records, n_leads, n_patches)``, ``True`` where neither context nor target is."""
        return ~(self.context | self.target_union)

    def __getitem__(self, record: int) -> Masks:
        """Return the masks of one record, with a record axis of length one."""
        if not -self.n_records <= record < self.n_records:
            raise IndexError(
                f"record {record} is not among the {self.n_records} record(s) of these masks"
            )
        record %= self.n_records
        return Masks(self.context[record : record + 1], self.targets[record : record + 1])

    @classmethod
    def from_indices(
        cls,
        context: ArrayLike,
        targets: ArrayLike,
        *,
        n_patches: int,
        n_leads: int = 1,
        strategy: int | None = None,
    ) -> Masks:
        """Rebuild boolean masks from the index tensors that a collator returns.

        Parameters
        ----------
        context
            Indices ``(n_records, n_context)``, or a list that holds one such array. Of several
            strategies, a list with one array for each.
        targets
            Indices ``(n_records, n_target)``, or a list with one such array for each target
            block. Of several strategies, a list of such lists.
        n_patches
            Number of patches in time, at least 1: samples divided by samples per patch.
        n_leads
            1 for shared masks. For per-lead masks the number of leads: their indices are
            lead-major token numbers, ``lead * n_patches + patch``.
        strategy
            Which strategy's masks, from 0; needed if the indices are those of several.

        Raises
        ------
        TypeError
            If the indices are not whole numbers.
        ValueError
            If an index lies outside the record, or the arrays have another number of records.

        Examples
        --------
        >>> from ecgmask import Masks
        >>> masks = Masks.from_indices([[0, 1]], [[[2]], [[3]]], n_patches=5)
        >>> masks.context
        array([[[ True,  True, False, False, False]]])
        >>> masks.n_targets
        2
        """
        check_count("n_patches", n_patches)
        check_count("n_leads", n_leads)
        context, targets = _of_strategy(context, targets, strategy)
        contexts = [_to_bool("context", c, n_patches, n_leads) for c in _as_blocks(context)]
        blocks = [_to_bool("targets", t, n_patches, n_leads) for t in _as_blocks(targets)]
        if len(contexts) != 1 or not blocks:
            raise ValueError(
                f"there must be one context and at least one target block, not {len(contexts)} "
                f"and {len(blocks)}"
            )
        if len({block.shape for block in contexts + blocks}) != 1:
            counts = [len(block) for block in contexts + blocks]
            raise ValueError(
                f"context and targets must have the same number of records, not {counts}"
            )
        return cls(contexts[0], np.stack(blocks, axis=1))

    def to_indices(self) -> tuple[IndexArray, list[IndexArray]]:
        """Return the index arrays that a collator makes of these masks.

        The reverse of :meth:`from_indices`, which gets the same masks back.

        Returns
        -------
        tuple
            The context ``(n_records, n_context)`` and a list with ``(n_records, n_target)`` for
            each target block, in ascending order. Tokens of per-lead masks are numbered
            lead-major, ``lead * n_patches + patch``.

        Raises
        ------
        ValueError
            If records differ in how many patches they have: index arrays need equal counts.

        Examples
        --------
        >>> import numpy as np
        >>> from ecgmask import Forecast
        >>> masks = Forecast(ratio=0.5).draw(1, 6, np.random.default_rng(0))
        >>> masks.to_indices()
        (array([[0, 1, 2]]), [array([[3, 4, 5]])])
        """
        blocks = [self.context, *self.targets.swapaxes(0, 1)]
        for name, marked in zip(["context", *["target"] * self.n_targets], blocks, strict=True):
            counts = np.unique(np.count_nonzero(marked, axis=(1, 2)))
            if counts.size > 1:
                raise ValueError(
                    f"records have from {counts[0]} to {counts[-1]} {name} patches, but index "
                    "arrays need equal counts; a collator cuts or fills them"
                )
        context, *targets = (indices_of(marked) for marked in blocks)
        return context, targets

    def to_permutation(self) -> tuple[IndexArray, IndexArray, BoolArray]:
        """Return the context's tokens, the order that restores all, and what is predicted.

        These are what the code of masked autoencoders shuffles tokens by. It has no place for
        patches that are neither context nor target: the decoder gets a mask token for each, as
        for a target, and the loss leaves them out.

        Returns
        -------
        tuple
            ``kept`` ``(n_records, n_context)``, the tokens that the encoder sees; ``restore``
            ``(n_records, n_tokens)``: encoded tokens followed by mask tokens, gathered by
            ``restore``, are back in their places; and ``predicted`` ``(n_records, n_tokens)``,
            ``True`` where any target is.

        Raises
        ------
        ValueError
            If records differ in how many context patches they have.

        Examples
        --------
        >>> import numpy as np
        >>> from ecgmask import Masks
        >>> context = np.array([[[False, True, False, True]]])
        >>> kept, restore, predicted = Masks(context, ~context[:, None]).to_permutation()
        >>> kept, restore
        (array([[1, 3]]), array([[2, 0, 3, 1]]))
        >>> predicted
        array([[ True, False,  True, False]])
        """
        flat = (self.n_records, -1)
        kept, restore = _permute(self.context.reshape(flat), "records")
        return kept, restore, self.target_union.reshape(flat)

    def to_lead_permutations(self) -> tuple[IndexArray, IndexArray, BoolArray]:
        """Return what :meth:`to_permutation` does for each lead, as the model of ST-MEM takes it.

        Returns
        -------
        tuple
            ``kept`` ``(n_records, n_leads, n_context)``, patches of each lead, and ``restore`` and
            ``predicted`` ``(n_records, n_leads, n_patches)``.

        Raises
        ------
        ValueError
            If leads differ in how many context patches they have.

        Examples
        --------
        >>> import numpy as np
        >>> from ecgmask import PerLead, RandomPatches
        >>> masks = PerLead(RandomPatches.mae()).draw(8, 30, np.random.default_rng(0))
        >>> kept, restore, predicted = masks.to_lead_permutations()
        >>> kept.shape, restore.shape
        ((8, 12, 7), (8, 12, 30))
        """
        kept, restore = _permute(self.context, "leads")
        return kept, restore, self.target_union

    @classmethod
    def from_permutation(
        cls,
        kept: ArrayLike,
        restore: ArrayLike,
        predicted: ArrayLike = (),
        *,
        n_leads: int = 1,
    ) -> Masks:
        """Rebuild masks from the permutation of MAE code.

        Parameters
        ----------
        kept
            ``(n_records, n_context)``, the tokens that the encoder sees, in any order; or
            ``(n_records, n_leads, n_context)``, those of each lead.
        restore
            ``(n_records, n_tokens)`` or ``(n_records, n_leads, n_patches)``, the order that
            restores all tokens.
        predicted
            Which tokens are the target, of the shape of `restore`; all that are not kept if it is
            not given.
        n_leads
            1 for shared masks, the number of leads for per-lead masks in one row; for those of each
            lead the arrays tell.

        Raises
        ------
        ValueError
            If the arrays do not belong together.

        Examples
        --------
        >>> from ecgmask import Masks
        >>> Masks.from_permutation([[1, 3]], [[2, 0, 3, 1]]).context
        array([[[False,  True, False,  True]]])
        """
        order = _as_array(restore)
        n_tokens = order.shape[-1] if order.ndim else 0
        if order.ndim not in (2, 3) or (np.sort(order, axis=-1) != np.arange(n_tokens)).any():
            raise ValueError("restore must hold a permutation of the tokens in each row")
        shuffled = np.argsort(order, axis=-1)
        kept = _as_array(kept)
        if kept.ndim != order.ndim or not np.array_equal(
            np.sort(kept, axis=-1), np.sort(shuffled[..., : kept.shape[-1]], axis=-1)
        ):
            raise ValueError("kept must hold the tokens that restore puts first")
        seen = order < kept.shape[-1]
        given = _as_array(predicted).astype(np.bool_)
        target = given if given.size else ~seen
        if target.shape != seen.shape:
            raise ValueError(
                f"predicted {target.shape} must have the shape of restore {seen.shape}"
            )
        if order.ndim == 2:
            if n_tokens % check_count("n_leads", n_leads):
                raise ValueError(f"{n_tokens} tokens cannot be divided among {n_leads} leads")
            shape = (len(order), n_leads, n_tokens // n_leads)
            seen, target = seen.reshape(shape), target.reshape(shape)
        return cls(seen, target[:, None])


MaskLike = Masks | tuple[Any, ...] | dict[str, Any]
"""Masks, what a collator returns, or the index tensors of the context and of the targets."""


class Strategy(ABC):
    """The rule that draws context and targets: all that a collator needs to know of it.

    Inherit from it and define :meth:`draw`. The strategies of this package are frozen dataclasses:
    their parameters are their fields, and they keep no state between draws. What merely has such a
    :meth:`draw` is taken for a strategy as well, one without equal counts and R peaks.

    Examples
    --------
    A strategy of your own, which hides the second half of every record:

    >>> import numpy as np
    >>> from ecgmask import Masks, Strategy
    >>> class SecondHalf(Strategy):
    ...     def draw(self, n_records, n_patches, rng, *, size_rng=None):
    ...         context = np.broadcast_to(
    ...             np.arange(n_patches) < n_patches // 2, (n_records, 1, n_patches)
    ...         )
    ...         return Masks(context, ~context[:, None])
    >>> SecondHalf().draw(1, 4, np.random.default_rng(0)).context
    array([[[ True,  True, False, False]]])
    """

    presets: ClassVar[dict[str, str]] = {}
    """The code of each setting that has a name, by that name, with the site's key of its paper."""

    @property
    def equal_counts(self) -> bool:
        """Whether all records of a batch keep equally many patches, whatever is drawn.

        Where this is not promised, ranks of a distributed run draw each other's masks to agree on
        one length.
        """
        return False

    @property
    def needs_r_peaks(self) -> bool:
        """Whether :meth:`draw` needs ``r_peaks=`` too, as :meth:`Beats.draw` describes it."""
        return False

    @abstractmethod
    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        """Draw the masks of a batch.

        Parameters
        ----------
        n_records
            Number of records, at least 1.
        n_patches
            Number of patches of each record, at least 1.
        rng
            The only source of randomness.
        size_rng
            Where sizes that are drawn once for the batch come from, if not from `rng`: ranks
            of a distributed run share them, to get tensors of one shape.

        Returns
        -------
        Masks
            Context ``(n_records, n_leads, n_patches)`` and targets
            ``(n_records, n_targets, n_leads, n_patches)``; shared masks have one row of leads.

        Raises
        ------
        ValueError
            If the parameters cannot leave a context and a target in so short a record.
        """


def indices_of(marked: BoolArray) -> IndexArray:
    """Return the token numbers of `marked` ``(record, lead, patch)``, one row a record.

    All records must have equally many.
    """
    tokens = marked.reshape(len(marked), -1)
    indices = np.flatnonzero(tokens).reshape(len(marked), -1)
    return indices - np.arange(len(marked))[:, None] * tokens.shape[1]


def _permute(seen: BoolArray, of: str) -> tuple[IndexArray, IndexArray]:
    """Return what is seen of each row, and the order that restores the row from it and the rest."""
    counts = np.unique(np.count_nonzero(seen, axis=-1))
    if counts.size > 1:
        raise ValueError(
            f"{of} have from {counts[0]} to {counts[-1]} context patches, but a permutation needs "
            "equal counts; a collator cuts those of records, and a strategy such as "
            "PerLead(RandomPatches()) draws equal ones for leads"
        )
    shuffled = np.argsort(~seen, axis=-1, kind="stable")
    return shuffled[..., : counts[0]], np.argsort(shuffled, axis=-1)


def check_strategy(strategy: Any) -> None:
    """Raise an error unless `strategy` can draw masks."""
    if isinstance(strategy, type) or not callable(getattr(strategy, "draw", None)):
        raise TypeError(
            "strategy must be an object with a draw method, such as MaskAndComplement(), not "
            f"{strategy!r}"
        )


def has_equal_counts(strategy: Strategy) -> bool:
    """Return whether all records of a batch keep equally many patches, whatever is drawn."""
    return bool(getattr(strategy, "equal_counts", False))


def needs_r_peaks(strategy: Strategy) -> bool:
    """Return whether a strategy draws from the R peaks of each record."""
    return bool(getattr(strategy, "needs_r_peaks", False))


def as_masks(
    masks: MaskLike,
    n_patches: int | None = None,
    n_leads: int = 1,
    strategy: int | None = None,
) -> Masks:
    """Return `masks` if they are boolean already, else build them from a collator's indices.

    Parameters
    ----------
    masks
        Masks, what a collator returns, or a tuple of the context's and the targets' index tensors.
    n_patches
        Number of patches in time, which index tensors do not tell unless padding comes with them.
    n_leads
        Number of leads of per-lead masks, which index tensors do not tell either.
    strategy
        Which of several strategies drew the masks, from 0.
    """
    if isinstance(masks, Masks):
        if n_patches not in (None, masks.n_patches):
            raise ValueError(
                f"the masks have {masks.n_patches} patches, not n_patches={n_patches}; leave it out"
            )
        if strategy is not None:
            raise ValueError(f"strategy={strategy} means nothing for boolean masks; leave it out")
        return masks
    given: Any = masks
    if isinstance(given, Mapping) and {"context", "targets"} <= set(given):
        # What a collator returns with as_dict=True.
        names = ("batch", "context", "targets", "padding")
        given = tuple(given.get(name) for name in names if name == "batch" or name in given)
    if not isinstance(given, tuple) or len(given) < 2:
        raise TypeError(
            "masks must be what a strategy draws, what a collator returns, or a tuple (context, "
            f"targets) of index tensors, not {type(given).__name__}"
        )
    context, targets, *padding = given if len(given) == 2 else given[1:]
    if padding:
        told = int(padding[0].shape[1])
        if n_patches not in (None, told):
            raise ValueError(
                f"the batch has {told} patches, not n_patches={n_patches}; leave it out"
            )
        n_patches = told
    if n_patches is None:
        raise ValueError("index tensors do not say how many patches a record has; pass n_patches=")
    made = Masks.from_indices(
        context, targets, n_patches=n_patches, n_leads=n_leads, strategy=strategy
    )
    if n_leads > 1 and made.ignored[:, 1:].all():
        raise ValueError(
            f"the indices name patches of the first of {n_leads} leads only, as those of shared "
            "masks do; leave out n_leads, or pass Masks.from_indices(..., n_leads=) if they are "
            "per-lead"
        )
    return made


def _of_strategy(context: Any, targets: Any, strategy: int | None) -> tuple[Any, Any]:
    """Return the indices that one of several strategies drew, or all if there is one."""
    if _n_axes(targets) < 4:
        if strategy is not None:
            raise ValueError(
                f"strategy={strategy} is given, but the indices are those of one; leave it out"
            )
        return context, targets
    if len(context) != len(targets):
        raise ValueError(
            f"there are contexts of {len(context)} strategies, but targets of {len(targets)}"
        )
    if strategy is None and len(targets) > 1:
        raise ValueError(
            f"the indices are those of {len(targets)} strategies; say which with strategy=0 to "
            f"strategy={len(targets) - 1}"
        )
    which = 0 if strategy is None else check_count("strategy", strategy, least=0)
    if which >= len(targets):
        raise ValueError(f"strategy must be below the {len(targets)} there are, not {strategy}")
    return context[which], targets[which]


def _n_axes(indices: Any) -> int:
    """Return how deep arrays or lists of them are; the arrays of a list may differ in length."""
    if isinstance(indices, list | tuple):
        return 1 + (_n_axes(indices[0]) if len(indices) else 0)
    return int(np.ndim(indices))


def _as_blocks(indices: Any) -> list[NDArray[np.int64]]:
    """Return a list of ``(n_records, n_indices)`` arrays from one of them or a list of them."""
    if isinstance(indices, list | tuple) and _n_axes(indices) == 3:
        return [_as_array(block) for block in indices]
    return [_as_array(indices)]


def _as_array(given: Any) -> NDArray[Any]:
    """Return an array of what is given, which may be a tensor of any device."""
    # NumPy takes nothing from an accelerator by itself, and masks are arrays.
    return np.asarray(given.cpu() if hasattr(given, "cpu") else given)


def _to_bool(name: str, indices: NDArray[np.int64], n_patches: int, n_leads: int) -> BoolArray:
    if indices.size and not np.issubdtype(indices.dtype, np.integer):
        raise TypeError(f"{name} must hold whole-number indices, not {indices.dtype}")
    if indices.ndim != 2:
        raise ValueError(
            f"{name} must hold indices of shape (n_records, n_indices), not {indices.shape}"
        )
    n_tokens = n_leads * n_patches
    if indices.size and (indices.min() < 0 or indices.max() >= n_tokens):
        raise ValueError(
            f"{name} holds index {indices.max() if indices.min() >= 0 else indices.min()}, but "
            f"{n_leads} lead row(s) of {n_patches} patches have the indices 0 to {n_tokens - 1}; "
            "give the patches they were drawn for; if each lead has its own mask, use "
            "Masks.from_indices(..., n_leads=)"
        )
    marked = np.zeros((len(indices), n_tokens), dtype=np.bool_)
    marked[np.arange(len(indices))[:, None], indices.astype(np.int64)] = True
    return marked.reshape(len(indices), n_leads, n_patches)
