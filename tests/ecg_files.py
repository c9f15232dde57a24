"""ECG files for the tests, written by the libraries of their formats."""

import numpy as np
import pydicom
import pydicom.examples
import wfdb

from ecgmask import STANDARD_LEADS

UPPER = tuple(lead.upper() for lead in STANDARD_LEADS)
STACK = {"file_leads": STANDARD_LEADS, "file_sampling_rate": 500, "file_unit": "mV"}


def write_wfdb(folder, samples, names, *, rate=500, units="mV", name="record", **options):
    wfdb.wrsamp(
        name,
        fs=rate,
        units=[units] * len(names),
        sig_name=list(names),
        p_signal=samples.T.astype(np.float64),
        fmt=["16"] * len(names),
        write_dir=str(folder),
        **options,
    )
    return folder / f"{name}.hea"


def edit_dicom(path, edit):
    """Write pydicom's ECG with something about it changed."""
    dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
    edit(dataset)
    dataset.save_as(path)
    return path


def save_array(path, array):
    np.save(path, array)
    return path
