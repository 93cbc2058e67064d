"""Bruker and Varian folders, synthesised with known peaks, and zip files of them."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_nmr.read import read

from acml_core.errors import BadInput

CARBON = (14.2, 21.0, 60.4, 128.3, 171.1)
PROTON = (1.26, 2.04, 4.12, 7.9)
SF_13C, SF_1H = 100.6127, 400.13
CENTRE_13C, WIDTH_13C = 100.0, 240.0
CENTRE_1H, WIDTH_1H = 6.0, 16.0
RELAXATION_S = 0.4


def fid(
    shifts, centre: float, frequency: float, width_hz: float, points: int, sign: int
) -> np.ndarray:
    """Decaying exponentials with noise; ``sign`` is that of the spectrometer's quadrature."""
    time = np.arange(points) / width_hz
    rng = np.random.default_rng(11)
    signal = sum(np.exp(sign * 2j * np.pi * (s - centre) * frequency * time + 0.7j) for s in shifts)
    noise = rng.normal(0, 0.02, points) + 1j * rng.normal(0, 0.02, points)
    return signal * np.exp(-time / RELAXATION_S) + noise


def acqus(
    folder: Path, nucleus: str, frequency: float, centre: float, width_hz: float, points: int
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "AQ_mod": 3, "AQSEQ": 0, "BF1": frequency, "BYTORDA": 0, "DECIM": 0, "DSPFVS": 0, "DTYPA": 0,
        "DIGMOD": 0, "GRPDLY": 0, "NUC1": f"<{nucleus}>", "O1": centre * frequency, "PARMODE": 0,
        "PULPROG": "<zg>", "SFO1": frequency * (1 + centre * 1e-6), "SOLVENT": "<CDCl3>",
        "SW_h": width_hz,
        "SW": width_hz / frequency, "TD": 2 * points, "NS": 1, "TE": 298,
    }  # fmt: skip
    text = "##TITLE= Parameter file\n##JCAMPDX= 5.0\n##DATATYPE= Parameter Values\n##NPOINTS= 1\n"
    text += "##ORIGIN= own\n##OWNER= own\n"
    text += "".join(f"##${name}= {value}\n" for name, value in values.items()) + "##END=\n"
    (folder / "acqus").write_text(text)


def bruker_processed(
    folder: Path, shifts=CARBON, size: int = 16384, solvent_line: bool = False
) -> Path:
    """pdata/1 with procs and 1r; the axis falls from OFFSET."""
    acqus(folder, "13C", SF_13C, CENTRE_13C, WIDTH_13C * SF_13C, 8192)
    inside = folder / "pdata" / "1"
    inside.mkdir(parents=True)
    offset = CENTRE_13C + WIDTH_13C / 2
    ppm = offset - np.arange(size) * WIDTH_13C / size
    lines = [*shifts, 77.16] if solvent_line else shifts
    heights = sum(1 / (1 + ((ppm - s) / 0.03) ** 2) for s in lines)
    heights = heights + np.random.default_rng(5).normal(0, 0.003, size) + 0.05
    (inside / "1r").write_bytes(np.round(heights * 1e6).astype("<i4").tobytes())
    procs = {
        "SI": size,
        "SF": SF_13C,
        "SW_p": WIDTH_13C * SF_13C,
        "OFFSET": offset,
        "BYTORDP": 0,
        "DTYPP": 0,
        "NC_proc": 0,
    }
    text = (
        "##TITLE= Parameter file\n"
        + "".join(f"##${k}= {v}\n" for k, v in procs.items())
        + "##END=\n"
    )
    (inside / "procs").write_text(text)
    return folder


def bruker_fid(folder: Path, nucleus: str = "13C") -> Path:
    if nucleus == "13C":
        shifts, frequency, centre, width = CARBON, SF_13C, CENTRE_13C, WIDTH_13C * SF_13C
    else:
        shifts, frequency, centre, width = PROTON, SF_1H, CENTRE_1H, WIDTH_1H * SF_1H
    points = 16384
    acqus(folder, nucleus, frequency, centre, width, points)
    data = fid(shifts, centre, frequency, width, points, +1) * 1e5
    pairs = np.column_stack([data.real, data.imag]).ravel()
    (folder / "fid").write_bytes(np.round(pairs).astype("<i4").tobytes())
    return folder


def varian(folder: Path, tn: str = "C13") -> Path:
    folder.mkdir(parents=True)
    points, width = 16384, WIDTH_13C * SF_13C
    data = fid(CARBON, CENTRE_13C, SF_13C, width, points, -1) * 1e5
    pairs = np.column_stack([data.real, data.imag]).ravel().astype(">i4")
    # nblocks, ntraces, np, ebytes, tbytes, bbytes, vers_id, status, nbheaders
    status = 0x1 | 0x4 | 0x10
    head = struct.pack(">6l2hl", 1, 1, 2 * points, 4, 8 * points, 8 * points + 28, 0, status, 1)
    block = struct.pack(">4hl4f", 1, status, 0, 0, 1, 0.0, 0.0, 0.0, 0.0)
    (folder / "fid").write_bytes(head + block + pairs.tobytes())
    # The reference line at 77.16 ppm is rfl Hz from the right edge.
    right = CENTRE_13C - WIDTH_13C / 2
    numbers = {
        "sw": width,
        "sfrq": SF_13C,
        "reffrq": SF_13C,
        "rfp": 77.16 * SF_13C,
        "rfl": (77.16 - right) * SF_13C,
        "np": 2 * points,
        "tof": 0.0,
    }
    text = ""
    for name, value in numbers.items():
        text += f"{name} 1 1 1e9 -1e9 0 2 1 11 1 64\n1 {value!r} \n0 \n"
    for name, value in {"tn": tn, "solvent": "cdcl3", "array": "", "seqfil": "s2pul"}.items():
        text += f'{name} 2 2 8 0 0 2 1 11 1 64\n1 "{value}" \n0 \n'
    (folder / "procpar").write_text(text)
    return folder


