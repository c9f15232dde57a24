"""What records tell a collator beside their signal: lengths, R peaks, missing leads."""

import numpy as np
import pytest
import torch
from goodness import assert_follows

from ecgmask import (
    LIMB_LEADS,
    STANDARD_LEADS,
    Beats,
    Both,
    ContextToTarget,
    Forecast,
    Leads,
    MaskAndComplement,
    MaskedBatch,
    Masks,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    RandomTokens,
    gather_tokens,
)

N_PATCHES = 40


def signals(n_records=6, n_leads=12):
    return torch.randn(n_records, n_leads, N_PATCHES * 5)


def padded(lengths, key="length"):
    return [{"signal": x, key: n} for x, n in zip(signals(len(lengths)), lengths, strict=True)]


def collate_padded(strategy, lengths, **options):
    collate = PatchMaskCollator(
        strategy, 5, signal_key="signal", lengths_key="length", seed=1, **options
    )
    return collate(padded(lengths))


# Padding

LENGTHS = [200, 200, 150, 149, 100, 200]


@pytest.mark.parametrize(
    "strategy", [MaskAndComplement(5), ContextToTarget(min_keep=2), PerLead(RandomPatches(0.5))]
)
def test_padded_patches_are_neither_context_nor_target(strategy):
    _, context, targets, padding = collate_padded(strategy, LENGTHS)
    n_leads = 12 if isinstance(strategy, PerLead) else 1
    masks = Masks.from_indices(context, targets, n_patches=N_PATCHES, n_leads=n_leads)
    used = masks.context | masks.target_union
    assert used.any(axis=(1, 2)).all()
    assert not (used & padding.numpy()[:, None]).any()


def test_the_padding_says_which_patches_are_padded_in_whole_or_in_part():
    *_, padding = collate_padded(MaskAndComplement(5), LENGTHS)
    assert padding.dtype == torch.bool
    assert padding.sum(dim=1).tolist() == [0, 0, 10, 11, 20, 0]
    assert padding[3].tolist() == [False] * 29 + [True] * 11


def test_a_shorter_record_is_masked_as_if_it_were_alone():
    # Half the patches of each record: of 40, of 30 and of 20.
    _, context, (target,), _ = collate_padded(Forecast(0.5), [200, 150, 100], truncate="first")
    assert context[2].tolist() == list(range(10))
    assert target[2].tolist() == list(range(10, 20))
    assert target[1].tolist() == list(range(15, 25))


def test_records_of_one_length_need_no_padding():
    _, context, targets, padding = collate_padded(RandomPatches(0.5), [200] * 6)
    assert not padding.any()
    assert context.shape[1] + targets[0].shape[1] == N_PATCHES


@pytest.mark.parametrize("length", [4, 201, 0, -1])
def test_lengths_that_do_not_fit_are_refused(length):
    with pytest.raises(ValueError, match=f"record 1 has a length of {length} samples"):
        collate_padded(RandomPatches(0.5), [200, length])


def test_a_length_that_is_not_there_is_refused_with_the_keys_there_are():
    collate = PatchMaskCollator(RandomPatches(0.5), 5, signal_key="signal", lengths_key="n_samples")
    with pytest.raises(ValueError, match="lengths_key='n_samples' is not among the keys 'signal'"):
        collate(padded([200, 200]))


# R peaks


def with_peaks(form):
    peaks = [np.array([20, 70, 120, 170]), np.array([30, 110]), np.array([10, 90, 190])]
    pairs = zip(signals(3), peaks, strict=True)
    if form == "dict":
        return [{"ecg": x, "r_peaks": p, "label": i} for i, (x, p) in enumerate(pairs)]
    return [(x, p, i) for i, (x, p) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("form", "signal_key", "r_peaks_key"),
    [("dict", "ecg", "r_peaks"), ("tuple", None, 1), ("tuple", 0, -2)],
)
def test_r_peaks_travel_with_the_record(form, signal_key, r_peaks_key):
    collate = PatchMaskCollator(
        Beats(0.5), 5, signal_key=signal_key, r_peaks_key=r_peaks_key, truncate="first"
    )
    records = with_peaks(form)
    batch, _, (target,) = collate(records)
    peaks = batch["r_peaks"] if form == "dict" else batch[1]
    label = batch["label"] if form == "dict" else batch[2]
    assert [p.tolist() for p in peaks] == [[20, 70, 120, 170], [30, 110], [10, 90, 190]]
    assert label.tolist() == [0, 1, 2]
    # The second record has two beats, which meet half way between its peaks: at patch 14.
    assert target[1, 0] in (0, 14)


