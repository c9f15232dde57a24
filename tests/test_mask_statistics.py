"""Statistics of strategies by simulation, against closed forms and counts by hand."""

from itertools import groupby
from xml.etree import ElementTree

import laws
import numpy as np
import pytest
import torch
from goodness import FALSE_ALARM
from hypothesis import given
from hypothesis import strategies as st
from prescribed import Prescribed
from scipy.stats import t

import ecgmask
from ecgmask import (
    Beats,
    ContextToTarget,
    Forecast,
    InverseBlocks,
    Leads,
    MaskAndComplement,
    Masks,
    MaskStatistics,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    Spans,
    UnionOfBlocks,
    compare_strategies,
    mask_statistics,
    strategies,
)
from ecgmask.statistics import (
    COLUMNS,
    cells,
    count_runs,
    find_runs,
    mean_run,
    rounded,
    rounded_share,
    rounded_time,
)

TARGET_LENGTHS = laws.block_lengths(200, "0.15", "0.20")
CONTEXT_LENGTHS = laws.block_lengths(200, "0.85", "0.95")


def assert_within_errors(values, errors, expected, n_batches):
    """Hold means of batches against what is expected, by their own standard errors."""
    values, errors, expected = np.broadcast_arrays(values, errors, expected)
    exact = errors == 0
    assert np.allclose(values[exact], expected[exact])
    scores = np.abs(values - expected)[~exact] / errors[~exact]
    limit = t.isf(FALSE_ALARM / 2 / max(1, scores.size), n_batches - 1)
    assert scores.max(initial=0) <= limit, (
        f"{scores.max():.1f} standard errors off, not {limit:.1f}"
    )


@pytest.mark.parametrize(
    ("strategy", "p_target"),
    [
        (RandomPatches(0.75), np.full(200, 0.75)),
        (UnionOfBlocks.kim(),
         laws.union_of_blocks_marginal(200, 4, laws.block_lengths(200, "0.175", "0.225"))),
        (UnionOfBlocks.vjepa_short(), laws.union_of_blocks_marginal(200, 8, {30: 1})),
        (Spans(0.65, 10), laws.union_of_spans_marginal(200, 13, 10)),
        (Forecast(0.25), np.arange(200) >= 150),
        (Leads(3), np.full(200, 3 / 12)),
        (PerLead(RandomPatches(0.6), 3), np.full(200, 0.6)),
    ],
    ids=lambda given: repr(given) if hasattr(given, "draw") else "",
)  # fmt: skip
def test_probabilities_agree_with_their_closed_forms_within_their_errors(rng, strategy, p_target):
    statistics = mask_statistics(strategy, 200, rng=rng, n_batches=300, batch_size=32)
    p_target = np.array(p_target, dtype=float)
    for name, expected in [("target", p_target), ("context", 1 - p_target)]:
        values = getattr(statistics, f"p_{name}")
        errors = getattr(statistics, f"p_{name}_error")
        assert values.shape == errors.shape == (200,)
        assert_within_errors(values, errors, expected, 300)
        mean, error = getattr(statistics, name), getattr(statistics, f"{name}_error")
        if error > 1e-12:
            assert_within_errors(mean, error, expected.mean(), 300)
        else:
            assert mean == pytest.approx(expected.mean())
    assert statistics.ignored == 0
    assert statistics.overlapping == 0


def test_context_targets_overlap_and_ignored_agree_with_their_closed_forms(rng):
    statistics = mask_statistics(ContextToTarget(), 200, rng=rng, n_batches=800, batch_size=16)
    union = np.array(laws.union_marginal(200, 4, TARGET_LENGTHS))
    context = np.array(laws.context_marginal(200, 4, TARGET_LENGTHS, CONTEXT_LENGTHS))
    assert_within_errors(statistics.p_target, statistics.p_target_error, union, 800)
    assert_within_errors(statistics.p_context, statistics.p_context_error, context, 800)
    # In exactly one of four targets: 4 q (1 - q) ** 3.
    covers = np.array([laws.cover(200, length) for length in TARGET_LENGTHS], dtype=float)
    once = (4 * covers * (1 - covers) ** 3).mean(axis=0)
    expected = {
        "context": context.mean(),
        "target": union.mean(),
        "ignored": 1 - context.mean() - union.mean(),
        "overlapping": union.mean() - once.mean(),
    }
    for name, mean in expected.items():
        error = getattr(statistics, f"{name}_error")
        assert_within_errors(getattr(statistics, name), error, mean, 800)


