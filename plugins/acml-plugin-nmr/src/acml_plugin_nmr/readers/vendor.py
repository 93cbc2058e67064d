"""Bruker and Varian (Agilent) folders, and zip files of them, through nmrglue.

Order of preference: the peak list that was saved with the processed spectrum; the processed spectrum,
peak-picked; the free induction decay: apodised, zero-filled, transformed, and picked in magnitude mode,
where a peak's position does not depend on the phase.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_nmr.readers.limits import check_shifts, wrong_nucleus
from acml_plugin_nmr.readers.peakpick import is_residual, signal_from_spectrum
from acml_plugin_nmr.signal import NmrSignal

MAX_UNPACKED_BYTES = 2_000_000_000
"""Largest sum of unpacked sizes of a zip file; more is refused."""

MAX_MEMBERS = 20_000
"""Most files of a zip."""

BROADENING_HZ = {"13C": 1.0, "1H": 0.3}
"""Exponential line broadening [Hz] before the transform."""

_NEEDED = re.compile(
    r"(?:^|/)(?:acqus|acqu|fid|ser|procs|proc|1r|1i|peaklist\.xml|procpar|text|title)$", re.I
)


def is_folder(path: Path) -> bool:
    """Whether a directory is, or holds, a spectrometer's data."""
    return bool(_experiments(path))


def read_folder(path: Path) -> Iterator[NmrSignal]:
    """One signal for each 1D experiment of 13C or 1H in a folder (or in its direct subfolders).

    Raises:
        BadInput: nothing of the kind, another nucleus, two dimensions, truncated data.
    """
    experiments = _experiments(path)
    if not experiments:
        raise BadInput(
            "the folder holds no Bruker or Varian data",
            source=path,
            remedy="Give the experiment's folder: the one with acqus and fid, or with procpar and fid.",
        )
    errors: list[BadInput] = []
    given = 0
    for folder in experiments:
        try:
            signal = _varian(folder) if (folder / "procpar").is_file() else _bruker(folder)
        except BadInput as error:
            errors.append(error)
            continue
        given += 1
        yield signal
    if not given:
        raise errors[0]


