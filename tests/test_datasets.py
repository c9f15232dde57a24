"""Data sets on disk: what an item is, where it is cut, and which data are refused."""

import os
import pickle
import re
import sys
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import wfdb
from goodness import assert_uniform
from torch.utils.data import DataLoader

from ecgmask import (
    ECG,
    STANDARD_LEADS,
    Beats,
    MaskCollator,
    PatchMaskCollator,
    PerLead,
    RandomPatches,
    read_ecg,
)
from ecgmask.datasets import ECGArrayDataset, WFDBDataset
from ecgmask.seeding import BatchSeed

N_RECORDS, LENGTH = 12, 600
STACK = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
EIGHT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
PTB_XL_LEADS = tuple(lead.upper() for lead in STANDARD_LEADS)


@pytest.fixture(scope="module")
def signals(ecg):
    """Records ``(12, 12, 600)`` in mV, each of another height."""
    heights = np.linspace(0.5, 1.5, N_RECORDS, dtype=np.float32)
    return heights[:, None, None] * ecg.signal[:, 1000 : 1000 + LENGTH]


@pytest.fixture
def save(tmp_path):
    """Write an array to a file and return its path."""

    def write(array, name="stack.npy"):
        np.save(tmp_path / name, array)
        return tmp_path / name

    return write


@pytest.fixture
def path(save, signals):
    """The records in a file, as they are."""
    return save(signals)


@pytest.fixture
def ramp(save):
    """Records of 30 samples that are their own numbers: an item begins with where it starts."""
    return save(np.broadcast_to(np.arange(30, dtype=np.float16), (40, 12, 30)), "ramp.npy")


def starts_of(items):
    """Return where items of the ramp start, having seen that nothing is missing in between."""
    items = torch.stack(list(items))
    assert (items.diff(dim=-1) == 1).all()
    return items[:, 0, 0].int().tolist()


def crops_of(path, **options):
    return ECGArrayDataset(path, **STACK, check=False, **options)


def write_record(
    root, name, ecg, *, rate=500, names=PTB_XL_LEADS, unit="mV", comments=(), **options
):
    """Write a WFDB record the way those of PTB-XL are written."""
    folder = Path(root, name).parent
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        Path(name).name,
        rate,
        [unit] * len(names),
        list(names),
        np.asarray(ecg, dtype=float).T,
        fmt=["16"] * len(names),
        comments=list(comments),
        write_dir=str(folder),
        **options,
    )


@pytest.fixture
def folder(tmp_path, signals):
    """A folder with the records in WFDB files, and the names of the records."""
    names = [f"records500/00000/{number:05}_hr" for number in range(N_RECORDS)]
    for name, signal in zip(names, signals, strict=True):
        write_record(tmp_path, name, signal, comments=["Age: 56", "Sex: F"])
    return tmp_path, names


def wfdb_dataset(root, names, **options):
    return WFDBDataset(root, names, progress=False, **options)


# What an item is


@pytest.mark.parametrize("lead_axis", [1, 2])
@pytest.mark.parametrize(
    ("dtype", "unit", "in_mv"),
    [
        ("float16", "mV", 1),
        ("float32", "mV", 1),
        ("float64", "mV", 1),
        ("longdouble", "mV", 1),
        (">f4", "mV", 1),
        ("float64", "V", 1e3),
        ("float32", "µV", 1e-3),
        ("int16", "uV", 1e-3),
        (">i2", "uV", 1e-3),
        ("int32", "nV", 1e-6),
    ],
)
def test_an_item_is_the_record_in_the_file_as_float32_in_millivolt(
    save, signals, dtype, unit, in_mv, lead_axis
):
    stack = (signals / in_mv).astype(dtype)
    path = save(stack if lead_axis == 1 else stack.transpose(0, 2, 1))
    dataset = ECGArrayDataset(path, **{**STACK, "file_unit": unit})
    for item, record in zip(dataset, stack, strict=True):
        assert item.dtype == torch.float32
        assert item.is_contiguous()
        np.testing.assert_array_equal(item, record.astype(np.float32) * np.float32(in_mv))


@pytest.mark.parametrize("lead_axis", [1, 2])
def test_leads_come_in_standard_order_whatever_the_file_has(save, signals, lead_axis):
    order = [11, 0, 5, 3, 4, 7, 6, 8, 1, 2, 10, 9]
    names = ["v6", "Lead I (Einthoven)", "AVF", "avr", "aVL", "V2", "V1", "V3", "DII", "III"]
    names += ["V5", "V4"]
    stack = signals[:, order]
    path = save(stack if lead_axis == 1 else stack.transpose(0, 2, 1))
    dataset = ECGArrayDataset(path, **{**STACK, "file_leads": names})
    np.testing.assert_array_equal(torch.stack(list(dataset)), signals)
    np.testing.assert_array_equal(dataset.ecg(3), signals[3])


def test_limb_leads_that_the_file_lacks_are_derived(save, signals):
    rows = [STANDARD_LEADS.index(lead) for lead in reversed(EIGHT_LEADS)]
    path = save(signals[:, rows])
    dataset = ECGArrayDataset(path, **{**STACK, "file_leads": reversed(EIGHT_LEADS)})
    for item, signal in zip(dataset, signals, strict=True):
        whole = ECG(signal[rows], 500, EIGHT_LEADS[::-1]).select(STANDARD_LEADS)
        np.testing.assert_allclose(item, whole.signal, atol=1e-6)
    assert dataset.ecg(0).derived == ("III", "aVR", "aVL", "aVF")


def test_channels_that_are_no_standard_lead_are_left_out(save, signals):
    stack = np.concatenate([np.full((N_RECORDS, 3, LENGTH), np.nan), signals], axis=1)
    dataset = ECGArrayDataset(
        save(stack), **{**STACK, "file_leads": ("vx", "vy", "vz", *PTB_XL_LEADS)}
    )
    np.testing.assert_array_equal(torch.stack(list(dataset)), signals)


def test_a_stack_as_wide_as_long_needs_its_lead_axis(save, signals):
    stack = signals[:, :, 50 : 50 + 12]
    path = save(stack)
    with pytest.raises(ValueError, match=r"do not tell which axis .* pass lead_axis=1 or lead"):
        ECGArrayDataset(path, **STACK)
    for axis, expected in ((1, stack[3]), (2, stack[3].T)):
        dataset = ECGArrayDataset(path, **STACK, lead_axis=axis, check=False)
        np.testing.assert_array_equal(dataset[3], expected)


def test_an_item_may_be_written_to(path, signals):
    dataset = ECGArrayDataset(path, **STACK)
    dataset[0].zero_()
    np.testing.assert_array_equal(dataset[0], signals[0])
    np.testing.assert_array_equal(np.load(path), signals)


def test_records_are_numbered_like_those_of_a_list(path, signals):
    dataset = ECGArrayDataset(path, **STACK)
    assert len(dataset) == len(list(dataset)) == N_RECORDS
    for number in (-1, np.int64(11), torch.tensor(11)):
        np.testing.assert_array_equal(dataset[number], signals[11])
        np.testing.assert_array_equal(dataset.ecg(number), signals[11])
    for number in (12, -13):
        with pytest.raises(IndexError, match=f"record {number} is not among the 12 records"):
            dataset[number]
    with pytest.raises(TypeError, match="float"):
        dataset[1.0]


def test_a_short_record_is_padded_with_zeros_and_tells_its_length(path, signals):
    dataset = ECGArrayDataset(path, **STACK, n_samples=1000)
    np.testing.assert_array_equal(dataset[2][:, :LENGTH], signals[2])
    assert dataset[2].shape == (12, 1000)
    assert not dataset[2][:, LENGTH:].any()
    telling = ECGArrayDataset(path, **STACK, n_samples=1000, lengths=True, labels=range(N_RECORDS))
    signal, label, length = telling[2]
    assert torch.equal(signal, dataset[2])
    assert (label, length) == (2, LENGTH)
    cropped = ECGArrayDataset(path, **STACK, n_samples=300, lengths=True)
    assert cropped[2][1] == 300


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (list(range(0, 24, 2)), torch.tensor(8)),
        (np.arange(12) / 2, torch.tensor(2.0, dtype=torch.float64)),
        (torch.arange(24).reshape(12, 2), torch.tensor([8, 9])),
        (pd.Series(range(12), index=range(100, 112)), torch.tensor(4)),
        (pd.Series(range(12), index=range(11, -1, -1)), torch.tensor(4)),
        (list("abcdefghijkl"), "e"),
        (pd.Series(list("abcdefghijkl")), "e"),
    ],
    ids=repr,
)
def test_a_label_goes_with_its_record(path, signals, labels, expected):
    signal, label = ECGArrayDataset(path, **STACK, labels=labels)[4]
    np.testing.assert_array_equal(signal, signals[4])
    assert type(label) is type(expected)
    if isinstance(expected, str):
        assert label == expected
    else:
        assert torch.equal(label, expected)
        assert label.dtype == expected.dtype


