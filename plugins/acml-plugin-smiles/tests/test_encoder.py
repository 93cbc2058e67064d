"""The encoder: blind to ring numbers, not to the molecule; the bundled weights."""

from __future__ import annotations

from pathlib import Path

import acml_plugin_smiles
import pytest
import torch
from acml_plugin_smiles import weights
from acml_plugin_smiles.encoder import SmilesEncoder
from acml_plugin_smiles.layout import TOGETHER, lay_out
from acml_plugin_smiles.modality import Smiles, SmilesConfig
from acml_plugin_smiles.signal import SmilesSignal
from torch import Tensor

from acml_core.artefact import load

NEW = SmilesConfig(weights="none", dim=64, width=32, layers=2, heads=2)


def encode(encoder: SmilesEncoder, plugin: Smiles, texts: list[str]) -> Tensor:
    items = [plugin.prepare(plugin.signal(string=text)) for text in texts]
    with torch.no_grad():
        return encoder.eval()(plugin.collate(items, train=False))


@pytest.fixture
def plugin() -> Smiles:
    torch.manual_seed(0)
    return Smiles(NEW)


def test_ring_numbers_do_not_matter(plugin: Smiles) -> None:
    a, b, c = encode(plugin.encoder(), plugin, ["C1CC1CC2CC2", "C7CC7CC7CC7", "C1CC1CC2CCC2"])
    assert torch.allclose(a, b, atol=1e-5)
    assert not torch.allclose(a, c, atol=1e-3)


def test_order_and_connection_matter(plugin: Smiles) -> None:
    ortho, meta = encode(plugin.encoder(), plugin, ["Oc1ccccc1C", "Oc1cccc(C)c1"])
    assert not torch.allclose(ortho, meta, atol=1e-3)


def test_counts_matter(plugin: Smiles) -> None:
    """Polymers of one unit: means alone would hardly tell them apart."""
    ten, twenty = encode(plugin.encoder(), plugin, ["C" * 10, "C" * 20])
    assert float((ten - twenty).norm() / ten.norm()) > 0.05


def test_rows_come_back_in_their_order(plugin: Smiles) -> None:
    """Strings of all lengths, in more than one group of attention."""
    texts = ["C" * (1 + (7 * i) % (TOGETHER + 20)) for i in range(TOGETHER + 20)]
    encoder = plugin.encoder()
    together = encode(encoder, plugin, texts)
    for i in (0, 1, TOGETHER, TOGETHER + 19):
        alone = encode(encoder, plugin, [texts[i]])
        assert torch.allclose(together[i], alone[0], atol=1e-4)


def test_an_empty_string_gives_a_finite_vector(plugin: Smiles) -> None:
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    tokens[0, 0] = 5
    batch = {"tokens": tokens, "syntax": torch.zeros(2, 2, 3, dtype=torch.int64)}
    assert torch.isfinite(plugin.encoder()(batch)).all()
    assert lay_out(tokens, batch["syntax"]).rows == 2


def test_unlocking_the_last_layers_leaves_the_first_alone(plugin: Smiles) -> None:
    encoder = plugin.encoder()
    last = {id(p) for module in encoder.last_layers() for p in module.parameters()}
    assert id(encoder.embed.weight) not in last
    assert id(encoder.blocks[0].up.weight) not in last  # type: ignore[union-attr]
    assert id(encoder.leave.weight) in last


def test_impossible_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of twice the heads"):
        SmilesConfig(width=30, heads=4)


bundled = pytest.mark.skipif(
    not weights.TOWER.path.is_file(),
    reason="this build has no bundled weights (scripts/pretrain.py)",
)


@bundled
def test_bundled_weights_fit_the_default_settings() -> None:
    assert weights.TOWER.fits(weights.shape(SmilesConfig()))
    assert not weights.TOWER.fits(weights.shape(SmilesConfig(layers=3)))
    assert weights.TOWER.path.stat().st_size < 6_000_000
    first, second = Smiles().encoder(), Smiles().encoder()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


PAIRS = {
    "CC(=O)Nc1ccc(O)cc1": "c1(O)ccc(cc1)NC(C)=O",
    "CC(=O)Oc1ccccc1C(=O)O": "OC(=O)c1c(cccc1)OC(=O)C",
    "CN1CCC[C@H]1c1cccnc1": "c1ccncc1[C@@H]1CCCN1C",
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1": "C(O)(=O)C(C)c1ccc(CC(C)C)cc1",
    "Oc1ccccc1C": "Cc1ccccc1O",
    "Oc1ccc(C)cc1": "c1c(O)ccc(C)c1",
}
"""The same molecule, written in two ways."""

META = {"Oc1cccc(C)c1": "c1(C)cc(O)ccc1"}
"""Told from the para isomer by the aligned vectors only."""


def nearest(vectors: torch.Tensor) -> list[int]:
    """For each of the first half the nearest of the second half."""
    unit = torch.nn.functional.normalize(vectors, dim=1)
    n = len(vectors) // 2
    return (unit[:n] @ unit[n:].T).argmax(1).tolist()


@bundled
def test_bundled_tower_knows_a_molecule_by_any_of_its_strings() -> None:
    plugin = Smiles()
    vectors = encode(plugin.encoder(), plugin, [*PAIRS, *PAIRS.values()])
    assert nearest(vectors) == list(range(len(PAIRS)))


@bundled
def test_bundled_model_knows_a_molecule_by_any_of_its_strings() -> None:
    model = load(Path(acml_plugin_smiles.__file__).parent / "models" / "v1").model
    pairs = PAIRS | META
    signals = [SmilesSignal(string=text) for text in (*pairs, *pairs.values())]
    assert nearest(model.encode_signals("smiles", signals)) == list(range(len(pairs)))
