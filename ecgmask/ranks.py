"""Which process of a distributed run this is."""

from __future__ import annotations

import os
from typing import NamedTuple

import torch.distributed as dist


class Ranks(NamedTuple):
    """Which process of a distributed run this is, and of how many."""

    rank: int
    world_size: int


def launched_ranks() -> Ranks | None:
    """Return what torch.distributed or else the launcher says of this process."""
    if dist.is_available() and dist.is_initialized():
        return Ranks(dist.get_rank(), dist.get_world_size())
    try:
        return Ranks(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    except (KeyError, ValueError):
        return None
