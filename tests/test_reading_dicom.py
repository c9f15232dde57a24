"""DICOM channels are the leads, the samples and the times that the file says, or refused."""

from io import BytesIO

import numpy as np
import pydicom
import pydicom.examples
import pytest
from ecg_files import edit_dicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian
from pydicom.waveforms.numpy_handler import multiplex_array

from ecgmask import STANDARD_LEADS, read_ecg


def waveform_of(dataset):
    return dataset.WaveformSequence[0]


def stored(dataset):
    return multiplex_array(dataset, 0).copy()


def put(dataset, samples):
    waveform = waveform_of(dataset)
    waveform.NumberOfWaveformSamples, waveform.NumberOfWaveformChannels = samples.shape
    waveform.WaveformData = samples.tobytes()


def channel_of(dataset, lead):
    return waveform_of(dataset).ChannelDefinitionSequence[STANDARD_LEADS.index(lead)]


def fewer_definitions(dataset):
    del waveform_of(dataset).ChannelDefinitionSequence[3:6]


def surplus_samples(dataset):
    waveform_of(dataset).NumberOfWaveformSamples -= 500


def too_few_samples(dataset):
    waveform_of(dataset).NumberOfWaveformSamples += 1


def mu_law(dataset):
    samples = stored(dataset)
    waveform = waveform_of(dataset)
    waveform.WaveformBitsAllocated, waveform.WaveformSampleInterpretation = 8, "MB"
    put(dataset, (samples >> 8).astype(np.uint8))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (fewer_definitions, "defines 9 channels, but has 12: which is which"),
        (surplus_samples, "12 channels of 9500 samples take 228000 bytes, but the file has 240000"),
        (
            too_few_samples,
            "12 channels of 10001 samples take 240024 bytes, but the file has 240000",
        ),
        (mu_law, "coded by mu-law or A-law, or in no way of DICOM"),
    ],
)
def test_channels_and_samples_that_do_not_add_up_are_refused(tmp_path, edit, message):
    path = edit_dicom(tmp_path / "edited.dcm", edit)
    with pytest.raises(ValueError, match=message):
        read_ecg(path, check=False)


def test_a_byte_that_makes_the_length_even_is_no_sample(tmp_path, ecg):
    def eight_bits(dataset):
        waveform = waveform_of(dataset)
        samples = np.clip(stored(dataset)[:4999, :11] // 8, -128, 127).astype(np.int8)
        del waveform.ChannelDefinitionSequence[11]
        put(dataset, samples)
        waveform.WaveformBitsAllocated, waveform.WaveformSampleInterpretation = 8, "SB"
        waveform.WaveformData += b"\0"

    path = edit_dicom(tmp_path / "odd.dcm", eight_bits)
    read = read_ecg(path, leads=["V1"], sampling_rate=None)
    assert read.signal.shape == (1, 4999)
    assert np.corrcoef(read.resample(500).signal[0], ecg.signal[6][:2500])[0, 1] > 0.95


def test_a_lead_without_sensitivity_matters_only_if_it_is_needed(tmp_path, ecg):
    path = edit_dicom(
        tmp_path / "counts.dcm",
        lambda d: d and channel_of(d, "V3").__delattr__("ChannelSensitivity"),
    )
    rows = [STANDARD_LEADS.index(lead) for lead in ("II", "V5")]
    read = read_ecg(path, leads=["II", "V5"])
    assert np.array_equal(read.signal, ecg.signal[rows])
    with pytest.raises(ValueError, match="the file does not say its unit"):
        read_ecg(path, leads=["V3"])
    read = read_ecg(path, leads=["V3"], file_unit=0.00125)
    assert np.abs(read.signal - ecg.signal[8]).max() < 1e-5


def test_a_unit_that_nobody_knows_is_refused_unless_it_is_not_needed(tmp_path, ecg):
    def change(dataset):
        channel_of(dataset, "V3").ChannelSensitivityUnitsSequence[0].CodeValue = "mm[Hg]"

    path = edit_dicom(tmp_path / "pressure.dcm", change)
    assert np.array_equal(read_ecg(path, leads=["V4"]).signal, ecg.signal[[9]])
    with pytest.raises(ValueError, match="the unit in the file must be V, mV, uV or nV, but is an"):
        read_ecg(path)


def test_gain_correction_and_baseline_are_applied(tmp_path, ecg):
    def change(dataset):
        channel = channel_of(dataset, "V2")
        channel.ChannelSensitivityCorrectionFactor = "2"
        channel.ChannelBaseline = "-100"

    path = edit_dicom(tmp_path / "scaled.dcm", change)
    expected = 2 * ecg.signal[7] - 0.1
    assert np.abs(read_ecg(path, leads=["V2"]).signal - expected).max() < 1e-5


def without_preamble(path):
    return path.read_bytes()[132:]


def without_meta(path):
    dataset = pydicom.dcmread(path)
    bare = Dataset()
    bare.update({element.tag: element for element in dataset})
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, bare, implicit_vr=False, little_endian=True)
    return buffer.getvalue()