@pytest.mark.parametrize("copy", [np.array, torch.tensor])
def test_labels_do_not_change_with_what_they_were_made_of(path, copy):
    labels = copy(list(range(N_RECORDS)))
    dataset = ECGArrayDataset(path, **STACK, labels=labels)
    labels[:] = -1
    assert dataset[4][1] == 4


def test_a_data_set_says_what_it_is(path):
    dataset = ECGArrayDataset(path, **STACK, n_samples=250, crop="middle")
    assert repr(dataset) == (
        "<ECGArrayDataset: 12 ECGs of 600 samples at 500 Hz, middle crops of 250 samples>"
    )
    assert (dataset.n_samples, dataset.sampling_rate) == (250, 500)
    whole = ECGArrayDataset(path, **STACK)
    assert repr(whole).endswith("at 500 Hz, items of 600 samples>")


# Where an item is cut


@pytest.mark.parametrize("n_samples", [29, 30, 1, 20])
@pytest.mark.parametrize(("crop", "of_rest"), [("start", 0), ("middle", 0.5)])
def test_a_fixed_crop_is_where_it_says(ramp, crop, of_rest, n_samples):
    dataset = crops_of(ramp, n_samples=n_samples, crop=crop)
    assert set(starts_of(dataset)) == {int(of_rest * (30 - n_samples))}


@pytest.mark.parametrize("seed", [None, 5])
def test_every_start_is_equally_likely(ramp, seed):
    dataset = crops_of(ramp, n_samples=20, seed=seed)
    torch.manual_seed(0)
    starts = []
    for epoch in range(100):
        dataset.set_epoch(epoch)
        starts += starts_of(dataset)
    assert_uniform(starts, range(11))


def test_starts_of_neighbouring_records_and_epochs_are_independent(ramp):
    dataset = crops_of(ramp, n_samples=26, seed=0)
    starts = np.empty((150, 40), dtype=int)
    for epoch in range(len(starts)):
        dataset.set_epoch(epoch)
        starts[epoch] = starts_of(dataset)
    pairs = [(a, b) for a in range(5) for b in range(5)]
    assert_uniform(zip(starts[:, 0::2].flat, starts[:, 1::2].flat, strict=True), pairs)
    assert_uniform(zip(starts[0::2].flat, starts[1::2].flat, strict=True), pairs)


def test_a_seed_fixes_crops_and_another_gives_others(ramp):
    def starts(seed):
        return starts_of(crops_of(ramp, n_samples=10, seed=seed))

    assert starts(1) == starts(1)
    assert len({tuple(starts(seed)) for seed in (0, 1, 2, 2**64 - 1)}) == 4


def test_a_seeded_crop_does_not_depend_on_what_was_read_before(ramp):
    dataset = crops_of(ramp, n_samples=10, seed=3)
    in_order = starts_of(dataset)
    backwards = starts_of(dataset[number] for number in range(39, -1, -1))
    assert in_order == backwards[::-1]


def test_a_seeded_crop_does_not_depend_on_how_many_records_follow(ramp, save):
    shorter = save(np.load(ramp)[:7], "shorter.npy")
    long, short = (starts_of(crops_of(path, n_samples=10, seed=3)) for path in (ramp, shorter))
    assert long[:7] == short


def test_crops_share_no_stream_with_the_masks_of_a_collator_of_the_same_seed(ramp):
    dataset = crops_of(ramp, n_samples=10, seed=3)
    for epoch, batch, part in product(range(3), range(3), range(2)):
        dataset.set_epoch(epoch)
        starts = starts_of(dataset)
        of_masks = BatchSeed(3, epoch, batch, part)
        for rng in (of_masks.sizes(), of_masks.positions(0), of_masks.positions(1)):
            assert starts != (rng.random(40) * 21).astype(int).tolist()


@pytest.mark.parametrize(
    ("workers", "start", "persistent"),
    [(1, "fork", False), (2, "fork", False), (2, "fork", True), (2, "spawn", True)],
)
def test_seeded_crops_are_the_same_in_every_worker(ramp, workers, start, persistent):
    def epochs(**options):
        dataset = crops_of(ramp, n_samples=10, seed=3)
        loader = DataLoader(dataset, batch_size=3, **options)
        for epoch in (0, 1, 5, 0):
            dataset.set_epoch(epoch)
            yield starts_of(torch.cat(list(loader)))

    in_main = list(epochs())
    assert in_main[0] == in_main[3]
    assert len(set(map(tuple, in_main))) == 3
    in_workers = epochs(
        num_workers=workers, multiprocessing_context=start, persistent_workers=persistent
    )
    assert list(in_workers) == in_main


def test_crops_without_a_seed_follow_torch_and_differ_between_workers_and_epochs(ramp):
    loader = DataLoader(crops_of(ramp, n_samples=10), batch_size=20, num_workers=2)

    def run(seed):
        torch.manual_seed(seed)
        return [starts_of(batch) for _ in range(2) for batch in loader]

    first = run(0)
    assert run(0) == first
    assert len(set(map(tuple, first))) == 4


def test_a_copy_has_an_epoch_of_its_own(ramp):
    dataset = crops_of(ramp, n_samples=10, seed=3)
    dataset.set_epoch(2)
    copy = pickle.loads(pickle.dumps(dataset))
    assert starts_of(copy) == starts_of(dataset)
    copy.set_epoch(3)
    assert starts_of(copy) != starts_of(dataset)


# The file


def test_a_pickled_data_set_holds_the_path_and_nothing_that_was_read_or_drawn(save):
    path = save(np.ones((5000, 12, 30), dtype=np.float16))
    dataset = crops_of(path, n_samples=10, seed=0)
    item = dataset[4999]
    pickled = pickle.dumps(dataset)
    assert len(pickled) < 10_000 < path.stat().st_size / 100
    assert torch.equal(pickle.loads(pickled)[4999], item)


def test_a_relative_path_is_found_from_everywhere(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    dataset = ECGArrayDataset(path.name, **STACK)
    monkeypatch.chdir("/")
    assert dataset[0].shape == (12, LENGTH)


def test_a_relative_folder_is_found_from_everywhere(folder, monkeypatch):
    root, names = folder
    monkeypatch.chdir(root.parent)
    dataset = wfdb_dataset(root.name, names)
    monkeypatch.chdir("/")
    assert dataset[0].shape == (12, LENGTH)


def test_an_ecg_of_a_stack_has_the_rate_of_the_file(path):
    dataset = ECGArrayDataset(path, **{**STACK, "file_sampling_rate": 250})
    assert dataset.sampling_rate == dataset.ecg(0).sampling_rate == 250


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.npy"):
        ECGArrayDataset(tmp_path / "nothing.npy", **STACK)


@pytest.mark.parametrize("size", [0, 5, 40, 1000, -1])
def test_a_truncated_file_is_refused(path, size):
    content = path.read_bytes()
    path.write_bytes(content[:size])
    message = r"stack\.npy is no \.npy file|stack\.npy is a \.npy file that is truncated or corrupt"
    with pytest.raises(ValueError, match=message):
        ECGArrayDataset(path, **STACK)


def write_hdf5(path, signals):
    with h5py.File(path, "w") as file:
        file["tracings"] = signals


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path, _: path.write_text("I,II,III"), "is no .npy file; write one array"),
        (lambda path, signals: path.write_bytes(pickle.dumps(signals)), "but a pickled object"),
        (lambda path, signals: torch.save(torch.tensor(signals), path), "such as torch.save"),
        (write_hdf5, "but HDF5; write its records to one with write_stack"),
        (lambda path, _: os.mkfifo(path), "is no file"),
        (lambda path, _: path.mkdir(), "is no file"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_it_is(tmp_path, signals, write, message):
    path = tmp_path / "stack.npy"
    write(path, signals)
    with pytest.raises(ValueError, match=message):
        ECGArrayDataset(path, **STACK)


def test_an_archive_is_refused_with_what_it_is(tmp_path, signals):
    np.savez(tmp_path / "stack.npz", signals)
    with pytest.raises(ValueError, match=r"stack\.npz is no \.npy .* such as numpy\.savez writes"):
        ECGArrayDataset(tmp_path / "stack.npz", **STACK)


def test_no_text_of_a_corrupt_file_is_shown(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"'descr'", b"JaneRoe"))
    with pytest.raises(ValueError, match="truncated or corrupt") as caught:
        ECGArrayDataset(path, **STACK)
    assert caught.value.__cause__ is None
    assert "Jane" not in str(caught.value)