def test_standard_errors_are_those_of_independent_batches(rng):
    statistics = mask_statistics(RandomPatches(0.6), 50, rng=rng, n_batches=400, batch_size=16)
    expected = np.sqrt(0.6 * 0.4 / (400 * 16))
    assert statistics.p_target_error == pytest.approx(np.full(50, expected), rel=0.2)
    # Every record masks exactly the ratio.
    assert statistics.target_error == pytest.approx(0, abs=1e-12)


def test_standard_errors_know_that_a_size_is_drawn_once_for_a_batch(rng):
    # 60 % to 70 % uniformly: a standard deviation of 2.9 % however large the batch.
    statistics = mask_statistics(RandomPatches.kim(), 200, rng=rng, n_batches=400, batch_size=64)
    expected = np.arange(120, 140).std() / 200 / np.sqrt(400)
    assert statistics.target_error == pytest.approx(expected, rel=0.15)
    assert_within_errors(statistics.target, statistics.target_error, 129.5 / 200, 400)


def test_runs_of_a_forecast_are_counted_by_hand(rng):
    statistics = mask_statistics(Forecast(0.25), 8, rng=rng, n_batches=3, batch_size=5)
    assert statistics.context_runs.tolist() == [0, 0, 0, 0, 0, 0, 15, 0, 0]
    assert statistics.target_runs.tolist() == [0, 0, 15, 0, 0, 0, 0, 0, 0]
    assert statistics.p_target.tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
    assert (statistics.context, statistics.target, statistics.tokens) == (0.75, 0.25, 6)
    assert statistics.context_error == statistics.target_error == statistics.tokens_error == 0


def test_statistics_of_known_masks_are_counted_by_hand(rng):
    def marked(*rows):
        return np.array([[[c == "#" for c in row]] for row in rows])

    context = marked("##......", "#......#")
    targets = np.stack([marked("...###..", "..##...."), marked("....##..", "...##...")], axis=1)
    strategy = Prescribed(Masks(context, targets))
    statistics = mask_statistics(strategy, 8, rng=rng, n_batches=2, batch_size=2)
    assert statistics.context == 4 / 16
    assert statistics.target == 6 / 16
    assert statistics.overlapping == 3 / 16
    assert statistics.ignored == 6 / 16
    assert statistics.p_context.tolist() == [1, 0.5, 0, 0, 0, 0, 0, 0.5]
    assert statistics.p_target.tolist() == [0, 0, 0.5, 1, 1, 0.5, 0, 0]
    assert statistics.context_runs.tolist() == [0, 4, 2, 0, 0, 0, 0, 0, 0]
    assert statistics.target_runs.tolist() == [0, 0, 0, 4, 0, 0, 0, 0, 0]
    assert statistics.tokens == 2


@pytest.mark.parametrize(
    "strategy",
    [UnionOfBlocks.vjepa_short(), MaskAndComplement(), Leads.oh(), PerLead(Spans(), 3)],
    ids=repr,
)
def test_tokens_and_slots_are_those_of_the_shortest_and_the_longest_context(strategy):
    statistics = mask_statistics(
        strategy, 200, rng=np.random.default_rng(4), n_batches=20, batch_size=8
    )
    rng = np.random.default_rng(4)
    counts = np.array([strategy.draw(8, 200, rng).context.sum(axis=(1, 2)) for _ in range(20)])
    for name, each in (
        ("tokens_drawn", counts.mean(axis=1)),
        ("tokens", counts.min(axis=1)),
        ("slots", counts.max(axis=1)),
    ):
        assert getattr(statistics, name) == pytest.approx(each.mean())
        error = each.std(ddof=1) / np.sqrt(20)
        assert getattr(statistics, f"{name}_error") == pytest.approx(error)


