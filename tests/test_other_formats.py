"""The lines that *Your own ECGs* shows for formats that other libraries read."""

import base64
import re
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from edfio import Edf, EdfSignal
from scipy.io import savemat

from ecgmask import ECG, STANDARD_LEADS

PAGE = Path(__file__).parent.parent / "docs" / "your_data.rst"
CAPTIONED = re.compile(
    r"^\.\. code-block:: python\n   :caption: (.*)\n\n((?:(?: {3}.*)?\n)+)", re.M
)
LINES = dict(CAPTIONED.findall(PAGE.read_text(encoding="utf-8")))
MUSE_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
STEP = 4.88  # µV of a count


def counts_of(ecg):
    return np.round(1000 * ecg.signal / STEP).astype("<i2")


def encoded(counts):
    return base64.b64encode(counts.tobytes()).decode()


def write_muse(path, ecg):
    """Write what restecg.dtd describes, with a median beat before the rhythm."""

    def waveform(kind, ecg):
        leads = "".join(
            f"""<LeadData>
            <LeadByteCountTotal>{2 * ecg.signal.shape[1]}</LeadByteCountTotal>
            <LeadSampleCountTotal>{ecg.signal.shape[1]}</LeadSampleCountTotal>
            <LeadAmplitudeUnitsPerBit>{STEP}</LeadAmplitudeUnitsPerBit>
            <LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits>
            <LeadID>{lead}</LeadID>
            <LeadSampleSize>2</LeadSampleSize>
            <WaveFormData>{encoded(counts)}</WaveFormData>
            </LeadData>"""
            for lead, counts in zip(ecg.leads, counts_of(ecg), strict=True)
        )
        return f"""<Waveform>
            <WaveformType>{kind}</WaveformType>
            <SampleBase>500</SampleBase>
            <SampleExponent>0</SampleExponent>{leads}
            </Waveform>"""

    eight = ecg.select(MUSE_LEADS)
    path.write_text(
        f"""<?xml version="1.0" encoding="ISO-8859-1"?>
        <RestingECG>{waveform("Median", eight.crop(0, 300))}{waveform("Rhythm", eight)}
        </RestingECG>""".strip()
    )


def write_aecg(path, ecg):
    """Write what the implementation guide of HL7 aECG describes."""
    sequences = "".join(
        f"""<component><sequence>
        <code code="MDC_ECG_LEAD_{lead.upper()}" codeSystem="2.16.840.1.113883.6.24"/>
        <value xsi:type="SLIST_PQ">
        <origin value="0" unit="uV"/><scale value="{STEP}" unit="uV"/>
        <digits>{" ".join(map(str, counts))}</digits></value>
        </sequence></component>"""
        for lead, counts in zip(ecg.leads, counts_of(ecg), strict=True)
    )
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
        <AnnotatedECG xmlns="urn:hl7-org:v3"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="1"/>
        <component><series><code code="RHYTHM"/><component><sequenceSet>
        <component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS">
        <head value="20000101000000"/><increment value="0.002" unit="s"/>
        </value></sequence></component>{sequences}
        </sequenceSet></component></series></component></AnnotatedECG>"""
    )


def write_philips(path, ecg):
    """Write what PageWriters export, without compression."""
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
        <restingecgdata xmlns="http://www3.medical.philips.com">
        <documentinfo><documenttype>PhilipsECG</documenttype>
        <documentversion>1.04.01</documentversion></documentinfo>
        <dataacquisition><signalcharacteristics>
        <samplingrate>500</samplingrate><resolution>{STEP}</resolution>
        <signaloffset>0</signaloffset><signalsigned>True</signalsigned>
        <numberchannelsallocated>12</numberchannelsallocated>
        <acquisitiontype>STD-12</acquisitiontype></signalcharacteristics></dataacquisition>
        <waveforms><parsedwaveforms dataencoding="Base64" compressflag="False"
        durationperchannel="{round(1000 * ecg.duration)}" numberofleads="12"
        leadlabels="{" ".join(ecg.leads)}">{encoded(counts_of(ecg))}</parsedwaveforms></waveforms>
        </restingecgdata>"""
    )


