"""Nothing that a file says comes out in an error, in a warning or on the screen."""

import json
import traceback
import warnings
import zipfile
from io import BytesIO

import h5py
import numpy as np
import pydicom
import pydicom.examples
import pytest
from ecg_files import STACK, UPPER, write_wfdb

from ecgmask import STANDARD_LEADS, read_ecg

MARKER = "Xq7Marker"  # what nobody but a file says


def said_of(path, capfd, **how):
    """Return all that is said while a file is read, an error with all behind it."""
    said = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for check in (True, False):
            try:
                said.append(repr(vars(read_ecg(path, check=check, **how))))
            except ValueError as error:
                behind = [error, error.__cause__, error.__context__]
                said += [repr(each.args) for each in behind if each is not None]
                said += traceback.format_exception(error)
    said += [str(warning.message) for warning in caught]
    said += capfd.readouterr()
    # The paths are those of the user.
    return "\n".join(said).replace(str(path.parent), "")


def check_untold(path, capfd, **how):
    said = said_of(path, capfd, **how)
    assert MARKER.casefold() not in said.casefold()
    return said


def words_of_a_header(header):
    """Return where each field of each line of a header begins and ends, a comment included."""
    text = header.read_text() + "# name: somebody\n"
    fields = []
    for line_number, line in enumerate(text.splitlines()):
        words = line.split(" ")
        fields += [(line_number, position) for position in range(len(words) + 1)]
    return text, fields


def put_in(text, line_number, position, word):
    lines = text.splitlines()
    words = lines[line_number].split(" ")
    words[position : position + 1] = [word]
    lines[line_number] = " ".join(words)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", ["{}", "12{}", "{}.dat", "500/{}", "16x4{}", "1000(0)/{}", "{}é"])
def test_no_field_of_a_wfdb_header_is_told(tmp_path, ecg, capfd, form):
    header = write_wfdb(tmp_path, ecg.signal, UPPER)
    text, fields = words_of_a_header(header)
    refused = 0
    for line_number, position in fields:
        if 2 < line_number < 12:  # these are as the first two
            continue
        changed = put_in(text, line_number, position, form.format(MARKER))
        header.write_text(changed, encoding="utf-8")
        refused += "header" in check_untold(header, capfd)
    assert refused > 10


@pytest.mark.parametrize("what", ["s1 {}", "{} 2000", "~ {}", "{}"])
def test_no_segment_of_a_wfdb_header_is_told(tmp_path, capfd, what):
    header = tmp_path / "whole.hea"
    header.write_text(f"whole/1 12 500 2000\n{what.format(MARKER)}\n")
    assert "header" in check_untold(header, capfd)


def text_elements(dataset):
    """Yield each element of a data set and of those in it."""
    for element in list(dataset):
        if element.VR == "SQ":
            yield dataset, element.tag
            for item in element.value:
                yield from text_elements(item)
        elif element.keyword not in ("SpecificCharacterSet", "WaveformData"):
            yield dataset, element.tag


def write_marked(path, number):
    """Write pydicom's ECG with a marker in one of its elements, byte by byte."""
    with warnings.catch_warnings(action="ignore"):
        dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
        del dataset.WaveformSequence[1]
        del dataset.WaveformSequence[0].ChannelDefinitionSequence[2:]
        waveform = dataset.WaveformSequence[0]
        waveform.NumberOfWaveformChannels, waveform.NumberOfWaveformSamples = 2, 1000
        waveform.WaveformData = waveform.WaveformData[:4000]
        del dataset.WaveformAnnotationSequence[2:]
        places = list(text_elements(dataset))
        if number >= len(places):
            return False
        item, tag = places[number]
        # pydicom reads what is of unknown kind as its dictionary says, but must not write it so.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pydicom.config, "replace_un_with_known_vr", False)
            item[tag] = pydicom.DataElement(tag, "UN", MARKER.encode() + b" ")
            dataset.save_as(path)
    assert MARKER.encode() in path.read_bytes()
    return True


def test_no_element_of_dicom_is_told(tmp_path, capfd):
    number = refused = 0
    path = tmp_path / "marked.dcm"
    while write_marked(path, number):
        said = check_untold(path, capfd, leads=["I", "II"])
        refused += "cannot read it" in said or "is missing and" in said or "unit" in said
        number += 1
    assert number > 60
    assert refused > 5


