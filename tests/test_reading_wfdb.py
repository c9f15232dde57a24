"""WFDB records are what their headers say, sample by sample, or refused."""

import struct

import h5py
import numpy as np
import pytest
import wfdb
from ecg_files import UPPER, write_wfdb
from scipy.io import savemat

from ecgmask import STANDARD_LEADS, read_ecg

V1 = STANDARD_LEADS.index("V1")


@pytest.fixture
def header(tmp_path, ecg):
    return write_wfdb(tmp_path, ecg.signal, UPPER)


def edit(header, *changes):
    """Replace text in a header, where it must be."""
    text = header.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    header.write_text(text)
    return header


def edit_line(header, number, change):
    lines = header.read_text().splitlines()
    lines[number] = change(lines[number])
    header.write_text("\n".join(lines) + "\n")
    return header


def field(position, value):
    """Return a change of one field of a line."""

    def change(line):
        fields = line.split(" ")
        fields[position] = value
        return " ".join(fields)

    return change


def counts(ecg):
    return (ecg.signal * 1000).round().astype(np.int64)


def write_frames(folder, samples, per_frame, rate, **fields):
    """Write signals with several samples in each frame, in counts of a microvolt."""
    record = wfdb.Record(
        record_name="frames",
        n_sig=len(samples),
        fs=rate,
        sig_len=len(samples[0]) // per_frame[0],
        e_d_signal=[np.asarray(each) for each in samples],
        file_name=["frames.dat"] * len(samples),
        fmt=["16"] * len(samples),
        samps_per_frame=list(per_frame),
        adc_gain=[1000.0] * len(samples),
        baseline=[0] * len(samples),
        units=["mV"] * len(samples),
        sig_name=list(STANDARD_LEADS[: len(samples)]),
        **fields,
    )
    record.set_d_features(do_adc=False, expanded=True)
    record.set_defaults()
    record.wrsamp(expanded=True, write_dir=str(folder))
    return folder / "frames.hea"


def test_another_second_of_a_lead_is_found_by_its_checksum(header):
    samples = np.fromfile(header.with_suffix(".dat"), "<i2").reshape(5000, 12)
    samples[1000:1500, V1] = samples[2000:2500, V1]
    samples.tofile(header.with_suffix(".dat"))
    message = "lead V1: its samples do not add up to the checksum of the header; are the files"
    with pytest.raises(ValueError, match=message):
        read_ecg(header)
    with pytest.raises(ValueError, match=message):
        read_ecg(header, check=False)
    assert read_ecg(header, leads=["V2"]).leads == ("V2",)


def test_the_samples_of_another_record_are_found(header, tmp_path, ecg):
    (tmp_path / "other").mkdir()
    other = write_wfdb(tmp_path / "other", ecg.signal * 0.9, UPPER)
    other.with_suffix(".dat").rename(header.with_suffix(".dat"))
    with pytest.raises(ValueError, match="lead I: its samples do not add up to the checksum"):
        read_ecg(header)


def test_samples_in_reverse_are_found_by_the_first(header):
    samples = np.fromfile(header.with_suffix(".dat"), "<i2").reshape(5000, 12)
    samples[::-1].tofile(header.with_suffix(".dat"))
    with pytest.raises(ValueError, match="lead I: its first sample is not the one that the header"):
        read_ecg(header)


@pytest.mark.parametrize("bit", range(0, 16, 3))
def test_one_bit_of_a_lead_is_enough(header, rng, bit):
    samples = np.fromfile(header.with_suffix(".dat"), "<i2")
    where = int(rng.integers(samples.size))
    samples[where] ^= np.int16(1) << np.int16(bit)
    samples.tofile(header.with_suffix(".dat"))
    with pytest.raises(ValueError, match=f"lead {STANDARD_LEADS[where % 12]}: its "):
        read_ecg(header, check=False)


def test_checksums_count_modulo_65536(header, ecg):
    for number in range(1, 13):
        edit_line(header, number, lambda line: field(6, str(int(line.split(" ")[6]) - 2**16))(line))
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


