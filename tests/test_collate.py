"""The collators: what they take, what they return, what they refuse, and their randomness."""

import copy
import pickle
from collections import namedtuple

import numpy as np
import pytest
import torch
from goodness import assert_follows
from torch.utils.data import DataLoader, Dataset

import ecgmask
from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    MaskedBatch,
    Masks,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    UnionOfBlocks,
    gather_tokens,
    mark_tokens,
)

Record = namedtuple("Record", ["signal", "label"])

COLLATORS = [
    MaskCollator(patch_size=25),
    IJEPAMaskCollator(patch_size=25),
    PatchMaskCollator(MaskAndComplement(), patch_size=25),
    PatchMaskCollator(ContextToTarget(), patch_size=25, truncate="random"),
    PatchMaskCollator(PerLead(ContextToTarget()), 25, truncate="first", check_finite=False),
    IJEPAMaskCollator(patch_size=25, truncate="first", signal_key="ecg"),
    MaskCollator(patch_size=25, min_block_size=5, signal_key=1, check_finite=False),
    PatchMaskCollator([MaskAndComplement()], n_patches=312, n_context=20, as_dict=True),
]


class EveryOtherPatch:
    """A user's strategy: even patches are context, odd ones the target."""

    def draw(self, n_records, n_patches, rng, **_):  # noqa: ARG002
        even = np.broadcast_to(np.arange(n_patches) % 2 == 0, (n_records, 1, n_patches))
        return Masks(even, ~even[:, None])


class FirstPatches:
    """A user's strategy: record `i` sees `counts[i]` patches and predicts all others."""

    def __init__(self, *counts):
        self.counts = counts

    def draw(self, n_records, n_patches, rng, **_):  # noqa: ARG002
        context = np.arange(n_patches) < np.array(self.counts)[:, None, None]
        return Masks(context, ~context[:, None])


class Records(Dataset):
    """Sixteen records that hold their own number."""

    def __len__(self):
        return 16

    def __getitem__(self, index):
        return torch.full((12, 5000), float(index)), index


@pytest.fixture(autouse=True)
def _seed_torch():
    torch.manual_seed(11)


@pytest.fixture(params=COLLATORS[:5], ids=lambda c: type(c).__name__)
def collate(request):
    """A collator that takes bare records of twelve leads."""
    return request.param


def signals(n_records=4, n_samples=5000, dtype=torch.float32):
    return [torch.full((12, n_samples), i / 10).to(dtype) for i in range(n_records)]


def tensors(masked):
    """Return all index tensors of a batch."""
    lists = [x if isinstance(x, list) else [x] for x in masked[1:]]
    return [*lists[0], *lists[1]]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


# What is returned


def test_mask_collator_returns_one_context_and_one_target_tensor():
    batch, context, target = MaskCollator(
        patch_size=25, min_block_size=10, min_keep_ratio=0.15, max_keep_ratio=0.25
    )(signals(8))
    assert batch.shape == (8, 12, 5000)
    assert 31 <= context.shape[1] <= 50
    assert (len(context), *target.shape) == (8, 8, 200 - context.shape[1])


def test_mask_collator_shares_out_every_patch():
    _, context, target = MaskCollator(patch_size=25)(signals(8))
    both = torch.cat([context, target], dim=1).sort(dim=1).values
    assert torch.equal(both, torch.arange(200).expand(8, 200))


def test_ijepa_mask_collator_returns_a_list_of_one_context_and_a_list_of_targets():
    batch, contexts, targets = IJEPAMaskCollator(
        patch_size=25,
        context_scale=(0.85, 0.95),
        pred_scale=(0.15, 0.20),
        num_pred_blocks=4,
        min_keep=10,
    )(signals(8))
    assert batch.shape == (8, 12, 5000)
    assert isinstance(contexts, list)
    assert isinstance(targets, list)
    assert (len(contexts), len(targets)) == (1, 4)
    assert len(contexts[0]) == 8
    assert contexts[0].shape[1] >= 10
    assert {t.shape for t in targets} == {(8, targets[0].shape[1])}
    assert 30 <= targets[0].shape[1] <= 39


def test_patch_mask_collator_returns_one_context_tensor_and_a_list_of_targets():
    _, context, targets = PatchMaskCollator(ContextToTarget(num_pred_blocks=2), 25)(signals())
    assert context.ndim == 2
    assert isinstance(targets, list)
    assert len(targets) == 2