@pytest.mark.parametrize("strip", [without_preamble, without_meta])
def test_files_without_a_preamble_are_read(tmp_path, ecg, strip):
    path = tmp_path / "bare"
    path.write_bytes(strip(edit_dicom(tmp_path / "whole.dcm", str)))
    assert np.array_equal(read_ecg(path).signal, ecg.signal)


def test_big_endian_samples_are_swapped(tmp_path, ecg):
    def swap(dataset):
        waveform = waveform_of(dataset)
        samples = stored(dataset)
        samples[:, 5] = -32768
        waveform.WaveformData = samples.astype(">i2").tobytes()
        waveform.add_new("WaveformPaddingValue", "OW", b"\x80\x00")
        del dataset.WaveformSequence[1]
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian

    dataset = pydicom.dcmread(pydicom.examples.get_path("waveform"))
    swap(dataset)
    pydicom.dcmwrite(tmp_path / "big.dcm", dataset, implicit_vr=False, little_endian=False)
    leads = [lead for lead in STANDARD_LEADS if lead != "aVF"]
    rows = [STANDARD_LEADS.index(lead) for lead in leads]
    read = read_ecg(tmp_path / "big.dcm", leads=leads)
    assert np.array_equal(read.signal, ecg.signal[rows])
    with pytest.raises(ValueError, match=r"in aVF \(all of its samples\)"):
        read_ecg(tmp_path / "big.dcm")


def test_deflated_files_are_read(tmp_path, ecg):
    def deflate(dataset):
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    path = edit_dicom(tmp_path / "deflated.dcm", deflate)
    assert path.stat().st_size < 200_000
    assert np.array_equal(read_ecg(path).signal, ecg.signal)


@pytest.mark.parametrize("keyword", ["ChannelSampleSkew", "ChannelTimeSkew"])
def test_channels_that_were_sampled_later_are_shifted(tmp_path, keyword):
    """A channel with a skew of 40 samples holds at each frame what was there 40 samples later."""
    skew = 40

    def change(dataset):
        samples = stored(dataset)
        samples[:, 6:] = np.roll(samples[:, 6:], -skew, axis=0)
        put(dataset, samples)
        for lead in STANDARD_LEADS[6:]:
            channel = channel_of(dataset, lead)
            del channel.ChannelSampleSkew
            setattr(channel, keyword, str(skew if "Sample" in keyword else skew / 1000))

    path = edit_dicom(tmp_path / "skewed.dcm", change)
    whole = read_ecg(pydicom.examples.get_path("waveform"), sampling_rate=None)
    read = read_ecg(path, sampling_rate=None)
    assert np.array_equal(read.signal, whole.signal[:, skew:])
    assert read_ecg(path, sampling_rate=None, leads=["V1"]).signal.shape == (1, 10_000)


@pytest.mark.parametrize("skew", ["0.5", "12.3"])
def test_channels_that_were_sampled_between_samples_are_refused(tmp_path, ecg, skew):
    def change(dataset):
        channel_of(dataset, "V1").ChannelSampleSkew = skew

    path = edit_dicom(tmp_path / "skewed.dcm", change)
    with pytest.raises(ValueError, match="lead V1: it was sampled between samples of the other"):
        read_ecg(path)
    assert np.array_equal(read_ecg(path, leads=["I"]).signal, ecg.signal[[0]])


