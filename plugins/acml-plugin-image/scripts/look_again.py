"""A model that looks at each picture at other scales, or mirrored too: weights as before.

    python scripts/look_again.py MODEL OUT --looks 1.0 0.84 --mirrored

Its scores are others, so it is to be calibrated anew (``acml models calibrate``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from acml_plugin_image.modality import Picture
from acml_plugin_image.signal import ImageSignal

from acml_core import artefact
from acml_core.hub.pretrained import load
from acml_core.model import AcmlModel


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", help="name or folder")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--looks", type=float, nargs="+", required=True, help="scales, at most 1")
    parser.add_argument("--mirrored", action="store_true", help="at each scale mirrored too")
    options = parser.parse_args()
    before = load(options.model)
    config = before.model.modalities["image"].config.model_dump()
    config |= {"looks": options.looks, "mirrored": options.mirrored}
    model = AcmlModel(before.model.config, {"image": Picture(Picture.Config(**config))})
    model.load_state_dict(before.model.state_dict())
    about = before.info.modalities["image"]
    looks = " ".join(map(str, options.looks)) + (" --mirrored" if options.mirrored else "")
    artefact.save(
        options.out,
        model,
        calibrations={"image": about.calibration},
        examples={"image": about.signal(ImageSignal)},
        seen=[],
        seen_before=before.seen,
        metrics={},
        training=before.info.training,
        data=before.info.data,
        command=f"{before.info.command}; then scripts/look_again.py --looks {looks}",
    )


if __name__ == "__main__":
    main()
