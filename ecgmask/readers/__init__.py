"""ECGs from files, and the real ECG that the documentation shows.

Every reader is a well-kept library's. What this package adds is what they leave open: which lead is
which, in which unit, whether the samples are those that the file speaks of, and whether they can be
an ECG at all.
"""

from ecgmask.readers.arrays import find_lead_axis
from ecgmask.readers.channels import millivolts, need
from ecgmask.readers.read import read_ecg, sample_ecg

__all__ = ["find_lead_axis", "millivolts", "need", "read_ecg", "sample_ecg"]
