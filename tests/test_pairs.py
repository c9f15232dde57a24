"""Options that meet: every pair either keeps every promise or is refused in a sentence.

A combination takes one option of each dimension. All are tried in the collator, where they are
cheap; figures, counts and converters meet every option of every dimension once.
"""

from functools import cache
from itertools import chain, product
from typing import NamedTuple

import every
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from ecgmask import (
    ECG,
    STANDARD_LEADS,
    Both,
    ContextToTarget,
    Leads,
    MaskAndComplement,
    Masks,
    PatchMaskCollator,
    PerLead,
    Spans,
    describe,
    gather_tokens,
    mask_statistics,
)
from ecgmask.plotting import plot_12_leads, plot_comparison, plot_lead, plot_statistics
from ecgmask.strategies.masks import has_equal_counts

PATCH_SIZE = 5
N_PATCHES = 40
N_SAMPLES = PATCH_SIZE * N_PATCHES
LENGTHS = [200, 150, 149, 100]
R_PEAKS = [[12, 37, 81], [15, 60, 110, 140], [9, 88], [30, 52, 71, 94]]
MISSING = ("V1", "V2")

KINDS = {
    **{type(each).__name__: each for each in every.FIRST if not isinstance(each, PerLead)},
    # These hide too much of a record so short.
    "ContextToTarget": ContextToTarget(num_pred_blocks=2, min_keep=2),
    "MaskAndComplement": MaskAndComplement(3, 0.2, 0.5),
    "Spans": Spans(0.5, 3),
    "Both": Both(Spans(0.5, 3), Leads.oh()),
}
DIMENSIONS = {
    "kind": tuple(KINDS),
    "form": ("shared", "per lead", "several shared", "several per lead"),
    "told": (
        "nothing",
        "lengths",
        "r peaks",
        "missing named",
        "missing nan",
        "lengths, missing nan",
    ),
    "truncate": ("ends", "random", "first", "never"),
    "kept": ("as drawn", "fixed"),
    "seeding": ("no seed", "seed", "ranks", "ranks alone"),
}
# What every record can be cut to; filled up, a row has room for all tokens.
N_CONTEXT, N_TARGET = 2, 3


class Options(NamedTuple):
    """One option of each dimension."""

    kind: str
    form: str
    told: str
    truncate: str
    kept: str
    seeding: str


EVERY = [Options(*each) for each in product(*DIMENSIONS.values())]


def strategies_of(options):
    """Return the strategies that draw at once, or ``None`` where a kind has no such form."""
    return strategies_for(options.kind, options.form)


@cache
def strategies_for(kind, form):
    strategy = KINDS[kind]
    if every.rows_of(strategy) > 1:
        if form in ("shared", "several shared"):
            return None
    elif "per lead" in form:
        strategy = every.per_lead(strategy)
    return [strategy, strategy] if "several" in form else [strategy]


def expected_refusal(options):
    """Return the sentence that a combination is refused with, or ``None`` if it works."""
    told, beats = options.told, KINDS[options.kind].needs_r_peaks
    if beats and told != "r peaks":
        return "needs the R peaks of each record; say where they are with r_peaks_key="
    if told == "r peaks" and not beats:
        return "no strategy uses R peaks; leave it out"
    of_one_rank = told not in ("nothing", "missing named")
    if "ranks" in options.seeding and options.kept != "fixed":
        if options.seeding == "ranks alone" and (
            "missing" in told or not all(has_equal_counts(s) for s in strategies_of(options))
        ):
            return "needs world_size: .* told with n_context= and n_target="
        if of_one_rank:
            return "one rank only, so ranks cannot agree .*; give n_context= and n_target=, or"
    if "missing" in told and "shared" in options.form:
        return "missing leads cannot be left out; use a per-lead strategy, or fill them in"
    return None


def records_for(told):
    signals = np.random.default_rng(3).normal(size=(4, 12, N_SAMPLES)).astype(np.float32)
    if "missing nan" in told:
        for record, signal in enumerate(signals):
            signal[record : record + 2] = np.nan
    return [
        {"ecg": signal, "length": length, "r_peaks": np.array(peaks)}
        for signal, length, peaks in zip(signals, LENGTHS, R_PEAKS, strict=True)
    ]


def collators_for(options, **form):
    """Return new collators, one for each rank."""
    drawn_by = strategies_of(options)
    given = {
        "nothing": {},
        "lengths": {"lengths_key": "length"},
        "r peaks": {"r_peaks_key": "r_peaks"},
        "missing named": {"missing_leads": MISSING},
        "missing nan": {"missing_leads": "nan"},
        "lengths, missing nan": {"lengths_key": "length", "missing_leads": "nan"},
    }[options.told]
    seeds = {
        "no seed": [{}],
        "seed": [{"seed": 4}],
        "ranks": [{"seed": 4, "rank": rank, "world_size": 2} for rank in range(2)],
        "ranks alone": [{"seed": 4, "rank": rank} for rank in range(2)],
    }[options.seeding]
    if options.kept == "fixed":
        given |= dict(zip(("n_context", "n_target"), sizes_of(options), strict=True))
    # Records of R peaks come without them where nobody asks: they do not stack.
    return [
        PatchMaskCollator(
            drawn_by if len(drawn_by) > 1 else drawn_by[0],
            PATCH_SIZE,
            signal_key="ecg",
            truncate=options.truncate,
            **given,
            **seed,
            **form,
        )
        for seed in seeds
    ]