def test_zeros_for_every_signal_are_no_checksums(header, ecg):
    for number in range(1, 13):
        edit_line(header, number, field(6, "0"))
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3
    edit_line(header, 1, field(5, "7"))
    with pytest.raises(ValueError, match="lead I: its first sample"):
        read_ecg(header)
    for number in range(1, 13):
        edit_line(header, number, field(5, "0"))
    assert read_ecg(header).leads == STANDARD_LEADS


def pack(fmt, samples):
    """Return the bytes of samples, as signal(5) describes each format."""
    if fmt == "8":
        steps = np.diff(samples.reshape(-1, 12), axis=0, prepend=0)
        return steps.astype("<i1").tobytes()
    if fmt in ("61", "160"):
        return (samples + (32768 if fmt == "160" else 0)).astype({"61": ">i2", "160": "<u2"}[fmt])
    if fmt == "212":
        first, second = samples[::2] & 0xFFF, samples[1::2] & 0xFFF
        middle = (first >> 8) | (second >> 8 << 4)
        return np.stack([first & 0xFF, middle, second & 0xFF], axis=1).astype(np.uint8)
    one, two, three = (samples & 0x3FF).reshape(-1, 3).T
    if fmt == "311":
        return (one | two << 10 | three << 20).astype("<u4")
    words = [one << 1 | (three & 0x1F) << 11, two << 1 | three >> 5 << 11]
    return np.stack(words, axis=1).astype("<u2")


@pytest.mark.parametrize("fmt", ["8", "61", "160", "212", "310", "311"])
def test_formats_that_wfdb_does_not_write_are_held_to_their_checksums(tmp_path, ecg, fmt):
    # Slow enough for differences of one byte, and small enough for ten bits.
    samples = (ecg.resample(1000).signal.T[:3000] * 100).round().astype(np.int64)
    samples -= samples[0]
    (tmp_path / "r.dat").write_bytes(bytes(pack(fmt, samples.reshape(-1))))
    lines = [
        f"r.dat {fmt} 100/mV 12 0 0 {column.sum() % 2**16} 0 {lead}"
        for column, lead in zip(samples.T, STANDARD_LEADS, strict=True)
    ]
    (tmp_path / "r.hea").write_text("\n".join(["r 12 1000 3000", *lines]) + "\n")
    read = read_ecg(tmp_path / "r", sampling_rate=None)
    assert np.abs(read.signal - samples.T / 100).max() < 1e-6
    edit_line(tmp_path / "r.hea", 3, field(6, "1"))
    with pytest.raises(ValueError, match="lead III: its samples do not add up"):
        read_ecg(tmp_path / "r")


def test_differences_start_from_the_first_value_of_the_header(tmp_path, ecg):
    samples = 40 + (ecg.resample(1000).signal.T[:3000] * 100).round().astype(np.int64)
    samples -= samples[0]
    before = np.arange(12) + 5
    samples += before + 3  # the first difference is 3
    steps = np.diff(samples, axis=0, prepend=before[None])
    (tmp_path / "r.dat").write_bytes(steps.astype("<i1").tobytes())
    lines = [
        f"r.dat 8 100/mV 12 0 {first} {column.sum() % 2**16} 0 {lead}"
        for first, column, lead in zip(before, samples.T, STANDARD_LEADS, strict=True)
    ]
    (tmp_path / "r.hea").write_text("\n".join(["r 12 1000 3000", *lines]) + "\n")
    read = read_ecg(tmp_path / "r", sampling_rate=None, check=False)
    assert np.abs(read.signal - samples.T / 100).max() < 1e-6