class AtPeaks:
    """A user's strategy: one lead sees the patch of the first R peak and predicts the second's."""

    needs_r_peaks = True

    def __init__(self, n_leads):
        self.n_leads = n_leads

    def draw(self, n_records, n_patches, rng, *, r_peaks, **_):
        lead = rng.integers(self.n_leads, size=(n_records, 1, 1))
        of_lead = np.arange(self.n_leads)[:, None] == lead
        first, second = (
            of_lead & (np.arange(n_patches) == r_peaks[:, [peak], None] // 1) for peak in (0, 1)
        )
        return Masks(first, second[:, None])


@pytest.mark.parametrize("lengths", [[200] * 6, [200, 90, 200, 150, 90, 149]])
@pytest.mark.parametrize("n_missing", [None, 0, 9])
def test_each_record_is_masked_by_its_own_r_peaks(lengths, n_missing):
    # Where most leads are missing, most records are drawn again: some sooner, some later.
    batch = signals()
    options = {"strategy": AtPeaks(1)}
    if n_missing is not None:
        batch[1:, :n_missing] = torch.nan
        options = {"strategy": AtPeaks(12), "missing_leads": "nan"}
    peaks = np.arange(6)[:, None] * 5 + [12, 53]
    collate = PatchMaskCollator(patch_size=5, r_peaks_key=1, lengths_key=2, seed=0, **options)
    _, context, (target,), _ = collate(list(zip(batch, peaks, lengths, strict=True)))
    assert (context % N_PATCHES)[:, 0].tolist() == (peaks[:, 0] // 5).tolist()
    assert (target % N_PATCHES)[:, 0].tolist() == (peaks[:, 1] // 5).tolist()
    assert (context[1:] // N_PATCHES >= (n_missing or 0)).all()


def test_a_strategy_gets_r_peaks_in_patches_and_nan_behind_the_last():
    class Listener(AtPeaks):
        def draw(self, n_records, n_patches, rng, *, r_peaks, **options):
            self.given = r_peaks
            return super().draw(n_records, n_patches, rng, r_peaks=r_peaks, **options)

    strategy = Listener(1)
    peaks = [[12, 53, 121], [0, 199], [7.5, 30]]
    collate = PatchMaskCollator(strategy, 5, r_peaks_key=1)
    collate(list(zip(signals(3), peaks, strict=True)))
    expected = [[2.4, 10.6, 24.2], [0, 39.8, np.nan], [1.5, 6, np.nan]]
    np.testing.assert_allclose(strategy.given, expected)


def test_beats_without_r_peaks_say_where_to_give_them():
    with pytest.raises(ValueError, match="say where they are with r_peaks_key="):
        PatchMaskCollator(PerLead(Beats()), 5)


def test_r_peaks_that_no_strategy_uses_are_refused():
    with pytest.raises(ValueError, match="no strategy uses R peaks; leave it out"):
        PatchMaskCollator(RandomPatches(), 5, r_peaks_key=1)


def test_r_peaks_go_to_the_strategies_that_use_them():
    strategies = [RandomPatches(0.5), Beats(0.5), PerLead(Beats(0.5))]
    collate = PatchMaskCollator(strategies, 5, r_peaks_key=1, seed=2)
    _, contexts, _ = collate(with_peaks("tuple"))
    assert len(contexts) == 3


def test_a_peak_in_a_patch_that_is_padded_in_part_is_padding():
    collate = PatchMaskCollator(Beats(0.5), 5, r_peaks_key=1, lengths_key=2, seed=2)
    (signal,) = signals(1)
    *_, padding = collate([(signal, [20, 70, 120, 148], 149)])
    assert padding.sum() == 11
    with pytest.raises(ValueError, match="R peaks must lie in the record"):
        collate([(signal, [20, 70, 120, 160], 149)])


# Missing leads


def test_tokens_of_missing_leads_are_neither_context_nor_target():
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5)), 5, missing_leads=("III", "V6"))
    _, context, (target,) = collate(list(signals()))
    used = set(
        torch.cat([context, target], dim=1).flatten().div(N_PATCHES, rounding_mode="floor").tolist()
    )
    assert used == set(range(12)) - {2, 11}


def test_leads_that_are_nan_throughout_can_be_missing_in_some_records():
    batch = signals()
    batch[0, 3] = torch.nan
    batch[4, :2] = torch.nan
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5)), 5, missing_leads="nan")
    _, context, targets = collate(list(batch))
    masks = Masks.from_indices(context, targets, n_patches=N_PATCHES, n_leads=12)
    used = (masks.context | masks.target_union).any(axis=-1)
    assert not used[0, 3]
    assert not used[4, :2].any()
    assert used.sum() == 6 * 12 - 3