def test_a_skew_that_all_channels_share_is_none(tmp_path):
    def change(dataset):
        for channel in dataset.WaveformSequence[0].ChannelDefinitionSequence:
            channel.ChannelSampleSkew = "0.5"

    path = edit_dicom(tmp_path / "skewed.dcm", change)
    whole = read_ecg(pydicom.examples.get_path("waveform"), sampling_rate=None)
    assert np.array_equal(read_ecg(path, sampling_rate=None).signal, whole.signal)


MDC = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64} | {
    f"V{number}": number + 2 for number in range(1, 7)
}


def name_channels(tmp_path, name):
    """Write channels that are named by what is returned for each lead."""

    def change(dataset):
        for lead in STANDARD_LEADS:
            channel = channel_of(dataset, lead)
            named = {"scheme": "99LOCAL", "code": "?", "meaning": "?", **name(lead)}
            source = channel.ChannelSourceSequence[0]
            source.CodingSchemeDesignator = named["scheme"]
            source.CodeValue, source.CodeMeaning = named["code"], named["meaning"]
            if "label" in named:
                channel.ChannelLabel = named["label"]

    return edit_dicom(tmp_path / "named.dcm", change)


def another(lead):
    return STANDARD_LEADS[(STANDARD_LEADS.index(lead) + 1) % 12]


@pytest.mark.parametrize(
    "name",
    [
        lambda lead: {"scheme": "MDC", "code": f"2:{MDC[lead]}"},
        lambda lead: {
            "scheme": "MDC",
            "code": f"2:{MDC[lead]}",
            "meaning": f"Lead {another(lead)}",
        },
        lambda lead: {"scheme": "MDC", "code": f"2:{MDC[lead]}", "label": another(lead)},
        lambda lead: {"scheme": "SCPECG", "code": f"5.6.3-9-{MDC[lead]}", "label": another(lead)},
        lambda lead: {"scheme": "MDC", "code": f"MDC_ECG_LEAD_{lead.upper()}"},
        lambda lead: {"label": lead.upper(), "meaning": f"Lead {another(lead)}"},
        lambda lead: {"scheme": "MDC", "code": "2:0", "label": f"ECG {lead}"},
        lambda lead: {"meaning": f"Lead {lead}"},
        lambda lead: {"meaning": f"Ableitung {lead}"},
        lambda lead: {"meaning": f"Derivacion {lead}"},
        lambda lead: {"meaning": f"Derivation {lead} (Goldberger)"},
        lambda lead: {"meaning": f"{lead}, augmented voltage"},
    ],
)
def test_leads_are_told_by_code_then_label_then_meaning(tmp_path, ecg, name):
    assert np.array_equal(read_ecg(name_channels(tmp_path, name)).signal, ecg.signal)


def test_a_code_of_another_lead_outdoes_its_label(tmp_path, ecg):
    """Of MDC, 2:65 is aVR upside down."""

    def name(lead):
        number = 65 if lead == "aVR" else MDC[lead]
        return {"scheme": "MDC", "code": f"2:{number}", "label": lead, "meaning": f"-{lead}"}

    read = read_ecg(name_channels(tmp_path, name))
    assert read.derived == ("aVR",)
    assert np.abs(read.signal - ecg.signal).max() < 2e-3


def test_the_codes_are_those_of_dicom():
    from pydicom.sr.codedict import Collection

    from ecgmask.leads import standard_name
    from ecgmask.readers.dicom import CODES

    leads = Collection("CID3001")
    codes = [getattr(leads, name) for name in leads.dir()]
    of_dicom = {(code.scheme_designator, code.value): standard_name(code.meaning) for code in codes}
    ours = {key: lead for key, lead in CODES.items() if key[0] == "MDC"}
    twelve = {key: lead for key, lead in of_dicom.items() if lead in STANDARD_LEADS}
    assert ours == twelve
    assert len(ours) == 12
