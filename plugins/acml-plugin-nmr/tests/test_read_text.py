"""Literature text in the styles of many journals. Lines are written for these tests."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from acml_plugin_nmr.read import read
from acml_plugin_nmr.signal import NmrSignal
from hypothesis import given, settings
from hypothesis import strategies as st

from acml_core.errors import BadInput

# Expected peaks: "170.1S" is a shift with its multiplicity, "x2" behind it repeats it.
# 1H: "7.26:m:2" is shift, splitting, hydrogens.
LINES = [
    # ACS style, ranges, J values, counts
    (
        "13C NMR (101 MHz, CDCl3) δ 170.1, 128.4 (2C), 55.3 (d, J = 245.1 Hz), 21.0 (CH3)",
        "170.1 128.4x2 55.3 21.0Q",
        "",
    ),
    (
        "1H NMR (400 MHz, DMSO-d6) d 7.26 – 7.19 (m, 2H), 3.85 (s, 3H), 1.25 (t, J = 7.1 Hz, 3H)",
        "",
        "7.225:m:2 3.85:s:3 1.25:t:3",
    ),
    (
        "¹³C{¹H} NMR (126 MHz, CDCl₃) δ 162.3 (d, ¹J_CF = 245.1 Hz), 136.4, 129.8 (d, ³JCF = 8.2 Hz, "
        "2C), 115.4 (d, ²JC–F = 21.3 Hz, 2 × CH), 55.3, −3.2.",
        "162.3 136.4 129.8x2 115.4Dx2 55.3 -3.2",
        "",
    ),
    # German: decimal commas
    (
        "13C-NMR (CDCl3, 75 MHz): δ = 170,1 (C=O); 128,4 (2 CH); 55,3 (OCH3); 21,0 (CH3) ppm.",
        "170.1S 128.4Dx2 55.3Q 21.0Q",
        "",
    ),
    (
        "1H-NMR (400 MHz, CDCl3) δ: 7,26 (m, 2H), 3,85 (s, 3H), 1,25 (t, J = 7,1 Hz, 3H)",
        "",
        "7.26:m:2 3.85:s:3 1.25:t:3",
    ),
    # RSC: the count first, J without "=", both nuclei, then mass
    (
        "δH (400 MHz; CDCl3) 7.26 (2 H, d, J 8.0, ArH), 3.85 (3 H, s, OMe), 1.25 (3 H, t, J 7.1, "
        "CH2CH3); δC (101 MHz; CDCl3) 170.1 (C=O), 128.4 (CH), 55.3 (CH3), 14.1 (CH3); HRMS (ESI) m/z "
        "calcd for C10H12O3 [M+H]+ 181.0859, found 181.0861.",
        "170.1S 128.4D 55.3Q 14.1Q",
        "7.26:d:2 3.85:s:3 1.25:t:3",
    ),
    (
        "dH (300 MHz, CDCl3) 7.30 (1H, s); dC (75 MHz, CDCl3) 128.1 (CH), 20.1 (CH3)",
        "128.1D 20.1Q",
        "7.3:s:1",
    ),
    (
        "δH(300 MHz, CDCl3): 1.2 (3 H, d, J 6.5 Hz, CHCH3), 2.1 (1 H, br s, OH); "
        "δC(75 MHz, CDCl3): 18.9 (CHCH3), 67.5 (CH2OH), 70.2 (CHOH)",
        "18.9 67.5T 70.2D",
        "1.2:d:3 2.1:br s:1",
    ),
    ("13C NMR (150 MHz, DMSO-d6): δC 182.1 (C-4), 161.4, 94.0", "182.1 161.4 94.0", ""),
    # no punctuation, short header
    ("C NMR (CDCl3) 170.1 128.4 55.3 21.0", "170.1 128.4 55.3 21.0", ""),
    ("RMN 13C (75 MHz, CDCl3): 170.1; 128.4; 55.3", "170.1 128.4 55.3", ""),
    ("NMR-1H (CDCl3) δ 7.1 (s), 2.3 (s)", "", "7.1:s:0 2.3:s:0"),
    ("NMR (CDCl3) δ: 7.30 (2H, m), 3.3 (3H, s)", "", "7.3:m:2 3.3:s:3"),
    ("13C: 170.1, 128.4, 55.3", "170.1 128.4 55.3", ""),
    ("1H (400 MHz, CDCl3): 7.30 (2H, m), 3.3 (3H, s)", "", "7.3:m:2 3.3:s:3"),
    # what follows must not be swallowed
    (
        "1H NMR (CDCl3, 400 MHz): δ 7.26 (s, CHCl3), 7.10 (br s, 1H), 4.52 (dd, J = 12.1, 4.0 Hz, 1H), "
        "2.10–1.95 (m, 4H). 13C NMR (CDCl3, 100 MHz): δ 173.4, 77.0 (CDCl3), 64.5, 31.8. IR (neat) "
        "2925, 1735 cm–1. HRMS (ESI-TOF) m/z: [M + H]+ Calcd for C12H24O2Na 223.1674; Found 223.1670. "
        "mp 56-58 °C",
        "173.4 64.5 31.8",
        "7.1:br s:1 4.52:dd:1 2.025:m:4",
    ),
    (
        "13C NMR (126 MHz, CDCl3) δ 158.7 (dd, J = 246, 13 Hz), 118.6 (q, JC-F = 320.5 Hz), 117.0; "
        "19F NMR (471 MHz, CDCl3) δ -73.6, -109.2 (m).",
        "158.7 118.6 117.0",
        "",
    ),
    (
        "13C NMR (126 MHz, C6D6) δ 163.4 (d, 1JCP = 12.1 Hz, C-ipso), 134.2 (d, 2JCP = 19.5 Hz, o-C), "
        "18.2 (m, PCH2). 31P{1H} NMR (202 MHz, C6D6) δ 45.2 (s).",
        "163.4S 134.2 18.2T",
        "",
    ),
    (
        "White solid (85%), mp 120-122 °C. IR (KBr) νmax 3300, 1680 cm-1. 1H-NMR (DMSO-d6, 400 MHz) δ: "
        "10.25 (s, 1H, NH), 8.12 (d, 2H, J = 8.8 Hz, H-2, H-6), 3.33 (s, H2O), 2.50 (DMSO), 2.06 (s, "
        "3H, CH3). 13C-NMR (DMSO-d6, 100 MHz) δ: 168.9 (C=O), 145.2 (C-1), 125.1 (C-2, C-6), 118.7 "
        "(C-3,5), 39.5 (DMSO-d6), 24.2 (CH3). Anal. Calcd for C8H9NO4S: C, 44.65; H, 4.22; N, 6.51. "
        "Found: C, 44.51; H, 4.20.",
        "168.9S 145.2 125.1x2 118.7x2 24.2Q",
        "10.25:s:1 8.12:d:2 2.06:s:3",
    ),
    (
        "1H NMR (400 MHz, CDCl3): δ 9.80 (s, 1 H, CHO), 7.81 (d, 3J = 8.7 Hz, 2 H, 2 × ArH), 3.87 (s, "
        "3 H, OCH3). The spectral data match those reported in the literature.12",
        "",
        "9.8:s:1 7.81:d:2 3.87:s:3",
    ),
    (
        "Colorless oil; [α]D20 –45.2 (c 1.0, CHCl3); Rf = 0.35 (hexane/EtOAc 4:1); 1H NMR (400 MHz, "
        "CDCl3) δ 5.81 (ddt, J = 17.0, 10.2, 6.7 Hz, 1H), 1.43 – 1.27 (m, 6H). MS (EI) m/z (%) 128 "
        "(M+, 2), 110 (15), 81 (100).",
        "",
        "5.81:ddt:1 1.35:m:6",
    ),
    (
        "13C NMR (101 MHz, CDCl3): δ = 166.7 (Cq, C=O), 132.9 (+, CH), 129.6 (+, 2 × CH), 61.0 (–, CH2)"
        " ppm. – IR (KBr): ν = 2982 (w), 1714 (vs) cm–1. – MS (70 eV, EI) m/z (%): 150 (28) [M+].",
        "166.7S 132.9D 129.6Dx2 61.0T",
        "",
    ),
    (
        "1H NMR (400 MHz, CDCl3) 8.10 (1 H, dd, J = 8.0 and 1.5 Hz), 2.30 (3 H, s, Me); m/z (EI) 211",
        "",
        "8.1:dd:1 2.3:s:3",
    ),
    # Wiley: J(H,H), ppm inside
    (
        "1H NMR (400 MHz, CDCl3, 25 °C, TMS): δ=7.26 (m, 2H; ArH), 1.25 ppm (t, 3J(H,H)=7.1 Hz, 3H; "
        "CH3); 13C NMR (100 MHz, CDCl3, 25 °C, TMS): δ=170.1, 128.4 (2C), 55.3 ppm; HRMS (ESI): m/z 1",
        "170.1 128.4x2 55.3",
        "7.26:m:2 1.25:t:3",
    ),
    # DEPT: groups, letters
    (
        "13C NMR δ 212.3 (C), 151.2 (C), 128.3 (CH), 45.2 (CH2), 26.4 (CH3 x 2), 22.1 (2 x CH3), 18.0 "
        "(2CH3)",
        "212.3S 151.2S 128.3D 45.2T 26.4Qx2 22.1Qx2 18.0Qx2",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 159.1 (s), 130.2 (d), 113.8 (d), 55.2 (q), 33.1 (t)",
        "159.1S 130.2D 113.8D 55.2Q 33.1T",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 159.14 (s), 130.22 (s), 113.81 (s)",
        "159.14 130.22 113.81",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 162.1 (d, J = 245 Hz), 130.2 (s), 115.0 (d, J = 21 Hz), 55.2 (s)",
        "162.1 130.2 115.0 55.2",
        "",
    ),
    (
        "13C NMR (CDCl3): 170.1 (s, C-1), 128.4 (d, C-2), 55.3 (q, OMe), 30.2 (t, C-4)",
        "170.1S 128.4D 55.3Q 30.2T",
        "",
    ),
    (
        "13C NMR (CDCl3): δ 200.5 (q), 135.1 (q), 128.2 (CH), 127.1 (CH), 40.1 (CH2)",
        "200.5S 135.1S 128.2D 127.1D 40.1T",
        "",
    ),
    (
        "13C NMR (CDCl3, 50 MHz) 170.5 (C, C-3), 121.0 (CH, C-28), 39.8(C), 28.1 (CH3)",
        "170.5S 121.0D 39.8S 28.1Q",
        "",
    ),
    (
        "13C NMR (100 MHz, CDCl3): δ 166.9 (CO2Me), 129.7 (2 × ArCH), 60.4 (OCH2), 51.8 (CO2CH3), 24.0 "
        "(CH2CH3)",
        "166.9S 129.7Dx2 60.4T 51.8Q 24.0",
        "",
    ),
    (
        "13C NMR (75 MHz, CDCl3): δ= 21.0 [CH3], 31.4 [C(CH3)3], 125.2, 128.9 [ArCH]",
        "21.0Q 31.4Q 125.2 128.9D",
        "",
    ),
    # label in front, slash, ampersand, reverse order, ranges of many carbons
    (
        "13C NMR (101 MHz, CDCl3) δ 21.0, 55.3, 128.4/128.2, 138.2 & 170.1",
        "21.0 55.3 128.4 128.2 138.2 170.1",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3): δ 170.1, 128.4–127.9 (m, 6C), 55.3",
        "170.1 128.15x6 55.3",
        "",
    ),
    (
        "13C NMR (CDCl3): 14.0, 22.6, 29.2, 29.4(2), 29.6(3), 31.9, 180.3",
        "14.0 22.6 29.2 29.4x2 29.6x3 31.9 180.3",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 158.34, 129.65 (×2), 128.43 (x 3), 55.4 (3 carbons)",
        "158.34 129.65x2 128.43x3 55.4x3",
        "",
    ),
    (
        "13C NMR (101 MHz, CDCl3, a mixture of rotamers): δ 155.1 (major), 154.8 (minor), 46.7 and"
        " 46.2",
        "155.1 154.8 46.7 46.2",
        "",
    ),
    # splittings outside brackets, hydrides, broad ones
    (
        "1H NMR, 400 MHz, CDCl3, δ: 7.80 d (2H, J 8.9 Hz), 6.95 d (2H, J 8.9 Hz), 3.86 s (3H, OMe)",
        "",
        "7.8:d:2 6.95:d:2 3.86:s:3",
    ),
    ("1H NMR (CDCl3) δ 7.26, m, 2H; 3.85, s, 3H; 1.25, t, J = 7.1 Hz, 3H", "",
     "7.26:m:2 3.85:s:3 1.25:t:3"),
    (
        "1H NMR (C6D6, 298K): δ 7.16 (C6D5H), 4.52 (s, 5H, Cp), -12.35 (s, 1H, Ru-H), -0.5 to -0.7 (m, "
        "2H)",
        "",
        "4.52:s:5 -12.35:s:1 -0.6:m:2",
    ),
    (
        "1H NMR (600 MHz, CDCl3) δ 7.45 (ddd, J = 8.3, 7.0, 1.2 Hz, 1H), 2.3 (app t, J = 5 Hz, 2H), "
        "2.0 (bs, 1H), 1.9 (quint, J=7, 2H), 11.2 (1H, br), -0.05 (s, 9H).",
        "",
        "7.45:ddd:1 2.3:t:2 2.0:br s:1 1.9:quint:2 11.2:br s:1 -0.05:s:9",
    ),
    (
        "1H NMR: δ 5.10 (ABq, J = 12.3 Hz, 2H), 4.30 (q, J = 7.2, 1H), 1.24 [s, 9H, C(CH3)3]",
        "",
        "5.1:abq:2 4.3:q:1 1.24:s:9",
    ),
    # solvent, water and reference peaks
    (
        "1H NMR (CDCl3): δ 7.26 (residual CHCl3), 4.15 (q, 2H), 1.56 (H2O), 0.00 (TMS)",
        "",
        "4.15:q:2",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 170.1 , 128.4 , 77.48 , 77.16 , 76.84 , 55.3",
        "170.1 128.4 55.3",
        "",
    ),
    ("13C NMR (DMSO-d6): 12.1 (CH3), 40.2-38.9 (DMSO-d6), 110.1 (C4)", "12.1Q 110.1", ""),
    # software: MestReNova, ACD
    ("13C NMR (101 MHz, Chloroform-d) δ 170.12 , 128.43 , 55.31 .", "170.12 128.43 55.31", ""),
    (
        "13C NMR (101 MHz, CDCl3) δ ppm 14.1 (s, 1 C) 55.3 (s, 2 C) 128.4 (d, J=21.20 Hz, 2 C)",
        "14.1 55.3x2 128.4x2",
        "",
    ),
    (
        "1H NMR (400 MHz, CHLOROFORM-d) δ ppm 1.25 (t, J=7.09 Hz, 3 H) 7.19 - 7.26 (m, 2 H)",
        "",
        "1.25:t:3 7.225:m:2",
    ),
    # Russian journals
    (
        "13C NMR spectrum (CDCl3), δ, ppm: 21.0 (CH3), 55.3 (OCH3), 114.2, 128.4 (2CHarom), 170.1 (CO)",
        "21.0Q 55.3Q 114.2 128.4Dx2 170.1S",
        "",
    ),
    # markup, mojibake, line breaks
    (
        r"\textsuperscript{13}C NMR (101 MHz, CDCl$_3$) $\delta$ 170.1, 128.4, 55.3",
        "170.1 128.4 55.3",
        "",
    ),
    (
        "<sup>13</sup>C NMR (101 MHz, CDCl<sub>3</sub>) &delta; 170.1, 128.4, 55.3",
        "170.1 128.4 55.3",
        "",
    ),
    ("13C NMR (101 MHz, CD-\nCl3) δ 170.1,\n128.4, 55.\n3 (CH3), 21.0", "170.1 128.4 55.3Q 21.0", ""),
    ("13C NMR (75 MHz, CDCl3) 5 170.1, 128.4", "170.1 128.4", ""),
    ("13C NMR (CDCl3, δ 170.1, 128.4, 55.3)", "170.1 128.4 55.3", ""),
    (
        "13C NMR (75 MHz, CDCl3): δ 166.9 ; 134.4 ; 77.4, 77.0, 76.6 (CDCl3) ; 60.5 ; 14.3",
        "166.9 134.4 60.5 14.3",
        "",
    ),
    # natural products: atom numbers before or behind the shift
    (
        "13C-NMR (CDCl3, 125 MHz): δ 38.6 (C-1, t), 79.0 (C-3, d), 38.8 (C-4, s), 28.0 (C-23, q)",
        "38.6T 79.0D 38.8S 28.0Q",
        "",
    ),
    ("13C-NMR (CDCl3, 125 MHz): δ C-1 38.6, C-2 27.4, C-3 79.0", "38.6 27.4 79.0", ""),
    (
        "1H-NMR (CDCl3, 500 MHz): H-3 3.20 (dd, J = 11.0, 4.5 Hz), Me-23 0.99 (s)",
        "",
        "3.2:dd:0 0.99:s:0",
    ),
    (
        "13C NMR (101 MHz, CDCl3) δ 173.2 (CO), 136.1 (Cipso), 129.3 (2 x CHAr), 53.4 (CHα), "
        "52.3 (OMe), 37.9 (CH2β)",
        "173.2S 136.1S 129.3Dx2 53.4D 52.3Q 37.9T",
        "",
    ),
    # everything without blanks; a reference in the header; what was published before
    (
        "1H NMR(400MHz,CDCl3)δ7.26-7.19(m,2H),3.85(s,3H),1.25(t,J=7.1Hz,3H)",
        "",
        "7.225:m:2 3.85:s:3 1.25:t:3",
    ),
    ("13C NMR (100 MHz, CDCl3, ref. CDCl3 = 77.0 ppm) δ 170.1, 128.4", "170.1 128.4", ""),
    (
        "13C NMR (126 MHz, CDCl3) δ 206.97, 171.23, 30.94 [lit.12 δ 206.9, 171.2]",
        "206.97 171.23 30.94",
        "",
    ),
    (
        "The 13C NMR spectrum (CDCl3) showed signals at δ 170.1 (C=O), 128.4 and 55.3 (OCH3).",
        "170.1S 128.4 55.3Q",
        "",
    ),
    (
        "1H NMR (CDCl3) δ 5.05 (s, 0.5H), 1.32 and 1.28 (each d, J = 6.5 Hz, each 3H), "
        "4.25 (2H, q, 7.1 Hz)",
        "",
        "5.05:s:0.5 1.32:d:3 1.28:d:3 4.25:q:2",
    ),
    # a bracket that was never closed
    ("1H NMR (CDCl3) δ 7.2 (m, 5H), 3.85 (s, 3H, 1.25 (t, 3H), 0.9 (s, 3H)", "",
     "7.2:m:5 3.85:s:3 1.25:t:3 0.9:s:3"),
    # no header at all
    ("170.1, 128.4, 55.3", "170.1 128.4 55.3", ""),
    ("7.26, 3.85, 1.25", "", "7.26::0 3.85::0 1.25::0"),
    ("δ 8.01 (s, 1H), 24.5 (s, 1H)", "", "8.01:s:1 24.5:s:1"),
    ("(CDCl3, 400 MHz) δ 7.26-7.19 (2H, m), 3.85 (3H, s)", "", "7.225:m:2 3.85:s:3"),
]  # fmt: skip


def carbons(text: str) -> list[tuple[float, str]]:
    found = []
    for item in text.split():
        shift, kind, times = re.fullmatch(r"(-?[\d.]+)([SDTQ]?)(?:x(\d+))?", item).groups()
        found += [(float(shift), kind)] * int(times or 1)
    return found


def hydrogens(text: str) -> list[tuple[float, str, float]]:
    parts = re.findall(r"(-?[\d.]+):([a-z ]*):([\d.]+)", text)
    return [(float(shift), kind, float(count)) for shift, kind, count in parts]


def one(text: str) -> NmrSignal:
    signals = list(read(text))
    assert len(signals) == 1
    return signals[0]


@pytest.mark.parametrize(
    ("line", "carbon", "hydrogen"), LINES, ids=[line[:40] for line, *_ in LINES]
)
def test_line(line: str, carbon: str, hydrogen: str) -> None:
    signal = one(line)
    assert list(zip(signal.shifts_13c, signal.multiplicity_13c, strict=True)) == carbons(carbon)
    found = zip(signal.shifts_1h, signal.multiplicity_1h, signal.integral_1h, strict=True)
    assert list(found) == hydrogens(hydrogen)


@pytest.mark.parametrize(
    ("line", "solvent"),
    [
        ("13C NMR (101 MHz, CDCl3) δ 170.1, 55.3", "CDCl3"),
        ("1H NMR (400 MHz, DMSO-d6) δ 7.1 (s, 1H)", "DMSO-d6"),
        ("1H NMR (400 MHz, [D6]DMSO) δ 7.1 (s, 1H)", "[D6]DMSO"),
        ("1H NMR (CDCl3/CD3OD 4:1, 400 MHz) δ 7.1 (s, 1H)", "CDCl3/CD3OD"),
        ("1H NMR (D2O) δ 7.1 (s, 1H)", "D2O"),
        ("13C NMR (CD2Cl2): 170.1, 55.3", "CD2Cl2"),
        ("13C NMR (acetone-d6, 75 MHz): 170.1, 55.3", "acetone-d6"),
        ("13C NMR 170.1, 55.3", ""),
        ("13C NMR (150 MHz, DMSO-d6): δC 182.1 (C-4), 161.4", "DMSO-d6"),
    ],
)
def test_solvent(line: str, solvent: str) -> None:
    assert one(line).solvent == solvent


def test_several_compounds() -> None:
    text = (
        "Compound 5: 1H NMR (400 MHz, CDCl3) δ 7.5 (s, 1H). 13C NMR (101 MHz, CDCl3) δ 128.1.\n"
        "Compound 6: 1H NMR (400 MHz, CDCl3) δ 8.5 (s, 1H). 13C NMR (101 MHz, CDCl3) δ 138.1, 20.1."
    )
    first, second = read(text)
    assert (first.shifts_1h, first.shifts_13c) == ((7.5,), (128.1,))
    assert (second.shifts_1h, second.shifts_13c) == ((8.5,), (138.1, 20.1))
    assert second.origin == "text:2"


def test_file_and_line(tmp_path) -> None:
    path = tmp_path / "si.txt"
    path.write_text("Compound 5\n\n13C NMR (CDCl3) δ 128.1, 20.5\n", encoding="utf-8")
    assert next(iter(read(path))).origin == "si.txt:3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("   \n ", ["empty"]),
        ("19F NMR (376 MHz, CDCl3) δ -113.5.", ["19F", "13C and 1H"]),
        ("31P NMR (162 MHz) δ 24.5; 11B NMR δ 30.1", ["31P, 11B"]),
        ("13C NMR (101 MHz) 17012, 12842, 5533", ["Hz", "168.44", "127.15", "54.78"]),
        ("13C NMR (400 MHz) 17012, 12842, 5533", ["Hz", "169.1"]),
        ("1H NMR (400 MHz, CDCl3) δ 2904.1, 1540.2, 500.3", ["Hz", "7.26, 3.85, 1.25"]),
        ("13C NMR 17012 Hz, 12842 Hz", ["Hz", "MHz"]),
        ("1H NMR (CDCl3) δ 170.1, 128.2, 55.1", ["Hz", "13C"]),
        ("13C NMR δ 170.1, 1284, 55.3", ["1284", "-300 to 450"]),
        ("The structure was confirmed by 1H NMR spectroscopy and 13C NMR.", ["no 13C or 1H peaks"]),
        ("The 13C NMR spectrum showed 24 carbon signals.", ["no 13C or 1H peaks"]),
        ("a yellow oil was obtained", ["no NMR data"]),
        ("missing.csv", ["no such file"]),
        ("data/missing.sdf", ["no such file"]),
        ("./nothing/here", ["no such file"]),
    ],
)
def test_bad_text(text: str, words: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        list(read(text))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_bad_section_goes_to_on_reject() -> None:
    rejects: list[BadInput] = []
    text = "1H NMR (400 MHz) δ 2904.1, 1540.2. 13C NMR (CDCl3) δ 128.1, 20.5"
    (signal,) = read(text, on_reject=rejects.append)
    assert signal.shifts_13c == (128.1, 20.5)
    assert len(rejects) == 1
    assert "Hz" in str(rejects[0])


# ---- round trips --------------------------------------------------------------------------------

carbon_peak = st.tuples(
    st.integers(-500, 23000).map(lambda n: n / 100), st.sampled_from("SDTQ"), st.integers(1, 4)
)
proton_peak = st.tuples(
    st.integers(-200, 1400).map(lambda n: n / 100),
    st.sampled_from(["s", "d", "t", "q", "dd", "m", "br s", "td", "ddd", "sept"]),
    st.integers(1, 12),
    st.integers(10, 180).map(lambda n: n / 10),
)
GROUPS = {"S": "C", "D": "CH", "T": "CH2", "Q": "CH3"}
HEADERS_13C = [
    "13C NMR (101 MHz, CDCl3) δ ",
    "13C{1H} NMR (126 MHz, DMSO-d6): δ = ",
    "¹³C-NMR (CDCl₃, 75 MHz) δ (ppm): ",
    "δC (101 MHz; CDCl3) ",
    "C NMR (CDCl3) ",
]
HEADERS_1H = [
    "1H NMR (400 MHz, CDCl3) δ ",
    "¹H-NMR (DMSO-d6, 300 MHz): δ = ",
    "δH (400 MHz; CDCl3) ",
    "H NMR (CD3OD) d ",
]
TAILS = [
    "",
    ".",
    " ppm.",
    "; HRMS (ESI) m/z calcd 181.0859, found 181.0861.",
    ". IR (KBr): 1710 cm-1.",
]


def possible(peaks: list[tuple[float, str, int]]) -> bool:
    """Whether letters can mean CHn at these shifts: no CH3 at 200 ppm, no lone alkyl carbon."""
    alkyl = any(kind in "TQ" for _, kind, _ in peaks)
    return not any(kind == "Q" and shift > 75 for shift, kind, _ in peaks) and (
        alkyl or not any(kind == "S" and shift < 60 for shift, kind, _ in peaks)
    )


def unchloroformed(peaks: list[tuple[float, str, int]]) -> bool:
    """Whether no bare multiplet could be taken for a solvent's."""
    near = ((76.5, 77.7), (38.0, 41.0), (47.5, 50.5), (28.3, 31.3), (52.3, 55.3))
    return not any(low < shift < high for shift, *_ in peaks for low, high in near)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(carbon_peak, min_size=2, max_size=30).filter(unchloroformed),
    st.sampled_from(HEADERS_13C),
    st.sampled_from([", ", "; ", ",", " , ", ",\n"]),
    st.sampled_from(["plain", "group", "count", "letter"]),
    st.booleans(),
    st.sampled_from(TAILS),
)
def test_round_trip_13c(peaks, header, joint, style, minus, tail) -> None:
    items = []
    for shift, kind, count in peaks:
        text = f"{shift:.2f}".replace("-", "−" if minus else "-")
        if style == "group":
            text += f" ({GROUPS[kind]})" if count == 1 else f" ({count} × {GROUPS[kind]})"
        elif style == "count" and count > 1:
            text += f" ({count}C)"
        elif style == "letter":
            text += f" ({kind.lower()})"
        items.append(text)
    signal = one(header + joint.join(items) + tail)
    counts = [count if style in ("group", "count") else 1 for *_, count in peaks]
    expected = [shift for (shift, *_), n in zip(peaks, counts, strict=True) for _ in range(n)]
    assert list(signal.shifts_13c) == expected
    kinds = [kind for (_, kind, _), n in zip(peaks, counts, strict=True) for _ in range(n)]
    if style == "letter" and len(set(kinds)) > 1 and possible(peaks):
        assert list(signal.multiplicity_13c) == kinds
    if style == "group":
        for found, kind in zip(signal.multiplicity_13c, kinds, strict=True):
            assert found == kind or (found == "" and kind == "S")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(proton_peak, min_size=1, max_size=25),
    st.sampled_from(HEADERS_1H),
    st.sampled_from(["acs", "rsc", "wiley"]),
    st.sampled_from([" – ", "-", "—"]),
    st.sampled_from(TAILS),
)
def test_round_trip_1h(peaks, header, style, dash, tail) -> None:
    items, expected = [], []
    for shift, kind, count, coupling in peaks:
        text = f"{shift:.2f}"
        centre = shift
        if kind == "m" and shift > 0:
            text = f"{shift + 0.04:.2f}{dash}{shift - 0.04:.2f}"
            centre = shift if shift > 0.05 else None
        if centre is None:
            text, centre = f"{shift:.2f}", shift
        j = "" if kind in ("s", "m", "br s") else coupling
        inside = {
            "acs": [kind, f"J = {j} Hz" if j else "", f"{count}H"],
            "rsc": [f"{count} H", kind, f"J {j}" if j else "", "ArH"],
            "wiley": [kind, f"3J(H,H) = {j} Hz" if j else "", f"{count} H; CH3"],
        }[style]
        items.append(f"{text} ({', '.join(part for part in inside if part)})")
        expected.append((pytest.approx(centre, abs=1e-6), kind, float(count)))
    signal = one(header + ", ".join(items) + tail)
    found = zip(signal.shifts_1h, signal.multiplicity_1h, signal.integral_1h, strict=True)
    assert list(found) == expected


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ``BadInput`` comes out, and its message is one line."""
    refused = ""
    try:
        signals = list(read("13C NMR δ " + text))
    except BadInput as error:
        refused, signals = str(error), []
    assert bool(signals) != bool(refused)
    assert "\n" not in refused
    assert not any(signal.missing for signal in signals)


@pytest.mark.parametrize(
    "text", [",1" * 20_000, "1.1, 2.2 (" * 2000, "J = 1, 2, " * 3000, "(" * 5000]
)
def test_time_grows_with_length_only(text: str) -> None:
    """Hostile texts are refused or read in the time of honest ones (quadratic search took 40 s)."""
    start = time.process_time()
    with contextlib.suppress(BadInput):
        list(read("13C NMR δ 1" + text))
    assert time.process_time() - start < 5.0
