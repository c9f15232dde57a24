"""The study of what a model learns under each mask: its runs, its probes and its table."""

import csv
import itertools
import json
import os
import re
import subprocess
import sys
import textwrap
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import wfdb
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import studentized_range

from ecgmask import (
    STANDARD_LEADS,
    ContextToTarget,
    PatchMaskCollator,
    RandomPatches,
    Spans,
    synthetic_population,
    write_stack,
)

sys.path.append(str(Path(__file__).parent.parent / "docs" / "study"))

import answers
import data
import model
import probes
import runs
import study

TINY = runs.Size(n_records=100, n_steps=2, n_seeds=2)


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


# Runs


@given(st.integers(1, 300))
def test_parts_are_all_runs_and_have_none_in_common(n_parts):
    everything = runs.all_runs(runs.FULL)
    parts = [runs.part_of(everything, number, n_parts) for number in range(1, n_parts + 1)]
    together = [run for part in parts for run in part]
    assert len(together) == len(everything)
    assert set(together) == set(everything)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_every_setting_with_a_name_is_run():
    strategies = {run.strategy for run in runs.all_runs(runs.FULL)}
    named = [line for each in runs.strategies.__all__ for line in presets(each)]
    assert {runs.SHORTENED.get(line, line) for line in named} <= strategies


def presets(name):
    return getattr(vars(runs.ecgmask)[name], "presets", {}).values()


def test_every_run_has_a_key_of_its_own_that_other_sizes_do_not_have():
    everything = runs.all_runs(runs.FULL)
    keys = {run.key(size) for run in everything for size in (runs.FULL, TINY)}
    assert len(keys) == 2 * len(everything)


def test_a_key_changes_with_the_code(monkeypatch):
    run = runs.all_runs(TINY)[0]
    before = run.key(TINY)
    monkeypatch.setattr(runs, "code_digest", lambda: "other")
    assert run.key(TINY) != before


def test_the_digest_is_of_the_package_too(tmp_path, monkeypatch):
    assert Path(runs.strategies.__file__) in runs.sources()
    assert Path(runs.probes.__file__) in runs.sources()
    digests = set()
    for text in ("one = 1", "one = 2"):
        (tmp_path / "module.py").write_text(text)
        monkeypatch.setattr(runs, "sources", lambda: [tmp_path / "module.py"])
        digests.add(runs.code_digest.__wrapped__())
    assert len(digests) == 2


def cheap_runs():
    """Return runs of each objective and of both kinds of tokens."""
    lines = {"random encoder", "RandomPatches(0.8)", "ContextToTarget()", "Beats()", "Leads.mlae()"}
    return [run for run in runs.all_runs(TINY) if run.strategy in lines and run.seed == 0]


@pytest.mark.parametrize("run", cheap_runs(), ids=lambda run: f"{run.objective} {run.strategy}")
def test_a_run_gives_the_same_scores_again_and_another_seed_does_not(run):
    one, same, other = (runs.execute(each, TINY) for each in (run, run, replace(run, seed=1)))
    assert one["scores"] == same["scores"]
    assert one["loss"] == same["loss"]
    assert one["scores"] != other["scores"]
    factors = set(runs.world(TINY).factors)
    names = [name + where for name in ("since_r", "until_r") for where in ("", "_middle", "_ends")]
    tokens = set(names) if run.n_rows == 1 else set()
    assert set(one["scores"]) == factors | tokens


def test_a_run_sees_as_many_tokens_as_its_masks_leave():
    run = runs.Run("mae", "RandomPatches(0.8)", 1, 0)
    result = runs.execute(run, TINY)
    assert result["tokens_seen"] == TINY.n_steps * runs.BATCH_SIZE * 10  # of 50


def test_the_mean_of_the_training_records_reads_nothing():
    people = runs.world(TINY)
    scores = runs.execute(runs.Run("none", "the mean", 1, 0), TINY)["scores"]
    for name, column in people.factors.items():
        if column.dtype.kind == "U":
            assert scores[name] == 0.5
        else:
            assert scores[name] <= 0


@pytest.mark.parametrize(("share", "when"), [(0, "early"), (0.2, "at the end"), (0.21, "never")])
def test_encoders_are_compared_when_they_have_seen_as_many_tokens(monkeypatch, share, when):
    monkeypatch.setattr(runs, "EQUAL_SHARE", share)
    result = runs.execute(runs.Run("mae", "RandomPatches(0.8)", 1, 0), TINY)
    scores = result["scores_at_equal_tokens"]
    assert bool(scores) == (when != "never")
    assert (scores == result["scores"]) == (when == "at the end")


# The folder and the table


def small(monkeypatch, tmp_path, *options):
    """Run three runs in this process, as a small study, and return the rows of its table."""
    everything = cheap_runs()[:3]
    monkeypatch.setattr(runs, "HUNDREDTH", TINY)
    monkeypatch.setattr(runs, "all_runs", lambda size: everything)  # noqa: ARG005
    monkeypatch.setattr(study, "ProcessPoolExecutor", InThisProcess)
    monkeypatch.setattr(study, "as_completed", list)
    table = tmp_path / "study.csv"
    folder = tmp_path / "runs"
    study.main(["--hundredth", "--folder", str(folder), "--table", str(table), *options])
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


class InThisProcess:
    def __init__(self, *options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, function, *arguments):
        function(*arguments)
        return Done()


class Done:
    def result(self):
        pass