@pytest.mark.parametrize(("truncate", "name"), [("ends", "tokens"), ("never", "slots")])
def test_tokens_and_slots_are_those_of_a_collator(rng, truncate, name):
    strategy = UnionOfBlocks.vjepa_short()
    collate = PatchMaskCollator(strategy, patch_size=1, truncate=truncate)
    torch.manual_seed(2)
    lengths = [collate([torch.zeros(1, 200)] * 16).context.shape[1] for _ in range(200)]
    statistics = mask_statistics(strategy, 200, rng=rng, n_batches=200, batch_size=16)
    error = np.hypot(getattr(statistics, f"{name}_error"), np.std(lengths, ddof=1) / np.sqrt(200))
    assert_within_errors(getattr(statistics, name), error, np.mean(lengths), 200)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_tokens_and_slots_have_the_laws_of_the_least_and_the_greatest(rng, batch_size):
    # Of three leads one or two are visible, each with probability 1/2: 10 or 20 tokens.
    strategy = Leads(probability=0.5, leads=("I", "II", "III"))
    statistics = mask_statistics(strategy, 10, rng=rng, n_batches=4000, batch_size=batch_size)
    all_alike = 0.5**batch_size
    expected = {"tokens_drawn": 15, "tokens": 10 + 10 * all_alike, "slots": 20 - 10 * all_alike}
    for name, mean in expected.items():
        error = getattr(statistics, f"{name}_error")
        assert_within_errors(getattr(statistics, name), error, mean, 4000)


def test_what_is_lost_and_what_is_filler_are_counted_by_hand(rng):
    # Records see one patch and three of four: cut they keep two of four, filled they take six.
    context = np.array([[[True, False, False, False]], [[True, True, True, False]]])
    strategy = Prescribed(Masks(context, ~context[:, None]))
    statistics = mask_statistics(strategy, 4, rng=rng, n_batches=2, batch_size=2)
    assert (statistics.tokens_drawn, statistics.tokens, statistics.slots) == (2, 1, 3)
    assert statistics.lost == pytest.approx(2 / 4)
    assert statistics.filler == pytest.approx(2 / 6)


@pytest.mark.parametrize("strategy", [UnionOfBlocks.kim(), InverseBlocks.data2vec2(), Leads.mlae()])
def test_one_mask_a_batch_and_equal_counts_lose_nothing(rng, strategy):
    statistics = mask_statistics(strategy, 200, rng=rng, n_batches=8)
    assert (statistics.lost, statistics.filler) == (0, 0)


def test_larger_batches_lose_more_and_hold_more_filler(rng):
    one, eight, many = (
        mask_statistics(UnionOfBlocks.vjepa_short(), 200, rng=rng, batch_size=size)
        for size in (1, 8, 64)
    )
    assert (one.lost, one.filler) == (0, 0)
    assert 0.1 < eight.lost < many.lost
    assert 0.1 < eight.filler < many.filler


def test_beats_are_simulated_with_the_r_peaks_given(rng):
    r_peaks = [2.5, 7.5, 12.5, 17.5]
    statistics = mask_statistics(Beats(0.25), 20, rng=rng, n_batches=200, r_peaks=r_peaks)
    assert statistics.target == pytest.approx(0.25)
    assert_within_errors(statistics.p_target, statistics.p_target_error, 0.25, 200)
    assert np.flatnonzero(statistics.target_runs).tolist() == [5]


def test_each_record_gets_the_r_peaks_as_they_are_given(rng):
    given = []

    class Listener(Beats):
        def draw(self, n_records, n_patches, rng, *, r_peaks, **options):
            given.append(np.asarray(r_peaks).tolist())
            return super().draw(n_records, n_patches, rng, r_peaks=r_peaks, **options)

    mask_statistics(Listener(), 20, rng=rng, n_batches=2, batch_size=3, r_peaks=[2.4, 7.6])
    assert given == [[[2.4, 7.6]] * 3] * 2