def test_the_result_unpacks_and_has_names(collate):
    masked = collate(signals())
    assert isinstance(masked, MaskedBatch)
    assert masked._fields == ("batch", "context", "targets")
    batch, context, targets = masked
    assert batch is masked.batch
    assert context is masked.context
    assert targets is masked.targets


def test_indices_are_int64_and_ascending(collate):
    for index in tensors(collate(signals())):
        assert index.dtype == torch.int64
        assert (index.diff(dim=1) > 0).all()


@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
def test_context_indices_never_name_a_target(truncate):
    collate = IJEPAMaskCollator(patch_size=25, truncate=truncate)
    _, (context,), targets = collate(signals(64, n_samples=5000))
    for seen, *hidden in zip(context, *targets, strict=True):
        assert not set(seen.tolist()) & set(torch.cat(hidden).tolist())


def test_indices_gather_the_tokens_that_they_name(collate):
    masked = collate(signals())
    n_tokens = 12 * 200
    tokens = torch.arange(n_tokens * 2.0).reshape(1, n_tokens, 2).repeat(4, 1, 1)
    for index in tensors(masked):
        gathered = torch.gather(tokens, 1, index[..., None].expand(-1, -1, 2))
        assert torch.equal(gathered[..., 0], 2.0 * index)


def test_a_context_of_one_patch_keeps_its_axis():
    collate = MaskCollator(patch_size=25, min_keep_ratio=0.005, max_keep_ratio=0.005)
    _, context, target = collate(signals(6))
    assert context.shape == (6, 1)
    assert target.shape == (6, 199)


def test_a_batch_of_one_record_keeps_its_axis(collate):
    assert {len(index) for index in tensors(collate(signals(1)))} == {1}


def test_masks_rebuilt_from_indices_follow_the_rules_of_the_strategy():
    masked = MaskCollator(patch_size=25)(signals(16))
    masks = Masks.from_indices(*masked[1:], n_patches=200)
    assert not masks.ignored.any()
    assert np.ptp(masks.context.sum(axis=-1)) == 0


@pytest.mark.parametrize(
    ("collate", "strategy"),
    [
        (MaskCollator(25, 8, 0.1, 0.3), MaskAndComplement(8, 0.1, 0.3)),
        (
            IJEPAMaskCollator(25, (0.5, 0.6), (0.1, 0.2), 3, 5),
            ContextToTarget((0.5, 0.6), (0.1, 0.2), 3, 5),
        ),
    ],
)
def test_a_named_collator_draws_with_the_strategy_of_its_parameters(collate, strategy):
    assert collate.strategy == strategy
    torch.manual_seed(4)
    one = collate(signals(8))
    torch.manual_seed(4)
    assert same(one, PatchMaskCollator(strategy, 25)(signals(8)))


@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
def test_a_named_collator_cuts_by_the_rule_that_it_is_given(truncate):
    one = IJEPAMaskCollator(25, truncate=truncate, seed=1)
    other = PatchMaskCollator(ContextToTarget(), 25, truncate=truncate, seed=1)
    assert same(one(signals(8)), other(signals(8)))


def test_patch_size_decides_the_number_of_patches():
    _, context, target = MaskCollator(patch_size=50)(signals())
    assert context.shape[1] + target.shape[1] == 100


# Strategies


def test_any_object_that_draws_is_a_strategy():
    _, context, (target,) = PatchMaskCollator(EveryOtherPatch(), patch_size=500)(signals(2))
    assert context.tolist() == [[0, 2, 4, 6, 8]] * 2
    assert target.tolist() == [[1, 3, 5, 7, 9]] * 2


def test_tokens_of_per_lead_masks_are_numbered_lead_major():
    collate = PatchMaskCollator(PerLead(EveryOtherPatch(), n_leads=12), patch_size=1250)
    _, context, _ = collate(signals(2))
    assert context.tolist() == [[4 * lead + patch for lead in range(12) for patch in (0, 2)]] * 2


def test_per_lead_indices_rebuild_masks_with_equal_counts():
    _, context, targets = PatchMaskCollator(PerLead(ContextToTarget()), patch_size=25)(signals())
    masks = Masks.from_indices(context, targets, n_patches=200, n_leads=12)
    assert np.ptp(masks.context.sum(axis=(1, 2))) == 0
    assert np.ptp(masks.targets.sum(axis=-1)) == 0
    assert len(np.unique(masks.context[0], axis=0)) > 6