def test_the_table_has_a_row_for_each_run_and_probe_and_is_the_same_again(monkeypatch, tmp_path):
    rows = small(monkeypatch, tmp_path)
    for kind in study.FEATURES:
        of_kind = [row for row in rows if row["features"] == kind]
        tried = [run for run in cheap_runs()[:3] if "tokens" not in kind or run.objective != "none"]
        names = [(run.objective, run.strategy) for run in tried]
        assert [(row["objective"], row["strategy"]) for row in of_kind] == names
        scores = np.array([[row[name] for name in runs.world(TINY).factors] for row in of_kind])
        assert np.isfinite(scores.astype(float)).all()
    executed = []
    monkeypatch.setattr(runs, "execute", lambda *run: executed.append(run))
    assert small(monkeypatch, tmp_path) == rows
    assert not executed


def test_a_run_that_died_is_done_again_and_the_others_are_not(monkeypatch, tmp_path):
    execute, executed = runs.execute, []

    def die(run, size):
        executed.append(run)
        if len(executed) == 2:
            raise KeyboardInterrupt
        return execute(run, size)

    monkeypatch.setattr(runs, "execute", die)
    with pytest.raises(KeyboardInterrupt):
        small(monkeypatch, tmp_path)
    assert not (tmp_path / "study.csv").exists()
    assert small(monkeypatch, tmp_path)
    assert len(executed) == 4
    assert executed[1] == executed[2]


def test_a_run_that_fails_is_told_before_others_are_started(monkeypatch, tmp_path):
    shut_down = []

    class Failing(InThisProcess):
        def submit(self, *_):
            future = Future()
            future.set_exception(OSError("disk full"))
            return future

        def shutdown(self, **options):
            shut_down.append(options)

    monkeypatch.setattr(runs, "HUNDREDTH", TINY)
    monkeypatch.setattr(study, "ProcessPoolExecutor", Failing)
    options = ["--hundredth", "--folder", str(tmp_path), "--table", str(tmp_path / "study.csv")]
    with pytest.raises(OSError, match="disk full"):
        study.main(options)
    assert shut_down == [{"cancel_futures": True}]


def test_parts_are_merged_when_all_are_there(monkeypatch, tmp_path):
    assert small(monkeypatch, tmp_path, "--part", "1/2") == []
    parts = small(monkeypatch, tmp_path, "--part", "2/2")
    whole = small(monkeypatch, tmp_path / "whole")
    for row in [*parts, *whole]:
        del row["cpu_seconds"]
    assert parts == whole


@pytest.mark.slow
def test_a_hundredth_of_the_study_runs_in_two_parts_and_goes_on(tmp_path):
    # As `nox -s study` starts it, in processes of its own.
    table = tmp_path / "study.csv"
    options = ["--hundredth", "--processes=1", f"--folder={tmp_path}", f"--table={table}"]
    n_runs = len(runs.all_runs(runs.HUNDREDTH))
    said = []
    for part in (["--part=2/2"], []):
        result = subprocess.run(
            [sys.executable, study.__file__, *options, *part],
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": ""},
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        said.append(result.stdout)
    assert f"0 of {n_runs // 2} runs are done." in said[0]
    assert "Other parts are missing" in said[0]
    assert f"{n_runs // 2} of {n_runs} runs are done." in said[1]
    assert f"{table} holds {n_runs} runs." in said[1]
    with table.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["features"] == answers.FEATURES]
    found = {(row["objective"], row["strategy"], row["truncate"]) for row in rows}
    everything = runs.all_runs(runs.HUNDREDTH)
    assert found == {(run.objective, run.strategy, run.truncate) for run in everything}


def test_runs_that_are_missing_are_named(tmp_path):
    message = r"3 of 3 runs are missing in .*, the first of them none random encoder with seed 0; "
    with pytest.raises(FileNotFoundError, match=message):
        runs.results(tmp_path, cheap_runs()[:3], TINY)


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "a/b", "3/8/2", "-1/8"])
def test_what_is_no_part_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        study.arguments([f"--part={text}"])
    assert f"must be such as 3/8, the third of eight parts, not {text!r}" in capsys.readouterr().err


# The models


def collated(strategy, patch_size=20, n_records=8):
    signals = list(torch.randn(n_records, 12, 1000, generator=torch.Generator().manual_seed(0)))
    masked = PatchMaskCollator(strategy, patch_size, truncate="never", seed=0)(signals)
    return runs.tokens_of(masked.batch, patch_size, 1), masked


def test_a_masked_autoencoder_has_no_loss_on_what_is_neither_context_nor_target():
    torch.manual_seed(0)
    trained = model.MaskedAutoencoder(model.Encoder(50, 240, 1)).eval()
    tokens, masked = collated(RandomPatches(0.8))
    masked = masked._replace(
        targets=[each[:, 1:] for each in masked.targets],
        target_padding=[each[:, 1:] for each in masked.target_padding],
    )
    unused = ~model.mark_tokens(torch.cat([masked.context, *masked.targets], dim=1), 50)
    assert unused.any(dim=1).all()
    changed = tokens + 100 * unused[..., None]
    assert torch.equal(trained(tokens, masked), trained(changed, masked))


def test_a_masked_autoencoder_sees_no_target():
    torch.manual_seed(0)
    trained = model.MaskedAutoencoder(model.Encoder(50, 240, 1)).eval()
    tokens, masked = collated(RandomPatches(0.8))
    hidden = model.mark_tokens(masked.targets[0], 50)
    losses = [trained(tokens + shift * hidden[..., None], masked) for shift in (0.0, 1000.0)]
    # Its guess is the same, so that the error grows by the shift alone.
    assert losses[1].item() == pytest.approx(1000**2, rel=0.01)
    assert losses[0].item() < 10


