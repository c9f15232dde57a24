"""What holds for every strategy: masks or a clear error, in collators, figures and statistics."""

import copy
import importlib
import inspect
import pickle
import pkgutil
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from every import EVERY, FAMILIES, PRESETS, R_PEAKS, draw, is_random, rows_of
from hypothesis import event, given
from hypothesis import strategies as st

import ecgmask
from ecgmask import (
    LIMB_LEADS,
    Beats,
    Both,
    ContextToTarget,
    Forecast,
    InverseBlocks,
    Leads,
    MaskAndComplement,
    Masks,
    PatchMaskCollator,
    PerBatch,
    PerLead,
    RandomPatches,
    RandomTokens,
    Spans,
    Strategy,
    UnionOfBlocks,
    describe,
    gather_tokens,
    mask_statistics,
    strategies,
)
from ecgmask.plotting import plot_12_leads, plot_comparison, plot_lead, plot_statistics

ROOT = Path(__file__).parent.parent
IN_A_COLLATOR = [strategy for strategy in EVERY if not strategy.needs_r_peaks]
FROM_R_PEAKS = [strategy for strategy in EVERY if strategy.needs_r_peaks]

every = pytest.mark.parametrize("strategy", EVERY, ids=repr)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
in_a_collator = pytest.mark.parametrize("strategy", IN_A_COLLATOR, ids=repr)


@pytest.fixture(autouse=True)
def _seed_torch():
    torch.manual_seed(7)


def collate(strategy, n_records=6, *, n_patches=200, **options):
    """Return the collator's masks of records of twelve leads."""
    collator = PatchMaskCollator(strategy, patch_size=2, **options)
    _, context, targets = collator([torch.zeros(12, 2 * n_patches)] * n_records)
    return context, targets


# What a new one needs


def test_every_strategy_of_the_package_is_exported():
    for module in pkgutil.iter_modules(strategies.__path__, "ecgmask.strategies."):
        importlib.import_module(module.name)
    found = {each for each in Strategy.__subclasses__() if each.__module__.startswith("ecgmask.")}
    assert found == set(FAMILIES)


@every_family
@pytest.mark.parametrize("place", ["tests/test_{}.py", "examples/strategies/{}.py"])
def test_a_strategy_has_tests_and_a_page_of_its_own(family, place):
    file = ROOT / place.format(inspect.getmodule(family).__name__.split(".")[-1])
    assert file.is_file(), f"{family.__name__} needs {file}; see docs/add_a_strategy.rst"
    assert family.__name__ in file.read_text(encoding="utf-8")


@every_family
def test_a_strategy_has_settings_with_names(family):
    assert PRESETS[family]
    assert {type(strategy) for strategy in PRESETS[family]} == {family}


@every_family
def test_what_a_strategy_shows_is_documented(family):
    for name, member in inspect.getmembers(family):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), name


@every_family
@pytest.mark.parametrize("end", [0, 1])
def test_a_fraction_of_nothing_or_of_all_is_refused_or_draws_valid_masks(family, end):
    tried = [
        (strategy, field.name, value)
        for strategy in PRESETS[family]
        for field in fields(family)
        if field.name.endswith(("ratio", "scale", "probability"))
        for value in (end, (end, end))
    ]
    for strategy, name, value in tried:
        try:
            changed = replace(strategy, **{name: value})
        except (TypeError, ValueError):
            continue
        # The least of two may be nothing, a context may be cut out of all, and blocks of some leads
        # may last throughout.
        of_leads = [(1, "scale")] if rows_of(changed) > 1 else []
        assert (end, name) in [(0, "min_keep_ratio"), (1, "context_scale"), *of_leads]
        assert_valid(draw(changed, 4, 200, np.random.default_rng(0)), changed, 4, 200)


# As values


@every
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_are_equal_and_draw_the_same(strategy, duplicate):
    other = duplicate(strategy)
    assert other == strategy
    assert hash(other) == hash(strategy)
    one, two = (draw(s, 3, 200, np.random.default_rng(1)) for s in (strategy, other))
    assert np.array_equal(one.context, two.context)
    assert np.array_equal(one.targets, two.targets)


@every
def test_it_prints_as_the_code_that_makes_it(strategy):
    assert eval(repr(strategy), vars(ecgmask)) == strategy


@every
def test_it_cannot_be_changed(strategy):
    for field in fields(strategy):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{field.name}'"):
            setattr(strategy, field.name, None)