def change_in_place(path):
    stack = np.load(path, mmap_mode="r+")
    stack[5] *= 1.5
    stack.flush()
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def cut_off(path):
    with path.open("r+b") as file:
        file.truncate(1000)


def replace(path):
    np.save(path.with_name("other.npy"), np.load(path)[:, :, :500])
    path.with_name("other.npy").replace(path)


@pytest.mark.parametrize("change", [change_in_place, cut_off, replace])
@pytest.mark.parametrize("copied", [False, True])
def test_a_file_that_changes_under_a_data_set_is_told_and_kills_nothing(path, change, copied):
    dataset = ECGArrayDataset(path, **STACK)
    dataset[0]
    if copied:  # as to a worker, which opens the file anew
        dataset = pickle.loads(pickle.dumps(dataset))
    change(path)
    for read in (
        lambda: dataset[11],
        lambda: dataset.ecg(11),
        lambda: dataset.scan(progress=False),
    ):
        with pytest.raises(
            RuntimeError, match=r"stack\.npy has changed since this data set was made"
        ):
            read()


def test_a_file_that_is_gone_is_told(path):
    dataset = ECGArrayDataset(path, **STACK)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"stack\.npy"):
        dataset[0]


class Harmful:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_python_objects_are_refused_and_never_unpickled(save, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    array = np.empty((1, 12, 2), dtype=object)
    array[:] = Harmful()
    path = save(array)
    with pytest.raises(ValueError, match="holds Python objects, which are never loaded; stack"):
        ECGArrayDataset(path, **STACK)
    assert not Path("unpickled").exists()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((12, 600)), r"an array \(12, 600\), but a stack has .* with read_ecg"),
        (np.zeros((0, 12, 600)), r"an array \(0, 12, 600\), but a stack"),
        (np.zeros((2, 12, 0)), r"an array \(2, 12, 0\), but a stack"),
        (np.zeros((2, 8, 600)), "file_leads has 12 names, but no axis of .* name all leads"),
        (np.zeros((2, 12, 600), dtype=complex), "holds complex128, but samples must be"),
        (np.zeros((2, 12, 600), dtype=bool), "holds bool, but samples must be"),
        (np.zeros((2, 12, 600), dtype="U1"), "holds <U1, but samples must be"),
    ],
)
def test_an_array_that_is_no_stack_of_ecgs_is_refused(save, array, message):
    path = save(array)
    with pytest.raises(ValueError, match=message) as caught:
        ECGArrayDataset(path, **STACK)
    assert str(path) in str(caught.value)


# Parameters


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"file_unit": "mmHg"}, ValueError, "unit must be V, mV, uV or nV, not 'mmHg'"),
        ({"file_sampling_rate": 0}, ValueError, "^file_sampling_rate must be positive, .* not 0"),
        ({"file_sampling_rate": float("nan")}, ValueError, "must be positive, in Hz, not nan"),
        ({"file_sampling_rate": "500"}, TypeError, "must be a number in Hz, not '500'"),
        ({"file_leads": "I"}, TypeError, "file_leads must be a list of names, .* not 'I'"),
        ({"file_leads": []}, ValueError, "file_leads must name at least one lead"),
        ({"file_leads": [*STANDARD_LEADS[:-1], "V7"]}, ValueError, "V6 is missing and .* V7"),
        ({"file_leads": [*STANDARD_LEADS[:-1], "v5"]}, ValueError, "V5 is there more than once"),
        (
            {"file_leads": ["x", *STANDARD_LEADS[1:]]},
            ValueError,
            "I is missing and .* there are x, II",
        ),
        (
            {"file_leads": ["I", "x", "y", *STANDARD_LEADS[3:]]},
            ValueError,
            "II, III are missing and cannot",
        ),
        ({"lead_axis": 2}, ValueError, "not axis 2 of the array"),
        ({"lead_axis": 0}, ValueError, "lead_axis must be 1 or 2, not 0"),
        ({"n_samples": 0}, ValueError, "n_samples must be at least 1, not 0"),
        ({"n_samples": 2.5}, TypeError, "n_samples must be a whole number"),
        ({"crop": "end"}, ValueError, "crop must be one of random, start, middle, not 'end'"),
        ({"seed": 1}, ValueError, "seed=1 has no effect, since no record is longer than the 600"),
        ({"seed": 1, "n_samples": 600}, ValueError, "leave it out, or pass a smaller n_samples"),
        ({"seed": 1, "n_samples": 9, "crop": "start"}, ValueError, 'no effect on crop="start"'),
        ({"seed": -1, "n_samples": 9}, ValueError, "seed must be at least 0, not -1"),
        ({"seed": 2**64, "n_samples": 9}, ValueError, r"seed must be below 2\*\*64"),
        ({"seed": 1.0, "n_samples": 9}, TypeError, "seed must be a whole number"),
        ({"labels": [1] * 11}, ValueError, r"one for each of the 12 records, .* is \(11,\)"),
        ({"labels": 3}, ValueError, r"one for each of the 12 records, but their shape is \(\)"),
        ({"labels": [None] * 12}, TypeError, "labels must be numbers, strings or arrays"),
        ({"labels": [[1], [2, 3]] * 6}, TypeError, "arrays of numbers of one shape"),
    ],
)
def test_a_wrong_parameter_is_refused(path, options, error, message):
    with pytest.raises(error, match=message):
        ECGArrayDataset(path, **{**STACK, **options})


@pytest.mark.parametrize("name", STACK)
def test_what_the_file_does_not_say_has_to_be_given(path, name):
    given = {key: value for key, value in STACK.items() if key != name}
    with pytest.raises(ValueError, match=rf"does not say what it holds; pass {name}=, or write it"):
        ECGArrayDataset(path, **given)


# Wrong data


@pytest.mark.parametrize("lead_axis", [1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_refused_with_its_place(save, signals, value, lead_axis):
    stack = signals.copy()
    stack[1, 7, 300:302] = value
    path = save(stack if lead_axis == 1 else stack.transpose(0, 2, 1))
    dataset = ECGArrayDataset(path, **STACK)
    message = (
        r"stack\.npy, record 1: 2 sample\(s\) are NaN or infinite, first in lead V2, sample 300"
    )
    for number in (1, -11):
        with pytest.raises(ValueError, match=message):
            dataset[number]
    with pytest.raises(ValueError, match=r"stack\.npy, record 1: .* in V2 \(2 of its samples\)"):
        dataset.ecg(1)
    cropped = ECGArrayDataset(path, **STACK, n_samples=580, crop="middle")
    with pytest.raises(ValueError, match="sample 300"):
        cropped[1]


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (np.nan, "first in lead V4, sample 0; leave it out with skip=.1., and find .* with scan"),
        (9e-4, "V4 is flat; .*; leave it out with skip=.1., and find all such records with scan"),
    ],
)
def test_a_lead_is_named_as_the_file_orders_it(save, signals, factor, message):
    names = EIGHT_LEADS[::-1]
    stack = signals[:, [STANDARD_LEADS.index(lead) for lead in names]]
    v4 = stack[1, names.index("V4")]
    v4 *= factor * np.ptp(stack[1], axis=1).max() / np.ptp(v4)
    dataset = ECGArrayDataset(save(stack), **{**STACK, "file_leads": names})
    with pytest.raises(ValueError, match=rf"stack\.npy, record 1.*{message}"):
        dataset[1]


def test_only_samples_that_are_read_are_looked_at(save, signals):
    stack = signals.copy()
    stack[1, 7, 300] = np.nan
    dataset = ECGArrayDataset(save(stack), **STACK, n_samples=300, crop="start")
    np.testing.assert_array_equal(dataset[1], signals[1, :, :300])


@pytest.mark.parametrize(
    ("row", "factor", "message"),
    [
        (slice(None), 3e34, "leads span up to .*e[+]34 mV, but a heart makes"),
        (slice(None), 1e-4, "leads span up to .* is the unit right"),
        (7, 0, "V2 is flat"),
        (slice(None), 0, "I, II, .*, V6 are flat"),
    ],
)
def test_an_item_that_no_heart_makes_is_refused_wherever_it_is(save, signals, row, factor, message):
    # Record 1 is not among those that are looked at when the data set is made.
    stack = signals.copy()
    stack[1, row] *= factor
    path = save(stack)
    dataset = ECGArrayDataset(path, **STACK, n_samples=500, crop="middle")
    with pytest.raises(ValueError, match=rf"stack\.npy, record 1: from sample 50: {message}"):
        dataset[1]
    unchecked = ECGArrayDataset(path, **STACK, check=False)
    np.testing.assert_array_equal(unchecked[1], stack[1])