def test_beats_without_r_peaks_are_refused(rng):
    with pytest.raises(ValueError, match="Beats needs the R peaks"):
        mask_statistics(Beats(), 20, rng=rng)


def test_the_generator_decides_everything():
    one, other = (
        mask_statistics(Spans(), 200, rng=np.random.default_rng(3), n_batches=5) for _ in range(2)
    )
    assert np.array_equal(one.p_context, other.p_context)
    assert np.array_equal(one.target_runs, other.target_runs)
    assert one.tokens == other.tokens


def test_the_parameters_of_the_simulation_are_kept(rng):
    statistics = mask_statistics(
        Forecast(), 20, rng=rng, n_batches=3, batch_size=7, patch_duration=0.1
    )
    assert statistics.strategy == Forecast()
    assert statistics.n_leads == 1
    assert mask_statistics(PerLead(Forecast(), 3), 20, rng=rng, n_batches=2).n_leads == 3
    assert (statistics.n_batches, statistics.batch_size) == (3, 7)
    assert statistics.patch_duration == 0.1
    assert repr(statistics) == "<MaskStatistics: Forecast(ratio=0.5), 3 x 7 records>"


def test_printed_it_is_a_table_of_all_counts(rng):
    statistics = mask_statistics(
        Forecast(0.25), 200, rng=rng, n_batches=2, batch_size=3, patch_duration=0.02
    )
    title, *rows = str(statistics).splitlines()
    assert title == "Forecast(ratio=0.25)"
    assert [" ".join(row.split()) for row in rows] == [
        "context 75.0% ± 0.0%",
        "target 25.0% ± 0.0%",
        "in two or more targets 0.0% ± 0.0%",
        "ignored 0.0% ± 0.0%",
        "context run, mean 150.0 ± 0.0 patches, 3000 ms",
        "target run, mean 50.0 ± 0.0 patches, 1000 ms",
        "context tokens, drawn 150.0 ± 0.0",
        "cut to one length 150.0 ± 0.0, a batch of 3 loses 0.0%",
        "filled up 150.0 ± 0.0, a batch of 3 is 0.0% filler",
    ]


def test_each_row_of_the_table_has_its_own_number_and_error():
    statistics = MaskStatistics(
        strategy=Forecast(),
        n_batches=2,
        batch_size=3,
        n_leads=1,
        patch_duration=0.01,
        heart_rate=None,
        context=0.11,
        context_error=0.012,
        target=0.13,
        target_error=0.014,
        ignored=0.15,
        ignored_error=0.016,
        overlapping=0.17,
        overlapping_error=0.018,
        p_context=np.zeros(4),
        p_context_error=np.zeros(4),
        p_target=np.zeros(4),
        p_target_error=np.zeros(4),
        context_runs=np.array([0, 1, 0, 0, 0]),
        target_runs=np.array([0, 0, 0, 1, 0]),
        context_run_error=0.2,
        target_run_error=0.4,
        tokens_drawn=10,
        tokens_drawn_error=0.5,
        tokens=4,
        tokens_error=0.6,
        slots=16,
        slots_error=0.7,
    )
    assert [" ".join(row.split()) for row in str(statistics).splitlines()[1:]] == [
        "context 11.0% ± 1.2%",
        "target 13.0% ± 1.4%",
        "in two or more targets 17.0% ± 1.8%",
        "ignored 15.0% ± 1.6%",
        "context run, mean 1.0 ± 0.2 patches, 10 ms",
        "target run, mean 3.0 ± 0.4 patches, 30 ms",
        "context tokens, drawn 10.0 ± 0.5",
        "cut to one length 4.0 ± 0.6, a batch of 3 loses 60.0%",
        "filled up 16.0 ± 0.7, a batch of 3 is 37.5% filler",
    ]