@pytest.mark.parametrize("objective", model.OBJECTIVES)
@pytest.mark.parametrize("strategy", [ContextToTarget(), Spans.wav2vec2()])
def test_fillers_change_nothing(objective, strategy):
    torch.manual_seed(0)
    trained = model.OBJECTIVES[objective](model.Encoder(50, 240, 1)).eval()
    tokens, masked = collated(strategy)
    assert masked.context_padding.any()
    losses, weights = [], []
    for number in range(len(tokens)):
        (one,) = tokens[number : number + 1].unbind()
        kept = ~masked.context_padding[number]
        pairs = zip(masked.targets, masked.target_padding, strict=True)
        targets = [each[number, ~filler[number]][None] for each, filler in pairs]
        alone = masked._replace(
            context=masked.context[number, kept][None],
            context_padding=torch.zeros(1, int(kept.sum()), dtype=torch.bool),
            targets=targets,
            target_padding=[torch.zeros_like(each, dtype=torch.bool) for each in targets],
        )
        losses.append(trained(one[None], alone).item())
        together = torch.cat(targets, dim=1)
        hidden = model.mark_tokens(together, 50).sum().item()
        weights.append(hidden if objective == "mae" else together.shape[1])
    expected = np.average(losses, weights=weights)
    assert trained(tokens, masked).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("objective", model.OBJECTIVES)
def test_all_of_the_encoder_is_trained(objective):
    torch.manual_seed(0)
    trained = model.OBJECTIVES[objective](model.Encoder(50, 240, 1))
    trained(*collated(RandomPatches(0.8))).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in trained.encoder.parameters())


def test_masks_and_order_follow_the_seed_of_the_run():
    people = runs.world(TINY)
    signals = torch.as_tensor(people.signals)
    first = {}
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        run = runs.Run("mae", "RandomPatches(0.8)", 1, seed)
        first[name] = next(iter(runs.batches(run, TINY, signals, people)))
    assert torch.equal(first["one"].context, first["same"].context)
    assert torch.equal(first["one"].batch, first["same"].batch)
    assert not torch.equal(first["one"].context, first["other"].context)
    assert not torch.equal(first["one"].batch, first["other"].batch)


def test_variation_is_asked_for_in_sinus_rhythm_alone():
    factors = runs.world(TINY).factors
    assert (np.isnan(factors["rr_variation"]) == (factors["rhythm"] != "sinus")).all()


def test_the_target_encoder_gets_no_gradient_and_follows():
    torch.manual_seed(0)
    jepa = model.JEPA(model.Encoder(50, 240, 1))
    jepa(*collated(RandomPatches(0.8))).backward()
    assert all(parameter.grad is None for parameter in jepa.slow.parameters())
    with torch.no_grad():
        jepa.encoder.embed.bias += 1
    before = jepa.slow.embed.bias.clone()
    jepa.follow(0.5)
    torch.testing.assert_close(jepa.slow.embed.bias - before, torch.full((64,), 0.002))


# The probes


def pairs(rng, n_records=300, n_features=5):
    features = rng.standard_normal((n_records, n_features))
    return features, features @ rng.standard_normal(n_features)


def test_a_probe_reads_what_is_linear_in_the_features_and_not_what_is_not():
    rng = np.random.default_rng(0)
    features, target = pairs(rng)
    scores = []
    for truth in (target, rng.permutation(target)):
        validation = (features[100:200], truth[100:200])
        predicted = probes.ridge(features[:100], truth[:100], validation, features[200:])
        scores.append(probes.r_squared(truth[200:], predicted))
    assert scores[0] > 0.999
    assert scores[1] < 0.1


def test_a_probe_is_ridge_regression():
    rng = np.random.default_rng(1)
    features, target = pairs(rng)
    target = target + rng.standard_normal(300)
    validation = (features[100:200], target[100:200])
    predicted = probes.ridge(features[:100], target[:100], validation, features[200:])
    centred = (features - features[:100].mean(axis=0)) / features[:100].std(axis=0)
    possible = []
    for strength in probes.STRENGTHS:
        # As least squares with a record for each feature.
        wide = np.vstack([centred[:100], np.sqrt(strength) * np.eye(5)])
        wanted = np.append(target[:100] - target[:100].mean(), np.zeros(5))
        possible.append(centred[200:] @ np.linalg.lstsq(wide, wanted)[0] + target[:100].mean())
    assert min(np.abs(predicted - each).max() for each in possible) < 1e-6


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_auroc_is_the_share_of_pairs_in_order(records):
    truth = np.array([each for each, _ in records] + [True, False])
    score = np.array([each for _, each in records] + [2, 3])
    difference = score[truth][:, None] - score[~truth]
    expected = (difference > 0).mean() + 0.5 * (difference == 0).mean()
    assert probes.auroc(truth, score) == pytest.approx(expected)


def test_the_mean_of_the_truth_scores_zero():
    truth = np.random.default_rng(0).standard_normal(50)
    assert probes.r_squared(truth, np.full(50, truth.mean())) == pytest.approx(0)


def test_principal_components_keep_as_much_variance_as_can_be_kept():
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((200, 8)) @ rng.standard_normal((8, 8)) + 5
    fitted = np.arange(150)
    found = probes.principal_components(rows, fitted, 3)
    spectrum = np.linalg.eigvalsh(np.cov(rows[fitted].T))[::-1]
    np.testing.assert_allclose(np.cov(found[fitted].T), np.diag(spectrum[:3]), atol=1e-8)
    # Rows that were not fitted are seen from the same mean, along the same directions.
    whole = probes.principal_components(rows, fitted, 8)
    lengths = np.linalg.norm(rows - rows[fitted].mean(axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), lengths)
    np.testing.assert_allclose(np.abs(whole[:, :3]), np.abs(found))