def test_a_gap_of_all_leads_is_refused_wherever_it_is(save, ecg):
    stack = np.tile(ecg.signal[:, :3000], (12, 1, 1))
    for record, length in ((1, 520), (3, 480)):
        stack[record, :, 1200 : 1200 + length] = 0
    path = save(stack)
    dataset = ECGArrayDataset(path, **STACK)
    with pytest.raises(ValueError, match=r"record 1: no lead changes from 2\.4 to 3\.4 s"):
        dataset[1]
    np.testing.assert_array_equal(dataset[3], stack[3])
    assert tuple(dataset.scan(progress=False)) == (1,)


def test_a_unit_may_be_a_number_of_millivolts(save, signals):
    dataset = ECGArrayDataset(save(2 * signals), **{**STACK, "file_unit": 0.5})
    np.testing.assert_array_equal(dataset[3], signals[3])


def test_an_artefact_is_no_reason_to_refuse_an_item(save, signals):
    stack = signals.copy()
    stack[1, 6:, :3] = 25
    np.testing.assert_array_equal(ECGArrayDataset(save(stack), **STACK)[1], stack[1])


def aVL_and_aVF_exchanged(stack):
    stack[:, [4, 5]] = stack[:, [5, 4]]


def a_flat_lead(stack):
    stack[:, 9] = 0.1


def microvolts(stack):
    stack *= 1000


def a_record_of_nan(stack):
    stack[-1] = np.nan


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (aVL_and_aVF_exchanged, "record 0: limb leads contradict .* aVL and aVF look exchanged"),
        (a_flat_lead, "record 0: V4 is flat"),
        (microvolts, "record 0: leads span up to .* is the unit right"),
        (a_record_of_nan, r"record 11: 7200 sample\(s\) are NaN or infinite, first in lead I"),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_data_that_cannot_be_right_are_refused_at_once_unless_asked_for(
    save, signals, spoil, message, dtype
):
    stack = signals.copy()
    spoil(stack)
    path = save(stack.astype(dtype))
    with pytest.raises(ValueError, match=message) as caught:
        ECGArrayDataset(path, **STACK)
    assert str(path) in str(caught.value)
    assert "pass check=False" in str(caught.value)
    dataset = ECGArrayDataset(path, **STACK, check=False)
    np.testing.assert_array_equal(dataset[11], stack[11].astype(dtype))


@pytest.mark.parametrize("wrong", range(14))
def test_a_run_of_a_seventh_of_the_records_cannot_be_wrong_unnoticed(save, signals, wrong):
    stack = np.concatenate([signals, signals[:3]])
    stack[wrong : wrong + 2, 7] = 0
    path = save(stack)
    with pytest.raises(ValueError, match=r"record \d+: V2 is flat"):
        ECGArrayDataset(path, **STACK)


# Records that are left out


SPOILED = (1, 3, 8)


@pytest.fixture
def spoiled(save, signals):
    """A stack of which record 1 has a gap, 3 a flat lead and 8 exchanged leads."""
    stack = signals.copy()
    stack[1, 7, 550:] = np.nan
    stack[3, 9] = 0.1
    stack[8, [4, 5]] = stack[8, [5, 4]]
    return save(stack)


def test_a_scan_lists_all_records_that_cannot_be_used_with_the_reason(spoiled):
    found = ECGArrayDataset(spoiled, **STACK, check=False).scan(progress=False)
    assert tuple(found) == SPOILED
    assert found[1] == "50 sample(s) are NaN or infinite, first in lead V2, sample 550"
    assert found[3].startswith("V4 is flat")
    assert "aVL and aVF look exchanged" in found[8]


def test_records_that_are_skipped_are_not_there_and_labels_stay_with_the_others(spoiled, signals):
    found = ECGArrayDataset(spoiled, **STACK, check=False).scan(progress=False)
    dataset = ECGArrayDataset(spoiled, **STACK, labels=range(N_RECORDS), skip=found)
    kept = [number for number in range(N_RECORDS) if number not in SPOILED]
    assert len(dataset) == len(kept)
    assert [int(label) for _, label in dataset] == kept
    for number, record in enumerate(kept):
        np.testing.assert_array_equal(dataset[number][0], signals[record])
        np.testing.assert_array_equal(dataset.ecg(number - len(kept)), signals[record])
    assert dataset.scan(progress=False) == {}
    assert list(pickle.loads(pickle.dumps(dataset))[8][0][0]) == list(dataset[8][0][0])


def test_a_skipped_record_changes_no_crop_of_another(ramp):
    whole = crops_of(ramp, n_samples=10, seed=3)
    less = crops_of(ramp, n_samples=10, seed=3, skip=[0, 5])
    starts = starts_of(whole)
    assert starts_of(less) == [start for number, start in enumerate(starts) if number not in (0, 5)]


def test_an_error_at_an_item_names_the_number_to_skip(save, signals):
    stack = signals.copy()
    stack[3, 9] = 0.1  # not among those that are looked at when the data set is made
    dataset = ECGArrayDataset(save(stack), **STACK, skip=[0])
    with pytest.raises(
        ValueError, match=r"record 3: .*; leave it out with skip=\[3\], and find all"
    ):
        dataset[2]


@pytest.mark.parametrize("seed", [None, 0])
def test_a_scan_finds_every_record_of_which_a_crop_is_refused(save, ecg, seed):
    stack = np.tile(ecg.signal[:, :600], (6, 1, 1))
    stack[1, 7, 100:420] = 0.1  # flat for longer than a crop
    stack[2, 7, 100:400] = 0.1  # for exactly one
    stack[3, 7, 100:399] = 0.1  # for less
    stack[4, :, 599] = np.inf
    stack[5, 6:, 3] = 25  # an artefact
    options = {"n_samples": 300, "seed": seed, "check": False}
    dataset = ECGArrayDataset(save(stack), **STACK, **options)
    refused = {}
    for record, start in product(range(6), range(301)):
        crop = stack[record, :, start : start + 300]
        if not np.isfinite(crop).all() or ECG(crop, 500).problems():
            refused.setdefault(record, start)
    found = dataset.scan(progress=False)
    assert found.keys() == refused.keys() == {1, 2, 4}
    assert refused[2] == 100
    assert found[2].startswith("from sample 100: V2 is flat")


def test_what_no_crop_shows_is_no_reason(spoiled):
    cut = ECGArrayDataset(spoiled, **STACK, n_samples=550, crop="start", check=False)
    assert tuple(cut.scan(progress=False)) == (3, 8)
    checked = ECGArrayDataset(spoiled, **STACK, n_samples=550, crop="start", skip=[3, 8])
    assert torch.isfinite(checked[1]).all()


def scan_until(dataset, journal, record):
    """Scan until a record is reached, where the run is stopped."""

    class Stopped(Exception):
        pass

    def why_not(number, look=dataset._why_not):
        if number == record:
            raise Stopped
        return look(number)

    dataset._why_not = why_not
    with pytest.raises(Stopped):
        dataset.scan(journal, progress=False)
    del dataset._why_not


def test_a_scan_that_was_stopped_goes_on_where_it_was(save, signals, tmp_path):
    stack = np.tile(signals, (25, 1, 1))
    stack[[3, 150, 250], 7] = 0
    dataset = ECGArrayDataset(save(stack), **STACK, check=False, skip=range(50, 60))
    journal = tmp_path / "scan.jsonl"
    scan_until(dataset, journal, 230)
    with journal.open("a") as file:
        file.write('[290, {"2"')  # the line that was being written
    looked_at = []

    def why_not(number, look=dataset._why_not):
        looked_at.append(number)
        return look(number)

    dataset._why_not = why_not
    assert list(dataset.scan(journal, progress=False)) == [3, 150, 250]
    assert looked_at == list(
        range(210, 300)
    )  # the ten that are skipped are not among the first 200
    looked_at.clear()
    assert list(dataset.scan(journal, progress=False)) == [3, 150, 250]
    assert looked_at == []


