"""A registry's row from a trained model's folder, and whether a row says what is so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acml_core.catalog import Entry
from acml_core.errors import AcmlError, BadInput, ConfigError
from acml_core.files import sha256
from acml_core.hub.licence import licence_for, of_data
from acml_core.hub.locate import locate
from acml_core.hub.pull import Options
from acml_core.layout import FILES, METRICS
from acml_core.published import Data, File, Metric, PublishedModel

METRICS_SHOWN = ("recall@1", "recall@10", "mrr")
"""Figures of metrics.json that go into a row."""

DIGITS = 4
"""Decimal places of a figure in a row."""


def figures(metrics: Mapping[str, Any]) -> list[Metric]:
    """What a row says of a metrics.json: measurement finds molecule, each gallery with its size."""
    return [
        Metric(
            modality=modality,
            gallery=gallery["name"],
            size=gallery["size"],
            queries=report["n_queries"],
            name=name,
            value=round(gallery["modality_to_graph"][name]["value"], DIGITS),
        )
        for modality, report in metrics.items()
        for gallery in report["galleries"]
        for name in METRICS_SHOWN
    ]


def row_of(
    folder: Path,
    name: str,
    *,
    source: Mapping[str, Any],
    licence: str | None = None,
    data: Sequence[Data] = (),
    summary: str,
    split: str = "",
    paper: str = "",
    default: bool = False,
) -> PublishedModel:
    """The row of a trained model, with hashes and figures read from its folder.

    Args:
        folder: of the model.
        name: ``modality/arch.tag``.
        source: where its files will be: ``{"kind": "bundled", ...}`` and so on.
        licence: of the weights; None for what acml.json says.
        data: what it was trained on, each with its licence; those of acml.json where none is given.
        summary: what it is for, in one line.
        split: how test molecules were kept apart; "" for what acml.json says.
        paper: of the method.
        default: whether its modalities mean it without ``--model``.

    Raises:
        BadInput: no licence, one that the data forbid, or no data set is known.
        ConfigError: the registry would refuse it.
    """
    from acml_core.config import parse
    from acml_core.info import read_info

    info = read_info(folder)
    data = list(data) or [Data.model_validate(one) for one in info.sets]
    if not data:
        raise BadInput(
            "it is not known what the model was trained on",
            source=folder,
            remedy="Give --data 'NAME: LICENCE'.",
        )
    requires = [
        f"{one.distribution}>={one.version},<{_next_minor(one.version)}"
        for one in info.modalities.values()
    ]
    row = parse(
        PublishedModel,
        {
            "modalities": list(info.modalities),
            "requires": requires,
            "source": dict(source),
            "files": {
                file: File(sha256=sha256(folder / file), bytes=(folder / file).stat().st_size)
                for file in FILES
            },
            "licence": licence_for(licence or info.licence, of_data(info, data)),
            "data": data,
            "split": split or _split(info.training.get("split") or {}),
            "metrics": figures(json.loads((folder / METRICS).read_text(encoding="utf-8"))),
            "paper": paper,
            "summary": summary,
            "default": default,
        },
        source=folder,
    )
    try:
        row.check_name(name)
    except ValueError as error:
        raise ConfigError(str(error), source=folder) from None
    return row


def _split(split: Mapping[str, Any]) -> str:
    """A run's split in words."""
    parts = [f"{split[side]:.0%} {side}" for side in ("validation", "test") if side in split]
    return "by InChIKey-14" + (": " + ", ".join(parts) if parts else "")


def as_toml(name: str, row: PublishedModel) -> str:
    """A row as it stands in registry.toml."""
    head = f'models."{name}"'
    plain = row.model_dump(mode="json", exclude_defaults=True)
    metrics, files = plain.pop("metrics", []), plain.pop("files")
    lines = [f"[{head}]"]
    lines += [f"{key} = {_toml(value)}" for key, value in plain.items()]
    lines += ["metrics = [", *(f"  {_toml(metric)}," for metric in metrics), "]"]
    lines += [f"[{head}.files]"]
    lines += [f"{json.dumps(file)} = {_toml(about)}" for file, about in files.items()]
    return "\n".join(lines) + "\n"


def problems(entry: Entry, options: Options | None = None) -> list[str]:
    """What is wrong with a row: hashes, licence, loading, and figures unlike its metrics.json."""
    row = entry.row
    try:
        folder = locate(entry, options or Options(), lambda _: None)
        if row.kind == "encoder":
            _load_encoder(entry, folder)
            return []
        from acml_core import artefact

        info = artefact.load(folder).info
        licence_for(row.licence, of_data(info, row.data))
    except AcmlError as error:
        return [str(error)]
    wrong = []
    if set(row.modalities) != set(info.modalities):
        wrong.append(f"the model has the modalities {', '.join(info.modalities)}")
    there = figures(json.loads((folder / METRICS).read_text(encoding="utf-8")))
    known = {(one.modality, one.gallery, one.name): one for one in there}
    for metric in row.metrics:
        stated = known.get((metric.modality, metric.gallery, metric.name))
        if stated != metric:
            wrong.append(
                f"{metric.modality} {metric.gallery} {metric.name}: the row says"
                f" {metric.value} of {metric.size}, and {METRICS} "
                + (f"{stated.value} of {stated.size}" if stated else "does not have it")
            )
    return wrong


def _load_encoder(entry: Entry, folder: Path) -> None:
    """Open each tensor file, and where the row has settings build the tower with them."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from acml_core import plugins
    from acml_core.config import parse

    row = entry.row
    try:
        tensors = [load_file(folder / one) for one in row.files if one.endswith(".safetensors")]
        if row.config:
            cls = plugins.get(row.modalities[0])
            encoder = cls(parse(cls.Config, row.config, source=entry.name)).encoder()
            encoder.load_state_dict(tensors[0])
    except (SafetensorError, RuntimeError, OSError, IndexError) as error:
        raise AcmlError(f"the encoder does not load ({error})", source=entry.name) from None


def _next_minor(version: str) -> str:
    major, minor = [*version.split("."), "0"][:2]
    return f"{major}.{int(minor) + 1}"


def _toml(value: Any) -> str:
    """A JSON-like value in one line of TOML."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items())
        return "{ " + inside + " }" if inside else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)