@pytest.mark.parametrize(
    ("truncate", "least_shared"), [("ends", False), ("random", False), ("first", True)]
)
def test_truncate_reaches_the_context(truncate, least_shared):
    # One record sees five patches, a hundred see all but the last: "first" keeps 0 to 4 of each.
    collate = PatchMaskCollator(FirstPatches(5, *[19] * 100), 250, truncate=truncate)
    _, context, _ = collate(signals(101))
    assert context.shape == (101, 5)
    assert (context == torch.arange(5)).all().item() is least_shared


def test_ends_is_the_default_rule():
    collate = PatchMaskCollator(FirstPatches(5, *[19] * 100), 250)
    _, context, _ = collate(signals(101))
    starts = context[1:, 0].tolist()
    assert_follows(starts, {0: 0.5, 14: 0.5})
    assert IJEPAMaskCollator().truncate == "ends"


def test_dropped_context_patches_are_ignored_and_no_target():
    _, context, (target,) = PatchMaskCollator(FirstPatches(5, 10), 250)(signals(2))
    masks = Masks.from_indices(context, target, n_patches=20)
    assert masks.ignored[1].any()


def test_targets_of_different_lengths_are_cut_to_the_shortest():
    _, _, (target,) = PatchMaskCollator(FirstPatches(5, 10), 250)(signals(2))
    assert target.shape == (2, 10)
    assert target[1].tolist() == list(range(10, 20))


@pytest.mark.parametrize("truncate", ["ends", "random", "first"])
@pytest.mark.parametrize(
    ("counts", "role"),
    [((0, 0), "context"), ((0, 5), "context"), ((20, 5), "target"), ((20, 20), "target")],
)
def test_a_strategy_that_leaves_a_record_empty_is_refused(truncate, counts, role):
    collate = PatchMaskCollator(FirstPatches(*counts), 250, truncate=truncate)
    with pytest.raises(ValueError, match=f"drew a record without any {role} patch"):
        collate(signals(2))


def test_a_strategy_that_draws_too_few_records_is_refused():
    with pytest.raises(ValueError, match="asked for 3 records of 20 patches and drew 2 of 20"):
        PatchMaskCollator(FirstPatches(4, 5), 250)(signals(3))


def test_a_strategy_for_another_number_of_leads_is_refused():
    collate = PatchMaskCollator(PerLead(MaskAndComplement(), n_leads=8), patch_size=25)
    with pytest.raises(ValueError, match=r"masks for 8 leads, but records have 12; .*n_leads=12"):
        collate(signals())


# Records


def test_labels_are_collated_beside_the_signal(collate):
    batch, *_ = collate([(signal, label) for label, signal in enumerate(signals())])
    stacked, labels = batch
    assert torch.equal(stacked, torch.stack(signals()))
    assert torch.equal(labels, torch.arange(4))


def test_label_tensors_are_stacked(collate):
    batch, *_ = collate([(signal, torch.eye(5)[i], "name") for i, signal in enumerate(signals())])
    assert torch.equal(batch[1], torch.eye(5)[:4])
    assert list(batch[2]) == ["name"] * 4


def test_a_named_tuple_stays_one(collate):
    batch, *_ = collate([Record(signal, label) for label, signal in enumerate(signals())])
    assert isinstance(batch, Record)
    assert batch.signal.shape == (4, 12, 5000)
    assert batch.label.tolist() == [0, 1, 2, 3]


def test_signal_key_names_the_signal_of_a_dict():
    collate = MaskCollator(patch_size=25, signal_key="ecg")
    batch, context, _ = collate([{"age": 40 + i, "ecg": s} for i, s in enumerate(signals())])
    assert batch["ecg"].shape == (4, 12, 5000)
    assert batch["age"].tolist() == [40, 41, 42, 43]
    assert len(context) == 4


@pytest.mark.parametrize("position", [1, -1])
def test_signal_key_is_a_position_in_a_sequence(position):
    collate = IJEPAMaskCollator(patch_size=25, signal_key=position)
    batch, *_ = collate([(label, signal) for label, signal in enumerate(signals())])
    assert batch[1].shape == (4, 12, 5000)


def test_arrays_are_stacked_to_a_tensor(collate):
    batch, *_ = collate([signal.numpy() for signal in signals()])
    assert torch.equal(batch, torch.stack(signals()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.int16])
