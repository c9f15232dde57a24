"""What every reader returns, and what it may not do: run out of memory, hang, or tell."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgmask.ecg import MOST_SAMPLES

Result = TypeVar("Result")

UNITS = {"v": "V", "mv": "mV", "uv": "uV", "nv": "nV"}
PER_MILLIVOLT = {"V": 1e-3, "mV": 1.0, "uV": 1e3, "nV": 1e6}
OTHER = "another unit"  # instead of what a file calls it

MOST_BYTES = 2**30  # of a file that is read whole, or of what is unpacked at once


class Refusal(ValueError):
    """What a reader has against a file, in words that hold no text of the file."""


class Channel(NamedTuple):
    """One channel of a record; ``None`` where the file says nothing."""

    samples: NDArray[Any]
    name: str = ""
    sampling_rate: float | None = None
    unit: str | None = None
    first: int = 0  # the sample that is simultaneous with the first ones of other channels
    fault: str = ""  # why nobody should read it


def need(library: str, extra: str) -> Any:
    """Return a library that is installed with an extra of this package."""
    try:
        return import_module(library)
    except ImportError as error:
        raise ImportError(
            f'this needs {library}; install it with: python -m pip install "ecgmask[{extra}]"'
        ) from error


def told_by(library: str, read: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """Return what a library reads, and say what it means if it cannot."""
    try:
        return read(*args, **options)
    except (Refusal, ImportError):
        raise
    except Exception as error:  # corrupt files make libraries fail in any way
        kind = type(error).__name__
    # Outside, for the library's own words hold what it found in the file.
    raise Refusal(f"{library} cannot read it ({kind}); is a file missing, truncated or corrupt?")


def check_regular(path: Path, what: str) -> int:
    """Return the size of a file if it is one: opening a pipe or a device may never end."""
    if not path.exists():
        raise Refusal(f"{what} is missing; is a file missing or misnamed?")
    if not path.is_file():
        raise Refusal(f"{what} is no regular file, but a folder, a pipe or a device; copy it first")
    return path.stat().st_size


def check_bytes(n_bytes: int, what: str, most: int = MOST_BYTES) -> None:
    """Raise an error if this is more than is read, or unpacked, at once."""
    if n_bytes > most:
        raise Refusal(
            f"{what} takes {n_bytes} bytes or more, but at most {most} are read at once; split it, "
            "or save it as .npy, of which only one record is read"
        )


def check_samples(n_samples: int) -> None:
    """Raise an error if a record has more samples, of all its channels, than are read."""
    if n_samples > MOST_SAMPLES:
        raise Refusal(
            f"the record has {n_samples} samples, but at most {MOST_SAMPLES} are read; split it"
        )


def spell_unit(unit: str | None) -> str | None:
    """Return how this package spells the unit of a file, without repeating one it does not know."""
    if unit is None:
        return None
    # Folding case turns the micro sign into the Greek letter.
    folded = unit.strip().casefold().replace("\N{GREEK SMALL LETTER MU}", "u")
    return UNITS.get(folded, OTHER)


def millivolts(unit: str | float) -> float:
    """Return how many millivolts one of a unit is; a number is that many already."""
    if isinstance(unit, Real) and not isinstance(unit, bool):
        if not 0 < float(unit) < np.inf:  # refuses NaN too
            raise ValueError(f"a unit of {unit} mV must be positive and finite")
        return float(unit)
    if not isinstance(unit, str):
        raise TypeError(
            f'a unit must be a string, such as "mV", or a number of millivolts, not {unit!r}'
        )
    name = spell_unit(unit)
    if name not in PER_MILLIVOLT:
        raise ValueError(
            f"the unit must be V, mV, uV or nV, not {unit!r}; or give a number of millivolts"
        )
    return 1 / PER_MILLIVOLT[name]
