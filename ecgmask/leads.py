"""The leads of an ECG: their names, their spellings, and which follow from which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""Names of the twelve leads, in the order that this package uses; import it from ``ecgmask``."""

LIMB_LEADS = STANDARD_LEADS[:6]
"""Names of the six limb leads, any two of which give the others; import it from ``ecgmask``."""

# Each limb lead as a sum of so much of I and so much of II: Einthoven's and Goldberger's laws.
OF_I_AND_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}


CHEST_LEADS = STANDARD_LEADS[6:]
IEC_CHEST_LEADS = ("C1", "C2", "C3", "C4", "C5", "C6")

# What stands before, or behind, the name of a lead in one language or another.
BEFORE = re.compile(
    "(?:(?:mdc|lead|ecg|ekg|ableitung|d[eé]rivation|derivaci[oó]n|derivazione|deriva[cç][aã]o|"
    r"avledning|afleiding|odprowadzenie|отведение)[ _-]?\s*)+"
)
BEHIND = re.compile(r"\s*(?:导联|導聯|誘導)$")
SPELLINGS = {lead.casefold(): lead for lead in STANDARD_LEADS} | {
    spelling: lead
    for number, lead in enumerate(STANDARD_LEADS[:3], 1)
    for spelling in (f"d{lead.casefold()}", f"d{number}")
}


class FoundLeads(NamedTuple):
    """How leads that are asked for come from those that are there."""

    wanted: tuple[str, ...]
    rows: dict[str, int]  # where the recorded ones stand, I and II included if others follow
    derived: tuple[str, ...]  # those that follow from I and II

    def of(self, recorded: Iterable[Any]) -> list[Any]:
        """Return the samples of each lead wanted, of the recorded ones in the order of `rows`."""
        named = dict(zip(self.rows, recorded, strict=True))
        return [
            OF_I_AND_II[name][0] * named["I"] + OF_I_AND_II[name][1] * named["II"]
            if name in self.derived
            else named[name]
            for name in self.wanted
        ]


def find_leads(there: Sequence[str], wanted: Iterable[str]) -> FoundLeads:
    """Return where the leads `wanted` are among those `there`, and which of them are derived.

    Parameters
    ----------
    there
        Names of the leads of a record, in its order, in any spelling.
    wanted
        Names of the leads to find, as :func:`standard_name` spells them.

    Raises
    ------
    ValueError
        If a lead is neither there nor follows from I and II, or is there more than once.
    """
    names = spell(there)
    wanted = tuple(wanted)
    derived = tuple(name for name in wanted if name not in names)
    needed = dict.fromkeys((*wanted, "I", "II") if derived else wanted)
    recorded = [name for name in needed if name in names]
    for name in recorded:
        if names.count(name) > 1:
            raise ValueError(f"lead {name} is there more than once in {', '.join(there)}")
    known = OF_I_AND_II if {"I", "II"} <= set(recorded) else ()
    lost = [name for name in derived if name not in known]
    if lost:
        raise ValueError(
            f"{', '.join(lost)} {'are' if len(lost) > 1 else 'is'} missing and cannot be derived "
            f"from I and II; there are {', '.join(there) or 'no leads'}, so ask for some of these"
        )
    return FoundLeads(wanted, {name: names.index(name) for name in recorded}, derived)


def standard_names(name: str, leads: Iterable[str]) -> tuple[str, ...]:
    """Return how this package spells the leads that a parameter of this name lists."""
    if isinstance(leads, str):
        raise TypeError(f'{name} must be a list of names, such as ["{leads}"], not {leads!r}')
    names = tuple(spell(leads))
    if not names:
        raise ValueError(f"{name} must name at least one lead, but is empty")
    return names


def spell(leads: Iterable[str]) -> list[str]:
    """Return how this package spells the leads of one record.

    IEC names chest leads C1 to C6. These are electrodes of an EEG too, so they count only where all
    six are, and nothing else is a chest lead.
    """
    names = [standard_name(lead) for lead in leads]
    if {*IEC_CHEST_LEADS} <= {name.upper() for name in names} and not {*CHEST_LEADS} & {*names}:
        chest = dict(zip(IEC_CHEST_LEADS, CHEST_LEADS, strict=True))
        return [chest.get(name.upper(), name) for name in names]
    return names


def standard_name(lead: str) -> str:
    """Return how this package spells a lead; what is no standard lead stays as it is."""
    if not isinstance(lead, str):
        raise TypeError(f"a lead name must be a string, not {lead!r}")
    name = lead.casefold()
    if name in SPELLINGS:  # as nearly always, and much faster
        return SPELLINGS[name]
    # "Lead I (Einthoven)", "MDC_ECG_LEAD_AVR", "aVR, augmented voltage, right", "DII", "D2", "V 1".
    name = name.partition("(")[0].partition(",")[0].strip()
    found = BEFORE.match(name)
    name = BEHIND.sub("", name[found.end() :] if found else name)
    # "-aVR" stays as it is: it is aVR upside down.
    return SPELLINGS.get(re.sub("^v[ _-]", "v", name), lead)