@pytest.mark.parametrize("charset", [MARKER, "ISO_IR 6", "ISO 2022 IR 87"])
def test_no_character_set_of_dicom_is_told(tmp_path, capfd, charset):
    with warnings.catch_warnings(action="ignore"):
        dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
        for channel in dataset.WaveformSequence[0].ChannelDefinitionSequence:
            channel.ChannelLabel = f"{MARKER}"
        dataset.SpecificCharacterSet = "ISO_IR 100"
        buffer = BytesIO()
        dataset.save_as(buffer)
    content = buffer.getvalue()
    padded = charset.encode().ljust(10)[:10]
    assert content.count(b"ISO_IR 100") == 1
    broken = MARKER.encode()[:-1] + b"\xff"
    changed = content.replace(b"ISO_IR 100", padded).replace(MARKER.encode(), broken)
    (tmp_path / "charset.dcm").write_bytes(changed)
    said = said_of(tmp_path / "charset.dcm", capfd).casefold()
    assert MARKER[:-1].casefold() not in said


def hdf5_with(folder, change):
    with h5py.File(folder / "marked.h5", "w") as file:
        change(file)
    return folder / "marked.h5"


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.update({MARKER: np.ones((12, 9)), f"{MARKER}2": np.ones((12, 9))}),
        lambda file: file.update({"x": h5py.SoftLink(f"/{MARKER}")}),
        lambda file: file.update({"x": h5py.ExternalLink(f"{MARKER}.h5", "x")}),
        lambda file: file.update({"x": h5py.ExternalLink(f"../{MARKER}.h5", "x")}),
        lambda file: file.update({"x": np.array([[MARKER.encode()]])}),
        lambda file: file.create_dataset("x", (12, 9), "f4", external=[(MARKER, 0, 432)]),
        lambda file: file.create_dataset("x", (12, 9), [(MARKER, "f4")]),
        lambda file: file.create_dataset("x", data=np.ones((12, 9))).attrs.update(
            {"MATLAB_class": MARKER}
        ),
    ],
)
@pytest.mark.parametrize("key", [None, "x"])
def test_no_name_or_link_of_hdf5_is_told(tmp_path, capfd, change, key):
    path = hdf5_with(tmp_path, change)
    assert MARKER.encode() in path.read_bytes()
    assert "marked.h5: " in check_untold(path, capfd, key=key, **STACK)


def test_no_name_of_an_archive_is_told(tmp_path, capfd):
    path = tmp_path / "marked.npz"
    np.savez(path, **{f"{MARKER}1": np.ones((12, 9)), f"{MARKER}2": np.ones((12, 9))})
    assert "holds 2 arrays" in check_untold(path, capfd, **STACK)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MARKER, MARKER)
        archive.comment = MARKER.encode()
    assert "NumPy cannot read it" in check_untold(path, capfd, **STACK)
    content = path.read_bytes()
    path.write_bytes(content.replace(MARKER.encode(), MARKER[::-1].encode(), 1))
    for name in (MARKER, MARKER[::-1]):
        said = said_of(path, capfd, **STACK)
        assert name not in said


def npy_bytes(header):
    text = header.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "header",
    [
        MARKER,
        f"{{'descr': '{MARKER}', 'fortran_order': False, 'shape': (12, 9), }}",
        f"{{'descr': '<f4', 'fortran_order': '{MARKER}', 'shape': (12, 9), }}",
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': '{MARKER}', }}",
        f"{{'descr': [('{MARKER}', '<f4')], 'fortran_order': False, 'shape': (12, 9), }}",
        f"{{'descr': '<f4', 'fortran_order': False, '{MARKER}': (12, 9), }}",
    ],
)
def test_no_header_of_an_array_is_told(tmp_path, capfd, header):
    path = tmp_path / "marked.npy"
    path.write_bytes(npy_bytes(header) + np.ones((12, 9), np.float32).tobytes())
    assert "marked.npy: " in check_untold(path, capfd, **STACK)


@pytest.mark.parametrize("name", ["marked.txt", "marked.mat", "marked.dat", "marked.dcm", "marked"])
@pytest.mark.parametrize("start", ["", "MATLAB 5.0 ", "\x80\x04", "\x08\0\x05\0CS\x0a\0"])
def test_no_content_of_another_file_is_told(tmp_path, capfd, name, start):
    path = tmp_path / name
    path.write_bytes(start.encode("latin-1") + json.dumps({MARKER: MARKER}).encode() * 20)
    assert f"{name}: " in check_untold(path, capfd)


def test_names_of_leads_are_told_if_they_are_leads_or_the_users_own(tmp_path, ecg, capfd):
    header = write_wfdb(tmp_path, ecg.signal, [*STANDARD_LEADS[:11], MARKER])
    assert "there are I, II, III" in check_untold(header, capfd)
    with pytest.raises(ValueError, match="V6, V9 are missing"):
        read_ecg(header, leads=["V6", "V9"])
    assert read_ecg(header, leads=[MARKER]).leads == (MARKER,)
