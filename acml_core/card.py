"""The model card: a README.md that the Hub and people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acml_core.artefact import Info


def card(info: Info, metrics: Mapping[str, Any]) -> str:
    """Markdown with a YAML head: data, licence, split, metrics with gallery sizes, limits, command."""
    names = ", ".join(info.modalities)
    data = info.data
    licence = data.get("licence") or "not stated by the data"
    tables = data.get("sources", {})
    kind = data.get("source", "as the tables say")
    split = info.training.get("split", {})
    lines = [
        "---",
        "library_name: acml",
        f"tags: {json.dumps(['chemistry', 'molecules', *info.modalities])}",
        "---",
        f"# {names}: {info.model.graph.name}",
        "",
        f"Aligns molecules with {names} (asymmetric contrastive multimodal learning,"
        " arXiv 2311.06456).",
        "",
        "## Data",
        "",
        *(f"- {name} (sha256 {digest[:16]})" for name, digest in tables.items()),
        f"- kind: {kind}",
        f"- licence of the data, and so of the weights: {licence}",
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
    return "\n".join(lines)


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