@every
def test_a_draw_keeps_no_state(strategy):
    before = repr(strategy)
    draw(strategy, 3, 200, np.random.default_rng(0))
    once = draw(strategy, 3, 200, np.random.default_rng(1))
    fresh = draw(copy.deepcopy(strategy), 3, 200, np.random.default_rng(1))
    assert repr(strategy) == before
    assert np.array_equal(once.context, fresh.context)


# Draws


@every
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n_records": 0}, ValueError, "n_records must be at least 1, not 0"),
        ({"n_patches": 0}, ValueError, "n_patches must be at least 1, not 0"),
        ({"n_patches": 200.0}, TypeError, r"n_patches must be a whole number, not 200\.0"),
        ({"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator, not int"),
        ({"rng": None}, TypeError, r"rng must be .* pass np\.random\.default_rng\(seed\)"),
    ],
)
def test_what_is_no_draw_is_refused(strategy, given, error, message):
    arguments = {"n_records": 2, "n_patches": 200, "rng": np.random.default_rng(0), **given}
    with pytest.raises(error, match=message):
        strategy.draw(**arguments)


@every
def test_equal_counts_are_promised_only_where_they_hold(strategy, rng):
    if not strategy.equal_counts:
        return
    for _ in range(20):
        masks = draw(strategy, 40, 200, rng)
        assert np.ptp(masks.context.sum(axis=(1, 2))) == 0
        assert np.ptp(masks.targets.sum(axis=(2, 3)), axis=0).max() == 0


n_patches = st.integers(1, 400)
ratios = st.floats(0, 1, exclude_min=True, exclude_max=True, allow_subnormal=False)
scales = (
    st.tuples(st.floats(0, 0.99), st.floats(0, 1))
    .map(sorted)
    .filter(lambda s: s[0] < 1 and s[1] > 0)
)
shared_strategies = st.one_of(
    st.builds(MaskAndComplement, st.integers(1, 60), st.floats(0, 0.4), st.floats(0.4, 0.99)),
    st.builds(ContextToTarget, st.just((0.8, 1.0)), st.just((0.1, 0.3)), st.integers(1, 4)),
    st.builds(RandomPatches, st.one_of(ratios, scales)),
    st.builds(UnionOfBlocks, st.integers(1, 8), scales, st.integers(1, 30)),
    st.builds(Spans, ratios, st.integers(1, 40), st.integers(1, 4)),
    st.builds(InverseBlocks, ratios, st.integers(1, 40), ratios),
    st.builds(Forecast, ratios),
)
lead_strategies = st.one_of(
    st.builds(Leads, st.integers(1, 6), groups=st.sampled_from([(), (LIMB_LEADS,)])),
    st.builds(Leads, probability=ratios, keep=st.sampled_from([(), ("II",)])),
)
any_strategy = st.one_of(
    st.sampled_from(EVERY),
    shared_strategies,
    lead_strategies,
    st.builds(PerBatch, st.one_of(shared_strategies, lead_strategies)),
    st.builds(RandomTokens, ratios, st.integers(1, 12)),
    st.builds(Both, shared_strategies, st.one_of(shared_strategies, lead_strategies)),
    st.builds(PerLead, shared_strategies, st.integers(1, 12)),
    st.builds(Beats, ratios),
    st.builds(Beats, ratios, st.tuples(st.integers(0, 3), st.integers(0, 3))),
)


@given(any_strategy, st.integers(1, 8), n_patches, st.integers(0, 2**32 - 1))
def test_any_record_gets_masks_or_a_reason_why_not(strategy, n_records, n_patches, seed):
    try:
        masks = draw(strategy, n_records, n_patches, np.random.default_rng(seed))
    except ValueError as error:
        refusal = str(error)
    else:
        event("drawn")
        assert_valid(masks, strategy, n_records, n_patches)
        return
    event("refused")
    assert str(n_patches) in refusal or "R peaks" in refusal, refusal


def leads_of(strategy):
    """Return the number of lead rows by what a strategy holds, since not all can be drawn."""
    if isinstance(strategy, Both):
        return max(leads_of(strategy.first), leads_of(strategy.second))
    if isinstance(strategy, PerBatch):
        return leads_of(strategy.strategy)
    if isinstance(strategy, Leads):
        return len(strategy.leads)
    # Of a class without such a field, as its settings with names are drawn.
    return getattr(strategy, "n_leads", None) or rows_of(PRESETS[type(strategy)][0])


