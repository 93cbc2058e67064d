"""``acml data fetch`` with the real client, and files of the form of three public data sets.

None of the three is reached: the server serves small files of the same form.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import public
import pyarrow.parquet as pq
import pytest
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ms.signal import MsSignal
from acml_plugin_nmr.signal import NmrSignal
from server import HubServer

from acml_core.data.table import read
from acml_core.errors import AcmlError, BadInput
from acml_core.hub import retry
from acml_core.hub.fetching import Fetched, fetch_table

GYM, NMR, IR = (
    "hf:roman-bushuiev/MassSpecGym",
    "hf:SpectrumWorld/SA-MolNMR-Exp-1M",
    "hf:ilkhamfy/IRexp",
)


@pytest.fixture(scope="module")
def tiny_ms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of mass spectra: what is tested is what it is asked."""
    import torch
    from acml_plugin_ms.modality import Ms

    from acml_core import artefact
    from acml_core.components import Choice
    from acml_core.model import AcmlModel, ModelConfig
    from acml_core.probability import Calibration

    torch.manual_seed(0)
    config = ModelConfig(
        graph=Choice(name="gine", dim=16, layers=1),
        projector=Choice(name="residual", dims=[16, 16]),
        similarity="cosine",
    )
    small = Ms(Ms.Config(dim=16, width=16, peak_width=16, heads=2))
    folder = tmp_path_factory.mktemp("ms") / "model"
    artefact.save(
        folder,
        AcmlModel(config, {"ms": small}),
        calibrations={"ms": Calibration.constant(1.0)},
        examples={"ms": MsSignal(smiles="CCO", mz=(31.0, 45.0), intensity=(1.0, 0.5))},
        seen=[],
        metrics={},
        training={"seed": 0},
        data={"sources": {}},
        command="none",
    )
    return folder


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "acml"))
    return tmp_path / "out" / "table.parquet"


def fetched(source: str, out: Path, **how: Any) -> tuple[Fetched, list[str]]:
    told: list[str] = []
    return fetch_table(source, out, report=told.append, progress=False, **how), told


# ---- the three maps -----------------------------------------------------------------------------


def test_tab_separated_spectra(hub: HubServer, out: Path) -> None:
    commit = hub.add(
        public.SPECTRA,
        public.spectra(
            {},
            {"identifier": "ID0002", "smiles": "CO", "fold": "val", "collision_energy": ""},
            {"identifier": "ID0003", "smiles": "CCN", "fold": "test", "instrument_type": "QTOF"},
        ),
    )
    done, told = fetched(GYM, out)
    table = read(out, MsSignal)
    first, second, third = table.signals
    assert (first.smiles, first.mz, first.intensity) == (
        "CCO",
        (31.0178, 46.0413, 47.0491),
        (0.2, 0.05, 1.0),
    )
    assert (first.precursor_mz, first.adduct, first.ion_mode, first.ms_type) == (
        *(47.0491, "[M+H]+", "POSITIVE", "MS2"),
    )
    assert (first.collision_energy, second.collision_energy) == ("30.0 eV", "")
    assert (first.instrument_type, third.instrument_type) == ("LC-ESI-QFT", "LC-ESI-QTOF")
    kept = pq.read_table(out)
    assert kept["fold"].to_pylist() == ["train", "validation", "test"]
    assert kept["identifier"].to_pylist() == ["ID0001", "ID0002", "ID0003"]
    assert table.metadata == {
        "origin": GYM,
        "revision": commit,
        "licence": "mit",
        "map": "massspecgym",
        "source": "measured",
    }
    assert "licence: mit" in told
    assert done.as_dict()["folds"] == {"train": 1, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("carbon", "hydrogen"),
    [
        ([58.1, 18.2], [3.69, 1.18]),
        (
            [{"shift": 58.1}, {"shift": 18.2}],
            [{"from": 3.68, "to": 3.7}, {"from": 1.17, "to": 1.19}],
        ),
        ([[58.1], [18.2, "x"]], [[3.69, "q"], [1.18, "t"]]),
        ({"13CNMR": [58.1, 18.2]}, {"1HNMR": [{"delta": "3.69"}, {"delta": "1.18"}]}),
    ],
)
def test_peak_lists_as_json(carbon: Any, hydrogen: Any, hub: HubServer, out: Path) -> None:
    """The card does not say which form its peaks have: the map takes each that is usual."""
    row = public.peaks(json.dumps(carbon), json.dumps(hydrogen))
    hub.add(public.PEAKS, public.peak_lists(train=[row], validation=[row], test=[row]))
    done, told = fetched(NMR, out)
    signals = read(out, NmrSignal).signals
    assert len(signals) == 3
    assert signals[0].shifts_13c == (58.1, 18.2)
    assert signals[0].shifts_1h == pytest.approx((3.69, 1.18))
    assert pq.read_table(out)["fold"].to_pylist() == ["train", "validation", "test"]
    assert any("no licence" in line for line in told)
    assert "licence" not in read(out, NmrSignal).metadata  # 'acml models push' then refuses
    assert done.files[0] == "data/train-00000-of-00001.parquet"