def test_a_lead_with_some_nan_is_not_missing():
    batch = signals()
    batch[2, 3, 7] = torch.nan
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5)), 5, missing_leads="nan")
    with pytest.raises(ValueError, match="first in record 2 of the batch, lead 3, sample 7"):
        collate(list(batch))


def test_missing_leads_of_a_shared_mask_are_refused():
    collate = PatchMaskCollator(RandomPatches(0.5), 5, missing_leads=("III",))
    with pytest.raises(ValueError, match="a token of a shared mask holds all leads"):
        collate(list(signals()))


@pytest.mark.parametrize("names", ["III", (), ("Z",)])
def test_names_that_are_no_leads_are_refused(names):
    with pytest.raises(ValueError, match="missing_leads must be"):
        PatchMaskCollator(PerLead(RandomPatches(0.5)), 5, missing_leads=names)


def test_missing_names_need_twelve_leads():
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5), n_leads=8), 5, missing_leads=("III",))
    with pytest.raises(ValueError, match=r"records have 8; use missing_leads=.nan"):
        collate(list(signals(n_leads=8)))


@pytest.mark.parametrize("ranks", [{"world_size": 2}, {"rank": 1}, {"rank": 1, "world_size": 2}])
@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        (RandomPatches(), {"lengths_key": 1}),
        (Beats(), {"r_peaks_key": 1}),
        (PerLead(RandomPatches()), {"missing_leads": "nan"}),
    ],
)
def test_ranks_cannot_agree_on_what_only_one_of_them_knows(strategy, options, ranks):
    with pytest.raises(ValueError, match=r"known to one rank only|needs world_size"):
        PatchMaskCollator(strategy, 5, seed=1, **ranks, **options)


@pytest.mark.parametrize(
    "strategy", [PerLead(ContextToTarget(min_keep=2)), Leads(3), Leads.oh()], ids=repr
)
def test_ranks_agree_on_leads_that_no_record_has(strategy):
    ranks = [
        PatchMaskCollator(strategy, 5, seed=1, rank=rank, world_size=2, missing_leads=("III", "V6"))
        for rank in (0, 1)
    ]
    for _ in range(20):
        first, second = (collate(list(signals())) for collate in ranks)
        assert first.context.shape == second.context.shape
        assert [t.shape for t in first.targets] == [t.shape for t in second.targets]
        assert not torch.equal(first.context, second.context)


@pytest.mark.parametrize(
    "strategy", [Leads(1), Leads.oh(), Leads(1, groups=(LIMB_LEADS,))], ids=repr
)
def test_a_lead_that_is_missing_is_not_the_only_one_drawn(strategy):
    collate = PatchMaskCollator(strategy, 5, missing_leads=("II", "V5", "V6"), seed=4)
    _, context, (target,) = collate(list(signals(500)))
    leads = torch.cat([context, target], dim=1).div(N_PATCHES, rounding_mode="floor")
    assert not {1, 10, 11} & set(leads.flatten().tolist())