@pytest.mark.parametrize("fmt", ["16", "24", "32", "80"])
def test_every_format_that_wfdb_writes_is_held_to_its_checksum(tmp_path, ecg, fmt):
    gain = 50.0 if fmt == "80" else 500.0
    samples = (ecg.signal.T * gain).round().astype(np.int64)
    wfdb.wrsamp(
        "r", 500, ["mV"] * 12, list(UPPER), d_signal=samples, fmt=[fmt] * 12,
        adc_gain=[gain] * 12, baseline=[0] * 12, write_dir=str(tmp_path),
    )  # fmt: skip
    read = read_ecg(tmp_path / "r")
    assert np.abs(read.signal - samples.T / gain).max() < 1e-6
    edit_line(tmp_path / "r.hea", 3, field(6, "1"))
    with pytest.raises(ValueError, match="lead III: its samples do not add up"):
        read_ecg(tmp_path / "r")


@pytest.mark.parametrize("fmt", ["516", "524"])
def test_flac_is_read_and_held_to_its_length(tmp_path, ecg, fmt):
    wfdb.wrsamp(
        "r", 500, ["mV"] * 12, list(UPPER), p_signal=ecg.signal.T.astype(np.float64),
        fmt=[fmt] * 12, write_dir=str(tmp_path),
    )  # fmt: skip
    assert np.abs(read_ecg(tmp_path / "r").signal - ecg.signal).max() < 1e-3
    edit_line(tmp_path / "r.hea", 0, field(3, "4000"))
    with pytest.raises(ValueError, match=r"header says 4000 samples .* but a file has 5000"):
        read_ecg(tmp_path / "r")


@pytest.mark.parametrize("per_frame", [4, 500])
def test_samples_of_one_frame_are_not_averaged(tmp_path, ecg, per_frame):
    path = write_frames(tmp_path, counts(ecg), [per_frame] * 12, 500 / per_frame)
    read = read_ecg(path, sampling_rate=None)
    assert read.sampling_rate == 500
    assert np.abs(read.signal - ecg.signal).max() < 1e-3


def test_each_signal_is_read_at_its_own_rate(tmp_path, ecg):
    limb, chest = counts(ecg)[:6], counts(ecg.resample(1000))[6:]
    path = write_frames(tmp_path, [*limb, *chest], [1] * 6 + [2] * 6, 500)
    read = read_ecg(path)
    assert read.signal.shape == (12, 5000)
    assert np.abs(read.signal - ecg.signal)[:, 50:-50].max() < 0.02
    assert read_ecg(path, leads=["V1"], sampling_rate=None).sampling_rate == 1000
    with pytest.raises(ValueError, match="different sampling rates, 500 to 1000 Hz; pass sampling"):
        read_ecg(path, sampling_rate=None)


def test_a_skew_counts_frames(tmp_path, ecg):
    stored = [np.roll(row, 6 * (number == 1)) for number, row in enumerate(counts(ecg))]
    path = write_frames(tmp_path, stored, [2] * 12, 250, skew=[3 * (row == 1) for row in range(12)])
    read = read_ecg(path)
    assert np.array_equal(read.signal, (counts(ecg) / 1000).astype(np.float32)[:, :4994])


def test_skewed_signals_keep_their_padding_for_the_check_to_find(tmp_path, ecg):
    stored = counts(ecg)
    stored[:, 4000:] = 0
    stored[1] = np.roll(stored[1], 3)
    path = write_frames(tmp_path, stored, [1] * 12, 500, skew=[3 * (row == 1) for row in range(12)])
    with pytest.raises(ValueError, match=r"no lead changes from 8.0 to 10.0 s; is it .* padding"):
        read_ecg(path)
    assert read_ecg(path, check=False).signal.shape == (12, 4997)


def test_leads_of_several_rates_have_the_bound_of_one_record(tmp_path, ecg):
    path = write_frames(tmp_path, [counts(ecg)[0, :2500], counts(ecg)[1]], [1, 2], 1)
    with pytest.raises(ValueError, match="would have 100000000 samples, but at most 67108864 are"):
        read_ecg(path, sampling_rate=20_000, leads=["I", "II"])


