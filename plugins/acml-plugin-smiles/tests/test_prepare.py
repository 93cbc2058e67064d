"""Random strings, batches, cutting, and what the encoder makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acml_plugin_smiles.modality import Smiles, SmilesConfig
from acml_plugin_smiles.tokenise import detokenise
from acml_plugin_smiles.vocabulary import MASK, PAD
from rdkit import Chem

LIDOCAINE = "CCN(CC)CC(=O)Nc1c(C)cccc1C"
ALANINE = "N[C@@H](C)C(=O)O"


def canonical(text: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(text))


def drawn(plugin: Smiles, smiles: str, count: int) -> list[str]:
    mol = Chem.MolFromSmiles(smiles)
    return [plugin.simulate(mol).string for _ in range(count)]


def test_simulated_strings_are_other_strings_of_the_same_molecule() -> None:
    torch.manual_seed(0)
    strings = drawn(Smiles(SmilesConfig(no_stereo=0.0)), ALANINE, 60)
    assert {canonical(text) for text in strings} == {canonical(ALANINE)}
    assert len(set(strings)) > 8


def test_simulation_follows_torch_alone() -> None:
    plugin = Smiles()
    torch.manual_seed(5)
    first = drawn(plugin, LIDOCAINE, 5)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(5)
    assert drawn(plugin, LIDOCAINE, 5) == first
    assert drawn(plugin, LIDOCAINE, 5) != first


@pytest.mark.parametrize(
    ("setting", "mark"),
    [("kekule", "C1=C"), ("explicit_hydrogens", "[CH3]"), ("explicit_bonds", "-")],
)
def test_styles_are_settings(setting: str, mark: str) -> None:
    none = {"kekule": 0.0, "explicit_hydrogens": 0.0, "explicit_bonds": 0.0}
    toluene = "Cc1ccccc1"
    always = drawn(Smiles(SmilesConfig(**{**none, setting: 1.0})), toluene, 10)
    never = drawn(Smiles(SmilesConfig(**none)), toluene, 10)
    found = "=" if setting == "kekule" else mark
    assert all(found in text for text in always)
    assert not any(found in text for text in never)


def test_stereochemistry_can_be_left_out() -> None:
    assert not any("@" in text for text in drawn(Smiles(SmilesConfig(no_stereo=1.0)), ALANINE, 9))


def test_training_batches_are_rewritten_and_evaluation_batches_are_not() -> None:
    plugin = Smiles(SmilesConfig(mask=0.0, no_stereo=0.0))
    item = plugin.prepare(plugin.signal(string=LIDOCAINE))
    torch.manual_seed(0)
    batch = plugin.collate([item] * 20, train=True)
    strings = {detokenise(row[row != PAD]) for row in batch["tokens"].numpy()}
    assert len(strings) > 15
    assert {canonical(text) for text in strings} == {canonical(LIDOCAINE)}
    same = plugin.collate([item] * 2, train=False)["tokens"].numpy()
    assert {detokenise(row) for row in same} == {LIDOCAINE}


def test_masking_hides_the_stated_share_and_no_padding() -> None:
    plugin = Smiles(SmilesConfig(mask=0.2))
    items = [plugin.prepare(plugin.signal(string=text)) for text in (LIDOCAINE, "CCO")]
    torch.manual_seed(0)
    tokens = plugin.collate(items * 100, train=True)["tokens"]
    filled = int((tokens != PAD).sum())
    assert 0.17 < int((tokens == MASK).sum()) / filled < 0.23
    assert filled < tokens.numel()


def test_what_rdkit_cannot_read_stays_as_it_is_in_training() -> None:
    plugin = Smiles(SmilesConfig(mask=0.0))
    wrong = "CN(C)(C)(C)C"  # grammatical, and not a molecule
    item = plugin.prepare(plugin.signal(string=wrong))
    batch = plugin.collate([item], train=True)
    assert detokenise(batch["tokens"][0].numpy()) == wrong


def test_a_long_string_is_cut_and_its_links_stay_inside() -> None:
    plugin = Smiles(SmilesConfig(max_tokens=16))
    text = "C1" + "C" * 40 + "C1"
    item = plugin.prepare(plugin.signal(string=text))
    assert len(item["tokens"]) == 16
    assert item["syntax"].max() < 16
    assert item["syntax"][1][1] == 1  # the ring closes beyond the cut
    assert bytes(item["text"]).decode() == text


def test_a_string_that_is_no_smiles_is_no_signal() -> None:
    with pytest.raises(ValueError, match="ring 1 is opened"):
        Smiles().signal(string="C1CC")