def test_a_journal_of_another_scan_is_refused(spoiled, tmp_path):
    journal = tmp_path / "scan.jsonl"
    ECGArrayDataset(spoiled, **STACK, check=False).scan(journal, progress=False)
    others = (
        {"n_samples": 300},
        {"n_samples": 300, "crop": "start"},
        {"missing_leads": "nan"},
        {"invalid": 0},
        {"skip": [1]},
        {"file_leads": STANDARD_LEADS[::-1]},
        {"file_unit": "uV"},
    )
    for options in others:
        dataset = ECGArrayDataset(spoiled, **{**STACK, **options}, check=False)
        with pytest.raises(ValueError, match=r"scan\.jsonl is the journal of another scan"):
            dataset.scan(journal, progress=False)
    journal.write_text("Jane Roe\n")
    with pytest.raises(ValueError, match="is the journal of another scan") as caught:
        ECGArrayDataset(spoiled, **STACK, check=False).scan(journal, progress=False)
    assert "Jane" not in str(caught.value)


def test_a_scan_is_counted_on_a_progress_bar_that_can_be_left_out(path, capsys):
    dataset = ECGArrayDataset(path, **STACK)
    dataset.scan()
    assert "records: 100%" in capsys.readouterr().err
    dataset.scan(progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("skip", "error", "message"),
    [
        ([12], ValueError, "skip must hold numbers of records, from 0 to 11, not 12"),
        ([-1], ValueError, "from 0 to 11, not -1"),
        ([1.5], TypeError, "float"),
        (range(12), ValueError, "skip leaves out all of the 12 records"),
    ],
)
def test_a_wrong_skip_is_refused(path, skip, error, message):
    with pytest.raises(error, match=message):
        ECGArrayDataset(path, **STACK, skip=skip)


# Leads that are missing


def with_missing(signals):
    stack = signals.copy()
    stack[1, 7] = np.nan
    stack[2, 9] = 0.1
    stack[3] = 0
    return stack


def test_leads_that_are_nan_throughout_may_be_declared_missing(save, signals):
    stack = with_missing(signals)
    path = save(stack)
    dataset = ECGArrayDataset(path, **STACK, missing_leads="nan", skip=[2, 3])
    np.testing.assert_array_equal(dataset[1], stack[1])
    with pytest.raises(ValueError, match="record 1: 600 sample"):
        ECGArrayDataset(path, **STACK, skip=[2, 3])
    dataset = ECGArrayDataset(path, **STACK, missing_leads="nan", check=False)
    assert tuple(dataset.scan(progress=False)) == (2, 3)


@pytest.mark.parametrize("check", [True, False])
def test_flat_leads_may_be_declared_missing(save, signals, check):
    stack = with_missing(signals)
    dataset = ECGArrayDataset(
        save(stack), **STACK, missing_leads="flat", skip=[3] * check, check=check
    )
    stack[2, 9] = np.nan
    for number in range(3):
        np.testing.assert_array_equal(dataset[number], stack[number])


def test_a_record_without_any_lead_is_refused(save, signals):
    dataset = ECGArrayDataset(save(with_missing(signals)), **STACK, missing_leads="flat", skip=[0])
    with pytest.raises(ValueError, match="record 3: no lead has a signal; leave it out"):
        dataset[2]


def test_a_gap_is_no_missing_lead(save, signals):
    stack = signals.copy()
    stack[1, 7, 3] = np.nan
    path = save(stack)
    for missing_leads in ("nan", "flat"):
        dataset = ECGArrayDataset(path, **STACK, missing_leads=missing_leads)
        with pytest.raises(
            ValueError, match=r"1 sample\(s\) are NaN or infinite, first in lead V2"
        ):
            dataset[1]


def test_the_rest_of_a_record_with_missing_leads_is_checked(save, signals):
    stack = with_missing(signals)
    stack[1] *= 1000
    path = save(stack)
    with pytest.raises(ValueError, match=r"record 1: leads span up to .* is the unit right"):
        ECGArrayDataset(path, **STACK, missing_leads="nan", skip=[2, 3])


def test_leads_that_follow_from_a_missing_one_are_missing(save, signals):
    stack = signals[:, [STANDARD_LEADS.index(lead) for lead in EIGHT_LEADS]].copy()
    stack[1, 0] = np.nan
    dataset = ECGArrayDataset(
        save(stack), **{**STACK, "file_leads": EIGHT_LEADS}, missing_leads="nan"
    )
    missing = torch.isnan(dataset[1]).all(dim=1)
    assert np.array(STANDARD_LEADS)[missing].tolist() == ["I", "III", "aVR", "aVL", "aVF"]


@pytest.mark.parametrize("missing_leads", ["nan", "flat"])
def test_a_collator_masks_around_leads_that_a_data_set_says_are_missing(
    save, signals, missing_leads
):
    path = save(with_missing(signals))
    dataset = ECGArrayDataset(path, **STACK, missing_leads=missing_leads, check=False, skip=[3])
    collate = PatchMaskCollator(PerLead(RandomPatches(0.5)), patch_size=25, missing_leads="nan")
    masked = collate([dataset[number] for number in range(2 + (missing_leads == "flat"))])
    tokens = torch.cat([masked.context, *masked.targets], dim=1)
    assert not ((tokens[1] >= 7 * 24) & (tokens[1] < 8 * 24)).any()


def test_a_wrong_word_for_missing_leads_is_refused(path):
    with pytest.raises(ValueError, match=r"missing_leads must be .*, not 'V1'"):
        ECGArrayDataset(path, **STACK, missing_leads="V1")


# Samples that are none


@pytest.mark.parametrize(
    ("dtype", "invalid", "given"),
    [
        ("int16", -32768, None),
        (">i2", -32768, None),
        ("int32", -(2**31), None),
        ("int16", 32767, 32767),
        ("uint16", 65535, 65535),
        ("float32", -9999, -9999),
        ("float16", 65504, 65504),
    ],
)
@pytest.mark.parametrize("lead_axis", [1, 2])
def test_a_number_that_stands_for_no_sample_becomes_nan(
    save, signals, dtype, invalid, given, lead_axis
):
    stack = (1000 * signals + 5000 * (dtype == "uint16")).astype(dtype)
    stack[1, 7, 300] = invalid
    path = save(stack if lead_axis == 1 else stack.transpose(0, 2, 1))
    how = {**STACK, "file_unit": "uV", "invalid": given}
    dataset = ECGArrayDataset(path, **how, check=False)
    assert torch.isnan(dataset[1]).nonzero().tolist() == [[7, 300]]
    reason = "1 sample(s) are NaN or infinite, first in lead V2, sample 300"
    assert dataset.scan(progress=False)[1] == reason


def test_the_least_number_is_a_sample_if_another_stands_for_none(save, signals):
    stack = (1000 * signals).astype(np.int16)
    stack[1, 7, 300] = -32768
    item = ECGArrayDataset(save(stack), **{**STACK, "file_unit": "uV"}, invalid=32767, check=False)[
        1
    ]
    assert item[7, 300] == pytest.approx(-32.768)


@pytest.mark.parametrize(
    ("invalid", "error", "message"),
    [
        (40_000, ValueError, "invalid=40000 is no number of type int16"),
        (0.5, ValueError, "invalid=0.5 is no number of type int16"),
        ("x", TypeError, "invalid must be a number, not 'x'"),
    ],
)
def test_a_number_that_the_file_cannot_hold_is_refused(save, signals, invalid, error, message):
    path = save((1000 * signals).astype(np.int16))
    with pytest.raises(error, match=message):
        ECGArrayDataset(path, **{**STACK, "file_unit": "uV"}, invalid=invalid)


# With collators


@pytest.mark.parametrize("workers", [0, 2])
def test_collators_take_the_items(path, signals, workers):
    dataset = ECGArrayDataset(path, **STACK, n_samples=400, crop="start", labels=range(N_RECORDS))
    collate = MaskCollator(patch_size=5)
    loader = DataLoader(dataset, batch_size=4, collate_fn=collate, num_workers=workers)
    seen = []
    for (batch, labels), context, targets in loader:
        assert context.shape[1] + targets.shape[1] == 80
        np.testing.assert_array_equal(batch, signals[labels, :, :400])
        seen += labels.tolist()
    assert seen == list(range(N_RECORDS))


def test_the_last_item_tells_a_collator_what_is_padding(path):
    dataset = ECGArrayDataset(path, **STACK, n_samples=1000, lengths=True, labels=range(N_RECORDS))
    collate = PatchMaskCollator(RandomPatches(0.5), patch_size=25, lengths_key=-1)
    for masked in DataLoader(dataset, batch_size=4, collate_fn=collate):
        assert masked.padding.tolist() == [[False] * 24 + [True] * 16] * 4
        assert masked.context.max() < 24
        assert masked.targets[0].max() < 24