def assert_valid(masks, strategy, n_records, n_patches):
    n_leads = leads_of(strategy)
    assert masks.context.shape == (n_records, n_leads, n_patches)
    assert masks.targets.shape == (n_records, masks.n_targets, n_leads, n_patches)
    assert not (masks.context & masks.target_union).any()
    assert masks.context.any(axis=(1, 2)).all()
    assert masks.targets.any(axis=(2, 3)).all()
    # What a class says of itself, or of what PerLead draws.
    if "partition" in " ".join(type(getattr(strategy, "strategy", strategy)).__doc__.split()):
        assert masks.n_targets == 1
        assert not masks.ignored.any()


# In a collator


@in_a_collator
@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
def test_a_collator_returns_valid_masks(strategy, truncate):
    context, targets = collate(strategy, truncate=truncate)
    masks = Masks.from_indices(context, targets, n_patches=200, n_leads=rows_of(strategy))
    assert masks.n_records == 6
    assert (masks.context.sum(axis=(1, 2)) == context.shape[1]).all()
    for block, indices in zip(masks.targets.swapaxes(0, 1), targets, strict=True):
        assert (block.sum(axis=(1, 2)) == indices.shape[1]).all()
        assert indices.shape[1] > 0
    for indices in (context, *targets):
        assert indices.dtype == torch.int64
        assert (indices.diff(dim=1) > 0).all()


@in_a_collator
def test_a_seed_repeats_the_masks_and_batches_differ(strategy):
    def run():
        collator = PatchMaskCollator(strategy, patch_size=2, seed=3)
        return [collator([torch.zeros(12, 400)] * 6) for _ in range(2)]

    for one, other in zip(run(), run(), strict=True):
        assert torch.equal(one.context, other.context)
        assert all(map(torch.equal, one.targets, other.targets))
    first, second = run()
    assert torch.equal(first.context, second.context) != is_random(strategy)


@in_a_collator
@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
def test_ranks_get_masks_of_one_size_at_different_places(strategy, truncate):
    drawn = [
        collate(strategy, seed=5, rank=rank, world_size=3, truncate=truncate) for rank in range(3)
    ]
    assert len({context.shape for context, _ in drawn}) == 1
    assert len({tuple(t.shape for t in targets) for _, targets in drawn}) == 1
    for one, other in pairwise(context for context, _ in drawn):
        assert torch.equal(one, other) != is_random(strategy)


@in_a_collator
def test_ranks_need_not_know_of_each_other_where_counts_are_equal(strategy):
    if not strategy.equal_counts:
        with pytest.raises(ValueError, match="rank=1 needs world_size"):
            PatchMaskCollator(strategy, patch_size=2, seed=5, rank=1)
        return
    drawn = [collate(strategy, seed=5, rank=rank) for rank in range(2)]
    assert drawn[0][0].shape == drawn[1][0].shape


@in_a_collator
def test_a_collator_names_the_strategy_that_cannot_mask_so_few_patches(strategy):
    refusal = ""
    try:
        context, targets = collate(strategy, n_patches=1)
    except ValueError as error:
        refusal = str(error)
    else:
        # Whole leads can be masked however short they are.
        assert context.shape[1] + targets[0].shape[1] > 1
    assert not refusal or " 1 patches" in refusal


@pytest.mark.parametrize("strategy", FROM_R_PEAKS, ids=repr)
@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
def test_a_collator_finds_the_r_peaks_in_the_records(strategy, truncate):
    records = [(torch.zeros(12, 400), 2 * R_PEAKS[: 11 - i]) for i in range(4)]
    collator = PatchMaskCollator(strategy, 2, truncate=truncate, r_peaks_key=1, seed=0)
    _, context, targets = collator(records)
    masks = Masks.from_indices(context, targets, n_patches=200, n_leads=rows_of(strategy))
    assert (masks.context.sum(axis=(1, 2)) == context.shape[1]).all()
    assert (masks.targets.sum(axis=(2, 3)) == targets[0].shape[1]).all()


# In figures and statistics


@every
def test_it_can_be_described(strategy, rng):
    masks = draw(strategy, 3, 200, rng)
    for record in range(3):
        summary = describe(masks, record=record)
        n_tokens = masks.n_leads * 200
        assert summary.n_context + summary.n_target + summary.n_ignored == n_tokens
        assert summary.n_context == masks.context[record].sum()
        assert summary.n_target == masks.target_union[record].sum()


