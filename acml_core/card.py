"""The model card: a README.md that the Hub and people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acml_core.published import non_commercial

if TYPE_CHECKING:
    from acml_core.info import Info


HUB_LICENCES = frozenset(
    {
        *("apache-2.0", "bsd", "bsd-2-clause", "bsd-3-clause", "mit", "mpl-2.0", "unlicense"),
        *("agpl-3.0", "gpl-3.0", "lgpl-3.0", "etalab-2.0", "odbl", "openrail", "pddl", "cc0-1.0"),
        *("cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0"),
        *("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
    }
)
"""Licences that the Hub knows by these identifiers; any other is "other" with its name beside it."""

MODEL_INDEX_METRICS = ("recall@1", "recall@5", "recall@10", "mrr")
"""Figures that go into the card's model-index, which the Hub shows beside the model."""

FENCE = "---\n"


def head(
    info: Info,
    metrics: Mapping[str, Any],
    *,
    licence: str = "",
    datasets: Sequence[str] = (),
    name: str = "",
) -> str:
    """The card's YAML head, by which the Hub lists, filters and shows a model.

    Args:
        licence: of the weights; a Hub identifier, or any other text.
        datasets: Hub repositories of the data, "owner/name".
        name: of the model in the model-index.
    """
    rows: dict[str, Any] = {"library_name": "acml"}
    rows["tags"] = ["chemistry", "molecules", "retrieval", *info.modalities]
    rows |= _licence(licence)
    if datasets:
        rows["datasets"] = list(datasets)
    results = [one for modality, report in metrics.items() for one in _results(modality, report)]
    if results:
        title = name or f"{info.model.graph.name}-{'-'.join(info.modalities)}"
        rows["model-index"] = [{"name": title, "results": results}]
    # JSON is YAML, so that no YAML library is needed and no text can break out of its line.
    return FENCE + "".join(f"{key}: {json.dumps(value)}\n" for key, value in rows.items()) + FENCE


def with_head(text: str, new: str) -> str:
    """A card whose YAML head is replaced; what people wrote below it stays."""
    if text.startswith(FENCE) and f"\n{FENCE}" in text[len(FENCE) :]:
        text = text[len(FENCE) :].partition(f"\n{FENCE}")[2]
    return new + text


def _licence(licence: str) -> dict[str, str]:
    identifier = "-".join(licence.lower().split())
    if not identifier:
        return {}
    if identifier in HUB_LICENCES:
        return {"license": identifier}
    return {"license": "other", "license_name": licence}


def _results(modality: str, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One model-index result a gallery: measurement finds molecule."""
    return [
        {
            "task": {"type": "retrieval", "name": f"{modality}: measurement finds molecule"},
            "dataset": {
                "type": "molecules",
                "name": f"unseen molecules, gallery {gallery['name']!r} of {gallery['size']}",
            },
            "metrics": [
                {
                    "type": metric.replace("@", "_at_"),
                    "name": metric,
                    "value": gallery["modality_to_graph"][metric]["value"],
                }
                for metric in MODEL_INDEX_METRICS
                if metric in gallery["modality_to_graph"]
            ],
        }
        for gallery in report["galleries"]
    ]


def card(info: Info, metrics: Mapping[str, Any]) -> str:
    """Markdown with a YAML head: data, licence, split, metrics with gallery sizes, limits, command."""
    names = ", ".join(info.modalities)
    data = info.data
    tables = data.get("sources", {})
    kind = data.get("source", "as the tables say")
    split = info.training.get("split", {})
    lines = [
        f"# {names}: {info.model.graph.name}",
        "",
        f"Aligns molecules with {names} (asymmetric contrastive multimodal learning,"
        " arXiv 2311.06456).",
        "",
        "## Data",
        "",
        *(f"- {name} (sha256 {digest[:16]})" for name, digest in tables.items()),
        *(f"- {one['name']}: {one['licence']}" for one in info.sets),
        f"- kind: {kind}",
        *_terms(info),
        f"- molecules: {json.dumps(data.get('molecules', {}))}; rows left out:"
        f" {data.get('rejects', 0)}",
        f"- split by InChIKey-14, by hash: {json.dumps(split)}",
        "",
        "## Metrics",
        "",
    ]
    for modality, report in metrics.items():
        lines += _table(modality, report)
    lines += [
        "## Limits",
        "",
        "The true molecule must be among the candidates: a probability compares candidates with one"
        " another and cannot say that none is right. Molecules unlike those trained on are ranked"
        " less well than the table says.",
        "",
        "## Made by",
        "",
        "```",
        info.command or "(not recorded)",
        "```",
        f"acml-core {info.core}, "
        + ", ".join(f"{m.distribution} {m.version}" for m in info.modalities.values())
        + f", seed {info.training.get('seed', 0)}",
        "",
    ]
    return head(info, metrics, licence=info.licence) + "\n".join(lines)


def _terms(info: Info) -> list[str]:
    """Licences, and in plain words what they forbid."""
    of_data = info.data_licence or "not stated by the data"
    if info.licence == info.data_licence:
        lines = [f"- licence of the data, and so of the weights: {of_data}"]
    else:
        lines = [f"- licence of the data: {of_data}", f"- licence of the weights: {info.licence}"]
    if non_commercial(info.licence) or non_commercial(info.data_licence):
        lines.append("- **for non-commercial use only**")
    return lines


def _table(modality: str, report: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{modality}: {report['n_queries']} queries of unseen molecules; measurement finds"
        " molecule; 95 % bootstrap intervals over molecules.",
        "",
        "| gallery | size | candidates | recall@1 | recall@10 | MRR | random recall@1"
        " | spectrum-blind recall@1 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for gallery in report["galleries"]:
        found, base = gallery["modality_to_graph"], gallery["baselines"]
        lines.append(
            f"| {gallery['name']} | {gallery['size']} | {gallery['candidates_mean']:.1f} | "
            + " | ".join(_cell(found[name]) for name in ("recall@1", "recall@10", "mrr"))
            + f" | {base['random']['recall@1']['value']:.3f}"
            + f" | {base['spectrum_blind']['recall@1']['value']:.3f} |"
        )
    return [*lines, ""]


def _cell(entry: Mapping[str, Any]) -> str:
    low, high = entry["ci95"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"