@pytest.mark.parametrize(
    "gain", ["", " 0/mV", " 0(0)/mV"], ids=["missing", "zero", "zero with a baseline"]
)
def test_an_uncalibrated_signal_needs_a_unit(tmp_path, ecg, gain):
    samples = counts(ecg)
    path = write_frames(tmp_path, samples, [1] * 12, 500)
    endings = [f"{gain} 16 0 0 0 0 {lead}" if gain else "" for lead in UPPER]
    lines = ["frames 12 500 5000", *(f"frames.dat 16{ending}" for ending in endings)]
    path.write_text("\n".join(lines) + "\n")
    names = None if gain else STANDARD_LEADS
    with pytest.raises(ValueError, match=r"does not say its unit; give it, .* file_unit=0.005"):
        read_ecg(path, file_leads=names)
    read = read_ecg(path, file_leads=names, file_unit=0.001)
    assert np.abs(read.signal - ecg.signal).max() < 1e-3
    read = read_ecg(path, file_leads=names, file_unit="uV")
    assert np.abs(read.signal - ecg.signal).max() < 1e-3


def test_a_calibrated_signal_beside_an_uncalibrated_one_is_read(header, ecg):
    edit_line(header, 1, lambda line: line.replace(line.split(" ")[2], "0/mV"))
    assert np.abs(read_ecg(header, leads=["V1"]).signal - ecg.signal[V1]).max() < 1e-3
    with pytest.raises(ValueError, match="does not say its unit"):
        read_ecg(header, leads=["I"])


@pytest.mark.parametrize("rate", ["-500", "nan", "12~500", "5e2", "500Hz", "0x1f4", "5OO"])
def test_a_rate_that_does_not_parse_is_refused(header, rate):
    edit(header, (" 12 500 5000", f" 12 {rate} 5000"))
    with pytest.raises(ValueError, match=r"first line of the header must be a name, .* rate in Hz"):
        read_ecg(header)


def test_a_rate_of_zero_is_refused(header):
    edit(header, (" 12 500 5000", " 12 0 5000"))
    with pytest.raises(ValueError, match="the sampling rate is 0 Hz"):
        read_ecg(header)


def test_a_rate_that_is_missing_has_to_be_given(header, ecg):
    edit(header, (" 12 500 5000", " 12"))
    with pytest.raises(ValueError, match="does not say its sampling rate"):
        read_ecg(header)
    read = read_ecg(header, file_sampling_rate=500)
    assert np.abs(read.signal - ecg.signal).max() < 1e-3


@pytest.mark.parametrize("rate", ["500.", "500.0", "500/0(0)", "500/1000", "500/0.5(-3.5)"])
def test_a_rate_may_have_all_that_the_format_allows(header, rate):
    edit(header, (" 12 500 5000", f" 12 {rate} 5000"))
    assert read_ecg(header).sampling_rate == 500


@pytest.mark.parametrize("date", ["05-Feb-2020 11:39:16", "10:00:00 01/02/2003", "10:00"])
def test_dates_as_they_occur_are_passed_over(header, date):
    edit(header, (" 500 5000", f" 500 5000 {date}"))
    assert read_ecg(header).leads == STANDARD_LEADS


@pytest.mark.parametrize(
    ("length", "message"),
    [
        ("-5", "first line of the header"),
        ("5I00", "first line of the header"),
        ("100", "header says 100 samples of each signal, but a file has 5000; is it truncated"),
        ("4999", "header says 4999 samples of each signal, but a file has 5000"),
        ("5001", "header says 5001 samples of each signal, but a file has 5000"),
        ("0", "must say how many samples there are, above 0|says 0 samples"),
        (str(10**15), "but a file has 5000"),
    ],
)
def test_a_length_that_is_not_that_of_the_file_is_refused(header, length, message):
    edit(header, (" 500 5000", f" 500 {length}"))
    with pytest.raises(ValueError, match=message):
        read_ecg(header)


