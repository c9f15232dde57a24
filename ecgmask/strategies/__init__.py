"""Masking strategies: numbers in, boolean arrays out."""

from ecgmask.strategies.context_to_target import ContextToTarget
from ecgmask.strategies.mask_and_complement import MaskAndComplement
from ecgmask.strategies.masks import Masks, Strategy
from ecgmask.strategies.per_lead import PerLead

__all__ = ["ContextToTarget", "MaskAndComplement", "Masks", "PerLead", "Strategy"]