@every
def test_it_can_be_drawn_on_twelve_leads(ecg, strategy, rng):
    fig = plot_12_leads(ecg, draw(strategy, 1, 200, rng))
    assert fig.get_label().startswith("ECG with 12 leads")
    fig.draw_without_rendering()


@every
def test_it_can_be_drawn_on_one_lead(ecg, strategy, rng):
    masks = draw(strategy, 1, 200, rng)
    for lead in ("II", "V6"):
        assert plot_lead(ecg, masks, lead=lead).lines


def test_all_can_be_compared(ecg, rng):
    fig = plot_comparison(ecg, {repr(each): draw(each, 1, 200, rng) for each in EVERY})
    assert len(fig.axes) == len(EVERY)


@every
def test_its_statistics_add_up_and_can_be_plotted(strategy, rng):
    r_peaks = R_PEAKS if strategy.needs_r_peaks else ()
    statistics = mask_statistics(strategy, 200, rng=rng, n_batches=4, batch_size=8, r_peaks=r_peaks)
    assert statistics.context + statistics.target + statistics.ignored == pytest.approx(1)
    assert statistics.p_context.mean() == pytest.approx(statistics.context)
    assert statistics.p_target.mean() == pytest.approx(statistics.target)
    n_rows = rows_of(strategy) * 4 * 8
    for name in ("context", "target"):
        n_marked = getattr(statistics, f"{name}_runs") @ np.arange(201)
        assert n_marked == pytest.approx(getattr(statistics, name) * n_rows * 200)
    assert statistics.tokens <= statistics.context * rows_of(strategy) * 200 + 1e-9
    assert str(statistics).startswith(repr(strategy))
    assert len(plot_statistics(statistics).axes) == 2


# Tokens


def tokens_of(n_records, n_tokens, dim=3):
    """Return tokens that hold their own record, number and dimension."""
    axes = np.meshgrid(*map(np.arange, (n_records, n_tokens, dim)), indexing="ij")
    return torch.tensor(axes[0] * 10_000 + axes[1] * 10 + axes[2])


@in_a_collator
def test_gathered_tokens_are_those_that_a_collator_names(strategy):
    context, targets = collate(strategy, 4)
    tokens = tokens_of(4, rows_of(strategy) * 200)
    for indices in (context, *targets):
        gathered = gather_tokens(tokens, indices)
        assert gathered.shape == (4, indices.shape[1], 3)
        for record in range(4):
            assert torch.equal(gathered[record], tokens[record][indices[record]])


@given(
    st.integers(1, 5), st.integers(1, 30), st.integers(1, 4), st.integers(0, 40), st.integers(0, 99)
)
def test_gathering_is_indexing_record_by_record(n_records, n_tokens, dim, n_indices, seed):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(n_records, n_tokens, dim, generator=generator)
    indices = torch.randint(n_tokens, (n_records, n_indices), generator=generator)
    expected = torch.stack([t[i] for t, i in zip(tokens, indices, strict=True)])
    assert torch.equal(gather_tokens(tokens, indices), expected)


def test_all_indices_in_order_give_the_tokens_back():
    tokens = tokens_of(3, 7)
    assert torch.equal(gather_tokens(tokens, torch.arange(7).expand(3, 7)), tokens)


def test_gradients_reach_gathered_tokens_and_no_others():
    tokens = torch.ones(1, 4, 2, requires_grad=True)
    gather_tokens(tokens, torch.tensor([[0, 2, 2]])).sum().backward()
    assert tokens.grad[0, :, 0].tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize(
    ("tokens", "indices", "message"),
    [
        ((2, 5), [[0], [1]], r"tokens \(2, 5\) and indices \(2, 1\) must have the shapes"),
        ((2, 5, 3), [0, 1], r"tokens \(2, 5, 3\) and indices \(2,\) must have the shapes"),
        ((2, 5, 3), [[0]], r"tokens \(2, 5, 3\) and indices \(1, 1\) must have the shapes"),
        ((1, 5, 3), [[0, 5]], "indices go from 0 to 5, but there are 5 tokens; do the model and"),
        ((1, 5, 3), [[-1, 2]], "indices go from -1 to 2, but there are 5 tokens"),
    ],
)
def test_indices_that_do_not_fit_the_tokens_are_refused(tokens, indices, message):
    with pytest.raises(ValueError, match=message):
        gather_tokens(torch.zeros(tokens), torch.tensor(indices))
