"""What masks consist of, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgmask.strategies.masks import BoolArray, MaskLike, as_masks


@dataclass(frozen=True)
class BlockSummary:
    """The patches of one target block.

    Parameters
    ----------
    n_patches
        Number of patches, counted over all lead rows.
    first, last
        The first and the last patch in time, or ``None`` if the block is empty.
    n_runs
        Number of stretches without a gap, counted over all lead rows.
    """

    n_patches: int
    first: int | None
    last: int | None
    n_runs: int


@dataclass(frozen=True)
class MaskSummary:
    """The counts of one record's masks; printed, they read as a small table.

    Context, target and ignored patches add up to all patches. Per-lead masks count every lead.

    Parameters
    ----------
    n_patches
        Number of patches of the record, counted over all lead rows.
    n_context
        Patches that the encoder sees.
    n_target
        Patches that are in at least one target.
    n_overlapping
        Patches that are in two or more targets.
    n_ignored
        Patches that are neither context nor target.
    targets
        One summary for each target block.
    """

    n_patches: int
    n_context: int
    n_target: int
    n_overlapping: int
    n_ignored: int
    targets: tuple[BlockSummary, ...]

    def __str__(self) -> str:
        def line(name: str, count: int) -> str:
            return (
                f"{name:<10}{count:>5} of {self.n_patches} patches ({count / self.n_patches:.1%})"
            )

        lines = [line("context", self.n_context), line("target", self.n_target)]
        if len(self.targets) > 1:
            lines[-1] += f", {self.n_overlapping} of them in two or more"
        for number, block in enumerate(self.targets, start=1):
            runs = f", in {block.n_runs} runs" if block.n_runs > 1 else ""
            span = f", {block.first} to {block.last}" if block.n_patches else ""
            lines.append(f"  target {number}: {block.n_patches} patches{span}{runs}")
        return "\n".join([*lines, line("ignored", self.n_ignored)])


def describe(
    masks: MaskLike, *, record: int = 0, n_patches: int | None = None, n_leads: int = 1
) -> MaskSummary:
    """Count the context, target and ignored patches of one record.

    Parameters
    ----------
    masks
        What a strategy draws, or what a collator returns.
    record
        Which record of the batch.
    n_patches
        Number of patches in time; needed for index tensors only.
    n_leads
        Number of leads; needed for index tensors of per-lead masks only.

    Returns
    -------
    MaskSummary
        The counts, and for each target its range; ``print`` shows them as a table.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgmask import ContextToTarget, describe
    >>> masks = ContextToTarget().draw(1, 200, np.random.default_rng(0))
    >>> print(describe(masks))
    context      95 of 200 patches (47.5%)
    target       82 of 200 patches (41.0%), 36 of them in two or more
      target 1: 36 patches, 50 to 85
      target 2: 36 patches, 6 to 41
      target 3: 36 patches, 12 to 47
      target 4: 36 patches, 2 to 37
    ignored      23 of 200 patches (11.5%)
    """
    one = as_masks(masks, n_patches, n_leads)[record]
    depth = one.targets.sum(axis=1)
    return MaskSummary(
        n_patches=one.context.size,
        n_context=int(one.context.sum()),
        n_target=int((depth > 0).sum()),
        n_overlapping=int((depth > 1).sum()),
        n_ignored=int(one.ignored.sum()),
        targets=tuple(_summarise(block) for block in one.targets[0]),
    )


def find_runs(marked: BoolArray) -> list[tuple[int, int]]:
    """Return ``(first patch, number of patches)`` of every run of ``True`` in one row."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False))
    return [(int(start), int(end - start)) for start, end in edges.reshape(-1, 2)]


def _summarise(block: BoolArray) -> BlockSummary:
    in_any_lead = np.flatnonzero(block.any(axis=0))
    return BlockSummary(
        n_patches=int(block.sum()),
        first=int(in_any_lead[0]) if in_any_lead.size else None,
        last=int(in_any_lead[-1]) if in_any_lead.size else None,
        n_runs=sum(len(find_runs(row)) for row in block),
    )
