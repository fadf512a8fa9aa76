"""The command line: its JSON, its files, its exit codes, and forty ways to get it wrong."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from conftest import MEDIA, Run
from mien.card import open_bundle, shipped_bundles
from mien.errors import OutputError
from mien.training.recipe import shipped_recipes

ASTRONAUT = MEDIA / "astronaut.jpg"


def test_predict_prints_the_json_of_the_design(run: Run) -> None:
    status, out, _ = run("predict", ASTRONAUT, "--detector", "haar", "--json")
    assert status == 0
    printed = json.loads(out)
    assert list(printed) == ["mien", "model", "file", "detector", "results", "errors"]
    assert (printed["file"], printed["detector"]) == ("float32", "haar")
    (result,) = printed["results"]
    assert (result["source"], result["width"], result["height"]) == (str(ASTRONAUT), 512, 512)
    (face,) = result["faces"]
    assert list(face) == ["box_xyxy", "landmarks_xy", "detection_confidence", "expression", "probability", "uncertain", "scores"]
    assert face["expression"] == "happy"
    assert np.shape(face["landmarks_xy"]) == (4, 2)
    assert sum(face["scores"].values()) == pytest.approx(1, abs=1e-4)
    assert face["probability"] == max(face["scores"].values())
    assert printed["errors"] == []


def test_predict_writes_what_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    status, out, _ = run(
        "predict", MEDIA, "--csv", "a.csv", "--jsonl", "a.jsonl", "--parquet", "a.parquet", "--annotate", "drawn", "--file", "int8"
    )
    assert status == 0
    assert "astronaut.jpg" in out
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [Path(row["source"]).name for row in rows] == ["astronaut.jpg", "grace_hopper.jpg"]
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "a.parquet").stat().st_size > 500
    drawn = np.asarray(Image.open(tmp_path / "drawn" / "astronaut.png"))
    assert (drawn != np.asarray(Image.open(ASTRONAUT))).any()


def test_stream_reads_every_frame_of_the_clip(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("stream", MEDIA / "clip.mp4", "--file", "int8", "--jsonl", "a.jsonl", "--record", "a.mp4", "--json")
    assert status == 0
    summary = json.loads(out)
    assert summary["frames"] == 120
    assert summary["frames_with_face"] >= 110
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(120))
    assert lines[-1]["time_s"] == pytest.approx(119 / 20)
    assert len(lines[-1]["faces"]) == 2
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 120
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(20, abs=0.2)
    capture.release()
    status, out, _ = run("stream", MEDIA / "clip.mp4", "--max-frames", 3)
    assert "3 frames" in out


class FakeCamera:
    """Stands in for OpenCV's capture of a camera: ten frames, then whatever ``end`` does."""

    def __init__(self, end: Callable[[], tuple[bool, None]]) -> None:
        self._end, self._num_read, self.is_released = end, 0, False

    def isOpened(self) -> bool:
        return True

    def get(self, what: int) -> float:
        return 0.0

    def set(self, what: int, value: float) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._num_read += 1
        if self._num_read > 10:
            return self._end()
        return True, cv2.imread(str(ASTRONAUT))

    def release(self) -> None:
        self.is_released = True