class OneLeadEach:
    """A user's strategy: one lead sees some patches, two others are a target each, whole."""

    def draw(self, n_records, n_patches, rng, *, size_rng):
        n_seen = size_rng.integers(1, n_patches)
        leads = rng.permuted(np.tile(np.arange(12), (n_records, 1)), axis=1)[:, :3, None, None]
        chosen = np.repeat(leads == np.arange(12)[:, None], n_patches, axis=-1)
        return Masks(chosen[:, 0] & (np.arange(n_patches) < n_seen), chosen[:, 1:])


def with_missing_leads(n_records=40):
    """Return signals of which every other lacks its last four leads."""
    batch = signals(n_records)
    batch[::2, 8:] = torch.nan
    return batch


@pytest.mark.parametrize("missing_leads", [("I",), STANDARD_LEADS[8:], "nan"])
def test_records_that_are_drawn_again_keep_the_size_of_their_batch(missing_leads):
    sizes = [
        PatchMaskCollator(OneLeadEach(), 5, seed=1, **options)(list(batch)).context.shape[1]
        for batch, options in (
            (signals(40), {}),
            (with_missing_leads(), {"missing_leads": missing_leads, "check_finite": False}),
        )
    ]
    assert sizes[0] == sizes[1] > 10


def test_records_that_are_drawn_again_have_patches_of_leads_that_are_there():
    collate = PatchMaskCollator(OneLeadEach(), 5, seed=1, missing_leads="nan")
    _, context, targets = collate(list(with_missing_leads()))
    for indices in (context, *targets):
        leads = indices // N_PATCHES
        assert (leads[::2] < 8).all()
        assert (leads[1::2] >= 8).any()
        assert indices.shape[1] > 0


def test_records_that_are_drawn_again_keep_their_own_length():
    lengths = torch.tensor([200, 100, 150, 50] * 10)
    collate = PatchMaskCollator(OneLeadEach(), 5, seed=1, lengths_key=1, missing_leads="nan")
    _, _, targets, padding = collate(list(zip(with_missing_leads(), lengths, strict=True)))
    for target in targets:
        # One end of a lead, in each record as long as the shortest.
        times = target % N_PATCHES
        assert not padding.gather(1, times).any()
        assert ((times[:, 0] == 0) | (times[:, -1] == lengths // 5 - 1)).all()


def test_a_record_without_any_lead_left_to_mask_is_refused():
    collate = PatchMaskCollator(Leads(1, keep=("I",)), 5, missing_leads=STANDARD_LEADS[1:])
    with pytest.raises(ValueError, match="since 11 leads are missing; leave the record out"):
        collate(list(signals()))


def test_what_is_declared_as_padding_may_be_nan_and_hides_no_missing_lead():
    batch = signals()
    batch[:, :, 150:] = torch.nan
    batch[3, 7] = torch.nan
    batch[3, 7, 150:] = 0
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5)), 5, lengths_key=1, missing_leads="nan")
    _, context, targets, _ = collate([(x, 150) for x in batch])
    masks = Masks.from_indices(context, targets, n_patches=N_PATCHES, n_leads=12)
    assert not (masks.context | masks.target_union)[3, 7].any()


def test_context_and_targets_are_cut_at_the_same_end():
    _, context, (target,) = PatchMaskCollator(Leads.oh(), 5, seed=1)(list(signals(64)))
    times = zip((context % N_PATCHES).tolist(), (target % N_PATCHES).tolist(), strict=True)
    assert all(set(seen) & set(asked) for seen, asked in times)


# Several strategies


def test_each_strategy_draws_a_context_and_targets_of_its_own():
    strategies = (RandomPatches(0.5), ContextToTarget(min_keep=2), Leads(2))
    masked = PatchMaskCollator(strategies, 5, seed=1)(list(signals()))
    assert isinstance(masked, MaskedBatch)
    assert [len(target) for target in masked.targets] == [1, 4, 1]
    assert masked.context[0].shape == (6, 20)
    assert masked.context[2].shape == (6, 10 * N_PATCHES)