def test_distances_are_those_to_the_r_peaks_around():
    times = np.array([1.0, 2.0, 5.0])
    found = probes.distances([np.array([0.5, 1.75, 2.5])], times)
    np.testing.assert_allclose(found["since_r"], [[0.5, 0.25, 1.5]])
    np.testing.assert_allclose(found["until_r"], [[0.75, 0.5, 1.5]])


def test_collapse_is_seen_in_all_three_numbers():
    rng = np.random.default_rng(0)
    alive = rng.standard_normal((200, 10, 16))
    dead = np.repeat(rng.standard_normal((1, 1, 16)), 200, axis=0).repeat(10, axis=1)
    line = dead + 1e-3 * rng.standard_normal((200, 1, 1)) * rng.standard_normal(16)
    healthy, collapsed, thin = map(probes.health, (alive, dead, line))
    assert healthy["effective_rank"] > 12
    assert healthy["std"] > 0.9
    assert healthy["cosine"] < 0.05
    assert collapsed["std"] < 1e-6
    assert collapsed["cosine"] == pytest.approx(1)
    assert thin["effective_rank"] < 1.1
    assert collapsed["effective_rank"] < 1.5


# Questions and answers


def table(score, n_seeds=5):
    """Return rows of all arms that questions are about, scored by a function of arm and seed."""
    rows = {}
    for question in answers.QUESTIONS:
        arms = [question.more, question.less, question.more_without, question.less_without]
        for arm, seed in itertools.product(filter(None, arms), range(n_seeds)):
            of_run = {
                "objective": question.objective,
                "strategy": arm.strategy,
                "truncate": arm.truncate,
                "seed": str(seed),
                "features": answers.FEATURES,
            }
            row = rows.setdefault(tuple(of_run.values()), of_run)
            row |= {factor: str(score(arm, factor, seed)) for factor in arm.factors}
    return list(rows.values())


def answers_by_text(rows):
    return {(q.objective, q.text): (mean, say) for q, mean, _, say in answers.answers(rows)}


def test_all_arms_of_the_questions_are_run():
    everything = runs.all_runs(runs.FULL)
    there = {(run.objective, run.strategy, run.truncate) for run in everything}
    for question in answers.QUESTIONS:
        for arm in (question.more, question.less):
            assert (question.objective, arm.strategy, arm.truncate) in there


def test_answers_follow_the_scores_and_not_what_all_arms_of_a_seed_share():
    noise = np.random.default_rng(0).standard_normal(5)
    better = {answers.LONG: 0.2, "Leads.mlae()": -0.01}
    rows = table(lambda arm, factor, seed: noise[seed] + better.get(arm.strategy, 0))  # noqa: ARG005
    found = answers_by_text(rows)
    assert found["mae", "Do long gaps teach rhythm?"] == (pytest.approx(0.2), "yes")
    assert found["mae", "Do short gaps teach shape?"] == (pytest.approx(-0.2), "no")
    assert found["jepa", "Does cutting contexts cost?"] == (pytest.approx(0), "no")
    assert found["mae", "Does masking leads together teach axis?"] == (pytest.approx(0.01), "yes")


def test_noise_of_its_own_in_each_training_leaves_no_answer():
    rng = np.random.default_rng(1)
    found = answers_by_text(table(lambda *_: rng.standard_normal()))
    assert {say for _, say in found.values()} == {"cannot tell"}


def test_the_edge_effect_is_what_the_middle_loses_beyond_the_ends():
    def score(arm, factor, seed):
        lost = (0.3 if factor.endswith("_middle") else 0.1) * (arm.strategy == answers.LONG)
        return 0.1 * factor.startswith("since") + 1e-6 * seed - lost

    found = answers_by_text(table(score))
    question = "Does the edge effect of mask and complement cost the middle?"
    assert found["jepa", question] == (pytest.approx(0.2), "yes")


@pytest.mark.parametrize("n_questions", [1, 9])
def test_intervals_hold_as_often_as_they_say(n_questions):
    rng = np.random.default_rng(2)
    n_drawn = 2000
    found = [answers.interval(rng.standard_normal(5), n_questions) for _ in range(n_drawn)]
    missed = np.mean([abs(mean) > half_width for mean, half_width in found])
    expected = 0.05 / n_questions
    # Five standard errors.
    assert missed == pytest.approx(expected, abs=5 * np.sqrt(expected / n_drawn))


def blocks(rng, n_settings=6, n_seeds=5):
    """Return scores that differ by seed and by chance, and not by setting."""
    return rng.standard_normal(n_seeds) * 10 + rng.standard_normal((n_settings, n_seeds))


def test_two_of_many_settings_differ_by_chance_as_rarely_as_the_smallest_difference_says():
    rng = np.random.default_rng(5)
    n_drawn, differ = 3000, 0
    for _ in range(n_drawn):
        scores = blocks(rng)
        differ += np.ptp(scores.mean(axis=1)) > answers.smallest_difference(scores)
    # Five standard errors.
    assert differ / n_drawn == pytest.approx(0.05, abs=5 * np.sqrt(0.05 * 0.95 / n_drawn))


def test_the_smallest_difference_is_tukeys_where_seeds_have_no_part():
    rng = np.random.default_rng(6)
    scores = rng.standard_normal((4, 5))
    scores -= scores.mean(axis=0)
    found = answers.smallest_difference(scores)
    spread = np.sqrt(np.square(scores - scores.mean(axis=1, keepdims=True)).sum() / 12)
    expected = studentized_range.ppf(0.95, 4, 12) * spread / np.sqrt(5)
    assert found == pytest.approx(expected)
    assert answers.smallest_difference(scores, 10) > found