def test_given_a_heart_rate_the_table_holds_runs_in_beats(rng):
    # 75 beats a minute, 0.8 s each; runs of 7.5 s and 2.5 s.
    statistics = mask_statistics(Forecast(0.25), 200, rng=rng, n_batches=2, heart_rate=75)
    table = str(statistics)
    assert "7500 ms, 9.4 beats" in table
    assert "2500 ms, 3.1 beats" in table


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"strategy": Forecast}, TypeError, "strategy must be an object with a draw method"),
        ({"strategy": "Forecast"}, TypeError, "strategy must be an object with a draw method"),
        ({"n_batches": 1}, ValueError, "n_batches must be at least 2, not 1"),
        ({"n_batches": 2.0}, TypeError, r"n_batches must be a whole number, not 2\.0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, not 0"),
        ({"patch_duration": 0}, ValueError, "patch_duration must be positive, in seconds, not 0"),
        ({"patch_duration": float("nan")}, ValueError, "patch_duration must be .* not nan"),
        ({"patch_duration": float("inf")}, ValueError, "patch_duration must be .* not inf"),
        ({"heart_rate": 0}, ValueError, "heart_rate must be positive, in beats per minute, not 0"),
        ({"heart_rate": float("nan")}, ValueError, "heart_rate must be .* not nan"),
        ({"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator, not int"),
        ({"n_patches": 0}, ValueError, "n_patches must be at least 1, not 0"),
        ({"n_patches": -5}, ValueError, "n_patches must be at least 1, not -5"),
        ({"n_patches": 20.0}, TypeError, r"n_patches must be a whole number, not 20\.0"),
        ({"n_patches": 1}, ValueError, "ratio=0.5 makes 0 of 1 patches the target"),
        ({"r_peaks": [2.0, 6.0]}, (TypeError, ValueError), "r_peaks"),
    ],
)
def test_bad_parameters_are_refused(rng, options, error, message):
    given = {"strategy": Forecast(), "n_patches": 20, "rng": rng, **options}
    with pytest.raises(error, match=message):
        mask_statistics(**given)


# Runs


def runs_one_by_one(marked):
    """Return the counts of runs, patch by patch."""
    counts = [0] * (marked.shape[-1] + 1)
    for row in marked.reshape(-1, marked.shape[-1]):
        for value, run in groupby(row.tolist()):
            if value:
                counts[len(list(run))] += 1
    return counts


@given(
    st.sampled_from([(1,), (4,), (2, 3), (2, 2, 3)]),
    st.integers(1, 40),
    st.sampled_from([0, 0.1, 0.5, 0.9, 1]),
    st.integers(0, 2**32 - 1),
)
def test_runs_are_counted_as_one_by_one(rows, n_patches, share, seed):
    marked = np.random.default_rng(seed).random((*rows, n_patches)) < share
    counts = count_runs(marked)
    assert counts.tolist() == runs_one_by_one(marked)
    assert counts @ np.arange(n_patches + 1) == marked.sum()
    assert counts.sum() == sum(len(find_runs(r)) for r in marked.reshape(-1, n_patches))


def test_runs_do_not_go_on_in_the_next_row():
    marked = np.array([[False, True], [True, False], [True, True]])
    assert count_runs(marked).tolist() == [0, 2, 1]


def test_the_mean_run_is_worked_out_by_hand():
    assert mean_run(np.array([0, 2, 0, 2])) == 2
    assert np.isnan(mean_run(np.zeros(4, dtype=int)))


def test_mean_runs_are_the_means_of_the_runs_that_were_counted(rng):
    statistics = mask_statistics(MaskAndComplement(), 200, rng=rng, n_batches=8)
    for mean, counts in (
        (statistics.context_run, statistics.context_runs),
        (statistics.target_run, statistics.target_runs),
    ):
        assert mean == pytest.approx(np.repeat(np.arange(201), counts).mean())


@pytest.mark.parametrize("role", ["context", "target"])
def test_errors_of_mean_runs_are_those_of_the_runs_of_a_role(role):
    strategy = ContextToTarget()
    statistics = mask_statistics(
        strategy, 200, rng=np.random.default_rng(4), n_batches=20, batch_size=8
    )
    rng, means = np.random.default_rng(4), []
    for _ in range(20):
        masks = strategy.draw(8, 200, rng)
        marked = masks.context if role == "context" else masks.target_union
        means.append(mean_run(np.array(runs_one_by_one(marked))))
    error = np.std(means, ddof=1) / np.sqrt(20)
    assert getattr(statistics, f"{role}_run_error") == pytest.approx(error)