def test_a_signal_keeps_its_dtype(collate, dtype):
    assert collate(signals(dtype=dtype)).batch.dtype == dtype


def test_records_are_not_changed(collate):
    records = signals()
    collate(records)
    assert all(map(torch.equal, records, signals()))


def test_a_single_lead_is_enough():
    batch, context, _ = MaskCollator(patch_size=25)([torch.zeros(1, 5000)] * 2)
    assert batch.shape == (2, 1, 5000)
    assert len(context) == 2


# Bad input


@pytest.mark.parametrize(
    ("records", "error", "message"),
    [
        ([], ValueError, "a batch needs at least one record, but the list is empty"),
        (
            [torch.zeros(12, 4999)] * 2,
            ValueError,
            "records of 4999 samples do not divide into patches of 25; crop 24 samples or change",
        ),
        (
            [torch.zeros(12, 5000), torch.zeros(12, 2500)],
            ValueError,
            r"must have one shape, not \(12, 2500\) and \(12, 5000\); crop or pad",
        ),
        (
            [torch.zeros(12, 5000), torch.zeros(8, 5000)],
            ValueError,
            r"must have one shape, not \(8, 5000\) and \(12, 5000\)",
        ),
        (
            [torch.zeros(5000)],
            ValueError,
            r"\(n_leads, n_samples\), not \(5000,\); .*signal\[None\]",
        ),
        ([torch.zeros(1, 12, 5000)], ValueError, r"\(n_leads, n_samples\), not \(1, 12, 5000\)"),
        ([torch.zeros(12, 0)], ValueError, r"\(n_leads, n_samples\), not \(12, 0\)"),
        ([torch.zeros(0, 5000)], ValueError, r"\(n_leads, n_samples\), not \(0, 5000\)"),
        ([torch.zeros(5000, 12)], ValueError, "12 samples are shorter than one patch.*Transpose"),
        (["record"], TypeError, r"a record must be a tensor, an array, .* not str"),
        ([None], TypeError, "a record must be a tensor, an array, .* not NoneType"),
        ([([0.0, 1.0], 3)], TypeError, "a signal must be a tensor or an array, not list"),
        ([("name", torch.zeros(12, 5000))], TypeError, "not str; say where it is .*signal_key="),
        ([()], TypeError, "records are sequences of 0 items, but signal_key=0"),
        ([{"x": torch.zeros(12, 5000)}], TypeError, "keys 'x'; say which .* with signal_key="),
        ([[[0.0] * 5000] * 12], TypeError, r'array, not list; .* after with_format\("torch"\)'),
    ],
)
def test_records_that_cannot_be_masked_are_refused(collate, records, error, message):
    with pytest.raises(error, match=message):
        collate(records)


def test_an_ecg_is_refused_with_the_way_out(collate, ecg):
    with pytest.raises(TypeError, match=r"not ECG; of an ECG pass ecg\.signal"):
        collate([ecg])


def test_a_missing_key_is_refused_with_the_keys_there_are():
    collate = MaskCollator(patch_size=25, signal_key="ecg")
    with pytest.raises(ValueError, match="signal_key='ecg' is not among the keys 'signal', 'age'"):
        collate([{"signal": torch.zeros(12, 5000), "age": 40}])


@pytest.mark.parametrize("signal_key", [2, -3, "ecg"])
def test_a_position_that_is_not_there_is_refused(signal_key):
    collate = MaskCollator(patch_size=25, signal_key=signal_key)
    with pytest.raises(TypeError, match=f"sequences of 2 items, but signal_key={signal_key!r}"):
        collate([(torch.zeros(12, 5000), 1)])


def test_records_that_the_strategy_cannot_mask_are_refused():
    with pytest.raises(ValueError, match="min_block_size=10 is larger than what is masked"):
        MaskCollator(patch_size=25)([torch.zeros(12, 250)])
    with pytest.raises(ValueError, match="min_keep=10 context patches cannot be kept"):
        IJEPAMaskCollator(patch_size=25)([torch.zeros(12, 250)])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_samples_that_are_not_finite_are_refused_with_their_place(value, dtype):
    records = signals(3, dtype=dtype)
    records[1][7, 123] = records[2][0, 0] = value
    with pytest.raises(
        ValueError,
        match=r"2 sample\(s\) are NaN or infinite, first in record 1 of the batch, lead 7, sample "
        r"123; repair or drop the record, or pass check_finite=False",
    ):
        MaskCollator(patch_size=25)(records)


