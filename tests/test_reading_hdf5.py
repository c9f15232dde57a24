"""HDF5 arrays are whole and inside their folder, or refused."""

import h5py
import numpy as np
import pytest
from ecg_files import STACK

from ecgmask import read_ecg


@pytest.fixture
def plain(tmp_path, ecg):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["group/array"] = ecg.signal
        file["group/other"] = 2 * ecg.signal
        file["ids"] = [1, 2]
    return path


@pytest.mark.parametrize(
    "key", ["group/array", "/group/array", "//group//array/", "./group/./array"]
)
def test_keys_are_what_h5py_takes(plain, ecg, key):
    assert np.array_equal(read_ecg(plain, key=key, **STACK).signal, ecg.signal)


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/group/array", "link"),
        ("group/array", "link"),
        ("/group", "link/array"),
        ("/again", "link/array"),
    ],
)
def test_soft_links_are_followed(plain, ecg, target, key):
    with h5py.File(plain, "a") as file:
        file["link"] = h5py.SoftLink(target)
        file["again"] = h5py.SoftLink("/group")
        file["group/beside"] = h5py.SoftLink("array")
    for name in (key, "group/beside"):
        assert np.array_equal(read_ecg(plain, key=name, **STACK).signal, ecg.signal)


def test_external_links_are_followed_in_the_folder(plain, ecg):
    tmp_path = plain.parent
    (tmp_path / "below").mkdir()
    with h5py.File(tmp_path / "below" / "far.h5", "w") as file:
        file["there"] = h5py.ExternalLink("../plain.h5", "/group")
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["near"] = h5py.ExternalLink("plain.h5", "/group/array")
        file["group"] = h5py.ExternalLink("plain.h5", "group")
    for key in ("near", "group/array"):
        read = read_ecg(tmp_path / "links.h5", key=key, **STACK)
        assert np.array_equal(read.signal, ecg.signal)
    with pytest.raises(ValueError, match="lies in a file outside the folder of this one"):
        read_ecg(tmp_path / "below" / "far.h5", key="there/array", **STACK)


@pytest.mark.parametrize("kind", ["soft", "external"])
def test_links_that_lead_nowhere_are_refused(plain, kind):
    with h5py.File(plain, "a") as file:
        file["soft"] = h5py.SoftLink("/nowhere")
        file["external"] = h5py.ExternalLink("gone.h5", "/x")
    message = "there is no array of the name|a file that the array lies in is missing"
    with pytest.raises(ValueError, match=message):
        read_ecg(plain, key=kind, **STACK)


def test_links_in_a_circle_are_refused(plain):
    with h5py.File(plain, "a") as file:
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
    with pytest.raises(ValueError, match="more than 16 links lie one behind another"):
        read_ecg(plain, key="a", **STACK)


@pytest.mark.parametrize("key", ["group", "ids/array", "group/array/x", "", "/"])
def test_a_key_that_is_no_array_is_refused(plain, key):
    message = "key= is no array, but a group|there is no array of the name"
    with pytest.raises(ValueError, match=message):
        read_ecg(plain, key=key, **STACK)


def test_a_user_block_is_passed_over(tmp_path, ecg):
    with h5py.File(tmp_path / "block.h5", "w", userblock_size=2048) as file:
        file["x"] = ecg.signal
    assert np.array_equal(read_ecg(tmp_path / "block.h5", **STACK).signal, ecg.signal)


def test_a_mistyped_key_makes_a_short_message(tmp_path, ecg):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        file["x"] = ecg.signal
        for number in range(1500):
            file[f"secret_{number}"] = file["x"]
            file.create_group(f"group_{number}")
    with pytest.raises(ValueError, match="there is no array of the name") as error:
        read_ecg(tmp_path / "many.h5", key="y", **STACK)
    assert len(str(error.value)) < 400
    with pytest.raises(ValueError, match="holds 1000 objects or more; say which array") as error:
        read_ecg(tmp_path / "many.h5", **STACK)
    assert len(str(error.value)) < 400
    assert "secret" not in str(error.value)
    assert np.array_equal(read_ecg(tmp_path / "many.h5", key="x", **STACK).signal, ecg.signal)


def test_with_a_key_the_file_is_not_walked(plain, monkeypatch):
    def walk(*_):
        raise AssertionError("the file was walked")

    monkeypatch.setattr(h5py.Group, "visititems", walk)
    assert read_ecg(plain, key="group/array", **STACK).sampling_rate == 500


def write_virtual(path, ecg, *, sources=("left.h5", "right.h5"), name="x", half=2500):
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    for number, source in enumerate(sources):
        columns = slice(number * half, (number + 1) * half)
        layout[:, columns] = h5py.VirtualSource(source, name, shape=(12, half))
        if "/" not in source and source != ".":
            with h5py.File(path.with_name(source), "w") as file:
                file[name] = ecg.signal[:, columns]
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("virtual", layout)
    return path