def test_the_first_of_several_strategies_draws_as_if_it_were_alone():
    alone = PatchMaskCollator(RandomPatches(0.5), 5, seed=1)(list(signals()))
    several = PatchMaskCollator([RandomPatches(0.5)] * 2, 5, seed=1)(list(signals()))
    assert torch.equal(several.context[0], alone.context)
    assert not torch.equal(several.context[1], alone.context)


def test_ranks_with_several_strategies_get_equal_shapes():
    strategies = [ContextToTarget(min_keep=2), MaskAndComplement(5)]
    first, second = (
        PatchMaskCollator(strategies, 5, seed=1, rank=rank, world_size=2)(list(signals()))
        for rank in (0, 1)
    )
    for mine, other in zip(first.context, second.context, strict=True):
        assert mine.shape == other.shape
        assert not torch.equal(mine, other)


def test_no_strategy_is_refused():
    with pytest.raises(ValueError, match="at least one strategy"):
        PatchMaskCollator([], 5)


# Converters


@pytest.mark.parametrize("strategy", [MaskAndComplement(5), PerLead(RandomPatches(0.5)), Leads(3)])
def test_masks_survive_being_indices_and_permutations(strategy, rng):
    masks = strategy.draw(7, N_PATCHES, rng)
    context, targets = masks.to_indices()
    sizes = {"n_patches": N_PATCHES, "n_leads": masks.n_leads}
    kept, restore, predicted = masks.to_permutation()
    for again in (
        Masks.from_indices(context, targets, **sizes),
        Masks.from_permutation(kept, restore, n_leads=masks.n_leads),
        Masks.from_permutation(kept, restore, predicted, n_leads=masks.n_leads),
    ):
        assert np.array_equal(again.context, masks.context)
        assert np.array_equal(again.targets, masks.targets)


def test_indices_and_permutations_survive_being_masks(rng):
    context, targets = np.array([[1, 4], [0, 2]]), [np.array([[0, 2], [3, 4]])]
    again = Masks.from_indices(context, targets, n_patches=6).to_indices()
    assert np.array_equal(again[0], context)
    assert np.array_equal(again[1], targets)
    kept, restore, _ = RandomPatches(0.6).draw(5, 10, rng).to_permutation()
    again = Masks.from_permutation(kept, restore).to_permutation()
    assert np.array_equal(again[0], kept)
    assert np.array_equal(again[1], restore)


def test_restore_puts_encoded_and_mask_tokens_back_in_their_places(rng):
    masks = RandomPatches(0.75).draw(4, 20, rng)
    kept, restore, _ = map(torch.from_numpy, masks.to_permutation())
    tokens = torch.arange(80.0).reshape(4, 20, 1)
    sequence = torch.cat([gather_tokens(tokens, kept), -torch.ones(4, 15, 1)], dim=1)
    restored = gather_tokens(sequence, restore)[..., 0]
    visible = torch.from_numpy(masks.context[:, 0])
    assert torch.equal(restored[visible], tokens[..., 0][visible])
    assert (restored[~visible] == -1).all()


def test_masks_with_unequal_counts_have_no_indices(rng):
    with pytest.raises(ValueError, match=r"records have from .* context patches"):
        ContextToTarget().draw(64, 200, rng).to_indices()


def test_a_permutation_leaves_out_of_the_loss_what_a_collator_has_cut():
    batch = PatchMaskCollator(ContextToTarget(), 25, seed=2)(list(torch.zeros(6, 12, 5000)))
    masks = Masks.from_indices(batch.context, batch.targets, n_patches=200)
    assert masks.ignored.any()
    kept, restore, predicted = masks.to_permutation()
    assert np.array_equal(kept, batch.context)
    assert np.array_equal(predicted, masks.target_union[:, 0])
    again = Masks.from_permutation(kept, restore, predicted)
    assert np.array_equal(again.context, masks.context)
    assert np.array_equal(again.ignored, masks.ignored)