def test_a_length_that_is_missing_is_that_of_the_file(header, ecg):
    edit(header, (" 500 5000", " 500"))
    assert np.abs(read_ecg(header).signal - ecg.signal).max() < 1e-3


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (1, "16x"),
        (1, "\N{CYRILLIC SMALL LETTER BE}6"),
        (1, "16:-4"),
        (2, "1e/mV"),
        (2, "1000(mV)"),
        (3, "~"),
        (6, "12:30"),
    ],
)
def test_a_signal_that_does_not_parse_is_refused_by_its_line(header, position, value):
    header.write_text(header.read_text(), encoding="utf-8")
    lines = header.read_text().splitlines()
    lines[4] = field(position, value)(lines[4])
    header.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match="line 5 of the header does not parse; a signal is its fil"
    ):
        read_ecg(header)


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        (3, lambda _: "", "11 lines after its first, which says 12"),
        (3, lambda line: f"{line}\n{line}", "13 lines after its first, which says 12"),
        (3, field(1, "16x0"), "signal 3 has no samples in a frame"),
        (3, field(1, "24"), "signals of one file differ in format or offset"),
        (3, field(1, "16+2"), "signals of one file differ in format or offset"),
        (3, field(2, "1e999/mV"), "the gain of signal 3 in the header is infinite"),
        (0, lambda line: line + "\n# age 74", None),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(header, number, change, message):
    edit_line(header, number, change)
    if message is None:
        assert read_ecg(header).leads == STANDARD_LEADS
        return
    with pytest.raises(ValueError, match=message):
        read_ecg(header)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("../record.dat", "must be beside the header, not in another folder"),
        ("/dev/zero", "must be beside the header, not in another folder"),
        ("gone.dat", "a file that the header names is missing"),
    ],
)
def test_samples_elsewhere_are_refused(header, file, message):
    edit(header, ("record.dat", file))
    with pytest.raises(ValueError, match=message):
        read_ecg(header)


@pytest.mark.parametrize("skews", [[0, 7], [3, 5], [5, 0]])
def test_skewed_signals_are_aligned_and_cut_to_what_all_have(tmp_path, ecg, skews):
    """A signal with a skew was stored that many frames late."""
    skews = (skews * 6)[:12]
    stored = np.stack([np.roll(row, skew) for row, skew in zip(counts(ecg), skews, strict=True)])
    path = write_frames(tmp_path, stored, [1] * 12, 500, skew=skews)
    read = read_ecg(path)
    cut = max(skews) - min(skews)
    assert read.signal.shape == (12, 5000 - cut)
    expected = counts(ecg) / 1000
    if min(skews):
        expected = np.stack([np.roll(row, min(skews)) for row in expected])
    assert np.abs(read.signal - expected[:, : 5000 - cut]).max() < 1e-6
    assert read_ecg(path, leads=["I"]).signal.shape == (1, 5000)


def write_segments(folder, ecg, *, variable):
    """Write two segments with a gap between them; if variable, the second lacks aVF."""
    first, second = ecg.crop(0, 2000), ecg.crop(2500, 2500)
    write_wfdb(folder, first.signal, UPPER, name="s1")
    rows = [row for row in range(11, -1, -1) if not variable or STANDARD_LEADS[row] != "aVF"]
    names = [UPPER[row] for row in rows] if variable else UPPER
    write_wfdb(folder, second.signal[rows] if variable else second.signal, names, name="s2")
    layout = ["layout 0"] if variable else []
    segments = [*layout, "s1 2000", "~ 500", "s2 2500"]
    (folder / "layout.hea").write_text(
        "\n".join(["layout 12 500 0", *(f"~ 0 1000/mV 16 0 0 0 0 {name}" for name in UPPER)]) + "\n"
    )
    (folder / "whole.hea").write_text(
        "\n".join([f"whole/{len(segments)} 12 500 5000", *segments]) + "\n"
    )
    return folder / "whole.hea"


