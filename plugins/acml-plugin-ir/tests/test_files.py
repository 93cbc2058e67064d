"""Two columns, tables, SPC and OPUS."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_ir.modality import Ir
from acml_plugin_ir.read import read
from acml_plugin_ir.signal import IrSignal

from acml_core.data import table
from acml_core.errors import BadInput

FILES = Path(__file__).parent / "files"
X = np.linspace(4000.0, 500.0, 400)
Y = np.exp(-(((X - 1715) / 20) ** 2)) + 0.4 * np.exp(-(((X - 2950) / 40) ** 2)) + 0.01


def lines(x, y, delimiter=",", decimal="."):
    return "\n".join(
        f"{a:.3f}{delimiter}{b:.5f}".replace(".", decimal) for a, b in zip(x, y, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("wavenumber,absorbance\n" + lines(X, Y), "absorbance"),
        ("cm-1;%T\n" + lines(X, 100 * 10**-Y, ";", ","), "transmittance"),
        (lines(X, Y, "\t"), "absorbance"),
        (lines(X, 10**-Y, " "), "transmittance"),
        (lines(1e4 / X, Y), "absorbance"),
        ("wavelength (nm)\tabsorbance\n" + lines(1e7 / X, Y, "\t"), "absorbance"),
        ("# exported 2024\n# unit: cm-1\n" + lines(X, 100 * 10**-Y), "transmittance"),
    ],
)
def test_columns(tmp_path, text, kind):
    path = tmp_path / "spectrum.csv"
    path.write_text(text)
    (signal,) = read(path)
    assert signal.wavenumber[0] == pytest.approx(500, abs=0.2)
    values = np.array(getattr(signal, kind))
    found = values if kind == "absorbance" else -np.log10(values)
    np.testing.assert_allclose(found, Y[::-1], atol=0.02)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m/z,intensity\n" + lines(np.arange(40.0), np.arange(40.0)), "'m/z', no infrared axis"),
        ("wavenumber,reflectance\n" + lines(X, Y), "reflectance"),
        ("wavenumber,absorbance\n" + lines(X[:5], Y[:5]), "5 rows"),
        ("wavenumber,absorbance\n" + lines(X + 6000, Y), "between 400 and 4000"),
        ("wavenumber,absorbance\n" + lines(X, 1.01 - Y), "upside down"),
        ("wavenumber,absorbance\n" + lines(X, 0 * Y), "flat"),
        ("a,b\n" + lines(X, Y) + "\noops", "oops"),
    ],
)
def test_bad_columns(tmp_path, text, message):
    path = tmp_path / "spectrum.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        list(read(path))


def test_the_example_csv():
    (signal,) = read(FILES / "ethanol.csv")
    assert 0 < min(signal.transmittance) < 0.2


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_tables(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    curve = IrSignal(smiles="CC(C)=O", wavenumber=tuple(X), absorbance=tuple(Y), state="gas")
    bands = IrSignal(smiles="CCO", bands=(3300.0, 1050.0), strengths=("br", "s"))
    table.write(path, [curve, bands])
    first, second = read(path)
    np.testing.assert_allclose(first.absorbance, Y)
    assert (first.smiles, first.state) == ("CC(C)=O", "gas")
    assert second.bands == bands.bands
    assert second.strengths == bands.strengths


def spc_bytes(x_type: int = 1, y_type: int = 2, exponent: int = -128) -> bytes:
    """An SPC file of one curve: float32 ordinates, or whole numbers with an exponent."""
    head = struct.pack("<BBBbIddIBB", 0, 0x4B, 0, exponent, len(X), X[0], X[-1], 1, x_type, y_type)
    y = Y if exponent == -128 else np.round(Y * 2.0 ** (32 - exponent))
    return (
        head.ljust(512, b"\0")
        + bytes(32)
        + y.astype("<f4" if exponent == -128 else "<i4").tobytes()
    )


def opus_bytes(block_type: int = 4) -> bytes:
    """A minimal OPUS file: header, directory, a data status block and a data block."""

    def params(**values: object) -> bytes:
        out = b""
        for key, value in values.items():
            if isinstance(value, str):
                text = value.encode() + b"\0"
                text += b"\0" * (-len(text) % 2)
                out += key.encode() + b"\0" + struct.pack("<2h", 2, len(text) // 2) + text
            elif isinstance(value, int):
                out += key.encode() + b"\0" + struct.pack("<2hi", 0, 2, value)
            else:
                out += key.encode() + b"\0" + struct.pack("<2hd", 1, 4, value)
        out += b"END\0" + struct.pack("<2h", 0, 0)
        return out + b"\0" * (-len(out) % 4)

    status = params(
        DPF=1, NPT=len(X), FXV=float(X[0]), LXV=float(X[-1]), CSF=1.0,
        MXY=float(Y.max()), MNY=float(Y.min()), DAT="01/01/2024", TIM="12:00:00", DXU="WN",
    )  # fmt: skip
    data = Y.astype("<f4").tobytes()
    ratioed = 0b1111  # complex part: amplitude; kind: ratioed
    kinds = (ratioed | 1 << 4 | block_type << 10, ratioed | block_type << 10)
    start = 24 + 12 * 3
    entries = [(0b00 | 13 << 10, 9, 24), (kinds[0], len(status) // 4, start),
               (kinds[1], len(data) // 4, start + len(status))]  # fmt: skip
    head = b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, 40, len(entries))
    return head + b"".join(struct.pack("<3i", *e) for e in entries) + status + data


@pytest.mark.parametrize("exponent", [-128, 1])
def test_spc(tmp_path, exponent):
    path = tmp_path / "a.spc"
    path.write_bytes(spc_bytes(exponent=exponent))
    (signal,) = read(path)
    np.testing.assert_allclose(signal.wavenumber, X[::-1], rtol=1e-5)
    np.testing.assert_allclose(signal.absorbance, Y[::-1], rtol=1e-5)


def test_spc_written_by_another_program():
    """The file was written with spc-io 0.2, an implementation that shares nothing with this one."""
    (signal,) = read(FILES / "ethanol.spc")
    (same,) = read(FILES / "ethanol.csv")
    found = np.interp(same.wavenumber, signal.wavenumber, signal.absorbance)
    np.testing.assert_allclose(10 ** (-1.2 * found), same.transmittance, atol=2e-3)


def test_spc_of_another_kind(tmp_path):
    path = tmp_path / "a.spc"
    path.write_bytes(spc_bytes(9))
    with pytest.raises(BadInput, match=r"code 9.*mass axis"):
        list(read(path))
    path.write_bytes(spc_bytes()[:700])
    with pytest.raises(BadInput, match=r"a\.spc.*truncated"):
        list(read(path))


def test_opus(tmp_path):
    path = tmp_path / "sample.0"
    path.write_bytes(opus_bytes())
    (signal,) = read(path)
    np.testing.assert_allclose(signal.wavenumber, X[::-1])
    np.testing.assert_allclose(signal.absorbance, Y[::-1], rtol=1e-6)


def test_opus_damaged(tmp_path):
    path = tmp_path / "sample.0"
    for size in (4, 30, 90, 300):
        path.write_bytes(opus_bytes()[:size])
        with pytest.raises(BadInput, match=r"sample\.0"):
            list(read(path))


def test_binary_rubbish(tmp_path):
    path = tmp_path / "a.jdx"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(BadInput, match=r"a\.jdx.*binary"):
        list(read(path))


def test_every_reader_leads_to_an_embedding(tmp_path):
    plugin = Ir()
    (tmp_path / "a.spc").write_bytes(spc_bytes())
    (tmp_path / "a.0").write_bytes(opus_bytes())
    for source in (FILES / "acetone.jdx", FILES / "ethanol.csv", tmp_path / "a.spc",
                   tmp_path / "a.0", "IR (KBr) 1720 s, 2950 m cm-1"):  # fmt: skip
        (signal,) = plugin.read(source)
        item = plugin.prepare(signal)
        assert item["absorbance"].shape == (plugin.config.points,)
        assert item["absorbance"].max() == 1.0


def test_reading_does_not_print(tmp_path, capsys):
    path = tmp_path / "a.0"
    path.write_bytes(opus_bytes())
    list(read(path))
    assert capsys.readouterr().out == ""