def test_infinities_of_both_signs_are_refused_though_their_sum_is_nan():
    records = signals(1)
    records[0][0, :2] = torch.tensor([float("inf"), -float("inf")])
    with pytest.raises(ValueError, match=r"2 sample\(s\) are NaN or infinite"):
        MaskCollator(patch_size=25)(records)


def test_samples_of_a_named_signal_are_checked():
    record = {"ecg": torch.full((12, 5000), float("nan")), "age": 40}
    with pytest.raises(ValueError, match="NaN or infinite"):
        MaskCollator(patch_size=25, signal_key="ecg")([record])


def test_what_is_not_the_signal_may_be_missing():
    batch, *_ = MaskCollator(patch_size=25)([(torch.zeros(12, 5000), float("nan"))])
    assert batch[1].isnan().all()


def test_check_finite_can_be_turned_off():
    records = [torch.full((12, 5000), float("nan"))]
    batch, *_ = MaskCollator(patch_size=25, check_finite=False)(records)
    assert batch.isnan().all()


@pytest.mark.parametrize(("dtype", "value"), [(torch.float16, 6e4), (torch.float32, 3e38)])
def test_large_samples_whose_sum_overflows_are_fine(dtype, value):
    batch, *_ = MaskCollator(patch_size=25)([torch.full((12, 5000), value, dtype=dtype)] * 2)
    assert batch.isfinite().all()


@pytest.mark.parametrize(
    "make",
    [MaskCollator, IJEPAMaskCollator, lambda p: PatchMaskCollator(MaskAndComplement(), p)],
    ids=["MaskCollator", "IJEPAMaskCollator", "PatchMaskCollator"],
)
@pytest.mark.parametrize(
    ("patch_size", "error", "message"),
    [
        (0, ValueError, "patch_size must be at least 1, not 0"),
        (-25, ValueError, "patch_size must be at least 1, not -25"),
        (25.0, TypeError, r"patch_size must be a whole number, not 25\.0 of type float"),
        (True, TypeError, "patch_size must be a whole number, not True"),
        ("25", TypeError, "patch_size must be a whole number, not '25'"),
    ],
)
def test_a_patch_size_that_is_no_count_is_refused(make, patch_size, error, message):
    with pytest.raises(error, match=message):
        make(patch_size)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MaskCollator(25, min_block_size=0), ValueError, "min_block_size must be at least"),
        (lambda: MaskCollator(25, 10, 0.3, 0.2), ValueError, "min_keep_ratio must not be above"),
        (
            lambda: MaskCollator(25, max_keep_ratio=float("nan")),
            ValueError,
            "max_keep_ratio .* nan",
        ),
        (
            lambda: IJEPAMaskCollator(25, num_pred_blocks=0),
            ValueError,
            "num_pred_blocks must be at",
        ),
        (lambda: IJEPAMaskCollator(25, (0, 0)), ValueError, r"context_scale=\(0, 0\) leaves no"),
        (lambda: IJEPAMaskCollator(25, truncate="last"), ValueError, "truncate must be one of"),
        (
            lambda: PatchMaskCollator(ContextToTarget(), 25, truncate=None),
            ValueError,
            "truncate must be one of 'ends', 'random', 'first', 'never', not None",
        ),
        (
            lambda: PatchMaskCollator(MaskAndComplement, 25),
            TypeError,
            "such as MaskAndComplement()",
        ),
        (
            lambda: PatchMaskCollator([MaskAndComplement(), ContextToTarget], 25),
            TypeError,
            "strategy must be an object with a draw method",
        ),
        (lambda: PatchMaskCollator("random", 25), TypeError, "a draw method, .* not 'random'"),
    ],
)
def test_bad_parameters_are_refused_at_construction(make, error, message):
    with pytest.raises(error, match=message):
        make()


# Randomness


def test_manual_seed_repeats_the_masks(collate):
    torch.manual_seed(3)
    one = collate(signals())
    torch.manual_seed(3)
    assert same(one, collate(signals()))


def test_another_seed_draws_other_masks(collate):
    torch.manual_seed(3)
    one = collate(signals(16))
    torch.manual_seed(4)
    other = collate(signals(16))
    assert [t.shape for t in tensors(one)] != [t.shape for t in tensors(other)] or not same(
        one, other
    )