def test_mean_runs_have_standard_errors_over_batches(rng):
    known = mask_statistics(Forecast(0.25), 200, rng=rng, n_batches=4)
    assert known.context_run_error == known.target_run_error == 0
    few, many = (mask_statistics(MaskAndComplement(), 200, rng=rng, n_batches=n) for n in (16, 256))
    assert 0 < many.target_run_error < few.target_run_error
    assert abs(many.target_run - few.target_run) < 6 * few.target_run_error


def test_r_peaks_that_no_strategy_needs_are_refused(rng):
    with pytest.raises(ValueError, match=r"ratio=0\.75\) uses no R peaks; leave out"):
        mask_statistics(RandomPatches(), 200, rng=rng, r_peaks=[10, 50])


# A context of a given length


class OneToSix:
    """A user's strategy: a record sees one to six patches, all equally likely."""

    def draw(self, n_records, n_patches, rng, **_):
        context = np.arange(n_patches) < rng.integers(1, 7, size=n_records)[:, None, None]
        return Masks(context, ~context[:, None])


def test_what_a_given_length_costs_is_counted_from_records_that_have_as_many():
    statistics = mask_statistics(
        OneToSix(), 10, rng=np.random.default_rng(3), n_batches=300, batch_size=14, n_context=4
    )
    assert statistics.tokens == 4
    assert statistics.tokens_error == 0
    # Three counts of six are too short; the others are 4, 5 and 6.
    assert abs(statistics.redrawn - 1 / 2) < 5 * statistics.redrawn_error
    assert abs(statistics.tokens_drawn - 5) < 5 * statistics.tokens_drawn_error
    assert statistics.lost == pytest.approx(1 - 4 / statistics.tokens_drawn)
    assert f"  {'records drawn again':<24}{statistics.redrawn:7.1%} ±" in str(statistics)
    # Whoever sees four patches at least sees the first four.
    assert (statistics.p_context[:4] == 1).all()


def test_no_record_is_drawn_again_where_no_length_is_given():
    statistics = mask_statistics(OneToSix(), 10, rng=np.random.default_rng(3), n_batches=4)
    assert (statistics.n_context, statistics.redrawn) == (None, 0)
    assert "drawn again" not in str(statistics)


@pytest.mark.parametrize(
    ("n_context", "error", "message"),
    [
        (7, ValueError, "no record has n_context=7 context tokens; lower it"),
        (0, ValueError, "n_context must be at least 1, not 0"),
        (4.0, TypeError, r"n_context must be a whole number, not 4\.0"),
    ],
)
def test_a_length_that_no_record_has_is_refused(n_context, error, message):
    with pytest.raises(error, match=message):
        mask_statistics(OneToSix(), 10, rng=np.random.default_rng(3), n_context=n_context)


# Several strategies


@pytest.fixture(scope="module")
def presets():
    """All settings that have a name, for ten seconds of ten beats."""
    names = vars(ecgmask).copy()
    return compare_strategies(
        {
            name: eval(code, names)
            for family in map(names.get, strategies.__all__)
            for name, code in getattr(family, "presets", {}).items()
        },
        200,
        r_peaks=np.arange(10, 200, 20),
    )


def test_numbers_do_not_depend_on_what_a_strategy_is_compared_with():
    given = {"MAE": RandomPatches.mae(), "V-JEPA": UnionOfBlocks.vjepa_short()}
    both = compare_strategies(given, 200, n_batches=8)
    turned = compare_strategies(dict(reversed(given.items())), 200, n_batches=8)
    for name, strategy in given.items():
        alone = mask_statistics(strategy, 200, rng=np.random.default_rng(0), n_batches=8)
        for comparison in (both, turned):
            assert str(comparison[name]) == str(alone)
            assert np.array_equal(comparison[name].p_context, alone.p_context)