def write_edf(path, ecg):
    """Write a signal that is none of the ECG before it, and leads in two units."""
    breaths = EdfSignal(np.zeros(len(ecg.signal[0])), 500, label="Resp", physical_dimension="Ohm")
    signals = [
        EdfSignal(
            per_mv * samples.astype(float),
            500,
            label=f"ECG {lead}",
            physical_dimension=unit,
            physical_range=(-10 * per_mv, 10 * per_mv),
        )
        for number, (lead, samples) in enumerate(zip(ecg.leads, ecg.signal, strict=True))
        for unit, per_mv in [("mV", 1) if number % 2 else ("uV", 1000)]
    ]
    Edf([breaths, *signals]).write(path)


def microvolts(ecg):
    return np.round(1000 * ecg.signal).astype(np.int16)


def write_matlab_5(path, ecg):
    savemat(path, {"val": microvolts(ecg)})


def write_matlab_73(path, ecg):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["val"] = microvolts(ecg).T


def table_of(ecg):
    return pd.DataFrame(1000 * ecg.signal.T, columns=ecg.leads)


def write_csv(path, ecg):
    table = table_of(ecg)
    table.insert(0, "time", np.arange(len(table)) / 500)
    table.to_csv(path, index=False)


def write_parquet(path, ecg):
    table_of(ecg).to_parquet(path)


WRITTEN = {
    "GE MUSE XML, HL7 aECG and Philips XML": [
        ("ecg.xml", write_muse, STEP),
        ("ecg.xml", write_aecg, STEP),
        ("ecg.xml", write_philips, STEP),
    ],
    "EDF": [("ecg.edf", write_edf, 20_000 / 2**16)],
    "A ``.mat`` file without WFDB header, before MATLAB 7.3": [("ecg.mat", write_matlab_5, 1)],
    "A ``.mat`` file of MATLAB 7.3": [("ecg73.mat", write_matlab_73, 1)],
    "A table with a column for each lead, in CSV": [("ecg.csv", write_csv, 1e-3)],
    "The same in Parquet": [("ecg.parquet", write_parquet, 1e-3)],
}


def lines_of(start):
    (lines,) = [lines for caption, lines in LINES.items() if caption.startswith(start)]
    return textwrap.dedent(lines)


def run(lines, **names):
    namespace = {"ECG": ECG, "STANDARD_LEADS": STANDARD_LEADS, **names}
    exec(lines, namespace)
    return namespace["ecg"]


@pytest.mark.parametrize(
    ("start", "name", "write", "step"),
    [(start, *written) for start, files in WRITTEN.items() for written in files],
)
def test_the_lines_of_a_format_read_what_was_written(
    ecg, tmp_path, monkeypatch, start, name, write, step
):
    monkeypatch.chdir(tmp_path)
    ecg = ecg.crop(0, 1500)
    write(tmp_path / name, ecg)
    found = run(lines_of(start)).select(STANDARD_LEADS)
    assert found.sampling_rate == 500
    assert found.signal.shape == ecg.signal.shape
    # Half a step, twice that for leads that follow from two others.
    np.testing.assert_allclose(found, ecg, atol=step / 1000 + 1e-6)
    found.check()


def test_the_lines_for_a_row_read_a_dict_of_lists(ecg):
    row = {
        "signal": ecg.signal.T.tolist(),
        "sampling_rate": 500,
        "leads": [lead.upper() for lead in ecg.leads],
    }
    found = run(lines_of("``row = dataset[0]``"), row=row).select(STANDARD_LEADS)
    np.testing.assert_array_equal(found, ecg)


def test_each_format_of_the_page_is_tested_and_takes_five_lines_at_most():
    assert len(LINES) == len(WRITTEN) + 1
    for lines in LINES.values():
        assert 1 <= len([line for line in lines.splitlines() if line.strip()]) <= 5