def test_a_table_that_is_not_whole_is_refused():
    rows = table(lambda *_: 0.0)
    lacking = [{**row, "t_amplitude": ""} for row in rows]
    with pytest.raises(ValueError, match=r"the table lacks scores of mae RandomPatches.*; run the"):
        answers.answers(lacking)
    with pytest.raises(ValueError, match="needs at least two seeds, not 1; run more"):
        answers.answers(table(lambda *_: 0.0, n_seeds=1))
    without = [
        row
        for row in rows
        if (row["strategy"], row["seed"]) != ("RandomPatches(0.8)", rows[-1]["seed"])
    ]
    with pytest.raises(ValueError, match=r"have other seeds: .*; run those that one lacks"):
        answers.answers(without)


def test_a_context_that_is_cut_loses_tokens_and_one_that_is_filled_up_does_not():
    filled, cut = (
        runs.execute(runs.Run("mae", runs.CUT, 1, 0, truncate), TINY)
        for truncate in ("never", "ends")
    )
    assert cut["tokens_seen"] < filled["tokens_seen"]
    # Some contexts are longer than the shortest of their batch, which is what both keep.
    assert cut["tokens_seen"] % (runs.BATCH_SIZE) == 0


def test_the_middle_and_the_ends_are_scored_apart():
    rng = np.random.default_rng(3)
    times = np.arange(0.1, 10, 0.2)
    peaks = [np.sort(rng.uniform(0, 10, 12)) for _ in range(90)]
    truth = probes.distances(peaks, times)["since_r"]
    tokens = np.stack([truth, rng.standard_normal(truth.shape)], axis=2)
    tokens[:, ~probes.is_middle(times), 0] = 0
    parts = np.split(np.arange(90), [60, 75])
    scores = probes.of_tokens(tokens, peaks, times, parts)
    assert scores["since_r_middle"] > scores["since_r"] > scores["since_r_ends"]


# The table of the site


@pytest.fixture(scope="module")
def published():
    with (study.DOCS / "study.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_published_table_is_of_the_whole_study(published):
    for kind in study.FEATURES:
        found = [
            (row["objective"], row["strategy"], int(row["n_rows"]), int(row["seed"]))
            for row in published
            if row["features"] == kind and row["truncate"] == "never"
        ]
        expected = [
            (run.objective, run.strategy, run.n_rows, run.seed)
            for run in runs.all_runs(runs.FULL)
            if run.truncate == "never"
            and (run.strategy not in runs.BASELINES or kind == answers.FEATURES)
            and (run.objective != "none" or "equal" not in kind)
        ]
        assert found == expected
    trained = [row for row in published if row["objective"] != "none"]
    assert {int(row["n_steps"]) for row in trained} == {runs.FULL.n_steps}
    assert all(float(row["cpu_seconds"]) > 0 and row["torch"] and row["made"] for row in published)


def test_the_published_table_counts_the_tokens_that_masks_show(published):
    of_all = runs.FULL.n_steps * runs.BATCH_SIZE * 50
    for row in published:
        n_seen = int(row["tokens_seen"])
        if row["objective"] == "none":
            assert n_seen == 0
            continue
        n_tokens = {1: 50, 12: 120}[int(row["n_rows"])]
        assert n_seen >= runs.EQUAL_SHARE * runs.FULL.n_steps * runs.BATCH_SIZE * n_tokens
        if row["strategy"] == "RandomPatches(0.8)":
            assert n_seen == of_all // 5
        if row["strategy"] == "RandomPatches.mae()":
            assert n_seen == of_all * 12 // 50


@pytest.mark.parametrize("strategy", ["the mean", "random encoder"])
def test_the_published_scores_are_what_runs_give(published, strategy):
    """Of those that take seconds, not to the last digit: other processors round in another way."""
    run = runs.Run("none", strategy, 1, 0)
    names = ("objective", "strategy", "n_rows", "seed", "features")
    wanted = (run.objective, run.strategy, str(run.n_rows), str(run.seed), answers.FEATURES)
    (row,) = [row for row in published if tuple(row[name] for name in names) == wanted]
    for factor, score in runs.execute(run, runs.FULL)["scores"].items():
        assert float(row[factor]) == pytest.approx(score, abs=0.005), factor


# The page


@pytest.fixture(scope="module")
def page():
    sys.path.append(str(study.DOCS / "_ext"))
    import study_page

    return study_page


def settings_that_score(**scores):
    """Return rows of settings by the scores of their seeds."""
    return {
        (name, "never"): [
            {
                "seed": str(seed),
                **dict.fromkeys(answers.ALL, str(each)),
                "since_r": "",
                "until_r": "",
            }
            for seed, each in enumerate(some)
        ]
        for name, some in scores.items()
    }


def test_the_best_are_those_that_are_no_further_from_the_best_than_can_be_told(page):
    rng = np.random.default_rng(7)
    noise = 0.01 * rng.standard_normal((4, 5))
    levels = {"best": 0.9, "second": 0.89, "third": 0.6, "last": 0.2}
    trained = settings_that_score(
        **{name: level + row for (name, level), row in zip(levels.items(), noise, strict=True)}
    )
    names = {("best", "never"), ("second", "never")}
    assert page.among_best(trained, settings_that_score(random=[0.1] * 5), "qtc") == names
    # No training is worth naming where something without training does as well.
    assert not page.among_best(trained, settings_that_score(samples=[0.88]), "qtc")
    del trained["last", "never"][0]
    with pytest.raises(ValueError, match="settings have other seeds in qtc; run those that one"):
        page.among_best(trained, settings_that_score(random=[0.1]), "qtc")


def test_the_order_of_rows_changes_nothing(page):
    rows = [{"seed": str(seed), "qtc": str(seed / 10)} for seed in (3, 11, 2)]
    assert page.values(rows, "qtc").tolist() == [0.2, 0.3, 1.1]


@pytest.mark.parametrize(
    ("gain", "shade"),
    [
        (0, "study-same"),
        (0.049, "study-same"),
        (-0.049, "study-same"),
        (0.05, "study-gain-1"),
        (-0.05, "study-loss-1"),
        (0.2, "study-gain-2"),
        (-0.2, "study-loss-2"),
        (0.9, "study-gain-3"),
        (-0.9, "study-loss-3"),
    ],
)
def test_a_cell_has_the_colour_of_its_difference(page, gain, shade):
    assert page.shade(gain) == shade


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.456, "0.46"), (-0.001, "0.00"), (-0.126, "\N{MINUS SIGN}0.13"), (1, "1.00")],
)
def test_numbers_have_two_digits_and_zero_no_sign(page, value, text):
    assert page.number(value) == text


