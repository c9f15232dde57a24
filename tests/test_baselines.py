"""Guesses that need no learning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmask import ECG, ContextToTarget, Leads, Masks, PerLead, RandomPatches
from ecgmask.baselines import (
    copy_neighbouring_beat,
    explained_variance,
    interpolate,
    regress_on_visible_leads,
)

R_PEAKS = [9, 28, 50, 69]


def copy(ecg, masks):
    return copy_neighbouring_beat(ecg, masks, R_PEAKS)


def regress_as_learnt_elsewhere(ecg, masks):
    elsewhere = some_ecg(np.random.default_rng(3))
    return regress_on_visible_leads(ecg, masks, learnt_from=elsewhere)


GUESSERS = pytest.mark.parametrize(
    "guess",
    [interpolate, regress_on_visible_leads, regress_as_learnt_elsewhere, copy],
    ids=lambda guess: guess.__name__,
)


def masks_of(*rows):
    """Return masks of one record from a string for each lead, ``#`` where a patch is visible."""
    context = np.array([[[c == "#" for c in row] for row in rows]])
    return Masks(context, ~context[:, None])


def ecg_of(*rows):
    return ECG(np.array(rows), sampling_rate=500, leads=[f"lead {n}" for n in range(len(rows))])


def some_ecg(rng, n_leads=4, n_samples=80):
    return ecg_of(*rng.normal(size=(n_leads, n_samples)))


def dipole(rng, n_samples):
    """Return four leads of which the third and the fourth follow from the others."""
    one, two = rng.normal(size=(2, n_samples))
    return ecg_of(one, two, two - one, (one + two) / -2)


@GUESSERS
@given(seed=st.integers(0, 2**32 - 1), keep=st.floats(0, 1), per_lead=st.booleans())
def test_no_guess_depends_on_a_hidden_sample(guess, seed, keep, per_lead):
    rng = np.random.default_rng(seed)
    ecg = some_ecg(rng)
    context = rng.random((3, 4 if per_lead else 1, 16)) < keep
    masks = Masks(context, ~context[:, None])
    guesses = guess(ecg, masks)
    for record, visible in enumerate(np.repeat(context, 5, axis=-1)):
        other = ecg_of(*np.where(visible, ecg.signal, rng.normal(5, 20, size=ecg.signal.shape)))
        assert np.array_equal(guess(other, masks)[record], guesses[record], equal_nan=True)


@GUESSERS
def test_what_is_ignored_is_hidden_from_a_guess_too(guess, rng):
    ecg = some_ecg(rng)
    masks = ContextToTarget(min_keep=1).draw(5, 16, rng)
    assert masks.ignored.any()
    visible = np.repeat(masks.context, 5, axis=-1)
    for record in range(5):
        other = ecg_of(*np.where(visible[record], ecg.signal, 7))
        guesses = [guess(each, masks)[record] for each in (ecg, other)]
        assert np.array_equal(*guesses, equal_nan=True)


@GUESSERS
def test_what_is_visible_stays_as_it_is(guess, rng):
    ecg = some_ecg(rng)
    masks = PerLead(RandomPatches(0.5), n_leads=4).draw(5, 16, rng)
    visible = np.repeat(masks.context, 5, axis=-1)
    guesses = guess(ecg, masks)
    assert guesses.shape == (5, 4, 80)
    assert np.array_equal(guesses[visible], np.broadcast_to(ecg.signal, visible.shape)[visible])


@GUESSERS
def test_each_draw_is_guessed_on_its_own(guess, rng):
    ecg = some_ecg(rng)
    masks = PerLead(RandomPatches(0.5), n_leads=4).draw(3, 16, rng)
    together = guess(ecg, masks)
    for record in range(3):
        assert np.array_equal(together[[record]], guess(ecg, masks[record]), equal_nan=True)


@GUESSERS
def test_a_shared_mask_is_the_same_mask_for_every_lead(guess, rng):
    ecg = some_ecg(rng)
    shared = RandomPatches(0.5).draw(2, 16, rng)
    per_lead = Masks(shared.context.repeat(4, axis=1), shared.targets.repeat(4, axis=2))
    assert np.array_equal(guess(ecg, shared), guess(ecg, per_lead), equal_nan=True)


