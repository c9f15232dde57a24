"""Stacks: what is written, what is left out and why, and that a kill changes nothing."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import wfdb

from ecgmask import ECG, STANDARD_LEADS, ECGArrayDataset, read_ecg, write_stack
from ecgmask.convert import main
from ecgmask.stacks import PER_TASK, read_description

N_RECORDS = 3 * PER_TASK + 5
NAMES = [f"records500/{number:05}_hr" for number in range(N_RECORDS)]
FLAT, ABSENT, LONG = 7, 40, 70  # records that are left out
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def folder(ecg, tmp_path_factory):
    """A folder of WFDB records, each of another height; one is flat, one absent, one longer."""
    root = tmp_path_factory.mktemp("records")
    (root / "records500").mkdir()
    for number, name in enumerate(NAMES):
        samples = (0.5 + number / N_RECORDS) * ecg.signal[
            :, 1000 : 1900 if number == LONG else 1600
        ]
        if number == FLAT:
            samples[6] = 0.1
        if number != ABSENT:
            write_record(root / name, samples)
    return root


def write_record(path, samples):
    wfdb.wrsamp(
        path.name,
        500,
        ["mV"] * 12,
        [lead.upper() for lead in STANDARD_LEADS],
        samples.T.astype(float),
        fmt=["16"] * 12,
        write_dir=str(path.parent),
    )


def write(folder, path, records=NAMES, **options):
    options = {"workers": 1, "progress": False, **options}
    return write_stack(records, path, root=folder, **options)


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    """The stack of all records, written without a stop."""
    path = tmp_path_factory.mktemp("written") / "stack.npy"
    with pytest.warns(UserWarning, match="3 of 101 records are left out"):
        write(folder, path)
    return path


def content(path):
    return path.read_bytes(), path.with_name(f"{path.name}.json").read_bytes()


def kept(names=NAMES):
    return [name for number, name in enumerate(names) if number not in (FLAT, ABSENT, LONG)]


# What is written


def test_a_stack_holds_the_records_as_they_are_read_in_their_order(folder, written):
    stack = np.load(written)
    assert stack.dtype == np.float16
    for row, name in zip(stack, kept(), strict=True):
        np.testing.assert_array_equal(row, read_ecg(folder / name).signal.astype(np.float16))


def test_a_data_set_needs_no_more_than_the_path_of_a_stack(folder, written):
    dataset = ECGArrayDataset(written)
    assert repr(dataset) == (
        "<ECGArrayDataset: 98 ECGs of 600 samples at 500 Hz, items of 600 samples>"
    )
    assert dataset.records == tuple(kept())
    np.testing.assert_allclose(dataset[3], read_ecg(folder / NAMES[3]), atol=1e-3)


def test_a_description_says_what_is_left_out_and_why(written):
    reasons = dict(read_description(written).left_out)
    assert list(reasons) == [NAMES[FLAT], NAMES[ABSENT], NAMES[LONG]]
    assert reasons[NAMES[FLAT]].startswith("V1 is flat")
    assert reasons[NAMES[ABSENT]].startswith(f"{NAMES[ABSENT]} does not exist")
    assert reasons[NAMES[LONG]] == (
        "its 900 samples are not the 600 of the first record; pass n_samples="
    )


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(folder, written, tmp_path, workers):
    with pytest.warns(UserWarning, match="left out"):
        write(folder, tmp_path / "stack.npy", workers=workers)
    assert content(tmp_path / "stack.npy") == content(written)


def test_nothing_but_the_two_files_is_left(written):
    assert sorted(path.name for path in written.parent.iterdir()) == [
        "stack.npy",
        "stack.npy.json",
    ]


@pytest.mark.parametrize(("dtype", "digits"), [("float16", 11), ("float32", 24)])
def test_the_largest_rounding_error_is_that_of_the_file(folder, tmp_path, dtype, digits):
    path = tmp_path / "stack.npy"
    names = NAMES[:5]
    said = write(folder, path, names, dtype=dtype, sampling_rate=360).largest_rounding_error
    exact = np.stack([read_ecg(folder / name, sampling_rate=360).signal for name in names])
    assert said == np.abs(np.load(path).astype(np.float32) - exact).max()
    # Half of the last binary digit of the largest power of two that is not above a sample.
    assert said <= 2.0 ** np.floor(np.log2(np.abs(exact).max())) / 2**digits
    assert (said > 0) == (dtype == "float16")


def test_a_sample_of_one_to_two_millivolt_is_off_by_less_than_half_a_microvolt():
    samples = np.linspace(1, 2, 100_001, dtype=np.float32)[:-1]
    error = np.abs(samples.astype(np.float16).astype(np.float32) - samples).max()
    assert 0.00048 < error < 0.00049


def test_records_of_other_lengths_are_cut_or_padded_if_asked_and_their_lengths_noted(
    folder, tmp_path
):
    path = tmp_path / "stack.npy"
    said = write(folder, path, [NAMES[0], NAMES[LONG]], n_samples=700)
    assert said.lengths == (600, 700)
    stack = np.load(path)
    assert not stack[0, :, 600:].any()
    long = read_ecg(folder / NAMES[LONG]).signal[:, :700]
    np.testing.assert_array_equal(stack[1], long.astype(np.float16))


def test_items_are_as_long_as_the_longest_record(folder, tmp_path):
    path = tmp_path / "stack.npy"
    write(folder, path, NAMES[:2], n_samples=700)
    assert ECGArrayDataset(path)[0].shape == (12, 600)
    with pytest.raises(ValueError, match="no record is longer than the 650 samples of an item"):
        ECGArrayDataset(path, n_samples=650, seed=0)


def test_a_scan_passes_over_what_is_noted_as_padding(folder, tmp_path):
    path = tmp_path / "stack.npy"
    write(folder, path, NAMES[:2], n_samples=1200)
    dataset = ECGArrayDataset(path, n_samples=550, check=False)
    assert dataset.scan(progress=False) == {}


def test_a_data_set_crops_within_what_was_recorded(folder, tmp_path):
    path = tmp_path / "stack.npy"
    write(folder, path, [NAMES[0], NAMES[LONG]], n_samples=900)
    dataset = ECGArrayDataset(path, n_samples=500, crop="middle", lengths=True)
    signal, length = dataset[0]
    assert length == 500
    np.testing.assert_allclose(signal, read_ecg(folder / NAMES[0]).signal[:, 50:550], atol=1e-3)
    whole = ECGArrayDataset(path, lengths=True)
    assert [length for _, length in whole] == [600, 900]
    assert whole.ecg(0).signal.shape == (12, 600)


def test_records_of_a_file_that_holds_many_are_pairs(signals_in_hdf5, tmp_path):
    path = tmp_path / "stack.npy"
    records = [(signals_in_hdf5, number) for number in (2, 0)]
    options = {"file_leads": STANDARD_LEADS, "file_unit": "mV", "file_sampling_rate": 400}
    write(".", path, records, sampling_rate=400, key="tracings", **options)
    dataset = ECGArrayDataset(path)
    assert dataset.records == ((str(signals_in_hdf5), 2), (str(signals_in_hdf5), 0))
    assert dataset.sampling_rate == 400
    expected = read_ecg(signals_in_hdf5, index=2, sampling_rate=400, key="tracings", **options)
    np.testing.assert_allclose(dataset[0], expected, atol=1e-3)


@pytest.fixture
def signals_in_hdf5(ecg, tmp_path):
    """Three records, leads last, as CODE-15% has them."""
    path = tmp_path / "exams.hdf5"
    with h5py.File(path, "w") as file:
        heights = np.array([0.6, 0.8, 1], dtype=np.float32)[:, None, None]
        file["tracings"] = heights * ecg.signal.T[:4096]
    return path


def read_text(path):
    """Read what no reader of the package does: a text file of numbers."""
    return ECG(np.loadtxt(path), 500)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_function_of_ones_own_reads_any_format(ecg, tmp_path, workers):
    for number in range(3):
        np.savetxt(tmp_path / f"{number}.txt", (1 + number) * ecg.signal[:, :500])
    (tmp_path / "bad.txt").write_text("no numbers")
    path = tmp_path / "stack.npy"
    with pytest.warns(UserWarning, match=r"1 of 4 records are left out .* bad\.txt: "):
        write(
            tmp_path, path, ["bad.txt", "0.txt", "1.txt", "2.txt"], read=read_text, workers=workers
        )
    stack = torch.stack(list(ECGArrayDataset(path)))
    np.testing.assert_allclose(stack[2], 3 * ecg.signal[:, :500], atol=2e-3)


def test_what_a_function_of_ones_own_returns_is_checked_unless_asked_for(ecg, tmp_path):
    np.savetxt(tmp_path / "uv.txt", 1000 * ecg.signal[:, :500])
    np.savetxt(tmp_path / "mv.txt", ecg.signal[:, :500])
    path = tmp_path / "stack.npy"
    with pytest.warns(UserWarning, match=r"uv\.txt: leads span up to .* is the unit right"):
        assert write(tmp_path, path, ["uv.txt", "mv.txt"], read=read_text).shape[0] == 1
    path.unlink()
    said = write(tmp_path, path, ["uv.txt", "mv.txt"], read=read_text, check=False)
    assert said.shape[0] == 2


def of_rate(path, *, rates):
    return ECG(np.loadtxt(path), rates[Path(path).name])


def test_records_that_do_not_fit_the_first_are_left_out(ecg, tmp_path):
    for name in ("a", "b"):
        np.savetxt(tmp_path / name, ecg.signal[:, :500])
    read = partial(of_rate, rates={"a": 500, "b": 250})
    with pytest.warns(UserWarning, match="b: its 250 Hz are not the 500 Hz of the first record"):
        write(tmp_path, tmp_path / "stack.npy", ["a", "b"], read=read)


def test_samples_too_large_for_their_type_are_no_reason_to_write_infinity(ecg, tmp_path):
    np.savetxt(tmp_path / "a", ecg.signal[:, :500])
    samples = ecg.signal[:, :500].copy()
    samples[6:] += 70_000  # mV, as an amplifier may be off
    np.savetxt(tmp_path / "b", samples)
    with pytest.warns(UserWarning, match="b: it has samples too large for float16; pass dtype="):
        write(tmp_path, tmp_path / "stack.npy", ["a", "b"], read=read_text)
    with pytest.raises(
        ValueError, match="none of the 1 records can be used; b: it has samples too"
    ):
        write(tmp_path, tmp_path / "one.npy", ["b"], read=read_text)
    assert write(tmp_path, tmp_path / "one.npy", ["b"], read=read_text, dtype="float32").shape[0]


def test_records_are_checked_before_the_leads_that_tell_are_gone(ecg, tmp_path):
    samples = ecg.select(["I", "II", "V1"]).signal.copy()
    samples[0] = 0  # aVF is half of II then
    np.save(tmp_path / "three.npy", samples)
    how = {"file_leads": ["I", "II", "V1"], "file_sampling_rate": 500, "file_unit": "mV"}
    with pytest.raises(ValueError, match=r"none of the 1 records can be used; .*: I is flat"):
        write(tmp_path, tmp_path / "stack.npy", ["three.npy"], leads=["aVF", "V1"], **how)


# Stopped at any moment


def run_in_fork(folder, path, **options):
    """Start writing in a process of its own."""
    process = FORK.Process(target=quietly, args=(folder, path), kwargs=options)
    process.start()
    return process


def quietly(folder, path, **options):
    warnings.simplefilter("ignore")
    write(folder, path, **options)


def finish(folder, path):
    """Write what is missing; a run that was killed at its very end has left nothing to do."""
    if not path.exists():
        with pytest.warns(UserWarning, match="left out"):
            write(folder, path)


def test_a_stack_that_was_killed_at_random_moments_is_the_same(folder, written, tmp_path, rng):
    path = tmp_path / "stack.npy"
    start = time.perf_counter()
    process = run_in_fork(folder, tmp_path / "timed.npy", workers=2)
    process.join()
    duration = time.perf_counter() - start
    for number, moment in enumerate(rng.uniform(0, duration, 10)):
        path = tmp_path / f"{number}.npy"
        process = run_in_fork(folder, path, workers=2)
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        finish(folder, path)
        assert content(path) == content(written)


class Ends:
    """Ends this process, as a kill does, at one of the calls that change what is on the disk."""

    def __init__(self, function, count, at):
        self.function, self.count, self.at = function, count, at

    def __call__(self, *args, **options):
        self.count[0] += 1
        if self.count[0] == self.at:
            os._exit(9)
        return self.function(*args, **options)


def end_at(folder, path, at, **options):
    count = [0]
    os.fsync = Ends(os.fsync, count, at)
    for name in ("replace", "unlink"):
        method = getattr(Path, name)
        # As a function, to be bound to its path.
        setattr(Path, name, partialmethod_of(Ends(method, count, at)))
    quietly(folder, path, **options)
    os._exit(0)


def partialmethod_of(function):
    return lambda self, *args, **options: function(self, *args, **options)


def test_a_stack_is_the_same_whichever_step_a_kill_came_before(folder, written, tmp_path):
    codes = []
    for at in range(1, 20):
        path = tmp_path / f"{at}.npy"
        process = FORK.Process(target=end_at, args=(folder, path, at))
        process.start()
        process.join()
        codes.append(process.exitcode)
        if process.exitcode == 0:
            break
        assert process.exitcode == 9
        finish(folder, path)
        assert content(path) == content(written)
    # A row of bytes for each task, then header, description and two new names.
    assert codes.count(9) > 8
    assert codes[-1] == 0


@pytest.mark.parametrize("n_lost", [1, 7, 1000])
def test_a_kill_may_come_in_the_middle_of_a_line(folder, written, tmp_path, n_lost):
    path = tmp_path / "stack.npy"
    process = FORK.Process(target=end_at, args=(folder, path, 4))
    process.start()
    process.join()
    journal = path.with_name("stack.npy.part.jsonl")
    journal.write_bytes(journal.read_bytes()[:-n_lost])
    finish(folder, path)
    assert content(path) == content(written)


def test_a_kill_leaves_no_process_behind(folder, tmp_path):
    path = tmp_path / "stack.npy"
    process = run_in_fork(folder, path, workers=2)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = []
    while len(workers) < 2 and process.is_alive():
        workers = children.read_text().split()
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    deadline = time.monotonic() + 30
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def read_and_note(path, *, notes):
    with notes.open("a") as file:
        file.write(f"{path.parent.name}/{path.name}\n")
    return read_ecg(path)


def test_what_was_written_is_not_read_again(folder, tmp_path):
    path, notes = tmp_path / "stack.npy", tmp_path / "notes"
    # The third file that is brought to the disk is that of the third task.
    options = {"read": read_and_note, "notes": notes}
    process = FORK.Process(target=end_at, args=(folder, path, 4), kwargs=options)
    process.start()
    process.join()
    assert process.exitcode == 9
    notes.unlink()
    with pytest.warns(UserWarning, match="left out"):
        write(folder, path, **options)
    assert notes.read_text().split() == NAMES[2 * PER_TASK :]


def test_a_stack_that_was_begun_otherwise_is_not_gone_on_with(folder, tmp_path):
    path = tmp_path / "stack.npy"
    process = FORK.Process(target=end_at, args=(folder, path, 3))
    process.start()
    process.join()
    for records, options, what in (
        (NAMES[1:], {}, "records"),
        (NAMES, {"dtype": "float32"}, "dtype"),
        (NAMES, {"n_samples": 600}, "n_samples"),
        (NAMES, {"sampling_rate": 250}, "reader"),
        (NAMES, {"check": False}, "reader"),
    ):
        with pytest.raises(ValueError, match=rf"was begun with another {what}; call with the same"):
            write(folder, path, records, **options)


# Refusals


@pytest.mark.parametrize(
    ("records", "options", "error", "message"),
    [
        ([], {}, ValueError, "records must name at least one record"),
        ([NAMES[0], NAMES[1], NAMES[0]], {}, ValueError, "record 2 is the same as record 0"),
        ([3], {}, TypeError, "a record is a path, or a pair .* not a int"),
        ([("a", -1)], {}, TypeError, "a record is a path, or a pair"),
        (NAMES, {"dtype": "int16"}, ValueError, "dtype must be one of float16, float32, not 'int"),
        (NAMES, {"workers": 0}, ValueError, "workers must be at least 1"),
        (NAMES, {"n_samples": 0}, ValueError, "n_samples must be at least 1"),
        (["x", "y"], {}, ValueError, "none of the 2 records can be used; x: .* does not exist"),
    ],
)
def test_a_wrong_call_is_refused(folder, tmp_path, records, options, error, message):
    with pytest.raises(error, match=message):
        write(folder, tmp_path / "stack.npy", records, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(folder, tmp_path):
    path = tmp_path / "stack.npy"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"stack\.npy exists; delete it"):
        write(folder, path)
    with pytest.raises(ValueError, match=r'path must end in "\.npy", not in "\.npz"'):
        write(folder, tmp_path / "stack.npz")
    assert path.read_bytes() == b"mine"


def read_or_die(path):
    if path.name == Path(NAMES[50]).name:
        os._exit(1)
    return read_ecg(path)


def test_a_worker_that_dies_is_told(folder, tmp_path):
    with pytest.raises(RuntimeError, match="a process that read records was killed"):
        write(folder, tmp_path / "stack.npy", read=read_or_die, workers=2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"file_leads": STANDARD_LEADS[::-1]}, "file_leads=.* contradicts stack.npy.json"),
        ({"file_sampling_rate": 250}, "file_sampling_rate=250 contradicts"),
        ({"file_unit": "uV"}, "file_unit='uV' contradicts"),
    ],
)
def test_what_contradicts_the_description_is_refused(written, given, message):
    with pytest.raises(ValueError, match=message):
        ECGArrayDataset(written, **given)


def test_what_the_description_says_may_be_said_too(written):
    leads = [lead.upper() for lead in STANDARD_LEADS]
    dataset = ECGArrayDataset(written, file_leads=leads, file_sampling_rate=500, file_unit="mv")
    assert len(dataset) == 98


def described(tmp_path, written, change):
    path = tmp_path / "stack.npy"
    path.write_bytes(written.read_bytes())
    said = json.loads(written.with_name("stack.npy.json").read_text())
    change(said)
    path.with_name("stack.npy.json").write_text(json.dumps(said))
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("leads"),
        lambda said: said.pop("format"),
        lambda said: said.update(format=2),
        lambda said: said.update(surplus=1),
        lambda said: said["lengths"].pop(),
        lambda said: said["records"].append("Jane Roe"),
        lambda said: said["lengths"].__setitem__(0, 601),
        lambda said: said["left_out"].append("Jane Roe"),
        lambda said: said.update(leads=12),
        lambda said: said.update(sampling_rate="Jane Roe"),
        lambda said: said.update(unit="Jane Roe"),
    ],
)
def test_a_description_that_is_none_is_refused_without_its_text(tmp_path, written, change):
    path = described(tmp_path, written, change)
    with pytest.raises(ValueError, match=r"stack\.npy\.json is no description") as caught:
        ECGArrayDataset(path)
    shown = "".join(str(error) for error in (caught.value, caught.value.__cause__))
    assert "Jane" not in shown


def test_the_description_of_another_file_is_refused(tmp_path, written):
    path = described(tmp_path, written, lambda _: None)
    np.save(path, np.load(path)[:-1])
    with pytest.raises(ValueError, match=r"is not the file that stack\.npy\.json describes"):
        ECGArrayDataset(path)


def test_a_stack_without_description_cannot_say_where_records_come_from(tmp_path, written):
    path = tmp_path / "stack.npy"
    path.write_bytes(written.read_bytes())
    how = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
    with pytest.raises(ValueError, match="has no description beside it"):
        _ = ECGArrayDataset(path, **how).records


# The command


def test_the_command_converts_the_records_of_a_table(folder, written, tmp_path, capsys):
    table = "".join(f"{number},{name}\n" for number, name in enumerate(NAMES))
    (tmp_path / "table.csv").write_text("ecg_id,filename_hr\n" + table)
    path = tmp_path / "stack.npy"
    main([str(folder), "--table", str(tmp_path / "table.csv"), "--out", str(path), "--quiet"])
    assert content(path) == content(written)
    first, second, *left_out = capsys.readouterr().out.splitlines()
    assert first == f"{path}: 98 records x 12 leads x 600 samples, float16, 500 Hz"
    error = float(second.removeprefix("no sample is off by more than ").removesuffix(" µV"))
    of_file = json.loads(path.with_name("stack.npy.json").read_text())["largest_rounding_error"]
    assert error == pytest.approx(1000 * of_file, rel=0.01)
    assert [line.split(": ")[1] for line in left_out] == [NAMES[FLAT], NAMES[ABSENT], NAMES[LONG]]


def test_the_command_converts_the_files_of_a_pattern(folder, tmp_path, capsys):
    path = tmp_path / "stack.npy"
    which = [str(folder), "--pattern", "**/0000[0-3]*.hea", "--out", str(path), "--quiet"]
    how = ["--sampling-rate", "250", "--dtype", "float32", "--workers", "1"]
    main([*which, *how])
    dataset = ECGArrayDataset(path)
    assert dataset.records == tuple(f"{name}.hea" for name in NAMES[:4])
    assert dataset.sampling_rate == 250
    assert capsys.readouterr().err == ""


def test_the_command_takes_what_files_do_not_say(ecg, tmp_path, capsys):
    samples = (1000 * ecg.signal).astype(np.int16)[::-1]
    np.save(tmp_path / "one.npy", samples)
    np.save(tmp_path / "two.npy", np.where(samples == samples.max(), 9999, samples))
    which = [str(tmp_path), "--pattern", "*.npy", "--out", str(tmp_path / "all.npy"), "--quiet"]
    how = ["--file-leads", ",".join(reversed(ecg.leads)), "--file-unit", "0.001"]
    main([*which, *how, "--file-sampling-rate", "500", "--invalid", "9999"])
    assert "left out: two.npy: signal is NaN" in capsys.readouterr().out
    np.testing.assert_allclose(ECGArrayDataset(tmp_path / "all.npy")[0], ecg, atol=0.002)


def test_the_command_says_what_is_wrong_in_a_line(folder, tmp_path):
    command = [sys.executable, "-m", "ecgmask.convert", str(folder), "--pattern", "*.none"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "stack.npy")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "python -m ecgmask.convert: records must name at least one record, but is empty\n"
    )


def test_the_command_shows_no_text_of_a_column_that_names_no_files(ecg, tmp_path):
    (tmp_path / "table.csv").write_text("patient,filename_hr\nMARKER,one\n")
    write_record(tmp_path / "one", ecg.signal)
    command = [str(tmp_path), "--table", "table.csv", "--column", "patient", "--quiet"]
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--out", str(tmp_path / "stack.npy")])
    assert "column patient of table.csv names no file in" in str(stopped.value)
    assert "MARKER" not in str(stopped.value)


def test_records_are_counted_on_a_progress_bar(folder, tmp_path, capsys):
    write(folder, tmp_path / "stack.npy", NAMES[:3], progress=True)
    assert "records: 100%" in capsys.readouterr().err
