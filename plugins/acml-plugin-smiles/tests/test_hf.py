"""Models of the transformers library: a tiny RoBERTa, made here and kept in a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from acml_plugin_smiles.modality import Smiles, SmilesConfig

from acml_core.errors import BadInput

transformers = pytest.importorskip("transformers", reason="the extra [hf] is not installed")
STRINGS = ("CCO", "CC(=O)Nc1ccc(O)cc1", "c1ccccc1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa of two layers and a tokenizer of single characters, as a repository holds them."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    path = tmp_path_factory.mktemp("roberta")
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *"CNOcno()[]=#123456789@H+-Fl"]
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<mask>", cls_token="<s>", sep_token="</s>",
        model_max_length=40,
    )  # fmt: skip
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, pad_token_id=1,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(path)
    assert (path / "model.safetensors").is_file()
    return path


def made(folder: Path, **settings: object) -> Smiles:
    return Smiles(SmilesConfig(hf_repo=str(folder), **settings))  # type: ignore[arg-type]


def encoded(plugin: Smiles, texts: tuple[str, ...] = STRINGS) -> torch.Tensor:
    items = [plugin.prepare(plugin.signal(string=text)) for text in texts]
    with torch.no_grad():
        return plugin.encoder().eval()(plugin.collate(items, train=False))


@pytest.mark.parametrize("pooling", ["mean", "cls", "pooler"])
def test_embeddings_are_the_librarys_own(folder: Path, pooling: str) -> None:
    """What the tower gives for one string is what transformers gives for it."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        out = model(**tokenizer(STRINGS[1], return_tensors="pt"))
    expected = {
        "mean": out.last_hidden_state.mean(1),
        "cls": out.last_hidden_state[:, 0],
        "pooler": out.pooler_output,
    }[pooling]
    found = encoded(made(folder, hf_pooling=pooling))
    assert found.shape == (3, 32)
    assert torch.allclose(found[1], expected[0], atol=1e-5)


def test_padding_does_not_matter(folder: Path) -> None:
    plugin = made(folder)
    assert torch.allclose(encoded(plugin)[0], encoded(plugin, STRINGS[:1])[0], atol=1e-5)


def test_training_rewrites_the_string(folder: Path) -> None:
    plugin = made(folder)
    item = plugin.prepare(plugin.signal(string=STRINGS[1]))
    torch.manual_seed(0)
    batch = plugin.collate([item] * 8, train=True)
    assert len({tuple(row.tolist()) for row in batch["tokens"]}) > 4
    assert batch["filled"].shape == batch["tokens"].shape


def test_long_strings_are_cut_at_the_models_limit(folder: Path) -> None:
    plugin = made(folder)
    assert len(plugin.prepare(plugin.signal(string="C" * 100))["tokens"]) == 40


def test_the_last_layer_is_the_last(folder: Path) -> None:
    encoder = made(folder).encoder()
    (last,) = encoder.last_layers()
    assert last is encoder.inner.encoder.layer[-1]


def test_a_pickle_needs_its_setting(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "pickled"
    shutil.copytree(folder, copy)
    model = transformers.AutoModel.from_pretrained(folder)
    torch.save(model.state_dict(), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(BadInput, match="hf_allow_pickle=true"):
        made(copy).encoder()
    assert torch.allclose(encoded(made(copy, hf_allow_pickle=True)), encoded(made(folder)))


def test_remote_code_needs_its_setting(folder: Path, tmp_path: Path) -> None:
    """A repository whose code would leave a mark if it ran."""
    copy, mark = tmp_path / "code", tmp_path / "ran"
    shutil.copytree(folder, copy)
    (copy / "own.py").write_text(
        f"from pathlib import Path\nfrom transformers import RobertaConfig, RobertaModel\n"
        f"Path({str(mark)!r}).touch()\n"
        "class OwnConfig(RobertaConfig):\n    model_type = 'own'\n"
        "class OwnModel(RobertaModel):\n    config_class = OwnConfig\n",
        encoding="utf-8",
    )
    config = json.loads((copy / "config.json").read_text())
    config["model_type"] = "own"
    config["auto_map"] = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match="hf_trust_remote_code=true"):
        made(copy).encoder()
    assert not mark.exists()


def test_a_model_that_is_not_here_is_not_fetched() -> None:
    plugin = Smiles(SmilesConfig(hf_repo="nobody/no-such-model"))
    for use in (plugin.encoder, lambda: plugin.prepare(plugin.signal(string="C"))):
        with pytest.raises(BadInput, match="hf_download=true") as caught:
            use()
        assert "nobody/no-such-model" in str(caught.value)