def test_a_ramp_is_recovered_by_interpolation():
    ramp = np.arange(40.0)
    ecg = ecg_of(ramp, 3 - 0.5 * ramp)
    masks = masks_of("#..##...##", "##.......#")
    assert np.allclose(interpolate(ecg, masks), ecg.signal, atol=1e-6)
    assert np.allclose(explained_variance(ecg, masks, interpolate(ecg, masks)), 1)


def test_beyond_the_visible_samples_interpolation_is_level():
    guesses = interpolate(ecg_of([9, 9, 2, 4, 9, 9]), masks_of(".#."))
    assert guesses.tolist() == [[[2, 2, 2, 4, 4, 4]]]


def test_a_lead_hidden_throughout_cannot_be_interpolated():
    guesses = interpolate(ecg_of([1, 2, 3], [4, 5, 6]), masks_of("...", "###"))
    assert np.isnan(guesses[0, 0]).all()


def test_interpolation_is_that_of_numpy(rng):
    ecg = some_ecg(rng)
    masks = PerLead(RandomPatches(0.6), n_leads=4).draw(6, 16, rng)
    now = np.arange(80)
    for guessed, context in zip(interpolate(ecg, masks), masks.context, strict=True):
        for lead, visible in enumerate(np.repeat(context, 5, axis=-1)):
            there = np.interp(now, now[visible], ecg.signal[lead, visible])
            assert np.allclose(guessed[lead], there)


def test_lead_iii_follows_from_leads_i_and_ii(ecg):
    earlier, later = ECG(ecg.signal[:, :2500], 500), ECG(ecg.signal[:, 2500:], 500)
    only_i_and_ii = masks_of("#", "#", *["."] * 10)
    guesses = regress_on_visible_leads(later, only_i_and_ii, learnt_from=earlier)
    assert np.abs(guesses[0, :6] - later.signal[:6]).max() < 2e-3
    assert np.allclose(explained_variance(later, only_i_and_ii, guesses)[0, 2:6], 1, atol=1e-4)


def test_leads_that_follow_from_each_other_are_recovered_exactly(rng):
    masks = Leads(n_masked=2, leads=("lead 0", "lead 1", "lead 2", "lead 3")).draw(20, 10, rng)
    ecg = dipole(rng, 200)
    guesses = regress_on_visible_leads(ecg, masks, learnt_from=dipole(rng, 200))
    assert np.nanmin(explained_variance(ecg, masks, guesses)) > 0.9999


def test_coefficients_are_learnt_from_visible_samples_with_gaps(rng):
    ecg = dipole(rng, 1000)
    masks = PerLead(RandomPatches(0.3), n_leads=4).draw(10, 200, rng)
    # Where a single lead is visible, the other dimension of the dipole is free.
    enough = np.repeat(masks.context.sum(axis=1) >= 2, 5, axis=-1)
    error = np.abs(regress_on_visible_leads(ecg, masks) - ecg.signal).max(axis=1)
    assert error[enough].max() < 0.05


def test_gaps_do_not_make_leads_look_more_alike_than_they_are(rng):
    one = rng.normal(size=20_000)
    ecg = ecg_of(one, one / 2 + rng.normal(size=20_000))
    masks = PerLead(RandomPatches(0.5), n_leads=2).draw(1, 4000, rng)
    only_one = np.repeat(masks.context[0, 0] & ~masks.context[0, 1], 5)
    guesses = regress_on_visible_leads(ecg, masks)[0, 1]
    slope, constant = np.polyfit(one[only_one], guesses[only_one], 1)
    assert slope == pytest.approx(0.5, abs=0.04)
    assert constant == pytest.approx(0, abs=0.04)


def test_learning_from_complete_samples_is_least_squares(rng):
    before, ecg = some_ecg(rng), some_ecg(rng)
    guesses = regress_on_visible_leads(ecg, masks_of("#", "#", "#", "."), learnt_from=before)
    predictors = np.vstack([before.signal[:3], np.ones(80)]).T
    *slopes, constant = np.linalg.lstsq(predictors, before.signal[3], rcond=None)[0]
    assert np.allclose(guesses[0, 3], slopes @ ecg.signal[:3] + constant, atol=1e-4)