def test_multiplicities_and_integrals_beside_the_shifts(hub: HubServer, out: Path) -> None:
    hydrogen = [
        {"centroid": 3.69, "category": "q", "nH": "2H"},
        {"centroid": 2.6, "category": None, "nH": 1},
        {"centroid": 1.18, "category": "t"},
    ]
    row = public.peaks([58.1, 18.2], hydrogen)
    hub.add(public.PEAKS, public.peak_lists(train=[row], val=[row], test=[row]))
    fetched(NMR, out)
    signal = read(out, NmrSignal).signals[0]
    assert signal.multiplicity_1h == ("q", "", "t")
    assert signal.integral_1h == (2.0, 1.0, 0.0)


def test_band_lists_in_packed_json_lines(hub: HubServer, out: Path) -> None:
    hub.add(
        public.BANDS,
        public.band_lists({}, {"smiles": None}, {"ir_source": "computed"}, {"ir_bands_cm-1": []}),
    )
    done, _ = fetched(IR, out)
    table = read(out, IrSignal)
    assert [one.bands for one in table.signals] == [(3005.0, 2965.0, 1715.0, 1362.0)]
    assert pq.read_table(out)["record_licence"].to_pylist() == ["CC-BY"]
    assert table.metadata["licence"] == "cc-by-4.0 + cc-by-sa-4.0"
    assert done.outcome.filtered == {"ir_source: in experimental": 1}
    assert [one.reason for one in done.outcome.rejects] == [
        "it states no structure",
        "it holds no measurement",
    ]
    assert done.files == ["data/irexp_resolved_commercial.jsonl.gz"]


# ---- bad rows and bad files ---------------------------------------------------------------------


def test_broken_json_is_one_row_less(hub: HubServer, out: Path) -> None:
    good = public.peaks([58.1, 18.2], [3.69])
    rows = [
        good,
        public.peaks("[58.1, 18", [3.69]),
        public.peaks([58.1, "broad"], [3.69]),
        public.peaks([{"position of it": 1.0}], [3.69]),
        {**good, "smiles": ""},
    ]
    hub.add(public.PEAKS, public.peak_lists(train=rows, val=[good], test=[good]))
    done, _ = fetched(NMR, out)
    assert done.outcome.written == 3
    reasons = [(one.row, one.reason) for one in done.outcome.rejects]
    assert [row for row, _ in reasons] == [2, 3, 4, 5]
    assert "nmr_13c: broken JSON" in reasons[0][1]
    assert "'broad' is no number" in reasons[1][1]
    assert "'position of it'" in reasons[2][1]
    assert "'shift'" in reasons[2][1]
    assert done.outcome.rejects[0].value == "data/train-00000-of-00001.parquet:2 CCO"


def test_lines_that_are_no_objects(hub: HubServer, out: Path) -> None:
    hub.add(public.BANDS, public.band_lists({}, '{"smiles": "CC', "[1, 2]", ""))
    done, _ = fetched(IR, out)
    assert done.outcome.written == 1
    assert "broken JSON" in done.outcome.rejects[0].reason
    assert "no JSON object" in done.outcome.rejects[1].reason


def test_a_row_with_too_few_cells(hub: HubServer, out: Path) -> None:
    files = public.spectra({}, {"smiles": "CO"})
    files["data/MassSpecGym.tsv"] += b"ID0009\t1,2\n"
    hub.add(public.SPECTRA, files)
    done, _ = fetched(GYM, out)
    assert [one.reason for one in done.outcome.rejects] == ["it has 2 cells, the header 14"]


def test_a_renamed_column_names_the_nearest(hub: HubServer, out: Path) -> None:
    renamed = ["mz_values" if name == "mzs" else name for name in public.SPECTRA_HEADER]
    hub.add(public.SPECTRA, public.spectra({}, header=renamed))
    with pytest.raises(BadInput, match=r"MassSpecGym\.tsv.*columns\.mz.*'mzs'") as caught:
        fetched(GYM, out)
    assert "mz_values" in caught.value.remedy
    assert "--map FILE.toml" in caught.value.remedy
    assert not out.exists()


