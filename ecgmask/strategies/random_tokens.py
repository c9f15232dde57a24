"""A fixed number of random tokens of all leads is the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from ecgmask._checks import check_count, check_draw, check_inner_fraction
from ecgmask.strategies._subsets import count_hidden, draw_subsets
from ecgmask.strategies.masks import Masks, Strategy


@dataclass(frozen=True)
class RandomTokens(Strategy):
    """Mask a fixed number of tokens, drawn at random from all leads and times of a record.

    A token is one patch of one lead. The number is exact for the record, not for its leads: one
    lead may be hidden much more than another, and sometimes whole, where
    ``PerLead(RandomPatches(...))`` hides equally much of each. LaBraM [1]_ masks EEG channels like
    this, and HeartLang [2]_ the heartbeats of all leads.

    Parameters
    ----------
    ratio
        Fraction of the tokens to mask, in (0, 1).
    n_leads
        Number of leads of a record, at least 1.

    Notes
    -----
    Of ``n_leads * n_patches`` tokens, ``floor((1 - ratio) * n)`` are seen and all others masked,
    as :class:`RandomPatches` rounds; every set of so many is equally likely. Masks are per-lead,
    and the two partition the record.

    Departures: none in the law. LaBraM trains with the complement of each mask as well. The tokens
    of HeartLang are heartbeats of a lead, half of which are masked; tokens here are patches of
    equal length.

    References
    ----------
    .. [1] W. Jiang et al., "Large Brain Model for Learning Generic Representations with Tremendous
       EEG Data in BCI", ICLR 2024, arXiv:2405.18765.
    .. [2] J. Jin et al., "Reading Your Heart: Learning ECG Words and Sentences via Pre-training
       ECG Language Model", ICLR 2025, arXiv:2502.10707.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import RandomTokens
    >>> masks = RandomTokens(ratio=0.5).draw(4, 200, np.random.default_rng(0))
    >>> masks.targets.sum(axis=(1, 2, 3))
    array([1200, 1200, 1200, 1200])
    """

    ratio: float = 0.5
    n_leads: int = 12

    presets: ClassVar[dict[str, str]] = {"LaBraM [J24], HeartLang [Ji25]": "RandomTokens(0.5)"}

    def __post_init__(self) -> None:
        check_inner_fraction("ratio", self.ratio, "some tokens have to be masked and some visible")
        check_count("n_leads", self.n_leads)

    @property
    def equal_counts(self) -> bool:
        return True

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        n_tokens = self.n_leads * n_patches
        n_masked = count_hidden(n_tokens, self.ratio)
        if not 0 < n_masked < n_tokens:
            raise ValueError(
                f"ratio={self.ratio} masks {n_masked} of the {n_tokens} tokens of {self.n_leads} "
                f"leads and {n_patches} patches, but at least one has to be masked and one "
                "visible; change ratio or use longer records"
            )
        masked = draw_subsets(n_records, n_tokens, n_masked, rng)
        masked = masked.reshape(n_records, self.n_leads, n_patches)
        return Masks(~masked, masked[:, None])
