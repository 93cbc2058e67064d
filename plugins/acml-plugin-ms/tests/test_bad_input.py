"""What measured files get wrong: NaN, negative values, profiles, mixed levels, precursors, charges."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.signal import MsSignal

from acml_core.data import table
from acml_core.errors import BadInput

sys.path.append(str(Path(__file__).parent))
from make_xml import CV, MS2, SURVEY, mzml, profile, spectrum

ms = Ms()

FORMS = {
    "peaks.csv": "mz,intensity\n41.5,{bad}\n43.5,100\n",
    "peaks.msp": "NAME: x\nNum Peaks: 2\n41.5 {bad}\n43.5 100\n\n",
    "peaks.mgf": "BEGIN IONS\n41.5 {bad}\n43.5 100\nEND IONS\n",
    "peaks.json": '[{{"peaks": [[41.5, {bad}], [43.5, 100]]}}]',
    "peaks.jdx": "##TITLE=x\n##DATA TYPE=MASS SPECTRUM\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n"
    "41.5,{bad}\n43.5,100\n##END=\n",
    "record.txt": "ACCESSION: X\nPK$NUM_PEAK: 2\nPK$PEAK: m/z int. rel.int.\n  41.5 {bad} 3\n"
    "  43.5 100 999\n//\n",
    "text.txt": "41.5:{bad} 43.5:100",
}
"""One spectrum of two peaks in each text format, the first one's intensity left open."""


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    ("bad", "reason"), [("NaN", "not a finite number"), ("-3", "negative"), ("7", None)]
)
def test_values_that_no_detector_gives(tmp_path, name, bad, reason):
    path = tmp_path / name
    path.write_text(FORMS[name].format(bad=bad))
    if reason is None:
        (one,) = ms.read(path)
        assert (one.mz, one.intensity) == ((41.5, 43.5), (7, 100))
        return
    with pytest.raises(BadInput, match=reason) as caught:
        list(ms.read(path))
    assert name in str(caught.value.source)
    assert caught.value.line
    assert caught.value.remedy


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_bad_row_of_a_table_is_left_out(tmp_path, suffix):
    """By the plugin's reader and by the core's, which training uses."""
    path = tmp_path / f"t{suffix}"
    good = MsSignal(smiles="CCO", mz=(31.0, 45.0), intensity=(100.0, 50.0))
    bad = good.model_copy(update={"intensity": (float("nan"), 50.0)})
    table.write(path, [good, bad])
    rejects: list[BadInput] = []
    assert [one.mz for one in ms.read(path, on_reject=rejects.append)] == [(31, 45)]
    assert "not a finite number" in rejects[0].what
    found = table.read(path, MsSignal)
    assert len(found.signals) == len(found.rejects) == 1
    assert "not finite" in found.rejects[0].reason


def run(*scans: str) -> str:
    whole = mzml()
    start = whole.index("<spectrum ")
    stop = whole.rindex("</spectrumList>")
    return whole[:start] + "\n".join(scans) + whole[stop:]


def test_three_levels_in_one_file(tmp_path):
    """Survey scans are passed over; MS2 and MS3 stay, and say what they are."""
    path = tmp_path / "run.mzML"
    levels = (1, 2, 3, 1, 2)
    peaks = {1: SURVEY, 2: MS2, 3: ([110.0713, 138.0662], [10.0, 5.0])}
    path.write_text(
        run(
            *(
                spectrum(i, level, "centroid spectrum", peaks[level])
                for i, level in enumerate(levels)
            )
        )
    )
    rejects: list[BadInput] = []
    found = list(ms.read(path, on_reject=rejects.append))
    assert [one.ms_type for one in found] == ["MS2", "MS3", "MS2"]
    assert "2 MS1 survey scans skipped" in rejects[0].what
    assert rejects[0].remedy


def test_survey_scans_alone_are_read(tmp_path):
    path = tmp_path / "gc.mzML"
    path.write_text(run(*(spectrum(i, 1, "centroid spectrum", SURVEY) for i in range(2))))
    assert [one.ms_type for one in ms.read(path)] == ["MS", "MS"]