def one(source: Path, **options):
    signals = list(read(source, **options))
    assert len(signals) == 1
    return signals[0]


def refusal(source: Path) -> str:
    with pytest.raises(BadInput) as caught:
        list(read(source))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bruker_processed(tmp_path: Path) -> None:
    folder = bruker_processed(tmp_path / "exp" / "10", solvent_line=True)
    for source in (folder, folder.parent, folder / "pdata" / "1", folder / "acqus"):
        signal = one(source)
        assert sorted(signal.shifts_13c) == pytest.approx(
            CARBON, abs=0.01
        )  # the solvent is left out
    assert signal.solvent == "CDCl3"


def test_bruker_peak_list_comes_first(tmp_path: Path) -> None:
    folder = bruker_processed(tmp_path / "10")
    peaks = "".join(f'<Peak1D F1="{s}" intensity="1" type="0"/>' for s in (14.25, 77.16, 60.41))
    (folder / "pdata" / "1" / "peaklist.xml").write_text(
        f"<PeakList><PeakList1D>{peaks}</PeakList1D></PeakList>"
    )
    assert one(folder).shifts_13c == (14.25, 60.41)


@pytest.mark.parametrize("nucleus", ["13C", "1H"])
def test_bruker_fid(tmp_path: Path, nucleus: str) -> None:
    signal = one(bruker_fid(tmp_path / "10", nucleus))
    if nucleus == "13C":
        assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.02)
        assert signal.shifts_1h == ()
    else:
        assert sorted(signal.shifts_1h) == pytest.approx(PROTON, abs=0.003)


def test_varian(tmp_path: Path) -> None:
    signal = one(varian(tmp_path / "carbon.fid"))
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.02)
    assert signal.solvent == "cdcl3"


def test_several_experiments(tmp_path: Path) -> None:
    bruker_fid(tmp_path / "sample" / "1", "1H")
    bruker_fid(tmp_path / "sample" / "2", "13C")
    first, second = read(tmp_path / "sample")
    assert first.shifts_1h
    assert second.shifts_13c


def zipped(folder: Path, path: Path, extra: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder.parent)))
        if extra:
            archive.writestr(extra, "escaped")
    return path


def test_zip(tmp_path: Path) -> None:
    path = zipped(bruker_processed(tmp_path / "10"), tmp_path / "10.zip")
    signal = one(path)
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.01)
    assert signal.origin.startswith("10.zip")


@pytest.mark.parametrize("name", ["../acqus", "10/../../acqus", "/acqus", "..\\acqus"])
def test_zip_cannot_escape(tmp_path: Path, name: str) -> None:
    folder = bruker_processed(tmp_path / "in" / "10")
    message = refusal(zipped(folder, tmp_path / "in" / "bad.zip", extra=name))
    assert "outside itself" in message
    assert not (tmp_path / "acqus").exists()


def test_bad_folders(tmp_path: Path) -> None:
    folder = bruker_processed(tmp_path / "truncated")
    data = (folder / "pdata" / "1" / "1r").read_bytes()
    (folder / "pdata" / "1" / "1r").write_bytes(data[: len(data) // 2])
    assert "8192 of 16384 points" in refusal(folder)

    folder = bruker_processed(tmp_path / "fluorine")
    text = (folder / "acqus").read_text().replace("<13C>", "<19F>")
    (folder / "acqus").write_text(text)
    assert "19F" in refusal(folder)

    folder = bruker_fid(tmp_path / "shortfid")
    (folder / "fid").write_bytes((folder / "fid").read_bytes()[:4096])
    assert "FID" in refusal(folder)

    folder = bruker_fid(tmp_path / "nothing")
    (folder / "fid").unlink()
    assert "neither" in refusal(folder)

    (folder / "acqus").write_bytes(b"\x00\x01\x02garbage")
    assert "Bruker parameters" in refusal(folder)

    assert "19F" in refusal(varian(tmp_path / "f.fid", tn="F19"))
    folder = varian(tmp_path / "t.fid")
    (folder / "fid").write_bytes((folder / "fid").read_bytes()[:50])
    assert "cannot be read" in refusal(folder)

    path = tmp_path / "no.zip"
    path.write_bytes(b"PK\x03\x04 truncated")
    assert "zip" in refusal(path)


def test_flat_spectrum_has_no_peaks(tmp_path: Path) -> None:
    folder = bruker_processed(tmp_path / "10")
    noise = np.random.default_rng(2).normal(0, 1000, 16384).round().astype("<i4")
    (folder / "pdata" / "1" / "1r").write_bytes(noise.tobytes())
    assert "no 13C or 1H peaks" in refusal(folder)