def test_a_virtual_array_of_files_in_the_folder_is_read(tmp_path, ecg):
    path = write_virtual(tmp_path / "virtual.h5", ecg)
    assert np.array_equal(read_ecg(path, **STACK).signal, ecg.signal)


def test_a_virtual_array_of_its_own_file_is_read(plain, ecg):
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    layout[:] = h5py.VirtualSource(".", "group/array", shape=(12, 5000))
    with h5py.File(plain, "a") as file:
        file.create_virtual_dataset("virtual", layout)
    assert np.array_equal(read_ecg(plain, key="virtual", **STACK).signal, ecg.signal)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "right.h5").unlink(), "a file that the array lies in is missing"),
        (lambda folder: h5py.File(folder / "right.h5", "w").close(), "there is no array of the na"),
        (
            lambda folder: (folder / "short.h5").replace(folder / "right.h5"),
            "a source of the virtual array is smaller than it says",
        ),
        (
            lambda folder: (folder / "wide.h5").replace(folder / "right.h5"),
            "a source of the virtual array has another shape than it says",
        ),
        (
            lambda folder: (folder / "unwritten.h5").replace(folder / "right.h5"),
            "nothing was ever written to the array",
        ),
        (
            lambda folder: (folder / "external.h5").replace(folder / "right.h5"),
            "external storage, which can be any file of the computer",
        ),
        (
            lambda folder: (folder / "group.h5").replace(folder / "right.h5"),
            "a source of the virtual array is no array",
        ),
    ],
)
def test_a_source_of_a_virtual_array_must_be_there_and_whole(tmp_path, ecg, spoil, message):
    path = write_virtual(tmp_path / "virtual.h5", ecg)
    with h5py.File(tmp_path / "short.h5", "w") as file:
        file["x"] = ecg.signal[:, :2000]
    with h5py.File(tmp_path / "wide.h5", "w") as file:
        file["x"] = ecg.signal[:6]
    with h5py.File(tmp_path / "unwritten.h5", "w") as file:
        file.create_dataset("x", (12, 2500), "f4")
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset("x", (12, 2500), "f4", external=[("bytes", 0, 12 * 2500 * 4)])
    with h5py.File(tmp_path / "group.h5", "w") as file:
        file.create_group("x")
    assert read_ecg(path, **STACK).sampling_rate == 500
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        read_ecg(path, **STACK)


def test_a_virtual_array_outside_the_folder_is_refused(tmp_path, ecg):
    (tmp_path / "in").mkdir()
    write_virtual(tmp_path / "virtual.h5", ecg)
    absolute = str(tmp_path / "right.h5")
    for source in ("../right.h5", absolute):
        path = write_virtual(tmp_path / "in" / "virtual.h5", ecg, sources=("left.h5", source))
        with pytest.raises(ValueError, match="lies in a file outside the folder of this one"):
            read_ecg(path, **STACK)


def test_a_virtual_array_with_a_hole_is_refused(tmp_path, ecg):
    path = write_virtual(tmp_path / "virtual.h5", ecg, sources=("left.h5",))
    with pytest.raises(ValueError, match="sources of the virtual array do not fill it"):
        read_ecg(path, **STACK)


def test_a_hole_beside_sources_that_overlap_is_found(tmp_path, ecg):
    with h5py.File(tmp_path / "half.h5", "w") as file:
        file["x"] = ecg.signal[:6]
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    for _ in range(2):
        layout[:6] = h5py.VirtualSource("half.h5", "x", shape=(6, 5000))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(ValueError, match="sources of the virtual array do not fill it"):
        read_ecg(tmp_path / "virtual.h5", **STACK, check=False)


@pytest.mark.parametrize("part", [slice(0, 2500), slice(None, 5000, 2)])
def test_a_source_of_which_a_part_is_taken_must_be_as_large_as_it_says(tmp_path, ecg, part):
    layout = h5py.VirtualLayout((12, 2500), dtype="f4")
    layout[:] = h5py.VirtualSource("source.h5", "x", shape=(12, 5000))[:, part]
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("virtual", layout)
    for samples in (ecg.signal, ecg.signal.repeat(2, axis=1)[:6]):
        with h5py.File(tmp_path / "source.h5", "w") as file:
            file["x"] = samples
        if len(samples) == 12:
            read = read_ecg(tmp_path / "virtual.h5", **STACK, check=False)
            assert np.array_equal(read.signal, ecg.signal[:, part])
    with pytest.raises(ValueError, match="a source of the virtual array is smaller than it says"):
        read_ecg(tmp_path / "virtual.h5", **STACK, check=False)


def test_sources_may_be_interleaved_and_reach_beyond_what_is_taken(tmp_path, ecg):
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    with h5py.File(tmp_path / "sources.h5", "w") as file:
        for number in (0, 1):
            file[f"x{number}"] = np.repeat(ecg.signal[number::2], 2, axis=0)
            layout[number::2] = h5py.VirtualSource(file[f"x{number}"])[::2]
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("virtual", layout)
    assert np.array_equal(read_ecg(tmp_path / "virtual.h5", **STACK).signal, ecg.signal)