def test_consecutive_batches_differ():
    collate = MaskCollator(patch_size=25, min_keep_ratio=0.2, max_keep_ratio=0.2)
    one, other = collate(signals(16)), collate(signals(16))
    assert not torch.equal(one.context, other.context)


def test_every_batch_takes_one_number_of_torch_whatever_it_draws(collate):
    torch.randint(2**63 - 1, ())
    expected = torch.rand(5)
    for n_records in (1, 20):
        torch.manual_seed(11)
        collate(signals(n_records))
        assert torch.equal(torch.rand(5), expected)


def test_the_global_state_of_numpy_is_left_alone(collate):
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    collate(signals())
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert before["state"]["pos"] == after["state"]["pos"]
    assert np.array_equal(before["state"]["key"], after["state"]["key"])


# A machine with one processor warns of two workers.
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_workers_of_a_data_loader_draw_different_masks():
    collate = MaskCollator(patch_size=25, min_keep_ratio=0.2, max_keep_ratio=0.2)
    loader = DataLoader(Records(), batch_size=4, num_workers=2, collate_fn=collate)
    epochs = [[masked.context for masked in loader] for _ in range(2)]
    drawn = torch.stack(epochs[0] + epochs[1])
    assert len(torch.unique(drawn, dim=0)) == 8


def test_a_data_loader_hands_on_the_records_in_order():
    loader = DataLoader(Records(), batch_size=8, collate_fn=IJEPAMaskCollator(patch_size=25))
    labels = [masked.batch[1] for masked in loader]
    assert torch.equal(torch.cat(labels), torch.arange(16))


# Collators as values


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
@pytest.mark.parametrize("original", COLLATORS, ids=lambda c: type(c).__name__)
def test_copies_of_a_collator_are_equal(original, duplicate):
    other = duplicate(original)
    assert other == original
    assert hash(other) == hash(original)


@pytest.mark.parametrize("original", COLLATORS, ids=lambda c: type(c).__name__)
def test_a_collator_prints_as_the_code_that_makes_it(original):
    assert eval(repr(original), vars(ecgmask)) == original


def test_a_copied_collator_draws_the_same_masks(collate):
    torch.manual_seed(2)
    one = collate(signals())
    torch.manual_seed(2)
    assert same(one, copy.deepcopy(collate)(signals()))


def test_no_generator_is_kept_on_a_collator(collate):
    collate(signals())
    kept = [*vars(collate).values(), *vars(getattr(collate, "strategy", None)).values()]
    assert not [v for v in kept if isinstance(v, np.random.Generator | torch.Generator)]


def test_a_masked_batch_survives_pickling(collate):
    masked = collate(signals())
    assert same(masked, pickle.loads(pickle.dumps(masked)))


def test_a_collator_cannot_be_changed(collate):
    with pytest.raises(AttributeError, match="cannot assign to field 'patch_size'"):
        collate.patch_size = 50


# Forms


@pytest.mark.parametrize("make", [MaskCollator, IJEPAMaskCollator])
def test_a_dict_of_a_named_collator_holds_what_the_tuple_holds(make):
    masked, as_dict = make(seed=1)(signals()), make(seed=1, as_dict=True)(signals())
    assert type(as_dict) is dict
    assert list(as_dict) == ["batch", "context", "targets"]
    assert same(masked, tuple(as_dict.values()))
    assert torch.equal(masked.batch, as_dict["batch"])


def test_a_dict_is_rebuilt_by_code_that_rebuilds_batches():
    # As trainers move a batch to a device: mappings by their items, sequences from a generator.
    def move(data):
        if isinstance(data, dict):
            return type(data)({key: move(value) for key, value in data.items()})
        if isinstance(data, tuple | list):
            return type(data)(move(value) for value in data)
        return data.to("meta")

    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        move(MaskCollator()(signals()))
    moved = move(IJEPAMaskCollator(as_dict=True)(signals()))
    assert moved["targets"][3].device.type == "meta"


@pytest.mark.parametrize("several", [False, True])
def test_the_first_value_of_a_dict_has_an_entry_for_each_record(several):
    strategy = [RandomPatches(), RandomPatches()] if several else RandomPatches()
    collate = PatchMaskCollator(strategy, 25, signal_key="ecg", as_dict=True)
    for records in (signals(3), [{"ecg": signal, "age": 40} for signal in signals(3)]):
        assert len(next(iter(collate(records).values()))) == 3


