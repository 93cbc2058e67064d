"""The tower of an aligned model, as the plugin bundles it: locked by default, it runs once.

python scripts/tower_of_model.py MODEL src/acml_plugin_image/data/tower.safetensors
"""

from __future__ import annotations

import argparse
from pathlib import Path

from acml_plugin_image import weights

from acml_core import bundled
from acml_core.artefact import load


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("out", type=Path, help="file to write")
    options = parser.parse_args()
    model = load(options.model).model
    settings = weights.shape(model.modalities["image"].config)
    bundled.write(options.out, model.head("image").encoder, settings)


if __name__ == "__main__":
    main()