def test_r_peaks_as_labels_stay_with_their_record_and_its_length(path):
    # Three beats to a record, which end at other patches in each record.
    ends = 40 + np.arange(N_RECORDS)[:, None] + [0, 40]
    peaks = 100 + 5 * np.arange(N_RECORDS)[:, None] + [0, 200, 400]
    dataset = ECGArrayDataset(path, **STACK, n_samples=1000, lengths=True, labels=peaks)
    collate = PatchMaskCollator(Beats(0.34), patch_size=5, r_peaks_key=1, lengths_key=-1)
    torch.manual_seed(0)
    loader = DataLoader(dataset, batch_size=4, sampler=range(11, -1, -1), collate_fn=collate)
    for masked, rows in zip(loader, np.split(np.arange(11, -1, -1), 3), strict=True):
        for target, record in zip(masked.targets[0], rows, strict=True):
            assert len(set(np.searchsorted(ends[record], target.numpy(), side="right"))) == 1
        assert max(masked.context.max(), masked.targets[0].max()) < LENGTH // 5


# WFDB


def test_a_wfdb_item_is_the_record_in_millivolt(folder, signals):
    dataset = wfdb_dataset(*folder)
    assert len(dataset) == N_RECORDS
    for number, (item, signal) in enumerate(zip(dataset, signals, strict=True)):
        assert item.dtype == torch.float32
        np.testing.assert_allclose(item, signal, atol=1e-4)
        np.testing.assert_array_equal(dataset.ecg(number), item)
    dataset[0].zero_()
    np.testing.assert_allclose(dataset[0], signals[0], atol=1e-4)


def test_records_come_at_one_rate_in_standard_order_whatever_the_files_have(tmp_path, ecg):
    write_record(tmp_path, "one", ecg.resample(1000), rate=1000)
    order = [3, 4, 5, 0, 1, 2, *range(11, 5, -1)]
    shuffled = [PTB_XL_LEADS[row] for row in order]
    write_record(tmp_path, "two", 1000 * ecg.signal[order], names=shuffled, unit="uV")
    dataset = wfdb_dataset(tmp_path, ["one", "two"], sampling_rate=250, n_samples=2500)
    expected = ecg.resample(250)
    for number in (0, 1):
        assert dataset.ecg(number).sampling_rate == 250
        np.testing.assert_allclose(dataset[number], expected, atol=0.02)


def test_wfdb_records_are_cropped_padded_and_labelled(folder, ecg):
    root, names = folder
    write_record(root, "long", ecg)
    dataset = wfdb_dataset(
        root, [names[0], "long"], n_samples=1000, crop="middle", labels=["a", "b"], lengths=True
    )
    (short, a, of_short), (long, b, of_long) = dataset
    assert (a, of_short, b, of_long) == ("a", LENGTH, "b", 1000)
    assert short.shape == long.shape == (12, 1000)
    assert not short[:, LENGTH:].any()
    np.testing.assert_allclose(long, ecg.signal[:, 2000:3000], atol=1e-4)


def test_records_of_different_lengths_need_a_number_of_samples(folder, ecg):
    root, names = folder
    write_record(root, "long", ecg)
    message = r"at 250 Hz, \S+_hr has 300 samples, but long has 2500; pass n_samples="
    with pytest.raises(ValueError, match=message):
        wfdb_dataset(root, [*names, "long"], sampling_rate=250)


def test_records_of_one_duration_come_whole_whatever_their_rates(tmp_path, ecg):
    for rate in (250, 500, 1000):
        write_record(tmp_path, f"{rate}", ecg.resample(rate), rate=rate)
    dataset = wfdb_dataset(tmp_path, ["250", "500", "1000"])
    for item in dataset:
        assert item.shape == (12, 5000)
        np.testing.assert_allclose(item, ecg, atol=0.1)


@pytest.mark.parametrize("rate", [1000, 999, 257, 360.0001, 128.5])
def test_headers_tell_how_long_records_are_at_another_rate(tmp_path, signals, rate):
    write_record(tmp_path, "one", signals[0, :, :599], rate=rate)
    whole = wfdb_dataset(tmp_path, ["one"], lengths=True)
    signal, length = whole[0]
    assert whole.n_samples == length == signal.shape[1] == whole.ecg(0).signal.shape[1]
    cut = wfdb_dataset(tmp_path, ["one"], n_samples=length - 1, seed=0)
    assert cut[0].shape == (12, length - 1)
    with pytest.raises(ValueError, match="no record is longer"):
        wfdb_dataset(tmp_path, ["one"], n_samples=length, seed=0)


def test_a_record_that_cannot_be_resampled_is_found_in_its_header(tmp_path, signals):
    write_record(tmp_path, "fast", signals[0], rate=10**8)
    with pytest.raises(ValueError, match="fast: 600 samples at 100000000 Hz cannot be resampled"):
        wfdb_dataset(tmp_path, ["fast"])


def test_seeded_crops_of_wfdb_records_are_the_same_in_every_worker(folder):
    def epochs(**options):
        dataset = wfdb_dataset(*folder, n_samples=500, seed=3)
        loader = DataLoader(dataset, batch_size=4, **options)
        for epoch in (0, 1):
            dataset.set_epoch(epoch)
            yield torch.cat(list(loader))

    in_main = list(epochs())
    in_workers = list(epochs(num_workers=2, persistent_workers=True))
    assert not torch.equal(*in_main)
    assert all(map(torch.equal, in_main, in_workers))


def test_a_table_lists_the_records(folder, signals):
    root, names = folder
    table = pd.DataFrame(
        {"age": 56, "strat_fold": range(1, 13), "filename_hr": names, "axis": ["left", "right"] * 6}
    )
    table.to_csv(root / "ptbxl_database.csv", index=False)
    dataset = WFDBDataset.from_csv(
        root, "ptbxl_database.csv", labels="strat_fold", n_samples=300, crop="start", progress=False
    )
    for number, (signal, label) in enumerate(dataset):
        assert (label, label.dtype) == (number + 1, torch.int64)
        np.testing.assert_allclose(signal, signals[number, :, :300], atol=1e-4)
    words = WFDBDataset.from_csv(root, "ptbxl_database.csv", labels="axis", progress=False)
    assert [label for _, label in words] == ["left", "right"] * 6
    assert WFDBDataset.from_csv(root, "ptbxl_database.csv", progress=False)[0].shape == (12, 600)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["2", "1", "3"], [2, 1, 3]),
        (["2", "1.5", "3"], [2, 1.5, 3]),
        (["2", "nan", "3"], ["2", "nan", "3"]),
        (["2", "inf", "3.5"], ["2", "inf", "3.5"]),
        (["2", "SR", "nan"], ["2", "SR", "nan"]),
        (["1_0", "2", "3"], ["1_0", "2", "3"]),
        (["007", "8", "9"], ["007", "8", "9"]),
        (["0", "-8", "+9"], [0, -8, 9]),
        (["0.5", "-8e-1", ".25"], [0.5, -0.8, 0.25]),
        (["\u0661", "2", "3"], ["\u0661", "2", "3"]),
        ([str(2**53 + 1), "2", "3"], [str(2**53 + 1), "2", "3"]),
        (["1e999", "2", "3"], ["1e999", "2", "3"]),
    ],
)
def test_labels_are_numbers_if_all_of_them_are(folder, labels, expected):
    root, names = folder
    # Excel begins a table with a byte-order mark.
    table = pd.DataFrame({"filename_hr": names[:3], "label": labels})
    table.to_csv(root / "table.csv", index=False, encoding="utf-8-sig")
    dataset = WFDBDataset.from_csv(root, "table.csv", labels="label", progress=False)
    found = [label for _, label in dataset]
    assert found == expected
    assert {isinstance(label, str) for label in found} == {isinstance(expected[0], str)}


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("file,fold\none,1\n", {}, "no column 'filename_hr' among its 2; the first line"),
        ("file,fold\none,1\n", {"column": "file", "labels": "age"}, "no column 'age'"),
        ("file,fold\none,\n", {"column": "file", "labels": "fold"}, "row 0 has no fold"),
        ("file,fold\none,1\n,2\n", {"column": "file"}, "row 1 has no file"),
        ("file,fold\none,1\ntwo\n", {"column": "file", "labels": "fold"}, "row 1 has no fold"),
        ("file,file\none,1\n", {"column": "file"}, "has 2 columns 'file' among its 2"),
        (
            "file\n/etc/one\n",
            {"column": "file"},
            "row 0: the path in column file leaves the folder",
        ),
        ("file\none\na/../../b\n", {"column": "file"}, "row 1: the path in column file leaves"),
        ("file\n..\\b\n", {"column": "file"}, "row 0: the path in column file leaves the folder"),
        ("file\nC:\\b\n", {"column": "file"}, "row 0: the path in column file leaves the folder"),
        (
            "filename_lr,age\none,1\n",
            {},
            "no column 'filename_hr' among its 2, among them filename_lr",
        ),
        ("", {}, "no column 'filename_hr' among its 0"),
    ],
)
def test_a_table_that_lacks_something_is_refused(tmp_path, content, options, message):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(ValueError, match=rf"table\.csv.*{message}"):
        WFDBDataset.from_csv(tmp_path, "table.csv", **options)


