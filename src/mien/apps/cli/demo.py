"""``mien demo``: the main job on shipped pictures and a shipped clip, without camera and network."""

import time
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.apps.cli.predict import print_faces
from mien.apps.cli.stream import Summary


def demo(
    output: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the annotated pictures and clip.")] = Path("mien-demo"),
    detector: console.DetectorName = "auto",
) -> None:
    """Read two portraits and a clip that come with mien, and write them with boxes and labels.

    Nothing is downloaded: `auto` takes the best detector that is already there, which at first is Haar.
    """
    console.say("Nothing is downloaded here; `mien predict` fetches better face detectors on first use.")
    from mien.live import LiveSpec, watch
    from mien.pictures import read_picture
    from mien.pipeline import Recognizer
    from mien.sinks.pictures import PicturesSink
    from mien.sinks.text import JsonLinesSink
    from mien.sinks.video import open_video_sink
    from mien.sinks.writers import Writers
    from mien.smoothing import SmoothingSpec
    from mien.tracking import TrackingSpec
    from mien.types import FrameResult
    from mien.video.sources import list_pictures, open_source
    from mien.watching import Watcher

    started_s = time.monotonic()
    media = Path(str(files("mien") / "media"))
    recognizer = Recognizer(detector=detector, may_fetch=False)
    with PicturesSink(output) as sink:
        for index, path in enumerate(list_pictures(media)):
            image = read_picture(path)
            result = FrameResult(index, 0.0, image, tuple(recognizer.pipeline(image)), path.name)
            sink.write(result)
            print_faces(path.name, [face.as_dict() for face in result.faces])

    clip = media / "clip.mp4"
    live = Recognizer(detector=detector, policy="camera", may_fetch=False)
    counts = Summary()
    with watch(lambda: open_source(clip), Watcher(live.pipeline, TrackingSpec(), SmoothingSpec()), LiveSpec()) as results:
        info = results.open()
        sinks = [open_video_sink(output / "clip.mp4", info.frames_per_second), JsonLinesSink(output / "clip.jsonl", clip.name, live.labels)]
        writers = Writers(sinks)
        with writers, console.progress("clip.mp4") as show:
            for result in results:
                writers.write(result)
                counts.add(result)
                show(counts.num_frames, info.num_frames)
    counts.print("clip.mp4", results.statistics, as_json=False)
    for error in writers.errors:
        raise error
    console.out.print(
        f"Written to {output}/ in {time.monotonic() - started_s:.1f} s. Now try: mien predict YOUR_PHOTO.jpg --annotate {output}",
        soft_wrap=True,
    )