def test_another_seed_draws_others():
    one, other = (
        compare_strategies({"": Spans()}, 200, n_batches=4, seed=seed)[""] for seed in (0, 1)
    )
    assert one.context != other.context


def test_whole_per_cents_are_meaningful_for_every_setting_with_a_name(presets):
    for name, each in presets.statistics.items():
        errors = (each.context_error, each.target_error, each.ignored_error)
        assert max(errors) <= 0.005, name


def test_only_strategies_that_need_them_get_r_peaks():
    given = {"Beats": Beats(), "MAE": RandomPatches.mae()}
    comparison = compare_strategies(given, 20, n_batches=4, r_peaks=[2.5, 7.5, 12.5, 17.5])
    assert comparison["Beats"].target == 0.5


@pytest.mark.parametrize(
    ("value", "error", "decimals", "text"),
    [
        (0.25, 0.004, 2, "0.25"),
        (0.25, 0.005, 2, "0.25"),
        (0.26, 0.006, 2, "0.3"),
        (41.6, 0, 0, "42"),
        (41.6, 0.4, 0, "42"),
        (41.6, 0.6, 0, "40"),
        (1234, 30, 0, "1200"),
    ],
)
def test_a_number_ends_with_a_unit_of_twice_its_error(value, error, decimals, text):
    assert rounded(value, error, decimals) == text


def test_only_none_and_all_are_none_and_all():
    shares = [(0, 0), (0.004, 0), (0.5, 0), (0.996, 0), (1, 0)]
    assert [rounded_share(*each) for each in shares] == ["0%", "0.4%", "50%", "99.6%", "100%"]


def test_short_times_are_in_milliseconds():
    assert rounded_time(0.196, 0.0004) == "196 ms"
    assert rounded_time(2.38, 0.01) == "2.4 s"
    assert rounded_time(float("nan"), float("nan")) == "none"


def test_printed_a_comparison_is_a_table_of_its_columns(presets):
    header, *rows = str(presets).splitlines()
    assert header.split() == " ".join(COLUMNS).split()
    for row, (name, statistics) in zip(rows, presets.statistics.items(), strict=True):
        assert row.startswith(name)
        assert row.removeprefix(name).split() == " ".join(cells(statistics)).split()
    assert len({len(line) for line in (header, *rows)}) == 1


def test_in_a_notebook_a_comparison_is_a_table_with_headers():
    comparison = compare_strategies({"A & <B>": Forecast(0.25)}, 200, n_batches=2)
    table = ElementTree.fromstring(comparison._repr_html_())
    head, (row,) = table.find("thead/tr"), table.findall("tbody/tr")
    assert [(cell.tag, cell.get("scope")) for cell in head] == [("th", "col")] * (1 + len(COLUMNS))
    assert [cell.text for cell in head][1:] == list(COLUMNS)
    assert (row[0].tag, row[0].get("scope"), row[0].text) == ("th", "row", "A & <B>")
    assert [cell.text for cell in row[1:]] == list(cells(comparison["A & <B>"]))
    # A strict policy of the page would block them.
    assert not [each for each in table.iter() if "style" in each.attrib]


def test_columns_of_a_comparison_hold_a_number_for_each_strategy(presets):
    columns = presets.as_dict()
    assert columns["strategy"] == list(presets.statistics)
    for name, values in columns.items():
        assert len(values) == len(presets.statistics)
        if name != "strategy":
            assert values == [getattr(s, name) for s in presets.statistics.values()]
            assert {type(value) for value in values} == {float}


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ({}, {}, ValueError, "at least one strategy to compare, but strategies is empty"),
        (Forecast(), {}, TypeError, "strategies must be a dict of names and strategies, not Fore"),
        ({"a": "Forecast"}, {}, TypeError, "strategy must be an object with a draw method"),
        ({"a": Forecast()}, {"seed": -1}, ValueError, "seed must be at least 0, not -1"),
        ({"a": Forecast()}, {"seed": None}, TypeError, "seed must be a whole number, not None"),
    ],
)
def test_what_cannot_be_compared_is_refused(given, options, error, message):
    with pytest.raises(error, match=message):
        compare_strategies(given, 200, **options)
