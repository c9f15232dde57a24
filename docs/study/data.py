"""What the study trains on: the synthetic population, or a stack of your own with labels."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ecgmask import ECGArrayDataset, synthetic_population

RATE = 100  # Hz, of synthetic records
DURATION = 10  # s, of synthetic records
# What nobody asks a model for: noise of the record.
NUISANCE = ("noise", "baseline_wander", "muscle_noise", "mains_noise")
FEWEST = 32  # people to train on; there is no batch of fewer records


class Data(NamedTuple):
    """Records, what is to be read from them, and who they are split between."""

    signals: np.ndarray
    """``(n_records, 12, n_samples)``, float32, in mV."""
    rate: float
    """Samples per second, in Hz."""
    factors: dict[str, np.ndarray]
    """Numbers, NaN where a record has none, or names of classes."""
    r_peaks: Any
    """Times of the R peaks of each record, in s, or None if they are not known."""
    parts: list[np.ndarray]
    """Numbers of the records to train on, to choose the probes with, and to test."""


def cut(numbers):
    """Cut numbers into two thirds to train on, and what is left to choose and to test."""
    return np.split(numbers, [len(numbers) * 2 // 3, len(numbers) * 4 // 5])


def synthetic(n_records, seed):
    """Draw the synthetic population."""
    rng = np.random.default_rng(seed)
    people = synthetic_population(n_records, rng, n_samples=RATE * DURATION, sampling_rate=RATE)
    factors = {name: each for name, each in people.factors.items() if name not in NUISANCE}
    # In fibrillation it is large by definition, and would say no more than the rhythm does.
    sinus = factors["rhythm"] == "sinus"
    factors["rr_variation"] = np.where(sinus, np.log(factors["rr_variation"]), np.nan)
    return Data(people.signals, RATE, factors, people.r_peaks, cut(np.arange(n_records)))


def own(stack, labels, patients, seed):
    """Read a stack and its labels, and refuse what could not be learnt from."""
    records = ECGArrayDataset(stack)
    n_samples = records[0].shape[1]
    rate = records.sampling_rate
    if n_samples % rate or rate % 5:
        raise ValueError(
            f"records of {n_samples} samples at {rate:g} Hz do not divide into tokens of 0.2 s and "
            "of 1 s; crop them to whole seconds, at a sampling rate that 5 divides"
        )
    table = read_table(labels)
    if len(table) != len(records):
        raise ValueError(
            f"{labels} has {len(table)} rows, but {stack} has {len(records)} records; write a row "
            "for each record, in their order"
        )
    columns = {name: [row[name] for row in table] for name in table[0]}
    if patients is not None and patients not in columns:
        raise ValueError(
            f"{labels} has no column {patients!r} that says who a record is of; it has "
            f"{', '.join(columns)}"
        )
    who = columns.pop(patients) if patients is not None else list(range(len(table)))
    if not columns:
        raise ValueError(f"{labels} has no label beside {patients!r}; add a column to be read")
    factors = {name: label(name, values) for name, values in columns.items()}
    parts = split(who, seed)
    for name, column in factors.items():
        for part, of_what in zip(parts, ("train", "choose", "test"), strict=True):
            if len(np.unique(column[part])) < 2:
                raise ValueError(
                    f"label {name!r} is {column[part][0]} in all {len(part)} records to {of_what} "
                    "with; leave it out, or add records"
                )
    return Data(np.stack([np.asarray(each) for each in records]), rate, factors, None, parts)


def read_table(path):
    """Return the rows of a table, each a dict."""
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{path} has no rows; write a header, and a row for each record")
    return rows


def label(name, values):
    """Return a column as numbers, or as the names of two classes."""
    missing = [n for n, value in enumerate(values) if (value or "").strip().lower() in ("", "nan")]
    if missing:
        raise ValueError(
            f"label {name!r} is empty or NaN in {len(missing)} records, the first of them record "
            f"{missing[0]}; leave these records out, or the label"
        )
    if len(set(values)) <= 2:
        return np.array(values)
    try:
        numbers = np.array(values, float)
    except ValueError:
        raise ValueError(
            f"label {name!r} has {len(set(values))} values that are no numbers; write a column "
            "with two values for each class"
        ) from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"label {name!r} is infinite in some records; leave them out")
    return numbers


def split(who, seed):
    """Return the records of two thirds of the people, and of two parts of the others."""
    people, of_record = np.unique(who, return_inverse=True)
    parts = cut(np.random.default_rng(seed).permutation(len(people)))
    if len(parts[0]) < FEWEST:
        raise ValueError(
            f"{len(people)} people leave {len(parts[0])} to train on, of the {FEWEST} at least "
            "that are needed; add records"
        )
    return [np.flatnonzero(np.isin(of_record, part)) for part in parts]