@pytest.mark.parametrize("variable", [False, True])
def test_a_gap_between_segments_is_refused_as_missing_samples(tmp_path, ecg, variable):
    path = write_segments(tmp_path, ecg, variable=variable)
    with pytest.raises(ValueError, match=r"NaN or infinite in I \(500 of its samples\)"):
        read_ecg(path)


@pytest.mark.parametrize("variable", [False, True])
def test_segments_are_joined_by_their_names(tmp_path, ecg, variable):
    path = write_segments(tmp_path, ecg, variable=variable)
    count = 4 if variable else 3
    edit(path, ("~ 500\n", ""), (f"/{count} 12", f"/{count - 1} 12"), (" 5000", " 4500"))
    expected = np.concatenate([ecg.signal[:, :2000], ecg.signal[:, 2500:]], axis=1)
    leads = [lead for lead in STANDARD_LEADS if lead != "aVF"] if variable else STANDARD_LEADS
    read = read_ecg(path, leads=leads)
    rows = [STANDARD_LEADS.index(lead) for lead in leads]
    assert np.abs(read.signal - expected[rows]).max() < 2e-3
    if variable:
        with pytest.raises(ValueError, match=r"NaN or infinite in aVF \(2500 of"):
            read_ecg(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("/mV", "/uV", "lead V1: segments differ in its unit"),
        (" 16 ", " 16:3 ", "segments differ in skew or in samples per frame"),
    ],
)
def test_segments_that_differ_in_a_signal_are_refused(tmp_path, ecg, old, new, message):
    path = write_segments(tmp_path, ecg, variable=False)
    edit(path, ("~ 500\n", ""), ("/3 12", "/2 12"), (" 5000", " 4500"))
    edit_line(tmp_path / "s2.hea", 7, lambda line: line.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_ecg(path, check=False)


def test_a_segment_that_names_a_signal_twice_is_refused(tmp_path, ecg):
    path = write_segments(tmp_path, ecg, variable=False)
    edit(path, ("~ 500\n", ""), ("/3 12", "/2 12"), (" 5000", " 4500"))
    first, *lines = (tmp_path / "s2.hea").read_text().splitlines()
    lines[1] = lines[1].replace(" II", " I")
    (tmp_path / "s2.hea").write_text("\n".join([first, *lines, ""]))
    with pytest.raises(ValueError, match="signals that it or the first does not name once"):
        read_ecg(path, check=False)


def test_each_segment_is_held_to_its_checksum(tmp_path, ecg):
    path = write_segments(tmp_path, ecg, variable=False)
    edit(path, ("~ 500\n", ""), ("/3 12", "/2 12"), (" 5000", " 4500"))
    edit_line(tmp_path / "s2.hea", 7, field(6, "1"))
    with pytest.raises(ValueError, match="lead V1: its samples do not add up"):
        read_ecg(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("s2 2500", "s2 2000"), (" 5000", " 4500")], "a segment is not what the header says"),
        ([(" 5000", " 5001")], "header says 5001 samples, but its segments have 5000"),
        ([("12 500 ", "12 250 ")], "a segment is not what the header says of it"),
        ([("s2 ", "whole ")], "a segment is not what the header says of it"),
        ([("s2 ", "s3 ")], "the header is missing"),
        ([("s2 ", "s.2 ")], "a line of the header is no segment"),
    ],
)
def test_segments_that_contradict_their_header_are_refused(tmp_path, ecg, changes, message):
    path = edit(write_segments(tmp_path, ecg, variable=False), *changes)
    with pytest.raises(ValueError, match=message):
        read_ecg(path)


def write_challenge(folder, ecg, **options):
    """Write a record of the PhysioNet challenges, whose header counts on MATLAB 4."""
    samples = counts(ecg).astype(np.int16)
    savemat(folder / "A0001.mat", {"val": samples}, **{"format": "4", **options})
    lines = ["A0001 12 500 5000", *(
        f"A0001.mat 16+24 1000/mv 16 0 {row[0]} {row.sum(dtype=np.int64) % 2**16} 0 {lead}"
        for row, lead in zip(samples, STANDARD_LEADS, strict=True)
    )]  # fmt: skip
    (folder / "A0001.hea").write_text("\n".join(lines) + "\n")
    return folder / "A0001.mat"