def read_zip(path: Path) -> Iterator[NmrSignal]:
    """A zip file of such folders. Members are unpacked by their own checks, never outside.

    Raises:
        BadInput: no zip, damaged, too large, a path that leaves the archive; or as ``read_folder``.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        raise BadInput(
            "not a readable zip file", source=path, remedy="It may be truncated: copy it again."
        ) from None
    with archive, tempfile.TemporaryDirectory(prefix="acml-nmr-") as temporary:
        root = Path(temporary).resolve()
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED_BYTES:
            raise BadInput("the zip file is too large", source=path, remedy="Zip one experiment.")
        for member in members:
            name = member.filename.replace("\\", "/")
            target = (root / name).resolve()
            if name.startswith("/") or not target.is_relative_to(root) or ":" in name.split("/")[0]:
                raise BadInput(
                    f"the zip file has a member outside itself: {member.filename[:60]!r}",
                    source=path,
                    remedy="Do not use this file; zip the folder again.",
                )
            if not _NEEDED.search(name):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.write_bytes(archive.read(member))
            except (zipfile.BadZipFile, RuntimeError, OSError, NotImplementedError) as error:
                raise BadInput(f"a member cannot be unpacked ({error})", source=path) from None
        try:
            for signal in read_folder(root):
                yield signal.model_copy(update={"origin": f"{path.name}/{signal.origin}"})
        except BadInput as error:
            raise BadInput(error.what, source=path, remedy=error.remedy) from None


def _experiments(path: Path) -> list[Path]:
    if path.name.isdigit() and path.parent.name == "pdata" and (path / "procs").is_file():
        path = path.parent.parent
    if _is_experiment(path):
        return [path]
    inside = sorted(path.rglob("acqus")) + sorted(path.rglob("procpar"))
    return sorted({file.parent for file in inside}, key=lambda p: [(len(x), x) for x in p.parts])


def _is_experiment(path: Path) -> bool:
    return (path / "acqus").is_file() or (path / "procpar").is_file()


# ---- Bruker -------------------------------------------------------------------------------------


def _bruker(folder: Path) -> NmrSignal:
    acqus = _parameters(folder / "acqus")
    nucleus = acqus.get("NUC1", "").strip("<> ")
    if nucleus not in ("13C", "1H"):
        raise wrong_nucleus([nucleus or "an unnamed nucleus"], source=folder / "acqus", line=None)
    if (folder / "ser").is_file() and not (folder / "fid").is_file():
        raise BadInput(
            "the experiment has two dimensions", source=folder, remedy="A 1D spectrum is needed."
        )
    solvent = acqus.get("SOLVENT", "").strip("<> ")
    processed = sorted((folder / "pdata").glob("*/procs"), key=lambda p: (len(p.parts), str(p)))
    for procs in processed:
        saved = procs.parent / "peaklist.xml"
        if saved.is_file():
            shifts = _peaklist_xml(saved)
            shifts = [shift for shift in shifts if not is_residual(nucleus, shift, solvent)]
            if shifts:
                check_shifts(nucleus, shifts, source=saved)
                return NmrSignal(
                    origin=folder.name,
                    solvent=solvent,
                    **{f"shifts_{nucleus.lower()}": tuple(shifts)},  # type: ignore[arg-type]
                )
        if (procs.parent / "1r").is_file():
            ppm, heights = _bruker_processed(procs.parent, _parameters(procs))
            return signal_from_spectrum(
                nucleus, ppm, heights, source=folder, solvent=_solvent_name(solvent)
            )
    if not (folder / "fid").is_file():
        raise BadInput(
            "the folder has neither pdata/1/1r nor fid", source=folder, remedy="Copy it whole."
        )
    parameters = _parameters(processed[0]) if processed else {}
    ppm, heights = _bruker_fid(folder, nucleus, acqus, parameters)
    return signal_from_spectrum(
        nucleus, ppm, heights, source=folder, solvent=_solvent_name(solvent)
    )


def _bruker_processed(folder: Path, procs: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Axis [ppm], falling, and real part of pdata/N/1r."""
    import nmrglue as ng

    path = folder / "1r"
    try:
        size, width = int(float(procs["SI"])), float(procs["SW_p"])
        frequency, offset = float(procs["SF"]), float(procs["OFFSET"])
    except (KeyError, ValueError):
        raise BadInput(
            "SI, SW_p, SF or OFFSET is missing", source=folder / "procs", remedy="Process it again."
        ) from None
    bytes_a_point = 8 if procs.get("DTYPP", "0").strip() == "2" else 4
    if path.stat().st_size < size * bytes_a_point:
        raise BadInput(
            f"the spectrum has {path.stat().st_size // bytes_a_point} of {size} points",
            source=path,
            remedy="The file is truncated: copy it again.",
        )
    big = procs.get("BYTORDP", "0").strip() == "1"
    _, heights = ng.bruker.read_pdata_binary(
        str(path), shape=(size,), big=big, isfloat=bytes_a_point == 8
    )
    return offset - np.arange(size) * width / frequency / size, np.asarray(heights, dtype=float)