def collate(options, **form):
    """Return the batch of each rank."""
    torch.manual_seed(2)
    records = records_for(options.told)
    if options.told != "r peaks":
        records = [{k: v for k, v in record.items() if k != "r_peaks"} for record in records]
    return [collator(records) for collator in collators_for(options, **form)]


def sizes_of(options):
    """Return how many tokens a context and a target are given."""
    n_tokens = n_leads_of(options) * N_PATCHES
    return (n_tokens, n_tokens) if options.truncate == "never" else (N_CONTEXT, N_TARGET)


def n_leads_of(options):
    return 12 if "per lead" in options.form else 1


def which(options):
    """Return how a consumer is told which strategy of several it should show."""
    return [{"strategy": 0}, {"strategy": 1}] if "several" in options.form else [{}]


def parts_of(batch, options):
    """Return context and targets of each strategy, as a list of tensors."""
    if "several" not in options.form:
        return [[batch.context, *batch.targets]]
    return [[c, *t] for c, t in zip(batch.context, batch.targets, strict=True)]


def rows_of(batch, options):
    """Return context and targets of each strategy, as a list of rows without filler."""
    parts = parts_of(batch, options)
    if options.truncate == "never":
        padding = batch._replace(context=batch.context_padding, targets=batch.target_padding)
        filler = parts_of(padding, options)
    else:
        filler = [[torch.zeros_like(t, dtype=torch.bool) for t in part] for part in parts]
    return [
        [[row[~f] for row, f in zip(*each, strict=True)] for each in zip(*both, strict=True)]
        for both in zip(parts, filler, strict=True)
    ]


