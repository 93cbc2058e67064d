"""Each format's own example, and what is wrong with others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.readers.profile import centroid, is_profile
from acml_plugin_ms.signal import MsSignal
from hypothesis import given
from hypothesis import strategies as st

from acml_core.data import table
from acml_core.errors import BadInput

FILES = Path(__file__).parent / "files"
CAFFEINE = "CN1C=NC2=C1C(=O)N(C)C(=O)N2C"
ms = Ms()


def read(source, **options):
    return list(ms.read(source, **options))


def with_rejects(source):
    rejects: list[BadInput] = []
    return read(source, on_reject=rejects.append), rejects


def mgf(*lines: str, precursor: str = "195.0877", more: str = "") -> str:
    body = "\n".join(lines)
    return f"BEGIN IONS\nPEPMASS={precursor}\n{more}{body}\nEND IONS\n"


def test_mgf():
    caffeine, benzoic = read(FILES / "caffeine.mgf")
    assert caffeine.mz == (69.0447, 83.0604, 110.0713, 123.0427, 138.0662, 195.0877)
    assert caffeine.precursor_mz == 195.0877
    assert caffeine.adduct == "[M+H]+"
    assert caffeine.collision_energy == "35 eV"
    assert caffeine.smiles == CAFFEINE
    assert (caffeine.ion_mode, benzoic.ion_mode) == ("POSITIVE", "NEGATIVE")
    assert benzoic.origin == "caffeine.mgf:20 benzoic acid"


def test_msp_of_nist_and_of_massbank():
    pentanone, caffeine = read(FILES / "ketones.msp")
    assert pentanone.mz == (41, 43, 57, 58, 71, 86)
    assert pentanone.smiles == "CCCC(C)=O"  # stated in the comment
    assert pentanone.precursor_mz == 0
    assert caffeine.intensity == (120, 999, 800)  # annotations are left alone
    assert (caffeine.ms_type, caffeine.adduct) == ("MS2", "[M+H]+")


def test_massbank_record():
    (one,) = read(FILES / "record.txt")
    assert one.mz == (77.0397, 121.0295)
    assert one.intensity == (31250, 18200)  # the annotation block is not read as peaks
    assert one.origin == "record.txt:MSBNK-Example-EX000001"
    assert one.instrument_type == "LC-ESI-QTOF"


def test_folder_of_records(tmp_path):
    text = (FILES / "record.txt").read_text()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text(text)
    (tmp_path / "two.txt").write_text(text[: text.index("  121.0295")])
    good, rejects = with_rejects(tmp_path)
    assert len(good) == 1
    assert "truncated" in str(rejects[0])


@pytest.mark.parametrize("name", ["run.mzML", "run.mzXML"])
def test_xml_skips_survey_scans_and_centroids_profiles(name):
    (centroided, traced), rejects = with_rejects(FILES / name)
    assert centroided.mz == pytest.approx((110.0713, 138.0662, 195.0877))
    assert traced.mz == pytest.approx(centroided.mz, abs=1e-4)
    assert traced.intensity == pytest.approx(centroided.intensity, rel=1e-3)
    assert centroided.precursor_mz == 195.0877
    assert centroided.collision_energy == "35 eV"
    assert centroided.instrument_type.startswith("ESI-FT")
    assert "1 MS1 survey scans skipped" in str(rejects[0])


def test_skipped_scans_do_not_raise_without_on_reject(caplog):
    assert len(read(FILES / "run.mzML")) == 2
    assert "1 MS1 survey scans skipped" in caplog.text


def test_truncated_xml_keeps_what_was_whole(tmp_path):
    text = (FILES / "run.mzML").read_text()
    path = tmp_path / "cut.mzML"
    path.write_text(text[: text.index('index="2"') + 200])
    good, rejects = with_rejects(path)
    assert len(good) == 1
    assert any("damaged after spectrum 2" in str(reject) for reject in rejects)
    with pytest.raises(BadInput, match=r"cut\.mzML"):
        read(path)


def test_jcamp():
    (one,) = read(FILES / "pentanone.jdx")
    assert one.mz == (41, 43, 57, 58, 71, 86)
    assert one.intensity == (110, 999, 12, 86, 118, 205)
    assert (one.instrument_type, one.ion_mode) == ("GC-EI", "POSITIVE")


def test_jcamp_of_another_kind_says_what_it_is():
    with pytest.raises(BadInput, match=r"an infrared spectrum, not a mass spectrum"):
        read(FILES / "infrared.jdx")
    text = (FILES / "infrared.jdx").read_text().replace("INFRARED SPECTRUM", "NMR SPECTRUM")
    with pytest.raises(BadInput, match=r"an NMR spectrum, not a mass spectrum"):
        read(text)


def test_jcamp_of_several_blocks():
    one = (FILES / "pentanone.jdx").read_text()
    both = f"##TITLE= two\n##DATA TYPE= LINK\n##BLOCKS= 2\n{one}{one}##END=\n"
    assert [signal.mz for signal in read(both)] == [read(one)[0].mz] * 2


def test_csv_and_tsv_peak_lists():
    (caffeine,) = read(FILES / "peaks.csv")
    assert caffeine.intensity == (9.5, 32, 100, 41)
    assert (caffeine.adduct, caffeine.precursor_mz) == ("[M+H]+", 195.0877)
    (ketone,) = read(FILES / "peaks.tsv")
    assert ketone.mz == (41, 43, 58, 71, 86)


def test_table_with_lists_in_cells():
    ketone, benzoic = read(FILES / "table.csv")
    assert ketone.mz == (41, 43, 58, 71, 86)
    assert (ketone.precursor_mz, benzoic.precursor_mz) == (0.0, 121.0295)
    assert benzoic.origin == "table.csv:3"


def test_what_is_read_is_written_and_read_again(tmp_path):
    signals = [*read(FILES / "table.csv"), *read(FILES / "caffeine.mgf")]
    for name in ("t.parquet", "t.csv"):
        table.write(tmp_path / name, signals)
        assert [s.mz for s in read(tmp_path / name)] == [s.mz for s in signals]
        again = table.read(tmp_path / name, MsSignal).signals
        keep = {"origin"}
        assert [s.model_dump(exclude=keep) for s in again] == [
            s.model_dump(exclude=keep) for s in signals
        ]


def test_json_of_gnps():
    caffeine, benzoic = read(FILES / "gnps.json")
    assert caffeine.smiles == CAFFEINE
    assert (caffeine.adduct, benzoic.adduct) == ("[M+H]+", "[M-H]-")
    assert caffeine.origin == "gnps.json:1 EXAMPLE0001"


def test_json_of_mona_and_json_lines():
    mona = {
        "spectrum": "43:100 58:27.5",
        "metaData": [
            {"name": "ms level", "value": "MS1"},
            {"name": "instrument type", "value": "EI-B"},
        ],
        "compound": [{"metaData": [{"name": "SMILES", "value": "CC(C)=O"}]}],
    }
    (one,) = read(json.dumps([mona]))
    assert (one.mz, one.smiles, one.instrument_type) == ((43, 58), "CC(C)=O", "EI-B")
    line = json.dumps({"peaks": [[43, 100]], "precursor_mz": 59.05})
    good, rejects = with_rejects(f"{line}\n{line}\n{{broken\n")
    assert len(good) == 2
    assert rejects[0].line == 3


def test_printed_line_and_literal_peaks():
    (one,) = read(FILES / "printed.txt")
    assert one.mz == (41, 43, 58, 71, 86)
    assert one.intensity == (11, 100, 9, 12, 21)
    assert one.instrument_type == "EI"
    for text in ("43:100 58:27", "43 100; 58 27", "43 100, 58 27", "43 100\n58 27"):
        assert read(text)[0].mz == (43, 58)


@pytest.mark.parametrize(
    ("lines", "more", "word"),
    [
        (["110.07 -3", "138.07 10"], "", "negative"),
        (["110.07 nan", "138.07 10"], "", "not a finite"),
        (["-110.07 3", "138.07 10"], "", "no m/z"),
        (["110.07 0"], "", "all intensities are zero"),
        ([], "", "no peaks"),
        (["hundred ten", "138.07 10"], "", "is no peak"),
        (["120.07 10", "301.14 90", "302.14 20"], "", "lighter than its fragments"),
        (["110.07 10"], "ADDUCT=[M+H]+\nSMILES=CCO\n", "not \\[M\\+H\\]\\+ of the structure"),
    ],
)
def test_bad_record_is_left_out_with_its_line(lines, more, word):
    good = mgf("110.0713 32", "138.0662 100")
    text = good + mgf(*lines, more=more) + good
    signals, rejects = with_rejects(text)
    assert len(signals) == 2
    (reject,) = rejects
    assert reject.line is not None
    assert 6 <= reject.line <= 12
    assert reject.remedy
    with pytest.raises(BadInput, match=word):
        read(text)


def test_a_doubly_charged_precursor_may_be_lighter_than_its_fragments():
    (one,) = read(mgf("301.14 90", "120.07 10", more="CHARGE=2+\n"))
    assert one.adduct == "[M+2H]2+"


def test_record_without_end_is_truncated():
    with pytest.raises(BadInput, match="no END IONS"):
        read(mgf("110.07 1").replace("END IONS", ""))
    text = (FILES / "ketones.msp").read_text()
    signals, rejects = with_rejects(text[: text.index("138.0662")])
    assert len(signals) == 1
    assert "3 peaks stated, 1 found" in str(rejects[0])


def test_unknown_format_and_missing_file():
    with pytest.raises(BadInput, match="mzml"):
        read(FILES / "run.mzML", format="mzmll")
    with pytest.raises(BadInput, match="no such file"):
        read("nowhere.mgf")


def test_profile_is_told_from_peaks():
    x = np.arange(50, 60, 0.01)
    y = sum(h * np.exp(-0.5 * ((x - c) / 0.05) ** 2) for c, h in ((52, 100), (55.5, 40), (58, 7)))
    assert is_profile(x, y)
    mz, height = centroid(x, y - 0.001)  # a subtracted baseline leaves negative points
    assert mz == pytest.approx([52, 55.5, 58], abs=0.002)
    assert height == pytest.approx([100, 40, 7], rel=0.01)
    rng = np.random.default_rng(0)
    assert not is_profile(np.sort(rng.uniform(50, 60, 800)), rng.lognormal(size=800))
    assert not is_profile(np.arange(30.0, 300.0), rng.lognormal(size=270))


@given(
    st.lists(
        st.tuples(st.floats(1, 2000), st.floats(0, 1e9)), max_size=40, unique_by=lambda p: p[0]
    )
)
def test_signal_sorts_and_drops_empty_peaks(peaks):
    signal = MsSignal(mz=[p[0] for p in peaks], intensity=[p[1] for p in peaks])
    assert list(zip(signal.mz, signal.intensity, strict=True)) == sorted(p for p in peaks if p[1])


@pytest.mark.parametrize(
    ("mz", "intensity"), [((1.0,), ()), ((0.0,), (1.0,)), ((1.0,), (-1.0,)), ((1.0,), (np.nan,))]
)
def test_signal_refuses_what_is_no_spectrum(mz, intensity):
    with pytest.raises(ValueError, match=r"m/z|intensit"):
        MsSignal(mz=mz, intensity=intensity)
