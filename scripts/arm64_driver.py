"""What `scripts/arm64` runs on both processors: `arm64_driver.py CROPS.npy` prints scores and readings as one line of JSON."""

import json
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np

from mien.alignment import cut_face
from mien.card import open_bundle
from mien.environment import describe_environment
from mien.pictures import read_picture
from mien.pipeline import Recognizer
from mien.types import Face

DETECTORS = ("haar", "blazeface", "yunet")
PICTURES = ("astronaut.jpg", "grace_hopper.jpg")


def main() -> None:
    crops = list(np.load(sys.argv[1]))
    card = open_bundle().card
    recognizers = {(file, detector): Recognizer(file=file, detector=detector) for file in card.files for detector in DETECTORS}
    readings = []
    for name in PICTURES:
        image = read_picture(Path(str(files("mien") / "media" / name)))
        for (file, detector), recognizer in recognizers.items():
            reading = recognizer(image)[0]
            face = Face(reading.box_xyxy, reading.landmarks_xy, reading.detection_confidence)
            readings.append(
                {
                    "picture": name,
                    "detector": detector,
                    "file": file,
                    "label": reading.expression,
                    "uncertain": reading.uncertain,
                    "scores": reading.scores.tolist(),
                    "landmarks_xy": reading.landmarks_xy.tolist(),
                    "crop": cut_face(image, face, card.alignment, card.preprocess).tolist(),
                }
            )
    scores = {file: recognizers[file, "haar"].classify(crops).tolist() for file in card.files}
    print(json.dumps({"scores": scores, "readings": readings, "environment": describe_environment()}))


if __name__ == "__main__":
    main()