# What the page says that follows


def tables_of(published, objective, n_rows):
    """Return the rows of the trained settings, and of all that needs no training."""
    trained = answers.by_setting(published, objective, n_rows)
    samples = answers.by_setting(published, "none", 1)
    return trained, samples | answers.by_setting(published, "none", n_rows)


def gains(published, page, objective, n_rows, factor):
    """Return by how much each setting is above the random encoder, on average over seeds."""
    trained, untrained = tables_of(published, objective, n_rows)
    random = page.values(untrained[page.RANDOM], factor).mean()
    return {setting: page.values(rows, factor).mean() - random for setting, rows in trained.items()}


def stars(published, page, objective, n_rows, factor):
    """Return the settings that cannot be told from the best, and how many there are in all."""
    trained, untrained = tables_of(published, objective, n_rows)
    return page.among_best(trained, untrained, factor), len(trained)


def smallest(published, page, objective, n_rows, factor):
    return page.smallest_difference(answers.by_setting(published, objective, n_rows), factor)


RAISED = (
    *("rhythm", "heart_rate", "ectopic_beats", "t_amplitude", "st_level"),
    *("since_r", "until_r"),
)
A_THIRD, THREE_QUARTERS = ("RandomPatches(0.33)", "never"), ("RandomPatches.mae()", "never")


@pytest.mark.parametrize("objective", model.OBJECTIVES)
@pytest.mark.parametrize("factor", RAISED)
def test_it_follows_that_training_helps_under_every_mask(published, page, objective, factor):
    assert min(gains(published, page, objective, 1, factor).values()) > 0


def test_it_follows_that_many_gains_are_small_and_those_of_fibrillation_most_often(published, page):
    small = {
        factor: sum(
            gain < smallest(published, page, objective, 1, factor)
            for objective in model.OBJECTIVES
            for gain in gains(published, page, objective, 1, factor).values()
        )
        for factor in RAISED
    }
    assert sum(small.values()) > 20
    assert small.pop("rhythm") > sum(small.values())


def test_it_follows_that_in_most_columns_with_stars_most_masks_have_one(published, page):
    shares = []
    for objective, n_rows in (("mae", 1), ("jepa", 1), ("mae", 12)):
        for factor in page.factors_of(answers.by_setting(published, objective, n_rows)):
            some, n_settings = stars(published, page, objective, n_rows, factor)
            shares += [len(some) / n_settings] * bool(some)
    assert np.mean(np.array(shares) > 0.5) > 0.5


def test_it_follows_that_training_on_single_leads_costs_qrs(published, page):
    lost = gains(published, page, "mae", 12, "qrs_duration")
    assert max(lost.values()) < -smallest(published, page, "mae", 12, "qrs_duration")


def test_short_and_long_gaps_hide_about_as_much(published):
    shown = {
        row["strategy"]: int(row["tokens_seen"]) for row in published if row["objective"] == "mae"
    }
    assert shown[answers.SHORT] / shown[answers.LONG] == pytest.approx(1, abs=0.1)


def test_it_follows_what_the_questions_answer(published):
    said = {(q.objective, q.text): say for q, _, _, say in answers.answers(published)}
    for objective in model.OBJECTIVES:
        assert said[objective, "Do short gaps teach shape?"] == "no"
        assert said[objective, "Do long gaps teach rhythm?"] == "cannot tell"
        assert said[objective, "Does cutting contexts cost?"] == "no"
        edges = "Does the edge effect of mask and complement cost the middle?"
        assert said[objective, edges] == "no"
    assert said["mae", "Does masking leads together teach axis?"] == "cannot tell"


def test_it_follows_that_one_mask_stands_alone_in_heart_rate_at_equal_steps(published, page):
    assert stars(published, page, "mae", 1, "heart_rate")[0] == {A_THIRD}
    alone = [
        factor
        for factor in page.FACTORS
        for objective in model.OBJECTIVES
        if len(stars(published, page, objective, 1, factor)[0]) == 1
    ]
    assert alone == ["heart_rate"]
    early = answers.by_setting(published, "mae", 1, f"{answers.FEATURES} at equal tokens")
    difference = [
        page.values(early[each], "heart_rate").mean() for each in (A_THIRD, THREE_QUARTERS)
    ]
    whole = page.values(answers.by_setting(published, "mae", 1)[A_THIRD], "tokens_seen").min()
    all_tokens = runs.FULL.n_steps * runs.BATCH_SIZE * 50
    assert runs.EQUAL_SHARE * all_tokens < whole / 3  # long before the end
    assert difference[0] - difference[1] < -page.smallest_difference(early, "heart_rate")
    jepa = answers.by_setting(published, "jepa", 1)
    assert stars(published, page, "jepa", 1, "heart_rate")[0] == jepa.keys() - {A_THIRD}


