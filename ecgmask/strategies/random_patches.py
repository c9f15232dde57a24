"""A fixed number of random patches is the target (masked autoencoders)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from ecgmask._checks import check_draw, check_inner_fraction, check_scale
from ecgmask.strategies._sizes import draw_floor, floor_bounds
from ecgmask.strategies._subsets import count_hidden, draw_subsets
from ecgmask.strategies.masks import Masks, Strategy
from ecgmask.strategies.per_batch import PerBatch


@dataclass(frozen=True)
class RandomPatches(Strategy):
    """Mask a fixed number of randomly chosen patches.

    Visible patches lie close to every masked one, so gaps are short, four patches on average at a
    ratio of 0.75; compare :class:`MaskAndComplement`. This is the masking of masked autoencoders
    [1]_, used on ECGs in [2]_ and, at a third of the patches, in [3]_.

    Parameters
    ----------
    ratio
        Fraction of the patches to mask, in (0, 1), or a pair in [0, 1] between which it is drawn
        for each batch. At least one patch has to be masked and one visible.

    Notes
    -----
    The number of masked patches is exact, and every set of that many is equally likely. Of one
    ratio, ``floor((1 - ratio) * n_patches)`` patches are visible and all others masked, as masked
    autoencoders round: 23 of 30 patches at 0.75. Of a pair, ``floor(u * n_patches)`` are masked,
    ``u`` uniform between the two, as in [2]_. Masks are shared, and context and target partition
    the record. Runs of masked patches have no least length. A record so short that the ratio masks
    no patch, or all, is refused.

    Departures: where ``(1 - ratio) * n_patches`` is a whole number that floating point puts just
    below, the published code of [1]_ keeps one patch fewer, and of ten patches at 0.9 none at all.
    Patches of images lie in two dimensions and those of a record in one, which is the same law.

    References
    ----------
    .. [1] K. He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022,
       arXiv:2111.06377.
    .. [2] S. Kim, "Learning General Representation of 12-Lead Electrocardiogram with a
       Joint-Embedding Predictive Architecture", 2024, arXiv:2410.08559.
    .. [3] E. Coppola et al., "HuBERT-ECG: a self-supervised foundation model for broad and scalable
       cardiac applications", 2024, doi:10.1101/2024.11.14.24317328.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import RandomPatches
    >>> masks = RandomPatches(ratio=0.75).draw(2, 200, np.random.default_rng(0))
    >>> masks.targets.sum(axis=-1).ravel()
    array([150, 150])
    """

    ratio: float | tuple[float, float] = 0.75

    presets: ClassVar[dict[str, str]] = {
        "MAE [He22]": "RandomPatches.mae()",
        "HuBERT-ECG [Co24]": "RandomPatches(0.33)",
    }

    def __post_init__(self) -> None:
        if isinstance(self.ratio, tuple | list):
            object.__setattr__(self, "ratio", check_scale("ratio", self.ratio))
            low, high = self.ratio
            if low == high:
                object.__setattr__(self, "ratio", low)
        if not isinstance(self.ratio, tuple):
            check_inner_fraction("ratio", self.ratio, "some patches have to be masked, some seen")

    @classmethod
    def mae(cls) -> RandomPatches:
        """Return the masking of He et al. 2022: 75 % of the patches."""
        return cls(0.75)

    @classmethod
    def kim(cls) -> PerBatch:
        """Return the random masking of Kim 2024: 60 to 70 % of the patches, one mask a batch."""
        return PerBatch(cls((0.6, 0.7)))

    @property
    def equal_counts(self) -> bool:
        return True

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        if isinstance(self.ratio, tuple):
            least, most = floor_bounds(n_patches, *self.ratio)
        else:
            least = most = count_hidden(n_patches, self.ratio)
        if least < 1 or most >= n_patches:
            raise ValueError(
                f"ratio={self.ratio} masks {least} to {most} of {n_patches} patches, but at least "
                "one has to be masked and one visible; change ratio or use longer records"
            )
        n_masked = most
        if isinstance(self.ratio, tuple):
            n_masked = draw_floor(n_patches, *self.ratio, size_rng or rng)
        masked = draw_subsets(n_records, n_patches, n_masked, rng)[:, None]
        return Masks(~masked, masked[:, None])
