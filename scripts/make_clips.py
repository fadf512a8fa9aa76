#!/usr/bin/env python3
"""Write the scenes that `mien benchmark stream` measures as videos, each with its truth beside it.

    python scripts/make_clips.py --data FER2013_FOLDER --out clips [--seeds 20]

SCENE_SEED.mp4 is what a camera would see; SCENE_SEED.jsonl holds one line per frame: its time and, for every person,
number, box, expression and the share of the face that nothing hides. Needs the extra `video`.
"""

import argparse
import json
from pathlib import Path

from mien.benchmark.clips import (
    NUM_SEEDS,
    Look,
    Scene,
    change_scene,
    crossing_scene,
    crowd_scene,
    fer2013_looks,
    moving_scene,
    occlusion_scene,
    steady_scene,
)
from mien.benchmark.stream import write_clip


def scenes_of(seed: int, looks: list[Look]) -> list[Scene]:
    first, second = looks[2 * seed : 2 * seed + 2]
    five = [looks[(2 * seed + number) % len(looks)] for number in range(5)]
    return [
        crossing_scene(first, second, seed),
        occlusion_scene(first, second, seed),
        steady_scene(first, seed),
        change_scene(first, second, seed),
        moving_scene(first, seed),
        crowd_scene(five, seed, 4.0),
    ]


def write_truth(scene: Scene, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for frame, truths in scene:
            people = [
                {"person": t.person, "box_xyxy": t.box_xyxy.round(2).tolist(), "expression": t.label, "visible": round(t.visible, 3)}
                for t in truths
            ]
            file.write(json.dumps({"frame": frame.index, "time_s": round(frame.time_s, 6), "people": people}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013")
    parser.add_argument("--out", type=Path, default=Path("clips"))
    parser.add_argument("--seeds", type=int, default=NUM_SEEDS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    looks = fer2013_looks(options.data, max(5, 2 * options.seeds))
    for seed in range(options.seeds):
        for scene in scenes_of(seed, looks):
            path = options.out / f"{scene.name}_{seed:02d}.mp4"
            write_clip(scene, path)
            write_truth(scene, path.with_suffix(".jsonl"))
            print(path)


if __name__ == "__main__":
    main()