def test_records_whose_keys_are_those_of_masks_are_refused():
    collate = MaskCollator(25, signal_key="ecg", as_dict=True)
    with pytest.raises(ValueError, match="have the keys 'targets', which as_dict=True needs"):
        collate([{"ecg": signal, "targets": 1} for signal in signals()])


def test_flat_targets_go_to_a_device_one_by_one():
    strategies = [UnionOfBlocks.vjepa_short(), UnionOfBlocks.vjepa_long()]
    collate = PatchMaskCollator(strategies, 25, truncate="first", flat_targets=True)
    _, contexts, targets = collate(signals())
    assert len(contexts) == len(targets) == 2
    assert {target.to("meta").device.type for target in targets} == {"meta"}


def test_flat_targets_keep_the_order_of_strategies_and_blocks():
    strategies = [ContextToTarget(num_pred_blocks=3), RandomPatches()]
    nested = PatchMaskCollator(strategies, 25, seed=1)(signals())
    flat = PatchMaskCollator(strategies, 25, seed=1, flat_targets=True)(signals())
    expected = [*nested.targets[0], *nested.targets[1]]
    assert len(flat.targets) == 4
    assert all(map(torch.equal, flat.targets, expected))


# Indices in a model


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_tokens_are_gathered_and_marked_in_one_graph(backend):
    def model(tokens, indices):
        return gather_tokens(tokens, indices) * 2, mark_tokens(indices, tokens.shape[1])

    torch.compiler.reset()
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    for n_context in (3, 4, 5):
        tokens, indices = torch.randn(2, 10, 4), torch.randint(10, (2, n_context))
        for one, other in zip(compiled(tokens, indices), model(tokens, indices), strict=True):
            assert torch.equal(one, other)


def test_a_given_length_costs_one_graph():
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    compiled = torch.compile(gather_tokens, backend=backend, fullgraph=True, dynamic=False)
    tokens = torch.randn(4, 200, 2)
    drawn, given = ContextToTarget(), {"n_context": 10}
    for _ in range(4):
        compiled(tokens, PatchMaskCollator(drawn, 25, **given)(signals()).context)
    assert len(graphs) == 1
    lengths = {10}
    for _ in range(4):
        context = PatchMaskCollator(drawn, 25)(signals()).context
        lengths.add(context.shape[1])
        compiled(tokens, context)
    assert len(graphs) == len(lengths) > 2


def test_an_index_that_names_no_token_is_refused_outside_of_a_graph():
    with pytest.raises(ValueError, match="indices go from 0 to 10, but there are 10 tokens"):
        gather_tokens(torch.randn(1, 10, 2), torch.tensor([[0, 10]]))


def test_marked_tokens_are_those_that_are_named():
    collate = PatchMaskCollator(ContextToTarget(), 25, truncate="never")
    masked = collate(signals())
    assert masked.context_padding.any()
    masks = Masks.from_indices(masked.context, masked.targets, n_patches=200)
    assert np.array_equal(mark_tokens(masked.context, 200), masks.context[:, 0])
    for block, target in enumerate(masked.targets):
        assert np.array_equal(mark_tokens(target, 200), masks.targets[:, block, 0])


def test_tokens_are_gathered_and_marked_on_the_device_of_the_indices():
    # Tensors of this device hold no numbers: whoever reads one on the host gets an error.
    indices, tokens = torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 10, 4)
    with pytest.raises(NotImplementedError, match="no data"):
        indices.to("meta").cpu()
    gathered = gather_tokens(tokens.to("meta"), indices.to("meta"))
    assert (gathered.device.type, gathered.shape) == ("meta", (2, 3, 4))
    marked = mark_tokens(indices.to("meta"), 10)
    assert (marked.device.type, marked.shape, marked.dtype) == ("meta", (2, 10), torch.bool)


@pytest.mark.parametrize(
    ("indices", "n_tokens", "error", "message"),
    [
        (torch.tensor([0, 1]), 3, ValueError, r"shape \(n_records, n_indices\), not \(2,\)"),
        (torch.tensor([[0, 1]]), 0, ValueError, "n_tokens must be at least 1, not 0"),
        (torch.tensor([[0, 1]]), 3.0, TypeError, r"n_tokens must be a whole number, not 3\.0"),
    ],
)
def test_what_cannot_be_marked_is_refused(indices, n_tokens, error, message):
    with pytest.raises(error, match=message):
        mark_tokens(indices, n_tokens)