def test_the_permutations_of_leads_restore_each_lead_on_its_own(rng):
    masks = PerLead(RandomPatches(0.75)).draw(4, 20, rng)
    kept, restore, predicted = masks.to_lead_permutations()
    assert (kept.shape, restore.shape, predicted.shape) == ((4, 12, 5), (4, 12, 20), (4, 12, 20))
    patches = np.arange(20) * np.ones((4, 12, 1), dtype=int)
    sequence = np.concatenate([np.take_along_axis(patches, kept, 2), -np.ones((4, 12, 15))], axis=2)
    restored = np.take_along_axis(sequence, restore, 2)
    assert np.array_equal(restored, np.where(masks.context, patches, -1))
    again = Masks.from_permutation(kept, restore, predicted)
    assert np.array_equal(again.context, masks.context)
    assert np.array_equal(again.targets, masks.targets)


def test_permutations_need_equal_counts_of_what_they_permute(rng):
    with pytest.raises(ValueError, match=r"records have from .* a permutation needs equal counts"):
        ContextToTarget().draw(64, 200, rng).to_permutation()
    masks = RandomTokens(0.5).draw(4, 20, rng)
    assert masks.to_permutation()[0].shape == (4, 120)
    with pytest.raises(ValueError, match=r"leads have from .* PerLead\(RandomPatches\(\)\) draws"):
        masks.to_lead_permutations()


def test_what_is_predicted_has_the_shape_of_the_permutation():
    with pytest.raises(ValueError, match=r"\(1, 3\) must have the shape of restore \(1, 4\)"):
        Masks.from_permutation([[1, 3]], [[2, 0, 3, 1]], [[True, True, False]])