def test_a_shared_mask_shows_no_lead_to_regress_on(rng):
    ecg = some_ecg(rng)
    masks = RandomPatches(0.5).draw(5, 16, rng)
    for learnt_from in (None, some_ecg(rng)):
        guesses = regress_on_visible_leads(ecg, masks, learnt_from=learnt_from)
        hidden = np.broadcast_to(np.repeat(~masks.context, 5, axis=-1), guesses.shape)
        assert np.isnan(guesses[hidden]).all()
        assert np.isnan(explained_variance(ecg, masks, guesses)).all()


def test_nothing_is_known_of_a_lead_hidden_throughout(rng):
    guesses = regress_on_visible_leads(some_ecg(rng), masks_of("#####", "##.##", ".....", "#.#.#"))
    assert np.isnan(guesses[0, 2]).all()
    assert np.isfinite(guesses[0, [0, 1, 3]]).all()


def test_a_flat_lead_does_no_harm_to_a_regression(rng):
    ecg = ecg_of(np.zeros(80), *rng.normal(size=(2, 80)))
    masks = PerLead(RandomPatches(0.5), n_leads=3).draw(5, 16, rng)
    guesses = regress_on_visible_leads(ecg, masks)
    assert not guesses[:, 0][np.isfinite(guesses[:, 0])].any()
    assert np.isnan(explained_variance(ecg, masks, guesses)[:, 0]).all()


def test_a_periodic_signal_is_recovered_by_copying(rng):
    beat = rng.normal(size=(2, 20))
    ecg = ecg_of(*np.tile(beat, 6))
    masks = masks_of("##..##......####....#.##", "####....................")
    guesses = copy_neighbouring_beat(ecg, masks, np.arange(7, 120, 20))
    assert np.allclose(guesses, ecg.signal)


def test_the_nearest_beat_that_shows_the_sample_is_copied():
    ecg = ecg_of([1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    near = copy_neighbouring_beat(ecg, masks_of("#.##..#..#"), [0, 2, 4, 6, 8])
    assert near.tolist() == [[[1, 2, 2, 2, 2, 2, 4, 5, 4, 5]]]


def test_beats_are_aligned_by_their_r_peaks():
    ecg = ecg_of([0, 9, 1, 2, 0, 0, 8, 8, 8, 8])
    # The second R peak is five samples after the first, and nothing is shown after the first four.
    guesses = copy_neighbouring_beat(ecg, masks_of("####......"), [1, 6])
    assert guesses[0, 0, :4].tolist() == [0, 9, 1, 2]
    assert guesses[0, 0, 5:9].tolist() == [0, 9, 1, 2]
    assert np.isnan(guesses[0, 0, [4, 9]]).all()


def test_a_sample_that_no_other_beat_shows_is_not_copied():
    guesses = copy_neighbouring_beat(ecg_of([1, 2, 3, 4]), masks_of("#.#."), [0, 2])
    assert np.isnan(guesses[0, 0, [1, 3]]).all()


def test_explained_variance_is_worked_out_by_hand():
    ecg = ecg_of([0, 2, 4, 7])
    masks = masks_of("##..")
    # Visible mean 1; its squared errors are 9 and 36, those of the guess 1 and 4.
    assert explained_variance(ecg, masks, [[[0, 2, 5, 5]]])[0, 0] == pytest.approx(1 - 5 / 45)


def test_what_is_perfect_has_one_and_the_visible_mean_has_none(rng):
    ecg = some_ecg(rng)
    masks = RandomPatches(0.5).draw(5, 16, rng)
    visible = np.repeat(masks.context, 5, axis=-1)
    mean = np.nanmean(np.where(visible, ecg.signal, np.nan), axis=-1, keepdims=True)
    assert np.allclose(explained_variance(ecg, masks, np.tile(ecg.signal, (5, 1, 1))), 1)
    constant = np.broadcast_to(mean, (5, 4, 80))
    assert np.allclose(explained_variance(ecg, masks, constant), 0, atol=1e-6)


def test_no_guess_counts_as_the_visible_mean():
    ecg, masks = ecg_of([0, 2, 4, 7]), masks_of("##..")
    without = explained_variance(ecg, masks, [[[0, 2, np.nan, 5]]])
    assert without == explained_variance(ecg, masks, [[[0, 2, 1, 5]]])


def test_a_lead_hidden_throughout_is_measured_against_its_own_mean():
    ecg, masks = ecg_of([1, 3], [0, 0]), masks_of(".", "#")
    assert explained_variance(ecg, masks, [[[1, 2], [0, 0]]])[0, 0] == pytest.approx(1 - 1 / 2)


def test_what_is_ignored_or_visible_is_not_scored():
    context = np.array([[[True, False, False]]])
    masks = Masks(context, np.array([[[[False, True, False]]]]))
    ecg = ecg_of([0, 4, 9])
    assert explained_variance(ecg, masks, [[[55, 4, -55]]])[0, 0] == 1


def test_leads_without_a_target_or_a_guess_or_a_wave_have_no_explained_variance():
    ecg = ecg_of([1, 2], [3, 4], [5, 5], [1, 2])
    masks = masks_of("##", "#.", "#.", "#.")
    scores = explained_variance(ecg, masks, [[[1, 2], [3, np.nan], [5, 5], [1, 2]]])
    assert np.isnan(scores[0]).tolist() == [True, True, True, False]


def test_interpolation_fills_in_short_gaps_better_than_long_ones(ecg, rng):
    def score(n_patches):
        masks = RandomPatches(0.5).draw(10, n_patches, rng)
        return explained_variance(ecg, masks, interpolate(ecg, masks)).mean()

    assert score(1000) > 0.7 > 0.3 > score(200)


@GUESSERS
@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (masks_of("#.#"), "masks of 3 patches do not fit an ECG of 80 samples; draw them"),
        (masks_of("#.", ".#"), "per-lead masks for 2 leads do not fit an ECG with 4"),
    ],
)
def test_masks_that_do_not_fit_are_refused(guess, masks, message, rng):
    with pytest.raises(ValueError, match=message):
        guess(some_ecg(rng), masks)


