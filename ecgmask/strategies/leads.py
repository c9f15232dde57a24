"""Whole leads are the target for the whole record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import comb
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_draw, check_inner_fraction
from ecgmask.leads import STANDARD_LEADS
from ecgmask.strategies.masks import BoolArray, Masks, Strategy


@dataclass(frozen=True, repr=False)
class Leads(Strategy):
    """Mask whole leads for the whole record; the model predicts them from the other leads.

    Limb leads are linear in each other: III is II minus I, and the augmented leads follow from I
    and II. A single masked limb lead asks for a sum, not for learning. With
    ``groups=(LIMB_LEADS,)`` the six are masked or visible together. Random lead masking is the
    augmentation of Oh et al. [1]_. The masked lead autoencoder (MLAE) [2]_ hides whole leads to
    predict them.

    Parameters
    ----------
    n_masked
        Number of leads to mask, at least 1, where a group counts as one; or ``None``.
    probability
        Probability with which each lead or group is masked, in (0, 1); or ``None``. Give either
        this or `n_masked`.
    keep
        Names of leads that always stay visible.
    groups
        Groups of lead names that are masked together. No lead may be in two groups.
    leads
        Names of the leads of a record, in its order.

    Notes
    -----
    With `n_masked`, every set of that many leads or groups is equally likely; without groups all
    records mask equally many leads. With `probability`, leads and groups are masked
    independently, given that some are masked and some visible. Masks are per lead, with a row for
    each of `leads`. Context and target partition the record: a lead is one or the other at all
    times. Never are all leads masked, nor none.

    Where records mask unequal numbers of leads, a collator cuts all of a batch to the fewest
    tokens: give `n_masked` without groups, or the collator ``truncate="never"``, to lose none.

    Departures: random lead masking is an augmentation, which zeroes leads and predicts other
    things; it may zero all leads of a record, or none. Here masked leads are dropped and predicted,
    and neither all nor none are. Of nine in twelve, as ST-MEM runs MLAE, the law is the same.

    References
    ----------
    .. [1] J. Oh et al., "Lead-agnostic Self-supervised Learning for Local and Global
       Representations of Electrocardiogram", CHIL 2022, arXiv:2203.06889.
    .. [2] H. Zhang et al., "MaeFE: Masked Autoencoders Family of Electrocardiogram for
       Self-Supervised Pretraining and Transfer Learning", IEEE Transactions on Instrumentation and
       Measurement 72, 2023, doi:10.1109/TIM.2022.3228267.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import LIMB_LEADS, Leads
    >>> masks = Leads(n_masked=2).draw(1, 200, np.random.default_rng(0))
    >>> int(masks.targets.any(axis=-1).sum())
    2
    >>> strategy = Leads(n_masked=1, groups=(LIMB_LEADS,), keep=("V1", "V2"))
    """

    n_masked: int | None = None
    probability: float | None = None
    keep: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    leads: tuple[str, ...] = STANDARD_LEADS

    presets: ClassVar[dict[str, str]] = {
        "Random lead masking [Oh22]": "Leads.oh()",
        "MLAE [Z23], as in ST-MEM [N24]": "Leads.mlae()",
        "Limb leads as one": "Leads(n_masked=1, groups=(LIMB_LEADS,))",
    }

    def __post_init__(self) -> None:
        for name in ("keep", "leads"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        if not self.leads or len(set(self.leads)) < len(self.leads):
            raise ValueError(f"leads must hold names, none twice, not {self.leads}")
        groups = tuple(_names("groups", group) for group in self.groups)
        if not all(groups):
            raise ValueError("a group must hold at least one lead, but one of groups is empty")
        object.__setattr__(self, "groups", groups)
        grouped = [lead for group in groups for lead in group]
        for lead in (*self.keep, *grouped):
            if lead not in self.leads:
                raise ValueError(f"lead {lead!r} is not among {', '.join(self.leads)}")
        if len({*self.keep, *grouped}) < len(self.keep) + len(grouped):
            raise ValueError("a lead may be in one group only, and not in keep as well")
        if (self.n_masked is None) == (self.probability is None):
            raise ValueError("give either n_masked or probability, not both or neither")
        n_units = len(self._units())
        if self.n_masked is not None:
            check_count("n_masked", self.n_masked)
            if self.n_masked > n_units - (not self.keep):
                raise ValueError(
                    f"n_masked={self.n_masked} of {n_units} leads and groups that may be masked "
                    "leaves no lead visible or is too many; lower it"
                )
        else:
            check_inner_fraction(
                "probability", self.probability, "some leads have to be masked and some visible"
            )
        if n_units == 0 or (n_units == 1 and not self.keep):
            raise ValueError("some leads have to be free to be masked and some to stay visible")

    def __repr__(self) -> str:
        given = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"Leads({', '.join(given)})"

    @classmethod
    def oh(cls) -> Leads:
        """Return the random lead masking of Oh et al. 2022: each lead with probability 0.5."""
        return cls(probability=0.5)

    @classmethod
    def mlae(cls) -> Leads:
        """Return the lead masking of MLAE as ST-MEM runs it: three of twelve leads stay visible."""
        return cls(n_masked=9)

    @property
    def equal_counts(self) -> bool:
        return self.n_masked is not None and not self.groups

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        masked = self._draw_units(n_records, rng) @ self._units()
        masked = np.repeat(masked[..., None], n_patches, axis=-1)
        return Masks(~masked, masked[:, None])

    def _units(self) -> BoolArray:
        """Return ``(n_units, n_leads)``, ``True`` where a lead belongs to a unit of masking."""
        alone = [(lead,) for lead in self.leads if lead not in {*self.keep, *sum(self.groups, ())}]
        units = [np.isin(self.leads, unit) for unit in (*self.groups, *alone)]
        return np.array(units, dtype=np.bool_).reshape(-1, len(self.leads))

    def _draw_units(self, n_records: int, rng: Generator) -> BoolArray:
        n_units = len(self._units())
        n_masked: int | NDArray[np.int64]
        if self.probability is None:
            n_masked = check_count("n_masked", self.n_masked)
        else:
            # Binomial, given that some are masked and some visible.
            counts = np.arange(1, n_units + bool(self.keep))
            ways = np.array([comb(n_units, count) for count in counts], dtype=float)
            weights = ways * (self.probability / (1 - self.probability)) ** (counts - 1)
            n_masked = rng.choice(counts, size=(n_records, 1), p=weights / weights.sum())
        keys = rng.random((n_records, n_units))
        last = np.broadcast_to(np.asarray(n_masked) - 1, (n_records, 1))
        chosen: BoolArray = keys <= np.take_along_axis(np.sort(keys, axis=1), last, axis=1)
        return chosen


def _names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError(f"{name} must be a tuple of lead names, not the string {names!r}")
    return tuple(names)