class OnAccelerator(torch.Tensor):
    """A tensor that NumPy cannot read, as those of an accelerator."""

    def __array__(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


def test_converters_take_tensors_that_numpy_cannot_read(rng):
    def moved(each):
        return torch.as_tensor(each).as_subclass(OnAccelerator)

    with pytest.raises(TypeError, match="can't convert"):
        np.asarray(moved([1]))
    masks = RandomPatches(0.5).draw(3, 20, rng)
    context, targets = masks.to_indices()
    for again in (
        Masks.from_indices(moved(context), list(map(moved, targets)), n_patches=20),
        Masks.from_indices([moved(context)], moved(targets[0]), n_patches=20),
        Masks.from_permutation(*map(moved, masks.to_permutation())),
    ):
        assert np.array_equal(again.context, masks.context)
        assert np.array_equal(again.targets, masks.targets)


@pytest.mark.parametrize(
    ("kept", "restore", "n_leads", "message"),
    [
        ([[0, 1]], [[0, 1, 1]], 1, "restore must hold a permutation"),
        ([[0, 1]], [0, 1, 2], 1, "restore must hold a permutation"),
        ([[0, 2]], [[0, 1, 2]], 1, "kept must hold the tokens that restore puts first"),
        ([[0, 1]], [[0, 1, 2]], 2, "3 tokens cannot be divided among 2 leads"),
    ],
)
def test_permutations_that_are_none_are_refused(kept, restore, n_leads, message):
    with pytest.raises(ValueError, match=message):
        Masks.from_permutation(kept, restore, n_leads=n_leads)


def test_every_beat_of_a_record_is_masked_equally_often():
    collate = PatchMaskCollator(Beats(0.3), 5, r_peaks_key=1, truncate="first", seed=3)
    first = []
    for _ in range(30):
        _, _, (target,) = collate([(x, np.array([20, 70, 120])) for x in signals(40)])
        first += target[:, 0].tolist()
    # Beats begin at patches 0, 9 and 19.
    assert_follows(first, {0: 1 / 3, 9: 1 / 3, 19: 1 / 3})


def test_records_of_one_length_have_one_size_though_some_are_drawn_again():
    strategy = Both(PerLead(RandomPatches((0.3, 0.8))), Leads(probability=0.5))
    collate = PatchMaskCollator(
        strategy, 5, lengths_key=1, missing_leads="nan", truncate="never", check_finite=False
    )
    signal = torch.zeros(12, 200)
    signal[1:] = torch.nan
    torch.manual_seed(0)
    for _ in range(50):
        masked = collate([(signal, 200), (signal, 100)] * 6)
        counts = (~masked.context_padding).sum(dim=1)
        assert len(set(counts[::2].tolist())) == len(set(counts[1::2].tolist())) == 1


def test_leads_that_are_missing_may_be_spelt_in_any_way():
    collate = PatchMaskCollator(Leads(3), 5, missing_leads=["v1", "Lead AVR"])
    assert collate.missing_leads == ("V1", "aVR")


# Patches that samples do not divide into


def convolved(n_samples):
    """Return how many tokens three convolutions make: kernels of 10, 5 and 3, strides of 2."""
    for kernel, stride in ((10, 2), (5, 2), (3, 2)):
        n_samples = (n_samples - kernel) // stride + 1
    return n_samples


def test_tokens_are_counted_as_the_front_end_makes_them():
    layers = [torch.nn.Conv1d(12, 12, *each) for each in ((10, 2), (5, 2), (3, 2))]
    n_tokens = torch.nn.Sequential(*layers)(torch.zeros(1, 12, 5000)).shape[2]
    for n_patches in (n_tokens, convolved):
        collate = PatchMaskCollator(MaskAndComplement(), n_patches=n_patches)
        _, context, (target,) = collate(list(torch.zeros(4, 12, 5000)))
        both = torch.cat([context, target], dim=1).sort(dim=1).values
        assert torch.equal(both, torch.arange(n_tokens).expand(4, n_tokens))


def test_a_function_counts_the_tokens_of_what_is_no_padding():
    collate = PatchMaskCollator(
        RandomPatches(0.5), n_patches=convolved, signal_key="signal", lengths_key="length"
    )
    lengths = [200, 150, 90]
    padding = collate(padded(lengths)).padding
    assert (~padding).sum(dim=1).tolist() == [convolved(length) for length in lengths]


def test_r_peaks_are_placed_evenly_among_tokens():
    asked = []

    class Asks(Forecast):
        needs_r_peaks = True

        def draw(self, n_records, n_patches, rng, *, r_peaks, size_rng=None):
            asked.append(r_peaks)
            return super().draw(n_records, n_patches, rng, size_rng=size_rng)

    PatchMaskCollator(Asks(), n_patches=100, r_peaks_key=1)([(signals()[0], [20, 70.5])])
    assert np.array_equal(asked[0], [[10, 35.25]])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "give either patch_size=.* or n_patches=.* not None and None"),
        ({"patch_size": 5, "n_patches": 40}, ValueError, "give either .*, not 5 and 40"),
        ({"n_patches": 0}, ValueError, "n_patches must be at least 1, not 0"),
        ({"n_patches": 4.0}, TypeError, r"n_patches must be a whole number, not 4\.0"),
        (
            {"n_patches": 40, "lengths_key": 1},
            ValueError,
            "lengths_key=1 needs n_patches= as a function",
        ),
    ],
)
def test_grids_that_are_none_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        PatchMaskCollator(RandomPatches(), **given)


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        (lambda _: 0, ValueError, r"n_patches\(200\) must be at least 1, not 0"),
        (lambda n: n / 5, TypeError, r"n_patches\(200\) must be a whole number, not 40\.0"),
    ],
)
def test_a_function_that_counts_no_tokens_is_refused(counts, error, message):
    with pytest.raises(error, match=message):
        PatchMaskCollator(RandomPatches(), n_patches=counts)(signals())


def test_one_short_record_costs_the_others_nothing_where_nothing_is_cut():
    lengths = [200] * 7 + [40]
    cut = collate_padded(RandomPatches(0.5), lengths)
    assert cut.context.shape == (8, 4)
    whole = collate_padded(RandomPatches(0.5), lengths, truncate="never")
    assert (~whole.context_padding).sum(dim=1).tolist() == [20] * 7 + [4]


@pytest.mark.parametrize("other", [(torch.ones(12, 100), 1), torch.ones(12, 100)])
@pytest.mark.parametrize("check_finite", [True, False])
def test_records_of_different_forms_are_refused_and_no_item_is_lost(other, check_finite):
    collate = PatchMaskCollator(RandomPatches(), 5, check_finite=check_finite)
    one = (torch.ones(12, 100),)
    for records in ([one, other], [other, one]):
        with pytest.raises(ValueError, match="records of a batch must have the same form"):
            collate(records)