@pytest.mark.parametrize(
    "content",
    [
        b"Jane Roe,1970-01-01,one\nJohn Doe,1980-01-01,two\n",
        b"filename_hr,name\n,Jane Roe\n",
        b"filename_hr\n../Jane Roe\n",
        b"filename_hr\nJane Roe\n",
        b"filename_hr\nJane \xff Roe\n",
        b'filename_hr\n"Jane Roe' + b" " * 200_000 + b'"\n',
        "Jane Roe;one".encode("utf-16"),
    ],
)
def test_no_text_of_a_table_is_shown(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"table\.csv|records in .* cannot be used") as caught:
        WFDBDataset.from_csv(tmp_path, "table.csv", progress=False)
    error = caught.value
    while error is not None:
        assert "Jane" not in str(error)
        error = error.__cause__


def test_all_records_that_cannot_be_used_are_found_at_once(folder, signals):
    root, names = folder
    signal = signals[0]
    write_record(root, "few", signal[1:], names=PTB_XL_LEADS[1:])
    write_record(root, "pressure", signal, unit="mmHg")
    write_record(root, "headless", signal)
    (root / "headless.dat").unlink()
    (root / "corrupt.hea").write_text("nothing that wfdb knows\n")
    wrong = ["few", "pressure", "headless", "corrupt", "absent"]
    with pytest.raises(ValueError, match=r"5 of 17 records .*; leave them out") as caught:
        wfdb_dataset(root, [*names, *wrong])
    message = str(caught.value)
    assert str(root) in message
    assert "few: I is missing and cannot be derived from I and II; there are II, III" in message
    assert "pressure: the unit in the file must be V, mV, uV or nV, but is another" in message
    assert "headless: a file that the header names is missing" in message
    assert "corrupt: the first line of the header must be a name" in message
    assert "record 16: there is no header of this name; leave" in message
    assert message.endswith("leave them out with skip=[12, 13, 14, 15, 16]")
    dataset = wfdb_dataset(root, [*names, *wrong], skip=[12, 13, 14, 15, 16])
    assert len(dataset) == 12
    with pytest.raises(ValueError, match=r"record 4: there is no header.* and 2 more; leave"):
        wfdb_dataset(root, list("abcdefg"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("/mV", "/mmHg", "the unit in the file must be V, mV, uV or nV, but"),
        (" V6", "", "the file does not name all of its 12 channels"),
    ],
)
def test_each_lead_of_a_header_is_looked_at(folder, before, after, message):
    root, names = folder
    header = root / f"{names[1]}.hea"
    *lines, last = [line for line in header.read_text().splitlines() if line[0] != "#"]
    assert before in last
    header.write_text("\n".join([*lines, last.replace(before, after)]) + "\n")
    with pytest.raises(ValueError, match=f"1 of 12 records .*00001_hr: {message}"):
        wfdb_dataset(root, names)


def test_signals_that_are_no_leads_may_have_any_unit(tmp_path, signals):
    pressure = np.linspace(10, 20, LENGTH)[None]
    write_record(
        tmp_path, "one", np.concatenate([pressure, signals[0]]), names=["ABP", *PTB_XL_LEADS]
    )
    header = tmp_path / "one.hea"
    header.write_text(header.read_text().replace("/mV", "/mmHg", 1))
    np.testing.assert_allclose(wfdb_dataset(tmp_path, ["one"])[0], signals[0], atol=1e-3)


def test_wfdb_records_that_cannot_be_right_are_refused_unless_asked_for(tmp_path, signals):
    stack = signals.copy()
    aVL_and_aVF_exchanged(stack)
    write_record(tmp_path, "one", stack[0])
    with pytest.raises(ValueError, match=r"one.*aVL and aVF look exchanged"):
        wfdb_dataset(tmp_path, ["one"])
    dataset = wfdb_dataset(tmp_path, ["one"], check=False)
    np.testing.assert_allclose(dataset[0], stack[0], atol=1e-4)
    np.testing.assert_array_equal(dataset.ecg(0), dataset[0])


def test_every_wfdb_record_is_checked_as_it_is_read(folder, signals):
    root, names = folder
    signal = signals[1].copy()
    signal[7] = 0.1
    write_record(root, names[1], signal)
    dataset = wfdb_dataset(root, names)
    with pytest.raises(ValueError, match=r"00001_hr.*V2 is flat"):
        dataset[1]


def test_wfdb_records_all_over_the_data_set_are_looked_at_before_training(folder, signals):
    root, names = folder
    signal = signals[5].copy()
    signal[7] = 0.1
    write_record(root, names[5], signal)
    with pytest.raises(ValueError, match=r"00005_hr.*V2 is flat"):
        wfdb_dataset(root, names)


def test_a_wfdb_record_with_gaps_is_refused_by_name(folder, signals):
    root, names = folder
    signal = signals[1].copy()
    signal[7, 3] = np.nan
    write_record(root, names[1], signal)
    dataset = wfdb_dataset(root, names)
    with pytest.raises(
        ValueError,
        match=r"00001_hr.*NaN or infinite, first in lead V2, sample 3; leave it out with skip=.1.",
    ):
        dataset[1]


@pytest.mark.parametrize(
    ("records", "options", "error", "message"),
    [
        ("one", {}, TypeError, "records must be a list of names, not the string 'one'"),
        ([], {}, ValueError, "records must name at least one record"),
        (["one"], {"labels": [1, 2]}, ValueError, "one for each of the 1 records"),
        (["one"], {"seed": 1}, ValueError, "seed=1 has no effect"),
        (["one"], {"sampling_rate": -1}, ValueError, "sampling_rate must be positive"),
        (["one"], {"n_samples": 0}, ValueError, "n_samples must be at least 1"),
    ],
)
def test_a_wrong_parameter_of_wfdb_records_is_refused(
    tmp_path, signals, records, options, error, message
):
    write_record(tmp_path, "one", signals[0])
    with pytest.raises(error, match=message):
        wfdb_dataset(tmp_path, records, **options)


def test_wfdb_records_are_scanned_and_skipped(folder, signals):
    root, names = folder
    flat = signals[3].copy()
    flat[9] = 0.1
    write_record(root, names[3], flat)
    gap = signals[5].copy()
    gap[7, 550:] = np.nan
    write_record(root, names[5], gap)
    dat = root / f"{names[6]}.dat"
    content = bytearray(dat.read_bytes())
    content[1000] ^= 1
    dat.write_bytes(content)
    dataset = wfdb_dataset(root, names, check=False, labels=range(N_RECORDS))
    found = dataset.scan(progress=False)
    assert tuple(found) == (3, 5, 6)
    assert found[3].startswith("V4 is flat")
    assert found[5].startswith("50 sample(s) are NaN or infinite, first in lead V2, sample 550")
    assert "do not add up to the checksum of the header" in found[6]
    checked = wfdb_dataset(root, names, skip=found, labels=range(N_RECORDS))
    assert [int(label) for _, label in checked] == [0, 1, 2, 4, 7, 8, 9, 10, 11]
    cut = wfdb_dataset(root, names, skip=[3, 6], n_samples=550, crop="start")
    assert torch.isfinite(cut[4]).all()


@pytest.mark.parametrize("rate", [500, 250, 360])
def test_missing_leads_of_wfdb_records_may_be_declared_so(folder, signals, rate):
    root, names = folder
    signal = signals[2].copy()
    signal[7] = np.nan
    signal[8] = 0.1
    write_record(root, names[2], signal, adc_gain=[1000] * 12, baseline=[0] * 12)
    dataset = wfdb_dataset(root, names, sampling_rate=rate, missing_leads="flat")
    missing = torch.isnan(dataset[2])
    assert missing.any(dim=1).nonzero().flatten().tolist() == [7, 8]
    assert missing.all(dim=1).nonzero().flatten().tolist() == [7, 8]
    expected = ECG(np.nan_to_num(signal), 500).resample(rate).signal
    np.testing.assert_allclose(
        dataset[2][~missing[:, 0]], expected[[*range(7), 9, 10, 11]], atol=1e-3
    )