def test_it_follows_that_the_long_mask_costs_an_autoencoder_the_axis(published, page):
    long, other = ("UnionOfBlocks.vjepa_long()", "never"), ("MaskAndComplement()", "never")
    gain = gains(published, page, "mae", 1, "frontal_axis")
    least = smallest(published, page, "mae", 1, "frontal_axis")
    assert gain[other] - gain[long] > least
    assert abs(gain[long]) < least
    trained = answers.by_setting(published, "mae", 1)
    shown = [page.values(trained[each], "tokens_seen").mean() for each in (long, other)]
    assert shown[0] / shown[1] == pytest.approx(1, abs=0.15)


def test_the_long_mask_always_hides_the_middle():
    masks = runs.strategy_of("UnionOfBlocks.vjepa_long()").draw(1000, 50, np.random.default_rng(0))
    assert not masks.context[:, 0, 15:35].any()


@pytest.mark.parametrize("objective", model.OBJECTIVES)
def test_it_does_not_follow_that_masks_teach_no_intervals(published, page, objective):
    """Since hardly anything of them was learnt by anyone."""
    trained, untrained = tables_of(published, objective, 1)
    for factor in ("pr_interval", "qtc", "rr_variation"):
        both = [page.values(rows, factor).mean() for rows in (trained | untrained).values()]
        assert max(both) < 0.15
    gain = max(gains(published, page, objective, 1, "qrs_duration").values())
    assert gain < smallest(published, page, objective, 1, "qrs_duration")


# Data of one's own

N_OWN = 72


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Return a stack of synthetic records of 48 people, some with several, as write_stack does."""
    folder = tmp_path_factory.mktemp("own")
    people = synthetic_population(
        N_OWN, np.random.default_rng(0), n_samples=1000, sampling_rate=100
    )
    np.save(folder / "records.npy", people.signals)
    how = {
        "file_leads": STANDARD_LEADS,
        "file_sampling_rate": 100,
        "file_unit": "mV",
        "sampling_rate": 100,
    }
    sources = [(folder / "records.npy", number) for number in range(N_OWN)]
    write_stack(sources, folder / "stack.npy", progress=False, workers=1, **how)
    table = {
        "person": [f"p{number % 48}" for number in range(N_OWN)],
        "fibrillation": (people.factors["rhythm"] != "sinus").astype(int),
        "early": np.where(people.factors["ectopic_beats"] > 0, "yes", "no"),
        "rate": people.factors["heart_rate"].round(2),
    }
    return folder / "stack.npy", table


def write_labels(path, table):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return str(path)


def test_the_study_runs_on_a_stack_with_labels(stack, tmp_path):
    path, table = stack
    labels = write_labels(tmp_path / "labels.csv", table)
    own = replace(TINY, stack=str(path), labels=labels, patients="person")
    scores = runs.execute(runs.Run("mae", "RandomPatches(0.8)", 1, 0), own)["scores"]
    assert set(scores) == {"fibrillation", "early", "rate", "macro AUROC"}
    assert scores["macro AUROC"] == pytest.approx((scores["fibrillation"] + scores["early"]) / 2)
    assert not [run for run in runs.all_runs(own) if "Beats" in run.strategy]


def test_the_recipe_for_ptb_xl_labels_what_is_in_the_stack(tmp_path):
    """On a folder that is laid out as PTB-XL's is, of which one record cannot be used."""
    ptb_xl = tmp_path / "ptb-xl"
    (ptb_xl / "records100" / "00000").mkdir(parents=True)
    people = synthetic_population(3, np.random.default_rng(0), n_samples=1000, sampling_rate=100)
    people.signals[1] = 0
    names = [f"{number:05d}_lr" for number in (1, 2, 3)]
    for name, signal in zip(names, people.signals, strict=True):
        wfdb.wrsamp(
            name,
            fs=100,
            units=["mV"] * 12,
            sig_name=[lead.upper() for lead in STANDARD_LEADS],
            p_signal=signal.T.astype(float),
            fmt=["16"] * 12,
            write_dir=str(ptb_xl / "records100" / "00000"),
        )
    table = {
        "ecg_id": [1, 2, 3],
        "patient_id": ["15709.0", "13243.0", "15709.0"],
        "scp_codes": ["{'NORM': 100.0, 'SR': 0.0}", "{'NORM': 80.0}", "{'IMI': 15.0, 'LAFB': 0.0}"],
        "filename_lr": [f"records100/00000/{name}" for name in names],
    }
    write_labels(ptb_xl / "ptbxl_database.csv", table)
    statements = {
        "": ["NORM", "IMI", "LAFB", "SR"],
        "diagnostic_class": ["NORM", "MI", "CD", ""],
    }
    write_labels(ptb_xl / "scp_statements.csv", statements)
    page = (study.DOCS / "what_masks_teach.rst").read_text(encoding="utf-8").replace("\\\n", "")
    convert, label = re.findall(r"\$ python (-m ecgmask.convert .*|docs/recipes/.*)", page)
    for command in (convert, label.replace("docs", str(study.DOCS), 1)):
        subprocess.run(
            [sys.executable, "-W", "ignore", *command.split()],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=300,
        )
    with (tmp_path / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"patient_id": "15709.0", "NORM": "1", "MI": "0", "CD": "0"},
        {"patient_id": "15709.0", "NORM": "0", "MI": "1", "CD": "1"},
    ]
    assert np.load(tmp_path / "ptb-xl.npy").shape == (2, 12, 1000)