@GUESSERS
def test_what_is_no_ecg_or_no_masks_is_refused(guess, rng):
    masks = masks_of("#.")
    with pytest.raises(TypeError, match="ecg must be of the type ECG, not ndarray"):
        guess(np.zeros((4, 80)), masks)
    with pytest.raises(TypeError, match=r"type Masks, not tuple; .* Masks\.from_indices"):
        guess(some_ecg(rng), (masks.context, masks.targets))


def test_guesses_of_another_shape_are_refused(rng):
    with pytest.raises(ValueError, match=r"shape \(1, 4, 80\), not \(4, 80\)"):
        explained_variance(some_ecg(rng), masks_of("#."), np.zeros((4, 80)))


def test_other_leads_to_learn_from_are_refused(rng):
    with pytest.raises(ValueError, match="leads lead 0, lead 1 in this order, not lead 0"):
        regress_on_visible_leads(
            some_ecg(rng, 2), masks_of("#.", ".#"), learnt_from=some_ecg(rng, 1)
        )


@pytest.mark.parametrize(
    ("r_peaks", "error", "message"),
    [
        ([], ValueError, r"at least two R peaks, not of shape \(0,\)"),
        ([3], ValueError, r"at least two R peaks, not of shape \(1,\)"),
        ([[1, 2]], ValueError, r"at least two R peaks, not of shape \(1, 2\)"),
        ([1.5, 2.0], TypeError, "whole numbers of samples, not float64; round them"),
        ([4, 4], ValueError, "ascending order, none twice; sort them"),
        ([4, 2], ValueError, "ascending order"),
        ([-1, 4], ValueError, "in the 80 samples of the ECG, not at -1 to 4"),
        ([1, 80], ValueError, "in the 80 samples of the ECG, not at 1 to 80"),
    ],
)
def test_r_peaks_that_cannot_be_are_refused(r_peaks, error, message, rng):
    with pytest.raises(error, match=message):
        copy_neighbouring_beat(some_ecg(rng), masks_of("#."), r_peaks)