def test_nan_in_the_arrays_of_mzml(tmp_path):
    path = tmp_path / "run.mzML"
    broken = (MS2[0], [float("nan"), *MS2[1][1:]])
    path.write_text(
        run(
            spectrum(0, 2, "centroid spectrum", broken),
            spectrum(1, 2, "centroid spectrum", MS2),
        )
    )
    rejects: list[BadInput] = []
    assert len(list(ms.read(path, on_reject=rejects.append))) == 1
    assert "not a finite number" in rejects[0].what


def test_a_profile_without_a_word_about_it_is_centroided(tmp_path):
    path = tmp_path / "trace.csv"
    x, y = profile()
    rows = "\n".join(f"{a:.4f},{b:.3f}" for a, b in zip(x, y, strict=True))
    path.write_text(f"mz,intensity\n{rows}\n")
    (one,) = ms.read(path)
    assert one.mz == pytest.approx(MS2[0], abs=1e-3)


def test_a_profile_without_peaks_is_refused(tmp_path):
    path = tmp_path / "empty.mzML"
    flat = (np.linspace(100, 101, 200).tolist(), [0.0] * 200)
    path.write_text(run(spectrum(0, 2, "profile spectrum", flat)))
    with pytest.raises(BadInput, match=r"empty\.mzML.*holds no peak.*centroided"):
        list(ms.read(path))


HEAVY = "301.14 90\n120.07 10\n"
CHARGED = {
    "a.mgf": "BEGIN IONS\nPEPMASS=195.0877\nCHARGE={charge}\n" + HEAVY + "END IONS\n",
    "a.msp": "NAME: x\nPRECURSORMZ: 195.0877\nCharge: {charge}\nNum Peaks: 2\n" + HEAVY + "\n",
    "a.json": json.dumps(
        [{"peaks": [[301.14, 90], [120.07, 10]], "precursor_mz": 195.0877, "charge": "CHARGE"}]
    ).replace("{", "{{").replace("}", "}}").replace("CHARGE", "{charge}"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARGED)
@pytest.mark.parametrize("charge", ["2", "3+", "1", "0"])
def test_a_precursor_lighter_than_its_fragments_needs_a_charge(tmp_path, name, charge):
    path = tmp_path / name
    path.write_text(CHARGED[name].format(charge=charge))
    if charge in ("1", "0"):
        with pytest.raises(BadInput, match=r"lighter than its fragments.*state its charge"):
            list(ms.read(path))
        return
    (one,) = ms.read(path)
    assert one.adduct == f"[M+{charge[0]}H]{charge[0]}+"


def test_a_negative_ion_gets_a_negative_charge(tmp_path):
    path = tmp_path / "a.msp"
    text = CHARGED["a.msp"].format(charge=2).replace("Charge", "ION_MODE: Negative\nCharge")
    path.write_text(text)
    assert next(iter(ms.read(path))).adduct == "[M-2H]2-"


def test_what_a_stated_adduct_says_counts_more_than_a_charge(tmp_path):
    path = tmp_path / "a.msp"
    path.write_text(
        CHARGED["a.msp"].format(charge=2).replace("Charge", "ADDUCT: [M+H+Na]2+\nCharge")
    )
    assert re.search("Na", next(iter(ms.read(path))).adduct)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("13C NMR (101 MHz, CDCl3) δ 170.1 (2), 128.4 (3)", "NMR shifts"),
        ("IR (KBr) 3310 (3), 1720 (10) cm-1", "infrared bands"),
        ("x\n\n\n  0  0  0\n    1.0 2.0\nM  END\n", "structures"),
    ],
)
def test_text_of_another_measurement(text, words):
    with pytest.raises(BadInput, match=words):
        list(ms.read(text))


def test_the_helper_of_these_tests_writes_what_it_says():
    assert CV.format("MS:1000511", "ms level", 3) in spectrum(0, 3, "centroid spectrum", MS2)
