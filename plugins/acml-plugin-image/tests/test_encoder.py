"""The encoder: shapes, size, weights; and a transformers model in its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_image import weights
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.encoder import smaller
from acml_plugin_image.modality import Picture

from acml_core.bundled import BundledTower
from acml_core.config import parse
from acml_core.errors import ArtefactError, ConfigError

SMALL = {"dim": 32, "channels": (4, 8, 8, 16), "middle": (4, 4, 8), "blocks": (1, 1, 1)}
MOST_PARAMETERS = 2_500_000


def some(size: int, count: int = 3) -> dict[str, torch.Tensor]:
    return {"image": torch.randint(0, 256, (count, size, size), dtype=torch.uint8)}


def test_shapes_and_size() -> None:
    encoder = Picture().encoder().eval()
    assert sum(p.numel() for p in encoder.parameters()) < MOST_PARAMETERS
    for size in (96, 144, 150):
        assert encoder(some(size)).shape == (3, encoder.dim)


def test_stages_must_agree() -> None:
    with pytest.raises(ConfigError, match="4 numbers"):
        parse(ImageConfig, {"channels": [8, 8, 8]})


def test_looks_are_averaged_outside_training() -> None:
    """The same weights at two scales give the mean of what each gives alone."""
    batch = some(96)
    each = {}
    for looks in ((1.0,), (0.8,), (1.0, 0.8)):
        torch.manual_seed(0)
        encoder = Picture(ImageConfig(**SMALL, looks=looks)).encoder()
        each[looks] = encoder.eval()(batch)
        torch.manual_seed(0)
        training = encoder.train()(batch)
        each[looks, "train"] = training
    assert not torch.allclose(each[1.0,], each[0.8,])
    assert torch.allclose(each[1.0, 0.8], (each[1.0,] + each[0.8,]) / 2, atol=1e-6)
    assert torch.equal(each[(1.0, 0.8), "train"], each[(1.0,), "train"]), "trained at one scale"


def test_mirrored_pictures_are_the_same_where_they_are_looked_at_mirrored() -> None:
    """The mean over a picture and its mirror image does not know which of them was given."""
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 96, 96), dtype=np.uint8))
    mirror = image.flip(-1)
    seen = {}
    for mirrored in (False, True):
        torch.manual_seed(0)
        encoder = Picture(ImageConfig(**SMALL, looks=(1.0, 0.75), mirrored=mirrored)).encoder()
        encoder.eval()
        seen[mirrored] = [encoder({"image": one}) for one in (image, mirror)]
    assert not torch.allclose(*seen[False], atol=1e-4)
    assert torch.allclose(*seen[True], atol=1e-5)
    assert torch.allclose(seen[True][0], (seen[False][0] + seen[False][1]) / 2, atol=1e-5)


def test_smaller_pictures_stay_in_the_middle() -> None:
    image = torch.zeros(1, 100, 100, dtype=torch.uint8)
    image[:, 40:60, 30:70] = 200
    half = smaller(image, 0.5)
    assert half.shape == image.shape
    assert half[0, 45:55, 40:60].mean() > 150
    assert float(half.sum()) == pytest.approx(float(image.sum()) / 4, rel=0.02), (
        "a quarter of the ink"
    )
    assert smaller(image, 1.0) is image


@pytest.mark.parametrize("looks", [[], [0.0], [1.2]])
def test_looks_must_be_scales(looks: list[float]) -> None:
    with pytest.raises(ConfigError, match="looks"):
        parse(ImageConfig, {"looks": looks})


def test_last_layers_are_fewer_than_all() -> None:
    encoder = Picture(ImageConfig(**SMALL)).encoder()
    last = {id(p) for layer in encoder.last_layers() for p in layer.parameters()}
    assert 0 < len(last) < len(list(encoder.parameters()))


def test_weights_none_gives_a_new_encoder_each_time() -> None:
    plugin = Picture(ImageConfig(weights="none"))
    one, other = plugin.encoder().state_dict(), plugin.encoder().state_dict()
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.skipif(not weights.TOWER.path.is_file(), reason="this copy has no bundled weights")
def test_bundled_weights_are_loaded_where_they_fit() -> None:
    one, other = Picture().encoder().state_dict(), Picture().encoder().state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert Picture(ImageConfig(**SMALL)).encoder().dim == SMALL["dim"]


def test_damaged_weights_say_so(tmp_path: Path) -> None:
    damaged = tmp_path / "tower.safetensors"
    damaged.write_bytes(b"\x10\0\0\0\0\0\0\0no header here..")
    tower = BundledTower(damaged, "acml-plugin-image")
    with pytest.raises(ArtefactError, match="damaged"):
        tower.fits(weights.shape(ImageConfig()))


# ---- transformers -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def convnext(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ConvNeXt V2 with random weights, saved as safetensors."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ConvNextV2Config(hidden_sizes=[8, 8, 16, 24], depths=[1, 1, 1, 1])
    folder = tmp_path_factory.mktemp("convnext")
    transformers.ConvNextV2Model(config).save_pretrained(folder)
    return folder


def hf(folder: Path | str, **settings: object) -> Picture:
    return Picture(parse(ImageConfig, {"hf_repo": str(folder), **settings}))


def test_transformers_model_is_the_encoder(convnext: Path) -> None:
    plugin = hf(convnext)
    encoder, again = plugin.encoder().eval(), plugin.encoder().eval()
    batch = some(64)
    found = encoder(batch)
    assert found.shape == (3, 24) == (3, encoder.dim)
    assert torch.equal(again(batch), found), "not the saved weights"
    assert found.dtype == torch.float32
    last = [p for layer in encoder.last_layers() for p in layer.parameters()]
    assert 0 < len(last) < len(list(encoder.parameters()))


def test_preprocessor_of_the_repository_is_used(convnext: Path) -> None:
    batch = some(64)
    before = hf(convnext).encoder().eval()(batch)
    stated = convnext / "preprocessor_config.json"
    stated.write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.1] * 3}))
    try:
        after = hf(convnext).encoder()
        assert after.std.flatten().tolist() == pytest.approx([0.1] * 3)
        assert not np.allclose(after.eval()(batch).detach(), before.detach())
    finally:
        stated.unlink()


def test_nothing_is_fetched_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ArtefactError, match="hf_download"):
        hf("nobody/nothing-at-all").encoder()


def test_pickles_need_permission(convnext: Path, tmp_path: Path) -> None:
    """A repository of pickles alone is refused unless the user allows it by name."""
    (tmp_path / "config.json").write_text((convnext / "config.json").read_text())
    safetensors = pytest.importorskip("safetensors.torch")
    torch.save(
        safetensors.load_file(convnext / "model.safetensors"), tmp_path / "pytorch_model.bin"
    )
    with pytest.raises(ArtefactError, match="allow_pickle"):
        hf(tmp_path).encoder()
    assert hf(tmp_path, allow_pickle=True).encoder().dim == 24
