"""A whole data set in one file, from the command line: ``python -m ecgmask.convert --help``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecgmask.datasets import read_table
from ecgmask.stacks import write_stack


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the records of a folder to one file.

    Parameters
    ----------
    arguments
        Those of the command line; by default those that this process was started with.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    # Those that were not given keep the defaults of read_ecg.
    options = {name: value for name, value in _options(given).items() if value is not None}
    try:
        if given.table is None:
            paths = sorted(path for path in given.root.glob(given.pattern) if path.is_file())
            records = [str(path.relative_to(given.root)) for path in paths]
        else:
            records = [row[0] for row in read_table(given.root / given.table, [given.column])]
            if not any(_is_there(given.root / each) for each in records):
                raise ValueError(
                    f"column {given.column} of {given.table} names no file in {given.root}"
                )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".* records are left out of", UserWarning)
            written = write_stack(
                records,
                given.out,
                root=given.root,
                n_samples=given.n_samples,
                dtype=given.dtype,
                check=not given.no_check,
                workers=given.workers,
                progress=not given.quiet,
                **options,
            )
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        sys.exit(f"{parser.prog}: {error}")
    n_records, n_leads, n_samples = written.shape
    print(
        f"{given.out}: {n_records} records x {n_leads} leads x {n_samples} samples, "
        f"{written.dtype}, {written.sampling_rate:.10g} Hz"
    )
    print(f"no sample is off by more than {1000 * written.largest_rounding_error:.3g} µV")
    for source, reason in written.left_out:
        print(f"left out: {source}: {reason}")


def _is_there(path: Path) -> bool:
    """Return whether a record has files; if no record of a table has, its text is no names."""
    return path.exists() or path.with_name(f"{path.name}.hea").exists()


def _options(given: argparse.Namespace) -> dict[str, Any]:
    names = "sampling_rate", "file_leads", "file_sampling_rate", "file_unit", "key", "invalid"
    return {name: getattr(given, name) for name in names}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ecgmask.convert",
        description="Write the ECGs of a data set to one .npy file, with a description beside it. "
        "If it is stopped, the same command goes on where it was.",
    )
    add = parser.add_argument
    add("root", type=Path, help="folder of the data set")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--table", type=Path, help="CSV file in the folder that lists the records")
    which.add_argument("--pattern", help='which files are records, such as "**/*.dcm"')
    add("--column", default="filename_hr", help="column of the table with their paths: %(default)s")
    add("--out", type=Path, required=True, help="file to write, which ends in .npy")
    add("--sampling-rate", type=float, help="samples per second in the file, in Hz: 500")
    add("--n-samples", type=int, help="samples of a record: those of the first one")
    add("--dtype", choices=("float16", "float32"), default="float16", help="%(default)s")
    add("--workers", type=int, help="processes that read: as many as there are processors")
    add("--file-leads", type=_names, help="leads of the records, such as I,II,V1, if unnamed")
    add("--file-sampling-rate", type=float, help="their samples per second, if they do not say")
    add("--file-unit", type=_unit, help="their unit, or how many mV it is, if they do not say")
    add("--invalid", type=float, help="number in the files that stands for no sample")
    add("--key", help="name of the array in .npz and HDF5 files")
    add("--no-check", action="store_true", help="keep records that cannot be right")
    add("--quiet", action="store_true", help="show no progress bar")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _unit(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()