def test_nothing_that_can_be_used(hub: HubServer, out: Path) -> None:
    hub.add(public.SPECTRA, public.spectra({"mzs": "a,b,c"}, {"smiles": ""}))
    with pytest.raises(BadInput, match=r"none of 2 rows") as caught:
        fetched(GYM, out)
    assert "mzs: 'a' is no number" in caught.value.remedy
    assert list(out.parent.iterdir()) == []


def test_a_damaged_file(hub: HubServer, out: Path) -> None:
    files = public.band_lists(*[{"id": str(i)} for i in range(2000)])
    name = "data/irexp_resolved_commercial.jsonl.gz"
    hub.add(public.BANDS, {**files, name: files[name][: len(files[name]) // 2]})
    with pytest.raises(BadInput, match=r"jsonl\.gz: the file is damaged"):
        fetched(IR, out)
    hub.add(public.PEAKS, {"train.parquet": b"no", "val.parquet": b"no", "test.parquet": b"no"})
    with pytest.raises(BadInput, match="not a readable parquet file"):
        fetched(NMR, out)
    assert not out.exists()


# ---- the Hub ------------------------------------------------------------------------------------


def test_no_such_data_set_or_revision(hub: HubServer, out: Path) -> None:
    with pytest.raises(AcmlError, match="no such repository") as caught:
        fetched("hf:alice/none", out, map="massspecgym")
    assert "datasets/alice/none" in str(caught.value)
    hub.add(public.SPECTRA, public.spectra({}))
    with pytest.raises(AcmlError, match="no such revision"):
        fetched(GYM, out, revision="v9")
    for bad in ("roman-bushuiev/MassSpecGym", "hf:just-a-name"):
        with pytest.raises(BadInput, match="hf:OWNER/NAME"):
            fetched(bad, out)
    hub.add("datasets/alice/pictures", {"a.png": b"x"})
    with pytest.raises(BadInput, match="no table") as caught_too:
        fetched("hf:alice/pictures", out, map="massspecgym")
    assert "none" in caught_too.value.remedy


def test_gated(hub: HubServer, out: Path) -> None:
    hub.add(public.SPECTRA, public.spectra({}), gated=True)
    with pytest.raises(AcmlError, match="gated") as caught:
        fetched(GYM, out)
    assert f"{hub.endpoint}/{public.SPECTRA}" in caught.value.remedy


def test_a_connection_dropped_in_mid_file_is_resumed(
    hub: HubServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    hub.add(public.SPECTRA, public.spectra(*[{"identifier": f"ID{i}"} for i in range(200)]))
    hub.fail("/storage/", method="GET", after=5500)
    assert fetched(GYM, out)[0].outcome.written == 200
    ranges = [one.headers["range"] for one in hub.requests("/storage/") if "range" in one.headers]
    assert ranges == ["bytes=5000-"]


def test_a_connection_that_stays_broken_leaves_no_table_and_goes_on_later(
    hub: HubServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(retry, "ATTEMPTS", 2)  # the client itself tries five times each
    row = public.peaks([58.1], [3.69])
    hub.add(public.PEAKS, public.peak_lists(train=[row], val=[row], test=[{**row, "id": 2}]))
    hub.fail("resolve/main/data/test", status=503, times=99)
    hub.fail("data/test-", status=503, times=99)
    with pytest.raises(AcmlError, match="HTTP 503"):
        fetched(NMR, out)
    assert list(out.parent.iterdir()) == []
    hub.faults.clear()
    hub.seen.clear()
    assert fetched(NMR, out)[0].outcome.written == 3
    got = {one.path.rpartition("/")[2] for one in hub.requests("/resolve/", "HEAD")}
    assert got == {"test-00000-of-00001.parquet"}  # the others were in the cache


def test_a_commit_that_is_cached_needs_no_request(hub: HubServer, out: Path) -> None:
    commit = hub.add(public.SPECTRA, public.spectra({}))
    fetched(GYM, out)
    hub.add(public.SPECTRA, public.spectra({}, {}))
    hub.seen.clear()
    assert fetched(f"{GYM}@{commit}", out)[0].outcome.written == 1
    assert hub.seen == []
    assert fetched(GYM, out)[0].outcome.written == 2


def test_offline_uses_what_was_fetched(
    hub: HubServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add(public.SPECTRA, public.spectra({}))
    fetched(GYM, out)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done, told = fetched(GYM, out)
    assert done.listed.commit == commit
    assert "cannot be reached" in told[0]


def test_another_file_than_the_hub_lists(hub: HubServer, out: Path) -> None:
    hub.add(public.SPECTRA, public.spectra({}))
    hub.fail("/storage/", method="GET", alter=True)
    with pytest.raises(AcmlError, match="not the file that was published"):
        fetched(GYM, out)
    assert fetched(GYM, out)[0].outcome.written == 1


def test_the_first_rows_need_the_first_files_only(hub: HubServer, out: Path) -> None:
    rows = [public.peaks([58.1], [3.69])] * 5
    other = [public.peaks([57.0], [3.69])] * 5
    hub.add(public.PEAKS, public.peak_lists(train=rows, val=other, test=[*other, *rows]))
    done, _ = fetched(NMR, out, max_rows=3)
    assert (done.outcome.written, pq.read_metadata(out).num_rows) == (3, 3)
    assert done.files == ["data/train-00000-of-00001.parquet"]
    assert len(hub.requests("/storage/", "GET")) == 1


def test_one_side_of_the_split(hub: HubServer, out: Path) -> None:
    """So that a model can be trained on what a protocol allows."""
    hub.add(public.SPECTRA, public.spectra({}, {"fold": "val"}, {"fold": "test"}))
    done, _ = fetched(GYM, out, folds=["train", "validation"])
    assert pq.read_table(out)["fold"].to_pylist() == ["train", "validation"]
    assert done.outcome.filtered == {"fold: not 'test'": 1}
    row = public.peaks([58.1], [3.69])
    hub.add(public.PEAKS, public.peak_lists(train=[row], val=[row], test=[row]))
    assert fetched(NMR, out, folds=["test"])[0].files == ["data/test-00000-of-00001.parquet"]
    with pytest.raises(BadInput, match="no fold 'tset'") as caught:
        fetched(NMR, out, folds=["tset"])
    assert "'test'" in caught.value.remedy
    hub.add(public.BANDS, public.band_lists({}))
    with pytest.raises(BadInput, match="tells no split"):
        fetched(IR, out, folds=["test"])


# ---- maps ---------------------------------------------------------------------------------------

OWN = """
modality = "ms"
[columns]
mz = "mzs"
intensity = "intensities"
"""


@pytest.mark.parametrize(
    ("text", "match", "remedy"),
    [
        ("[colums]\nmz = 'mzs'", "unknown setting 'colums'", "'columns'"),
        (OWN + "mz_list = 'mzs'", "no column 'mz_list'", "mz"),
        (OWN + "[columns.adduct]\nform = 'adduct'", "columns.adduct.form", "'from'"),
        (OWN + "[columns.adduct]\nfrom = 'adduct'\nparse = 'txt'", "'txt'", "'text'"),
        (OWN + "[constants]\nion_mod = 'POSITIVE'", "no column 'ion_mod'", "'ion_mode'"),
        (OWN + "[constants]\nmz = []", "'mz' is filled elsewhere", ""),
        (OWN + "[keep]\nfold = 'fold'", "'fold' is filled elsewhere", ""),
        (OWN + "[[filters]]\ncolum = 'x'", r"colum", "'column'"),
        (OWN.replace('modality = "ms"', ""), "'modality' is missing", "'ms'"),
        (OWN.replace('"ms"', '"mz"'), "no modality is called 'mz'", "ms"),
        (OWN + "[columns", "not valid TOML", ""),
    ],
)
def test_a_bad_map(text: str, match: str, remedy: str, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=match) as caught:
        fetched("hf:alice/spectra", out, map=str(path))
    assert remedy in caught.value.remedy


def test_an_own_map_with_filters(hub: HubServer, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        OWN
        + """
[[filters]]
column = "precursor_mz"
min = 40
max = 60
[[filters]]
column = "simulation_challenge"
in = [true]
[[filters]]
column = "adduct"
not_in = ["[M+Na]+"]
"""
    )
    hub.add(
        "datasets/alice/spectra",
        public.spectra(
            {},
            {"precursor_mz": "70.0"},
            {"precursor_mz": ""},
            {"simulation_challenge": "False"},
            {"adduct": "[M+Na]+"},
        ),
    )
    done, _ = fetched("hf:alice/spectra", out, map=str(path))
    assert done.outcome.written == 1
    assert done.outcome.filtered == {
        "precursor_mz: min 40.0, max 60.0": 2,
        "simulation_challenge: in True": 1,
        "adduct: not_in [M+Na]+": 1,
    }
    assert "fold" not in pq.read_table(out).column_names


def test_names_of_maps(hub: HubServer, out: Path) -> None:
    with pytest.raises(AcmlError, match="no installed plugin has a map called 'masspecgym'") as one:
        fetched(GYM, out, map="masspecgym")
    assert "'massspecgym'" in one.value.remedy
    with pytest.raises(BadInput, match="no plugin has a map for 'alice/x'") as two:
        fetched("hf:alice/x", out)
    assert "irexp" in two.value.remedy
    hub.add(public.SPECTRA, public.spectra({}))
    with pytest.raises(BadInput, match=r"cannot write \.csv"):
        fetched(GYM, out.with_suffix(".csv"))


# ---- the command --------------------------------------------------------------------------------


def test_the_command(hub: HubServer, out: Path, acml: Any) -> None:
    assert "Example: acml data fetch" in acml("data", "fetch", "--help").out
    hub.add(public.SPECTRA, public.spectra({}, {"mzs": "1,x,2"}))
    done = acml("data", "fetch", GYM, "--out", out)
    assert done.code == 0, done.err
    assert "1 of 2 rows written" in done.out
    assert "licence: mit" in done.out
    with (out.parent / "rejects.csv").open(newline="") as file:
        (reject,) = csv.DictReader(file)
    assert reject["reason"] == "mzs: 'x' is no number"
    hub.add(public.SPECTRA, public.spectra({}, {"mzs": "1,x,2"}, {"fold": "test"}))
    one_side = acml("data", "fetch", GYM, "--fold", "test", "--out", out)
    assert "split of the data set: test 1" in one_side.out
    assert pq.read_table(out)["fold"].to_pylist() == ["test"]
    told = json.loads(acml("data", "fetch", GYM, "--fold", "train", "--out", out, "--json").out)
    assert (told["rows_written"], told["rejected"], told["licence"]) == (1, 1, "mit")
    wrong = acml("data", "fetch", "hf:alice/none", "--map", "massspecgym", "--out", out)
    assert wrong.code == 1
    assert "no such repository" in wrong.err
    assert acml("data", "fetch", GYM, "--map", "nothing.toml", "--out", out).code == 2


def test_a_published_protocol_from_the_data_set_to_its_figures(
    hub: HubServer, out: Path, acml: Any, tiny_ms: Path
) -> None:
    """As the how-to says it: fetch the test side, then evaluate with the lists that the Hub has."""
    from acml_plugin_ms.modality import Ms

    from acml_core.evaluation.protocol import find

    asked = ("CCO", "CC(C)O", "CCN")
    lists = {
        "mass": {one: ["COC", "CCC", "C=O", one, "CCS"] for one in asked},
        "formula": {"CCO": ["CCO", "COC"], "CC(C)O": ["CCCO", "COCC", "CC(C)O"]},
    }
    tracks = find("massspecgym", Ms).tracks
    assert set(tracks) == {"mass", "formula"}
    spectra = public.spectra(*[{"smiles": one, "fold": "test"} for one in asked], {})
    files = {tracks[name]: json.dumps(content).encode() for name, content in lists.items()}
    hub.add(public.SPECTRA, {**spectra, **files})
    done = acml("data", "fetch", GYM, "--fold", "test", "--out", out)
    assert done.code == 0, done.err
    command = ("eval", "retrieval", "--model", tiny_ms, "--protocol", "massspecgym", "--data", out)
    done = acml(*command, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    mass, formula = report["galleries"]
    assert [one["name"] for one in (mass, formula)] == ["massspecgym+mass", "massspecgym+formula"]
    assert (mass["n_queries"], mass["candidates_mean"]) == (3, 5.0)
    assert (formula["n_queries"], formula["left_out"]["no_list"]) == (2, 1)
    for gallery in (mass, formula):
        assert list(gallery["modality_to_graph"]) == ["hit@1", "hit@5", "hit@20", "mrr"]
        assert gallery["modality_to_graph"]["hit@20"]["value"] == 1.0
    shown = acml(*command)
    assert "HIT@1" in shown.out
    assert "massspecgym+formula: no list 1" in shown.out
    commit = hub.repos[public.SPECTRA].branches["main"]
    assert f"candidate lists of {GYM}@" in shown.err or commit in shown.err