def test_matlab_4_is_where_its_header_says(tmp_path, ecg):
    path = write_challenge(tmp_path, ecg)
    assert np.abs(read_ecg(path).signal - ecg.signal).max() < 1e-3


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_5_behind_a_header_is_refused(tmp_path, ecg, compressed):
    path = write_challenge(tmp_path, ecg, format="5", do_compression=compressed)
    for name in (path, path.with_suffix(".hea"), path.with_suffix("")):
        with pytest.raises(ValueError, match=r"file of MATLAB 5 or later, .* scipy\.io\.loadmat"):
            read_ecg(name)


@pytest.mark.parametrize("how", ["floats", "transposed", "another name"])
def test_another_array_of_matlab_4_is_refused(tmp_path, ecg, how):
    path = write_challenge(tmp_path, ecg)
    samples = counts(ecg).astype(np.int16)
    other = {
        "floats": {"val": samples.astype(np.float64)},
        "transposed": {"val": samples.T},
        "another name": {"value": samples},
    }[how]
    savemat(path, other, format="4")
    with pytest.raises(ValueError, match="no array of MATLAB 4 of the type, the shape and the pla"):
        read_ecg(path, check=False)


def write_matlab_7_3(path, arrays):
    """Write what MATLAB's ``-v7.3`` does: HDF5 behind 512 bytes of text, axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.T
            file[name].attrs["MATLAB_class"] = np.bytes_(b"double")
    content = bytearray(path.read_bytes())
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<HH", 0x0200, 0x4D49)
    content[: len(text)] = text
    path.write_bytes(content)
    return path


def test_matlab_7_3_is_read_as_the_hdf5_that_it_is(tmp_path, ecg):
    path = write_challenge(tmp_path, ecg)
    write_matlab_7_3(path, {"val": counts(ecg).astype(np.float64)})
    facts = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "uV"}
    assert np.abs(read_ecg(path, **facts).signal - ecg.signal).max() < 1e-3
    with pytest.raises(
        ValueError, match=r"file of MATLAB 5 or later, .* read the \.mat file itself"
    ):
        read_ecg(path.with_suffix(".hea"))


def test_a_stack_of_matlab_7_3_is_counted_as_in_matlab(tmp_path, ecg):
    stack = np.stack([ecg.signal, 0.5 * ecg.signal, -ecg.signal])
    path = write_matlab_7_3(tmp_path / "stack.mat", {"x": stack, "labels": np.ones((1, 3))})
    facts = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}
    for index, record in enumerate(stack):
        read = read_ecg(path, index=index, key="x", **facts)
        assert np.array_equal(read.signal, record)


@pytest.mark.parametrize("version", ["4", "5"])
def test_a_mat_file_without_header_is_refused_with_a_way_out(tmp_path, ecg, version):
    savemat(tmp_path / "x.mat", {"x": ecg.signal}, format=version)
    with pytest.raises(
        ValueError, match=r"no WFDB header beside it; load it with scipy\.io\.loadm"
    ):
        read_ecg(tmp_path / "x.mat")


def test_a_dat_file_without_header_is_refused_with_a_way_out(header):
    header.unlink()
    with pytest.raises(ValueError, match=r"there is no header record\.hea beside the samples"):
        read_ecg(header.with_suffix(".dat"))


def test_a_record_that_is_nowhere_is_refused_for_its_samples(tmp_path):
    samples = np.full((5000, 12), -32768)
    wfdb.wrsamp(
        "r", 500, ["mV"] * 12, list(UPPER), d_signal=samples, fmt=["16"] * 12,
        adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(tmp_path),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"NaN or infinite in I \(all of its samples\)"):
        read_ecg(tmp_path / "r")