def interrupt() -> tuple[bool, None]:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("end", "status", "said"), [(interrupt, 0, ""), (lambda: (False, None), 2, "stopped giving frames after 10")])
def test_a_camera_ends_cleanly(
    end: Callable[[], tuple[bool, None]], status: int, said: str, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ctrl-C is how one stops a camera, unplugging it is an error; either way nothing is lost."""
    camera, real = FakeCamera(end), cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda target: camera if target == 0 else real(target))
    found, out, err = run("stream", "0", "--detector", "haar", "--jsonl", "a.jsonl", "--record", "a.mp4", "--reconnect", 0, "--json")
    assert found == status
    assert said in err
    assert camera.is_released
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert lines[-1]["frame"] == 9, "the newest frame is always read"
    if status == 0:
        assert json.loads(out)["dropped"] == 10 - len(lines)
    times = [line["time_s"] for line in lines]
    assert times == sorted(set(times))
    assert (tmp_path / "a.mp4").stat().st_size > 1000


def test_a_video_that_was_not_read_to_its_end_replaces_no_older_result(run: Run, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "whole.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (512, 512))
    for _ in range(12):
        writer.write(cv2.imread(str(ASTRONAUT)))
    writer.release()
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "short.avi").write_bytes(content[: len(content) // 2])
    options = ("--detector", "haar", "--csv", "a.csv", "--summary", "s")
    assert run("stream", "whole.avi", *options)[0] == 0
    older = (tmp_path / "a.csv").read_text()
    status, _, err = run("stream", "short.avi", *options)
    assert (status, "a.csv: was there before; it is a-older.csv now" in err) == (2, True)
    assert (tmp_path / "a-older.csv").read_text() == older
    assert 1 < len((tmp_path / "a.csv").read_text().splitlines()) < len(older.splitlines())
    assert json.loads((tmp_path / "s" / "summary-older.json").read_text())["frames"] == 12


def test_small_faces_are_found_where_they_are_asked_for(run: Run, tmp_path: Path, detector_cache: Path) -> None:
    wide = np.full((1080, 1920, 3), 90, np.uint8)
    portrait = cv2.resize(cv2.imread(str(ASTRONAUT)), (256, 256), interpolation=cv2.INTER_AREA)
    wide[400:656, 800:1056] = portrait
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    (tmp_path / "frames").mkdir()
    shutil.copyfile(tmp_path / "wide.png", tmp_path / "frames" / "0.png")
    counts = {}
    for policy in ("camera", "picture"):
        status, out, err = run("stream", "frames", "--detector", "yunet", "--policy", policy, "--json")
        assert status == 0, err
        counts[policy] = json.loads(out)["frames_with_face"]
    assert counts == {"camera": 0, "picture": 1}
    assert json.loads(out)["detector"] == "yunet"


def test_an_output_that_fails_takes_no_reading_from_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "drawn" / "astronaut.png").mkdir(parents=True)
    status, out, err = run("predict", MEDIA, "--detector", "haar", "--csv", "a.csv", "--annotate", "drawn", "--json")
    assert (status, len(json.loads(out)["results"]), json.loads(out)["errors"]) == (2, 2, [])
    assert "astronaut.png" in err
    assert (tmp_path / "drawn" / "grace_hopper.png").is_file()
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 3


def test_folders_inside_a_folder_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "all" / "happy").mkdir(parents=True)
    shutil.copyfile(ASTRONAUT, tmp_path / "all" / "happy" / "a.JFIF")
    status, _, err = run("predict", "all", "--detector", "haar")
    assert (status, "holds no pictures. all: folders inside it are left alone" in err) == (2, True)
    assert run("predict", "all/**/*", "--detector", "haar")[1].startswith("all/happy/a.JFIF: happy")


def test_stream_writes_a_summary_without_tracking_and_smoothing(run: Run, tmp_path: Path) -> None:
    clip = MEDIA / "clip.mp4"
    status, out, err = run(
        "stream", clip, "--file", "int8", "--detector", "haar", "--summary", "s", "--parquet", "a.parquet", "--max-frames", 9
    )
    assert status == 0, err
    assert "9 frames" in out
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["frames"] == 9
    options = ("--no-track", "--no-smooth", "--detect-every-frame", "--max-frames", 5, "--summary", "t", "--json")
    status, out, _ = run("stream", clip, "--file", "int8", "--detector", "haar", *options)
    assert (status, json.loads(out)["tracks"]) == (0, 0)
    assert [person["track_id"] for person in json.loads((tmp_path / "t" / "summary.json").read_text())["people"]] == [-1]


def test_an_output_that_fails_is_told_at_the_end(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise OutputError("a.csv: cannot be written (No space left on device).")

    monkeypatch.setattr("mien.sinks.text.CsvSink.text_of", fail)
    clip = MEDIA / "clip.mp4"
    status, out, err = run("stream", clip, "--detector", "haar", "--csv", "a.csv", "--jsonl", "a.jsonl", "--max-frames", 5, "--json")
    assert (status, json.loads(out)["frames"]) == (2, 5)
    assert err.strip() == "mien: a.csv: cannot be written (No space left on device)."
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 5


def test_a_window_without_a_display_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    Path("a.csv").write_text("of yesterday")
    status, _, err = run("stream", MEDIA / "clip.mp4", "--detector", "haar", "--show", "--csv", "a.csv")
    assert status == 2
    assert [path.read_text() for path in Path().iterdir()] == ["of yesterday"]
    assert "No window can be opened" in err


def test_recover_makes_files_of_what_a_crash_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".mien-0123abcd-a.jsonl").write_text('{"frame": 0}\n{"fr')
    (tmp_path / ".mien-0123abce-b.parquet.journal").write_text("frame\nno number\n")
    status, out, err = run("recover", "b.parquet")
    assert (status, out) == (2, "")
    assert "not a journal" in err
    status, out, _ = run("recover", "a.jsonl", "--json")
    assert (status, json.loads(out)["recovered"][0]["path"]) == (0, "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text() == '{"frame": 0}\n'
    assert run("recover", "a.jsonl")[0] == 2


def test_demo_reads_pictures_and_clip(run: Run, tmp_path: Path) -> None:
    status, out, err = run("demo")
    assert status == 0, err
    assert "happy" in out
    names = sorted(path.name for path in (tmp_path / "mien-demo").iterdir())
    assert names == ["astronaut.png", "clip.jsonl", "clip.mp4", "grace_hopper.png"]


def test_evaluate_measures_a_bundle(run: Run, fer2013_folder: Path, any_counts: None, tmp_path: Path) -> None:
    options = ("--dataset", "fer2013", "--data", fer2013_folder, "--split", "test")
    status, out, _ = run("evaluate", *options, "--json", "--out", "report", "--record", "records.jsonl")
    assert status == 0
    result = json.loads(out)
    head = ["model", "file", "dataset", "split", "crops", "label_source", "n", "accuracy", "macro_f1", "mean_recall", "ece"]
    assert list(result)[: len(head)] == head
    assert result["n"] == 84
    assert np.sum(result["confusion"]) == 84
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["confusion.png", "evaluation.json", "scores.csv"]
    record = json.loads((tmp_path / "records.jsonl").read_text())
    assert {"kind", "time", "accuracy", "data_sha256", "environment"} <= set(record)
    assert record["files_sha256"] == {"float32": open_bundle().card.files["float32"].sha256}
    status, out, _ = run("evaluate", *options, "--file", "int8")
    assert "int8" in out


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory, fer2013_folder: Path) -> dict[str, list[object]]:
    """More than fifty wrong command lines by name; pictures come with a good one, which must still be done."""
    folder = tmp_path_factory.mktemp("bad")
    jpeg, png = ASTRONAUT.read_bytes(), folder / "whole.png"
    Image.open(ASTRONAUT).save(png)
    made = {
        "empty.jpg": b"",
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "header.jpg": jpeg[:20],
        "cut.png": png.read_bytes()[:5000],
        "text.jpg": b"this is no picture",
        "zeros.png": bytes(4000),
        "page.html": b"<html></html>",
        "noise.webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(200)),
        "noise.gif": b"GIF89a" + bytes(range(100)),
        "noise.bmp": b"BM" + bytes(range(100)),
        "noise.tif": b"II*\x00" + bytes(range(100)),
        "broken.mp4": b"no video" * 100,
        "empty.mp4": b"",
        "model.onnx": b"no model" * 100,
        "wrong.toml": b"name = ",
        "other.toml": b"width = 3\n" + shipped_recipes()["mien_s-fer2013"].read_bytes(),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(folder / "pixel.png")
    Image.fromarray(np.zeros((400, 2, 3), np.uint8)).save(folder / "thin.png")
    Image.fromarray(np.full((40, 40), np.nan, np.float32)).save(folder / "nan.tif")
    Image.fromarray(np.full((40, 40), 1e9, np.float32)).save(folder / "far.tif")
    Image.new("1", (40000, 40000)).save(folder / "huge.png")
    (folder / "nothing").mkdir()
    shutil.copytree(shipped_bundles()["mien_s"], folder / "damaged")
    (folder / "damaged" / "float32.tflite").write_bytes(b"TFL3")
    shutil.copytree(shipped_bundles()["mien_s"], folder / "newer")
    (folder / "newer" / "card.json").write_text('{"card_version": 99}')
    (folder / "csv").mkdir()
    lines = (fer2013_folder / "fer2013.csv").read_text().splitlines()
    (folder / "csv" / "fer2013.csv").write_text("\n".join([lines[0], "9" + lines[1][1:]]))

    def picture(name: str) -> list[object]:
        return ["predict", folder / name, ASTRONAUT]

    return {
        **{
            name: picture(name)
            for name in [*list(made)[:11], "pixel.png", "thin.png", "nan.tif", "far.tif", "huge.png", "nothing", "absent.jpg", "*.xyz"]
        },
        "unknown model": ["predict", ASTRONAUT, "--model", "mien_q"],
        "unknown file": ["predict", ASTRONAUT, "--file", "int4"],
        "unknown detector": ["predict", ASTRONAUT, "--detector", "har"],
        "detector that cannot be fetched": ["predict", ASTRONAUT, "--detector", "yunet"],
        "foreign detector model": ["predict", ASTRONAUT, "--detector", "yunet", "--detector-model", folder / "model.onnx"],
        "damaged bundle": ["predict", ASTRONAUT, "--model", folder / "damaged"],
        "newer card": ["predict", ASTRONAUT, "--model", folder / "newer"],
        "folder without card": ["predict", ASTRONAUT, "--model", folder / "nothing"],
        "place that cannot be written": ["predict", ASTRONAUT, "--csv", folder / "text.jpg" / "a.csv"],
        "broken video": ["stream", folder / "broken.mp4"],
        "empty video": ["stream", folder / "empty.mp4"],
        "picture as video": ["stream", ASTRONAUT],
        "missing argument": ["predict"],
        "misspelt option": ["predict", ASTRONAUT, "--jsno"],
        "unknown command": ["predikt", ASTRONAUT],
        "no threads": ["predict", ASTRONAUT, "--threads", "0"],
        "annotated onto the sources": ["predict", ASTRONAUT, "--annotate", MEDIA],
        "table onto a source": ["predict", ASTRONAUT, "--detector", "haar", "--csv", ASTRONAUT],
        "two outputs in one file": ["predict", ASTRONAUT, "--csv", folder / "a", "--jsonl", folder / "a"],
        "video onto its source": ["stream", MEDIA / "clip.mp4", "--record", MEDIA / "clip.mp4"],
        "video that is no MP4": ["stream", MEDIA / "clip.mp4", "--detector", "haar", "--record", folder / "a.avi"],
        "name that is too long": ["predict", "x" * 5000, ASTRONAUT],
        "absent camera": ["stream", "93"],
        "absent stream": ["stream", "rtsp://127.0.0.1:1/x"],
        "unknown recipe": ["train", "mien_s-fer2012"],
        "no recipe": ["train"],
        "broken recipe": ["train", folder / "wrong.toml"],
        "unknown key in a recipe": ["train", folder / "other.toml"],
        "wrong value in a recipe": ["train", "mien_s-fer2013", "--set", "optimizer.epochs=many"],
        "resume without run": ["train", "--resume", folder / "nothing"],
        "absent data": ["evaluate", "--data", folder / "absent"],
        "wrong CSV row": ["evaluate", "--data", folder / "csv"],
        "other counts": ["evaluate", "--data", fer2013_folder],
        "unknown data set": ["evaluate", "--dataset", "fer", "--data", fer2013_folder],
        "export without run": ["export", folder / "nothing", "--data", fer2013_folder],
    }


BAD_NAMES = [
    "empty.jpg", "cut.jpg", "header.jpg", "cut.png", "text.jpg", "zeros.png", "page.html", "noise.webp", "noise.gif", "noise.bmp",
    "noise.tif", "pixel.png", "thin.png", "nan.tif", "far.tif", "huge.png", "nothing", "absent.jpg", "*.xyz",
    "unknown model", "unknown file", "unknown detector", "detector that cannot be fetched", "foreign detector model", "damaged bundle",
    "newer card", "folder without card", "place that cannot be written", "broken video", "empty video", "picture as video", "absent camera",
    "missing argument", "misspelt option", "unknown command", "no threads", "annotated onto the sources", "table onto a source",
    "two outputs in one file", "video onto its source", "video that is no MP4", "name that is too long",
    "absent stream", "unknown recipe", "no recipe", "broken recipe", "unknown key in a recipe", "wrong value in a recipe",
    "resume without run", "absent data", "wrong CSV row", "other counts", "unknown data set", "export without run",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_input_gets_one_line_and_status_2(name: str, bad: dict[str, list[object]], run: Run) -> None:
    assert set(bad) == set(BAD_NAMES)
    arguments = bad[name]
    is_picture = arguments[0] == "predict" and len(arguments) == 3 and arguments[-1] == ASTRONAUT
    before = {path: path.read_bytes() for path in MEDIA.iterdir()}
    status, out, err = run(*arguments, *(["--json", "--detector", "haar"] if is_picture else []))
    assert status == 2, err
    lines = [line for line in err.splitlines() if line.strip()]
    # One line; all that is wrong with a data set is listed below it, indented.
    assert all(line.startswith("  ") for line in lines[1:]), err
    assert lines[0].startswith("mien: ")
    assert "Traceback" not in err
    assert before == {path: path.read_bytes() for path in MEDIA.iterdir()}, "sources stay"
    assert len(lines[0]) > 30, "what happened, what was expected, how to mend it"
    if is_picture:
        printed = json.loads(out)
        assert [result["source"] for result in printed["results"]] == [str(ASTRONAUT)], "the good picture is still done"
        assert len(printed["errors"]) == 1
    else:
        assert out == ""


def test_every_wrong_picture_is_named_in_one_run(run: Run, bad: dict[str, list[object]]) -> None:
    names = [arguments[1] for arguments in bad.values() if arguments[0] == "predict" and len(arguments) == 3 and arguments[-1] == ASTRONAUT]
    status, out, err = run("predict", *names, ASTRONAUT, "--json", "--detector", "haar")
    printed = json.loads(out)
    assert status == 2
    assert len(printed["errors"]) == len(names) == len(err.strip().splitlines())
    assert len(printed["results"]) == 1


@pytest.mark.parametrize(
    "name", ["cut.jpg", "noise.tif", "unknown model", "misspelt option", "broken video", "absent camera", "absent stream"]
)
def test_the_installed_program_says_the_same_one_line(name: str, bad: dict[str, list[object]], tmp_path: Path) -> None:
    """In a process of its own, where nothing but mien has set up logging and standard error."""
    command = [sys.executable, "-m", "mien", *map(str, bad[name]), *(["--detector", "haar"] if bad[name][0] == "predict" else [])]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert result.stderr.startswith("mien: ")


def test_help_and_version(run: Run) -> None:
    assert run("--version")[1].startswith("mien ")
    for arguments in ((), ("-h",), ("predict", "-h"), ("benchmark", "--help")):
        status, out, err = run(*arguments)
        assert (status, err) == (0, "")
        assert "Usage" in out


def test_a_misspelt_option_is_suggested(run: Run) -> None:
    assert "--json" in run("predict", ASTRONAUT, "--jsno")[2]


def test_unknown_names_of_a_long_list_are_not_all_printed(run: Run) -> None:
    _, _, err = run("benchmark", "networks", "--names", "mien_s, foo")
    assert err == "mien: Network 'foo' is unknown. `mien models` lists all.\n"
    _, _, err = run("benchmark", "networks", "--names", "clcn")
    assert err == "mien: Network 'clcn' is unknown. Did you mean 'clcm'? `mien models` lists all.\n"


def test_our_own_mistakes_say_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("mien.pictures.read_picture", fail)
    status, _, err = run("predict", ASTRONAUT, "--detector", "haar")
    assert status == 1
    assert "Internal error: RuntimeError: a mistake of ours" in err
    assert "Traceback" not in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_or_closed_standard_output_is_not_ours(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mien", "models", "--json"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "mien: Standard output: cannot be written, no space is left.\n")
    closed = subprocess.run(["sh", "-c", '"$0" -m mien models >&-', sys.executable], capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_any_name_of_a_file_is_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"a:x:[b]\xff.png")
    shutil.copyfile(ASTRONAUT, tmp_path / name)
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "mien", "predict", name, "--detector", "haar"]
    result = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(rb"a:x:[b]\udcff.png: ")


def test_forbidden_places_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(self: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", forbid)
    status, _, err = run("predict", MEDIA, "--detector", "haar")
    assert (status, err) == (2, f"mien: {MEDIA}: cannot be listed (Permission denied).\n")
    monkeypatch.setattr("mien.pictures.read_picture", forbid)
    status, _, err = run("predict", ASTRONAUT, "--detector", "haar")
    assert (status, err) == (2, f"mien: {ASTRONAUT}: permission denied. Choose another place, or change its rights.\n")


def test_links_in_a_circle_keep_no_other_picture_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    status, out, err = run("predict", "loop.jpg", ASTRONAUT, "--detector", "haar", "--json")
    assert (status, len(json.loads(out)["results"])) == (2, 1), err


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """``mien predict ... | head -0``: the reader leaves before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mien", "predict", str(ASTRONAUT), "--detector", "haar", "--json"]
    with os.fdopen(writing, "w") as closed:
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