def allowed(options):
    """Return ``(record, lead, patch)``, ``True`` where a mask may use the token."""
    tokens = np.ones((4, n_leads_of(options), N_PATCHES), dtype=bool)
    if "lengths" in options.told:
        for record, length in enumerate(LENGTHS):
            tokens[record, :, length // PATCH_SIZE :] = False
    if options.told == "missing named":
        tokens[:, np.isin(STANDARD_LEADS, MISSING)] = False
    if "missing nan" in options.told:
        for record in range(4):
            tokens[record, record : record + 2] = False
    return tokens


def assert_promises(batches, options):
    for batch in batches:
        for blocks, given in zip(rows_of(batch, options), which(options), strict=True):
            for rows in blocks:
                assert all(len(row) and (row.diff() > 0).all() for row in rows)
                assert options.truncate == "never" or len({len(row) for row in rows}) == 1
            # Raises if an index is out of range or a patch is context and target.
            masks = Masks.from_indices(
                batch.context,
                batch.targets,
                n_patches=N_PATCHES,
                n_leads=n_leads_of(options),
                **given,
            )
            assert not ((masks.context | masks.target_union) & ~allowed(options)).any()
            marked = [masks.context, *masks.targets.swapaxes(0, 1)]
            assert [[np.flatnonzero(row).tolist() for row in each] for each in marked] == [
                [row.tolist() for row in rows] for rows in blocks
            ]
        if options.kept == "fixed":
            n_context, n_target = sizes_of(options)
            for context, *targets in parts_of(batch, options):
                assert context.shape == (4, n_context)
                assert {target.shape for target in targets} == {(4, n_target)}
        if "lengths" in options.told:
            assert batch.padding.sum(dim=1).tolist() == [0, 10, 11, 20]
    if "ranks" in options.seeding:
        mine, yours = (list(chain(*parts_of(batch, options))) for batch in batches)
        assert [t.shape for t in mine] == [t.shape for t in yours]
        # What is dropped is drawn too.
        cut = options.kept == "fixed" and options.truncate in ("ends", "random")
        assert same(mine, yours) != (cut or every.is_random(KINDS[options.kind]))


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return len(one) == len(other) and all(map(same, one, other))


def possible(**fixed):
    """Return all combinations with these options."""
    return [
        options
        for options in EVERY
        if strategies_of(options)
        and all(getattr(options, name) == option for name, option in fixed.items())
    ]


@pytest.mark.parametrize("form", DIMENSIONS["form"])
@pytest.mark.parametrize("kind", DIMENSIONS["kind"])
def test_every_combination_keeps_its_promises_or_is_refused(kind, form):
    for options in possible(kind=kind, form=form):
        refusal = expected_refusal(options)
        if refusal is None:
            batches = collate(options)
            assert_promises(batches, options)
            again = collate(options)
            for one, other in zip(batches, again, strict=True):
                assert same(one[1:3], other[1:3]), options
        else:
            with pytest.raises(ValueError, match=refusal):
                collate(options)


# One combination for each option of each dimension; what varies is beside the first that work.
DEFAULTS = Options("ContextToTarget", "shared", "nothing", "ends", "as drawn", "no seed")


def met_once():
    """Return combinations that work, in which every option of every pair of dimensions stands."""
    working = [options for options in possible() if expected_refusal(options) is None]
    left = {pair for options in working for pair in pairs_in(options)}
    chosen = []
    while left:
        best = max(working, key=lambda options: len(left & pairs_in(options)))
        chosen.append(best)
        left -= pairs_in(best)
    return chosen


def pairs_in(options):
    items = list(options._asdict().items())
    return {(one, other) for i, one in enumerate(items) for other in items[i + 1 :]}


MET = met_once()
ecg = ECG(np.random.default_rng(5).normal(size=(12, N_SAMPLES)), 100)
in_pairs = pytest.mark.parametrize("options", MET, ids=", ".join)


def test_all_options_are_met_in_pairs():
    assert {option for options in MET for option in options} == {
        option for options in DIMENSIONS.values() for option in options
    }


@in_pairs
def test_counts_are_those_of_the_tensors(options):
    batch = collate(options)[0]
    for (context, *targets), given in zip(rows_of(batch, options), which(options), strict=True):
        for record in range(4):
            summary = describe(
                batch, record=record, n_patches=N_PATCHES, n_leads=n_leads_of(options), **given
            )
            union = set().union(*(target[record].tolist() for target in targets))
            assert summary.n_context == len(context[record])
            assert summary.n_target == len(union)
            assert [block.n_patches for block in summary.targets] == [
                len(target[record]) for target in targets
            ]


@in_pairs
def test_gathered_tokens_are_those_that_the_indices_name(options):
    batch = collate(options)[0]
    n_tokens = n_leads_of(options) * N_PATCHES
    tokens = torch.arange(4 * n_tokens).reshape(4, n_tokens, 1)
    for part in parts_of(batch, options):
        for indices in part:
            gathered = gather_tokens(tokens, indices)[..., 0]
            assert torch.equal(gathered, indices + n_tokens * torch.arange(4)[:, None])


@in_pairs
def test_figures_take_what_the_collator_returned(options):
    batch = collate(options)[0]
    how = {"patch_size": PATCH_SIZE, "n_leads": n_leads_of(options), "record": 1}
    for (context, *_), given in zip(rows_of(batch, options), which(options), strict=True):
        fig = plot_12_leads(ecg, batch, **how, **given)
        assert f"the encoder sees {len(context[1])} patch" in fig.get_label()
        rows = plot_comparison(ecg, {"One": batch, "The same": batch}, **how, **given)
        assert "The same: Lead II, 2 s in 40 patches" in rows.get_label()
        ax = plot_lead(ecg, batch, lead="II", **how, **given)
        assert ax.get_label().startswith("Lead II, 2 s in 40 patches")
        plt.close("all")


@in_pairs
def test_a_dict_holds_what_the_tuple_holds_in_the_place_of_the_records(options):
    batch = collate(options)[0]
    as_dict = collate(options, as_dict=True)[0]
    assert type(as_dict) is dict
    assert list(as_dict) == [*batch.batch, *batch._fields[1:]]
    assert all(len(as_dict[key]) == 4 for key in batch.batch)
    assert all(same(as_dict[name], getattr(batch, name)) for name in batch._fields[1:])
    given = {"n_leads": n_leads_of(options), **which(options)[0]}
    if "padding" not in batch._fields:
        given["n_patches"] = N_PATCHES
    assert describe(as_dict, **given) == describe(batch, **given)


@in_pairs
def test_flat_targets_are_those_of_all_strategies_in_one_list(options):
    batch = collate(options)[0]
    flat = collate(options, flat_targets=True)[0]
    assert all(isinstance(target, torch.Tensor) for target in flat.targets)
    if "several" in options.form:
        assert same(flat.targets, list(chain(*batch.targets)))
        assert same(flat.context, batch.context)
    else:
        assert same(flat.targets, batch.targets)
    if options.truncate == "never":
        assert [t.shape for t in flat.target_padding] == [t.shape for t in flat.targets]


@pytest.mark.parametrize("form", ["shared", "per lead"])
@pytest.mark.parametrize("kind", DIMENSIONS["kind"])
def test_statistics_of_every_kind_are_drawn(kind, form):
    strategy, *_ = strategies_of(DEFAULTS._replace(kind=kind, form=form)) or [KINDS[kind]]
    r_peaks = [2.4, 7.4, 16.2] if strategy.needs_r_peaks else ()
    statistics = mask_statistics(
        strategy, N_PATCHES, rng=np.random.default_rng(0), n_batches=4, r_peaks=r_peaks
    )
    where, _ = plot_statistics(statistics).axes
    drawn = {line.get_label(): line.get_ydata()[:-1] for line in where.lines}
    assert np.allclose(drawn["context"], statistics.p_context)
    assert np.allclose(drawn["target"], statistics.p_target)