def _bruker_fid(
    folder: Path, nucleus: str, acqus: dict[str, str], procs: dict[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    import nmrglue as ng

    try:
        with warnings.catch_warnings():  # a short file warns; it is refused below
            warnings.simplefilter("ignore")
            dic, data = ng.bruker.read(str(folder), read_procs=False, read_pulseprogram=False)
        observe, width = float(acqus["SFO1"]), float(acqus["SW_h"])
        base = float(procs.get("SF") or acqus.get("BF1") or observe)
        points = int(float(acqus["TD"]))
    except (KeyError, ValueError, OSError, TypeError, IndexError) as error:
        raise BadInput(
            f"the FID cannot be read ({error})", source=folder / "fid", remedy="Copy it again."
        ) from None
    if data.ndim != 1:
        raise BadInput("the experiment has two dimensions", source=folder)
    if data.size < points // 2:
        raise BadInput(
            f"the FID has {data.size} of {points // 2} points",
            source=folder / "fid",
            remedy="The file is truncated: copy it again.",
        )
    with contextlib.suppress(KeyError, ValueError):  # an analogue spectrometer has no filter
        data = ng.bruker.remove_digital_filter(dic, data)
    spectrum, frequency = _transform(data, width, nucleus)
    # Bruker's quadrature: positive frequency is downfield.
    return ((observe - base) * 1e6 + frequency) / base, spectrum


def _parameters(path: Path) -> dict[str, str]:
    """##$NAME= value of a Bruker parameter file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise BadInput(
            "the parameter file is missing", source=path, remedy="Copy the folder whole."
        ) from None
    found = dict(re.findall(r"^##\$(\w+)=\s*(.*)$", text, re.M))
    if not found:
        raise BadInput("no Bruker parameters in the file", source=path, remedy="Copy it again.")
    return found


def _peaklist_xml(path: Path) -> list[float]:
    """F1 of each Peak1D. Read as text: an XML parser would follow entities of a hostile file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    peaks = re.findall(r"<Peak1D\b[^>]*?\bF1=\"([^\"]+)\"[^>]*>", text)
    try:
        return [float(value) for value in peaks]
    except ValueError:
        raise BadInput(
            "a peak's F1 is no number", source=path, remedy="Pick the peaks again."
        ) from None


# ---- Varian -------------------------------------------------------------------------------------


def _varian(folder: Path) -> NmrSignal:
    import nmrglue as ng

    if not (folder / "fid").is_file():
        raise BadInput("the folder has no fid", source=folder, remedy="Copy it whole.")
    try:
        dic, data = ng.varian.read(str(folder))
        par = dic["procpar"]
        nucleus = _varian_nucleus(_value(par, "tn"))
        width, observe = float(_value(par, "sw")), float(_value(par, "sfrq"))
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(
            f"the data cannot be read ({type(error).__name__}: {error})",
            source=folder,
            remedy="The files may be truncated: copy the folder again.",
        ) from None
    if nucleus not in ("13C", "1H"):
        raise wrong_nucleus([nucleus], source=folder / "procpar", line=None)
    data = np.asarray(data).squeeze()
    if data.ndim != 1:
        raise BadInput("the experiment has more than one trace", source=folder, remedy="Give one.")
    spectrum, frequency = _transform(data, width, nucleus)
    # Varian's sign of quadrature: positive frequency is upfield. rfl is the reference line's distance
    # from the right edge [Hz], rfp its frequency on the shift scale [Hz].
    right = float(_value(par, "rfp", "0")) - float(_value(par, "rfl", "0"))
    scale = float(_value(par, "reffrq", "0")) or observe
    if "rfl" not in par:
        right = float(_value(par, "tof", "0")) - width / 2
    ppm = (right + width / 2 - frequency) / scale
    solvent = _value(par, "solvent", "")
    return signal_from_spectrum(
        nucleus, ppm, spectrum, source=folder, solvent=_solvent_name(solvent)
    )


def _value(parameters: dict[str, Any], name: str, default: str | None = None) -> str:
    if name not in parameters:
        if default is None:
            raise KeyError(name)
        return default
    return str(parameters[name]["values"][0])


def _varian_nucleus(text: str) -> str:
    found = re.match(r"([A-Za-z]{1,2})(\d{1,3})$|(\d{1,3})([A-Za-z]{1,2})$", text.strip())
    if not found:
        return text
    return f"{found[2] or found[3]}{(found[1] or found[4]).capitalize()}"


# ---- both ---------------------------------------------------------------------------------------


def _transform(data: np.ndarray, width: float, nucleus: str) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude spectrum of a complex FID, and its frequencies [Hz] from the carrier, rising."""
    import nmrglue as ng

    data = np.asarray(data, dtype=np.complex128)
    data = ng.proc_base.em(data, lb=BROADENING_HZ[nucleus] / width)
    # A sine bell's second half narrows the wide feet that a magnitude spectrum has.
    data = data * np.sin(np.linspace(np.pi / 8, np.pi, data.size))
    size = 1 << (int(data.size) * 2 - 1).bit_length()
    data = ng.proc_base.zf_size(data, size)
    spectrum = np.abs(ng.proc_base.fft(data))
    return spectrum, np.fft.fftshift(np.fft.fftfreq(size, 1 / width))


def _solvent_name(text: str) -> str:
    return text.strip("<> ")
