"""The masks of a seed, frozen: a reader who publishes a seed has published the masks.

Where a test fails on purpose, put the digest that it shows in the place of the old one by hand, and
name the strategy or collator in the changelog. NumPy, too, may change what a generator draws.
"""

import hashlib
import inspect
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from every import FAMILIES, PRESETS

import ecgmask
from ecgmask import ContextToTarget, PerLead, RandomPatches
from ecgmask.indices import Truncate
from ecgmask.strategies.masks import needs_r_peaks

CHANGELOG = Path(__file__).parent.parent / "docs" / "changelog.rst"

STRATEGIES = {
    "Beats()": "04910654653110d8",
    "Beats(window=(1, 1))": "2a226efb5a707775",
    "Both(Spans.wav2vec2(), Leads.oh())": "f225c52f721cc850",
    "ContextToTarget()": "950cc6aee49779bc",
    "ContextToTarget.ijepa()": "85ff1d438d3ea910",
    "Forecast()": "0e0eb403492618e0",
    "GeometricRuns()": "9782d5a44c1d86b8",
    "InverseBlocks()": "4291ea1e5c82d9b7",
    "InverseBlocks.data2vec2()": "4291ea1e5c82d9b7",
    "LeadBlocks()": "bc7d024a51c79177",
    "Leads(3)": "adcce488448c4383",
    "Leads(n_masked=1, groups=(LIMB_LEADS,))": "704788e4112eaa60",
    "Leads.mlae()": "2a34f6da2d233820",
    "Leads.oh()": "64077d13c4461c58",
    "MaskAndComplement()": "21e7e58fa4c5326b",
    "PerLead(ContextToTarget())": "2b7adc2e151b0b14",
    "PerLead(RandomPatches(0.4))": "4b4fa5f55cacd0a9",
    "PerLead(RandomPatches(0.75))": "dad4050733f83ce1",
    "RandomPatches()": "2e9c7695c72c1baf",
    "RandomPatches(0.33)": "95b99632fdf69cdb",
    "RandomPatches.kim()": "266468a07745c5de",
    "RandomPatches.mae()": "2e9c7695c72c1baf",
    "RandomTokens(0.5)": "c84624de2603b0cd",
    "Spans()": "c0299c3c7ecee09c",
    "Spans.wav2vec2()": "c0299c3c7ecee09c",
    "UnionOfBlocks()": "b394dbdf5cfdcda9",
    "UnionOfBlocks.kim()": "70c285452378cc1c",
    "UnionOfBlocks.vjepa_long()": "5a00a1c52ec2c2ac",
    "UnionOfBlocks.vjepa_short()": "1eb33c037914d361",
}

COLLATORS = {
    "IJEPAMaskCollator": "0a8cad370f10f23a",
    "MaskCollator": "615c34f4f415ecc1",
    "PatchMaskCollator, ends": "2f58d5876790c80e",
    "PatchMaskCollator, first": "dcce05e7f5ac1923",
    "PatchMaskCollator, missing leads": "e993413b8972a0c4",
    "PatchMaskCollator, never": "3cd653063ccab6fb",
    "PatchMaskCollator, random": "99c990979962145f",
}


def made_by(code):
    """Return the strategy that a reader's code makes."""
    return eval(code, vars(ecgmask).copy())


def find_collators():
    """Return every collator that is exported, as functions of the options, by their names."""
    found = {
        name: cls
        for name, cls in vars(ecgmask).items()
        if inspect.isclass(cls) and hasattr(cls, "signal_key")
    }
    make = found.pop("PatchMaskCollator")
    several = [ContextToTarget(), PerLead(ContextToTarget())]
    for truncate in get_args(Truncate):
        found[f"PatchMaskCollator, {truncate}"] = lambda truncate=truncate, **options: make(
            several, truncate=truncate, **options
        )
    found["PatchMaskCollator, missing leads"] = lambda **options: make(
        PerLead(RandomPatches()), missing_leads=("V1", "V6"), **options
    )
    return found


def digest(arrays):
    """Return a digest of boolean and whole-number arrays that no platform changes."""
    hashed = hashlib.sha256()
    for array in arrays:
        hashed.update(repr(array.shape).encode())
        packed = np.packbits(array) if array.dtype == bool else array.astype("<i8")
        hashed.update(packed.tobytes())
    return hashed.hexdigest()[:16]


def index_tensors(nested):
    """Return all tensors of nested lists."""
    if isinstance(nested, torch.Tensor):
        return [nested]
    return [tensor for each in nested for tensor in index_tensors(each)]


def assert_frozen(frozen, name, drawn):
    assert drawn == frozen, f"the masks of {name} have changed: {frozen} has become {drawn}"


def test_every_collator_is_frozen():
    assert set(COLLATORS) == set(find_collators())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_strategy_that_the_changelog_names_is_frozen_with_its_presets(family):
    if f"`~ecgmask.{family.__name__}`" in CHANGELOG.read_text(encoding="utf-8"):
        assert set(PRESETS[family]) <= {made_by(code) for code in STRATEGIES}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_draws_the_masks_that_it_drew(name):
    strategy = made_by(name)
    given = {"r_peaks": [np.arange(8.0, 200, 17.5)] * 16} if needs_r_peaks(strategy) else {}
    rng, size_rng = np.random.default_rng(1), np.random.default_rng(2)
    drawn = [strategy.draw(16, 200, rng, size_rng=size_rng, **given) for _ in range(3)]
    arrays = [array for masks in drawn for array in (masks.context, masks.targets)]
    assert_frozen(STRATEGIES[name], name, digest(arrays))


@pytest.mark.parametrize("name", COLLATORS)
def test_a_collator_draws_the_masks_that_it_drew(name):
    make, drawn = find_collators()[name], []
    for rank, epoch, batch in [(0, 0, 0), (0, 0, 1), (0, 3, 2), (1, 3, 2)]:
        collate = make(patch_size=5, seed=1, rank=rank, world_size=2)
        collate.load_state_dict({"seed": 1, "epoch": epoch, "batch": batch})
        drawn += index_tensors(collate([torch.zeros(12, 1000)] * 8)[1:])
    assert_frozen(COLLATORS[name], name, digest([tensor.numpy() for tensor in drawn]))
