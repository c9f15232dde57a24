"""One long context block, a few target blocks cut out of it (I-JEPA in one dimension)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgmask._checks import check_count, check_draw, check_scale
from ecgmask.strategies._blocks import draw_blocks, redraw
from ecgmask.strategies._sizes import draw_floor, floor_bounds
from ecgmask.strategies.masks import BoolArray, Masks, Strategy


@dataclass(frozen=True)
class ContextToTarget(Strategy):
    """Predict a few target blocks from one long context block that is cut clear of them.

    Each target is one contiguous stretch, predicted on its own; targets may overlap. What lies
    outside the context block and outside the targets is ignored. This is the multi-block masking
    of I-JEPA [1]_, drawn natively in one dimension.

    Parameters
    ----------
    context_scale
        Smallest and greatest length of the context block as fractions of the record, in [0, 1],
        not both 0.
    pred_scale
        Smallest and greatest length of a target block as fractions of the record, in [0, 1], not
        both 0 or both 1.
    num_pred_blocks
        Number of target blocks, at least 1.
    min_keep
        Fewest patches that the context may have once the targets are cut out, at least 1.

    Notes
    -----
    Each batch draws one target length ``floor(s * n_patches)`` and, independently, one context
    length, both at least 1: 30 to 39 and 170 to 189 of 200 patches by default. Each record then
    draws its block starts, uniformly over all that fit, first and last included. A record whose
    context falls short of `min_keep` is drawn again, all of it. Where the shortest context and the
    longest targets cannot leave `min_keep` patches, or no layout that does is found in a thousand
    draws, :meth:`draw` raises an error.

    Masks are shared, with `num_pred_blocks` targets. Contexts differ in length between records. A
    collator cuts them to one length within the batch; see :class:`~ecgmask.PatchMaskCollator`.

    The defaults are those of the notebook that this package grew from, with a context of 85 to
    95 % of the record; :meth:`ijepa` has the scales of the paper's configurations.

    Departures: the published code is for images, and the bounds of its starts are exclusive: it
    leaves the last patch out, which can be drawn here. After twenty attempts it leaves targets in
    the context; here none ever is. It asks for more than ten patches of each target too, and never
    ends where records are too short for that; `min_keep` bounds the context only.

    References
    ----------
    .. [1] M. Assran et al., "Self-Supervised Learning from Images with a Joint-Embedding
       Predictive Architecture", CVPR 2023, arXiv:2301.08243.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget
    >>> rng = np.random.default_rng(0)
    >>> masks = ContextToTarget().draw(n_records=64, n_patches=200, rng=rng)
    >>> masks.targets.shape
    (64, 4, 1, 200)
    >>> bool((masks.context & masks.target_union).any())
    False
    """

    context_scale: tuple[float, float] = (0.85, 0.95)
    pred_scale: tuple[float, float] = (0.15, 0.20)
    num_pred_blocks: int = 4
    min_keep: int = 10

    presets: ClassVar[dict[str, str]] = {
        "I-JEPA [A23]": "ContextToTarget.ijepa()",
        "The notebook, after I-JEPA": "ContextToTarget()",
    }

    def __post_init__(self) -> None:
        # A list, as configuration files give it, would neither hash nor compare as a tuple does.
        object.__setattr__(self, "context_scale", check_scale("context_scale", self.context_scale))
        object.__setattr__(self, "pred_scale", check_scale("pred_scale", self.pred_scale))
        check_count("num_pred_blocks", self.num_pred_blocks)
        check_count("min_keep", self.min_keep)
        if self.pred_scale[0] == 1:
            raise ValueError(
                "pred_scale=(1, 1) leaves no context: every target covers the record; lower it"
            )

    @classmethod
    def ijepa(cls) -> ContextToTarget:
        """Return the masking of I-JEPA: a context of 85 to 100 % and four targets of 15 to 20 %.

        More than ten patches of context are left, as in the published code.
        """
        return cls((0.85, 1.0), (0.15, 0.2), 4, min_keep=11)

    def draw(
        self, n_records: int, n_patches: int, rng: Generator, *, size_rng: Generator | None = None
    ) -> Masks:
        check_draw(n_records, n_patches, rng)
        self._check_feasible(n_patches)
        length = max(1, draw_floor(n_patches, *self.pred_scale, size_rng or rng))
        context_length = max(1, draw_floor(n_patches, *self.context_scale, size_rng or rng))

        def draw(rows: NDArray[np.intp]) -> tuple[BoolArray, BoolArray]:
            blocks = draw_blocks((rows.size, self.num_pred_blocks), length, n_patches, rng)
            context = draw_blocks((rows.size,), context_length, n_patches, rng)
            return context & ~blocks.any(axis=1), blocks

        context, targets = redraw(
            n_records,
            draw,
            self.min_keep,
            f"a context block of {context_length} of {n_patches} patches less "
            f"{self.num_pred_blocks} targets of {length} patches is nearly always shorter; lower "
            "min_keep, pred_scale or num_pred_blocks",
        )
        return Masks(context[:, None], targets[:, :, None])

    def _check_feasible(self, n_patches: int) -> None:
        shortest_context = max(1, floor_bounds(n_patches, *self.context_scale)[0])
        longest_target = max(1, floor_bounds(n_patches, *self.pred_scale)[1])
        # The best layout: all targets at one end of the record, the context block at the other.
        most_visible = min(shortest_context, n_patches - longest_target)
        if most_visible < self.min_keep:
            raise ValueError(
                f"min_keep={self.min_keep} context patches cannot be kept: a context block of "
                f"{shortest_context} of {n_patches} patches beside targets of {longest_target} "
                f"leaves at most {most_visible}; lower min_keep or pred_scale, raise "
                "context_scale, or use longer records"
            )