@pytest.mark.parametrize(
    ("columns", "message"),
    [(2500, "parts of a source of the virtual array were never"), (2**29, "a chunk, unpacked,")],
)
def test_chunks_of_a_source_must_be_there_and_small(tmp_path, ecg, columns, message):
    with h5py.File(tmp_path / "chunks.h5", "w") as file:
        array = file.create_dataset(
            "x", (12, 5000), "f4", chunks=(1, columns), maxshape=(12, None), compression="gzip"
        )
        if columns < 5000:
            array[:, :columns] = ecg.signal[:, :columns]
        else:
            array.id.write_direct_chunk((0, 0), b"packed")
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    layout[:] = h5py.VirtualSource("chunks.h5", "x", shape=(12, 5000))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(ValueError, match=message):
        read_ecg(tmp_path / "virtual.h5", **STACK, check=False)


def test_links_and_sources_start_from_the_file_that_holds_them(tmp_path, ecg):
    inner = tmp_path / "inner"
    inner.mkdir()
    for folder, sign in ((tmp_path, -1), (inner, 1)):
        with h5py.File(folder / "samples.h5", "w") as file:
            file["x"] = sign * ecg.signal
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    layout[:] = h5py.VirtualSource(".", "x", shape=(12, 5000))
    with h5py.File(inner / "link.h5", "w") as file:
        file["x"] = h5py.ExternalLink("samples.h5", "/x")
    with h5py.File(inner / "samples.h5", "a") as file:
        file.create_virtual_dataset("virtual", layout)
    with h5py.File(tmp_path / "outer.h5", "w") as file:
        file["link"] = h5py.ExternalLink("inner/link.h5", "/x")
        file["virtual"] = h5py.ExternalLink("inner/samples.h5", "/virtual")
        file["x"] = ecg.signal[:, :10]
    for key in ("link", "virtual"):
        assert np.array_equal(read_ecg(tmp_path / "outer.h5", key=key, **STACK).signal, ecg.signal)


def test_a_virtual_array_of_virtual_arrays_is_refused(tmp_path, ecg):
    write_virtual(tmp_path / "right.h5", ecg)
    layout = h5py.VirtualLayout((12, 5000), dtype="f4")
    layout[:] = h5py.VirtualSource("right.h5", "virtual", shape=(12, 5000))
    with h5py.File(tmp_path / "outer.h5", "w") as file:
        file.create_virtual_dataset("outer", layout)
    with pytest.raises(ValueError, match="a virtual array is made of virtual ones"):
        read_ecg(tmp_path / "outer.h5", **STACK)


def test_sources_that_a_pattern_names_are_refused(tmp_path, ecg):
    path = write_virtual(tmp_path / "virtual.h5", ecg, sources=("part-%%.h5", "right.h5"))
    with pytest.raises(ValueError, match="have a %, which stands for any number of them"):
        read_ecg(path, **STACK)


def test_external_storage_is_refused_always(tmp_path, ecg):
    (tmp_path / "bytes").write_bytes(ecg.signal.tobytes())
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset("x", (12, 5000), "f4", external=[("bytes", 0, 240_000)])
    for key in (None, "x"):
        with pytest.raises(ValueError, match="external storage, which can be any file of the comp"):
            read_ecg(tmp_path / "external.h5", key=key, check=False, **STACK)


def test_an_array_that_was_never_written_is_refused(tmp_path):
    with h5py.File(tmp_path / "unwritten.h5", "w") as file:
        file.create_dataset("x", (10**6, 12, 5000), "f4", chunks=(1, 12, 5000))
    with pytest.raises(ValueError, match="nothing was ever written to the array"):
        read_ecg(tmp_path / "unwritten.h5", index=3, check=False, **STACK)


def test_a_record_of_which_parts_were_never_written_is_refused(tmp_path, ecg):
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        stack = file.create_dataset("x", (4, 12, 5000), "f4", chunks=(1, 6, 1000))
        stack[0] = ecg.signal
        stack[1, :, :3000] = ecg.signal[:, :3000]
        stack[2, :6] = ecg.signal[:6]
    read = read_ecg(tmp_path / "stack.h5", index=0, **STACK)
    assert np.array_equal(read.signal, ecg.signal)
    for index in (1, 2, 3):
        with pytest.raises(ValueError, match="parts of the record were never written"):
            read_ecg(tmp_path / "stack.h5", index=index, check=False, **STACK)


def test_matlab_variables_that_are_no_numbers_are_refused(plain):
    with h5py.File(plain, "a") as file:
        file["group/array"].attrs["MATLAB_class"] = np.bytes_(b"char")
    with pytest.raises(ValueError, match="the MATLAB variable is no array of numbers"):
        read_ecg(plain, key="group/array", **STACK)