def test_a_gap_in_a_wfdb_record_stays_where_it_is_at_another_rate(folder, signals):
    root, names = folder
    signal = signals[2].copy()
    signal[7, 300:400] = np.nan
    write_record(root, names[2], signal)
    item = wfdb_dataset(root, names, sampling_rate=250, check=False)[2]
    gap = torch.isnan(item).nonzero()
    assert set(gap[:, 0].tolist()) == {7}
    assert gap[:, 1].tolist() == list(range(150, 200))
    expected = ECG(signals[2], 500).resample(250).signal
    np.testing.assert_allclose(item[:7], expected[:7], atol=1e-3)
    np.testing.assert_allclose(item[7, 220:], expected[7, 220:], atol=1e-2)


def test_a_scan_finds_limb_leads_that_contradict_each_other_in_a_crop(tmp_path, ecg):
    signal = ecg.signal.copy()
    signal[2, 1000:1250] += 0.06  # too little to matter in ten seconds
    write_record(tmp_path, "one", signal)
    dataset = wfdb_dataset(tmp_path, ["one"], n_samples=500, seed=0, check=False)
    assert wfdb_dataset(tmp_path, ["one"]).scan(progress=False) == {}
    assert "limb leads contradict I and II: III by" in dataset.scan(progress=False)[0]


@pytest.mark.parametrize("rate", [500, 250])
def test_a_lead_that_is_missing_hides_no_padding(tmp_path, ecg, rate):
    signal = ecg.signal[:, :1600].copy()
    signal[:, 1000:] = 0
    signal[7] = np.nan
    write_record(tmp_path, "one", signal, adc_gain=[1000] * 12, baseline=[0] * 12)
    dataset = wfdb_dataset(
        tmp_path, ["one"], sampling_rate=rate, missing_leads="nan", check=False, lengths=True
    )
    assert dataset.scan(progress=False) == {}
    item, length = dataset[0]
    assert length == 1000 * rate // 500
    assert torch.isnan(item[:, :length]).nonzero()[:, 0].unique().tolist() == [7]
    present = [lead for lead in STANDARD_LEADS if lead != "V2"]
    read = read_ecg(tmp_path / "one", sampling_rate=rate, leads=present)
    np.testing.assert_array_equal(read, item[[*range(7), *range(8, 12)], :length])


def test_a_gap_in_padding_is_a_gap(tmp_path, ecg):
    signal = ecg.signal[:, :1600].copy()
    signal[:, 1000:] = 0
    signal[7, 1200:1300] = np.nan
    write_record(tmp_path, "one", signal, adc_gain=[1000] * 12, baseline=[0] * 12)
    item = wfdb_dataset(tmp_path, ["one"], check=False)[0]
    np.testing.assert_array_equal(
        torch.isnan(item).nonzero(), [[7, sample] for sample in range(1200, 1300)]
    )


def test_a_record_that_changes_under_a_wfdb_data_set_is_told(folder, ecg):
    root, names = folder
    dataset = wfdb_dataset(root, names)
    dataset[2]
    write_record(root, names[2], ecg.signal[:, :500])
    for read in (lambda: dataset[2], lambda: dataset.scan(progress=False)):
        with pytest.raises(
            RuntimeError, match=r"00002_hr\.hea or the samples .* have changed since"
        ):
            read()


def test_leads_of_wfdb_records_may_be_named_by_position(tmp_path, signals):
    write_record(tmp_path, "one", signals[0])
    header = tmp_path / "one.hea"
    first, *lines = header.read_text().splitlines()
    nameless = [line.rpartition(" ")[0] for line in lines]
    header.write_text("\n".join([first, *nameless, ""]))
    with pytest.raises(ValueError, match=r"one: the file does not name all .* with file_leads="):
        wfdb_dataset(tmp_path, ["one"])
    dataset = wfdb_dataset(tmp_path, ["one"], file_leads=PTB_XL_LEADS)
    np.testing.assert_allclose(dataset[0], signals[0], atol=1e-3)
    np.testing.assert_allclose(dataset.ecg(0), signals[0], atol=1e-3)
    with pytest.raises(ValueError, match="one: the file has 12 channels, but file_leads 8 names"):
        wfdb_dataset(tmp_path, ["one"], file_leads=EIGHT_LEADS)


@pytest.mark.parametrize(
    ("lacking", "given"),
    [
        ("its sampling rate", {"file_sampling_rate": 500}),
        ("its unit", {"file_unit": 0.001}),
        ("its unit", {"file_unit": "uV"}),
    ],
)
def test_what_a_header_leaves_open_is_said_of_all_records(tmp_path, signals, lacking, given):
    write_record(tmp_path, "one", signals[0], adc_gain=[1000.0] * 12, baseline=[0] * 12)
    header = tmp_path / "one.hea"
    first, *lines = header.read_text().splitlines()
    if lacking == "its unit":
        lines = [re.sub(r" 1000\.0\(0\)/mV ", " 0/mV ", line) for line in lines]
    else:
        first = "one 12"
    header.write_text("\n".join([first, *lines, ""]))
    with pytest.raises(ValueError, match=f"one: the file does not say {lacking}; give"):
        wfdb_dataset(tmp_path, ["one"])
    dataset = wfdb_dataset(tmp_path, ["one"], **given)
    np.testing.assert_allclose(dataset[0], signals[0], atol=1e-3)
    np.testing.assert_allclose(dataset.ecg(0), signals[0], atol=1e-3)
    assert dataset.scan(progress=False) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"file_sampling_rate": 400}, "file_sampling_rate=400 contradicts the file, .* 500 Hz"),
        ({"file_unit": "uV"}, "file_unit='uV' contradicts the file, which says mV"),
        ({"file_sampling_rate": -1}, "file_sampling_rate must be"),
        ({"file_unit": 0}, "a unit of 0 mV must be positive"),
        ({"file_unit": "mmHg"}, "the unit must be V, mV, uV or nV, not 'mmHg'"),
    ],
)
def test_what_is_said_of_records_must_fit_them(folder, given, message):
    root, names = folder
    with pytest.raises(ValueError, match=message):
        wfdb_dataset(root, names, **given)


def test_a_header_without_a_length_is_no_obstacle(tmp_path, signals):
    write_record(tmp_path, "one", signals[0])
    header = tmp_path / "one.hea"
    first, rest = header.read_text().split("\n", 1)
    assert first == "one 12 500 600"
    header.write_text(f"one 12 500\n{rest}")
    dataset = wfdb_dataset(tmp_path, ["one"])
    assert dataset.n_samples == LENGTH
    np.testing.assert_allclose(dataset[0], signals[0], atol=1e-3)


def change_header(root, change):
    header = root / "one.hea"
    first, *lines = header.read_text().splitlines()
    header.write_text("\n".join([first, *change(lines), ""]))


@pytest.mark.parametrize("rate", [500, 250])
@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines,
        lambda lines: [line.replace(" 16 ", " 16:3 ", line.endswith("V1")) for line in lines],
        lambda lines: [line.replace(" V", " C") for line in lines],
        lambda lines: [line.replace(" AV", " ecg av") for line in lines],
    ],
)
def test_a_wfdb_item_is_what_read_ecg_reads(tmp_path, ecg, change, rate):
    signal = ecg.signal[:, 500:2000].copy()
    write_record(tmp_path, "one", signal)
    change_header(tmp_path, change)
    expected = read_ecg(tmp_path / "one", sampling_rate=rate)
    dataset = wfdb_dataset(tmp_path, ["one"], sampling_rate=rate)
    assert dataset.n_samples == expected.signal.shape[1]
    np.testing.assert_array_equal(dataset[0], expected)


def test_a_record_of_several_segments_is_one_record(tmp_path, signals):
    for number in (0, 1):
        write_record(tmp_path, f"one_{number}", signals[0][:, 300 * number : 300 * (number + 1)])
    (tmp_path / "one.hea").write_text("one/2 12 500 600\none_0 300\none_1 300\n")
    dataset = wfdb_dataset(tmp_path, ["one"])
    np.testing.assert_allclose(dataset[0], signals[0], atol=1e-3)


def test_nothing_that_identifies_a_person_is_kept(folder):
    dataset = wfdb_dataset(*folder)
    dataset[0]
    assert b"Age" in (folder[0] / f"{folder[1][0]}.hea").read_bytes()
    for word in (b"Age", b"Sex"):
        assert word not in pickle.dumps(dataset)


def test_headers_are_counted_on_a_progress_bar_that_can_be_left_out(folder, capsys):
    WFDBDataset(*folder)
    assert "headers: 100%" in capsys.readouterr().err
    wfdb_dataset(*folder)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("library", ["wfdb", "tqdm"])
def test_a_library_that_is_not_installed_is_named_with_how_to_install_it(
    folder, monkeypatch, library
):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf'{library}; .* pip install "ecgmask\[wfdb\]"'):
        WFDBDataset(*folder)