def test_the_page_shows_how_to_read_the_table():
    text = (study.DOCS / "what_masks_teach.rst").read_text(encoding="utf-8")
    (code,) = re.findall(r"code-block:: python\n\n((?: {3}.*\n|\n)+)", text)
    published = str(study.DOCS / "study.csv")
    code = textwrap.dedent(code).replace("ptb-xl.csv", published).replace("macro AUROC", "rhythm")
    variables = {}
    exec(code, variables)
    kinds = {replace(run, seed=0) for run in runs.all_runs(runs.FULL)}
    assert variables["runs"].ngroups == len(kinds)


def test_nobody_is_on_two_sides_of_a_split(stack, tmp_path):
    path, table = stack
    labels = write_labels(tmp_path / "labels.csv", table)
    who = np.array(table["person"])
    parts = data.own(path, labels, "person", 0).parts
    assert sorted(np.concatenate(parts)) == list(range(N_OWN))
    sides = [set(who[part]) for part in parts]
    assert [len(side) for side in sides] == [32, 6, 10]
    assert len(set.union(*sides)) == 48


def test_a_key_changes_with_the_labels(stack, tmp_path):
    path, table = stack
    run = runs.all_runs(TINY)[0]
    keys = []
    for name in ("one.csv", "other.csv"):
        labels = write_labels(tmp_path / name, table)
        keys.append(run.key(replace(TINY, stack=str(path), labels=labels)))
        table = {**table, "rate": table["rate"] + 1}
    assert len({*keys, run.key(TINY)}) == 3


def test_a_key_does_not_change_with_the_place_of_the_files(stack, tmp_path):
    path, table = stack
    run = runs.all_runs(TINY)[0]
    labels = [write_labels(tmp_path / name, table) for name in ("one.csv", "other.csv")]
    one, other = (run.key(replace(TINY, stack=str(path), labels=each)) for each in labels)
    assert one == other


@pytest.mark.parametrize(
    ("change", "patients", "message"),
    [
        ({"rate": ["", *range(71)]}, "person", "label 'rate' is empty or NaN in 1 records, the "),
        ({"rate": ["NaN"] * 72}, "person", "label 'rate' is empty or NaN in 72 records, the first"),
        ({"rate": ["inf", *range(71)]}, "person", "label 'rate' is infinite in some records"),
        ({"rate": list("abc") * 24}, "person", "label 'rate' has 3 values that are no numbers; wr"),
        ({"early": ["no"] * 72}, "person", "label 'early' is no in all .* records to train with; "),
        ({}, "patient", "has no column 'patient' that says who a record is of; it has person, "),
        ({"person": ["a", "b"] * 36}, "person", "2 people leave 1 to train on, of the 32 at least"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(stack, tmp_path, change, patients, message):
    path, table = stack
    labels = write_labels(tmp_path / "labels.csv", table | change)
    with pytest.raises(ValueError, match=message):
        data.own(path, labels, patients, 0)


def test_tables_that_do_not_fit_the_stack_are_refused(stack, tmp_path):
    path, table = stack
    short = write_labels(tmp_path / "short.csv", {k: v[:50] for k, v in table.items()})
    with pytest.raises(ValueError, match=r"has 50 rows, but .* has 72 records; write a row for"):
        data.own(path, short, None, 0)
    empty = write_labels(tmp_path / "empty.csv", {"rate": []})
    with pytest.raises(ValueError, match="has no rows; write a header, and a row for each record"):
        data.own(path, empty, None, 0)
    nameless = write_labels(tmp_path / "nameless.csv", {"person": table["person"]})
    with pytest.raises(ValueError, match="has no label beside 'person'; add a column to be read"):
        data.own(path, nameless, "person", 0)


@pytest.mark.parametrize(("n_samples", "rate"), [(990, 100), (1000, 128)])
def test_stacks_that_do_not_fit_the_model_are_refused(stack, tmp_path, n_samples, rate):
    path, table = stack
    np.save(tmp_path / "other.npy", np.load(path)[:, :, :n_samples])
    said = json.loads(path.with_suffix(".npy.json").read_text(encoding="utf-8"))
    said["shape"][2], said["lengths"], said["sampling_rate"] = n_samples, [n_samples] * N_OWN, rate
    (tmp_path / "other.npy.json").write_text(json.dumps(said), encoding="utf-8")
    labels = write_labels(tmp_path / "labels.csv", table)
    message = f"records of {n_samples} samples at {rate} Hz do not divide into tokens .*; crop them"
    with pytest.raises(ValueError, match=message):
        data.own(tmp_path / "other.npy", labels, None, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stack=a.npy"], "--stack and --labels need each other"),
        (["--labels=a.csv"], "--stack and --labels need each other"),
        (["--patients=person"], "--patients is a column of --labels"),
        (["--stack=a.npy", "--labels=a.csv"], "--table says where to write results of your own"),
        (["--hundredth"], "--table says where to write results of your own data, or of a small"),
        (["--hundredth", "--table=docs/../docs/study.csv"], "--table says where to write"),
    ],
)
def test_options_that_need_others_are_refused_without(options, message, capsys):
    with pytest.raises(SystemExit):
        study.arguments(options)
    assert message in capsys.readouterr().err
