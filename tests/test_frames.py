"""`mien benchmark pipeline`: the frames, the stages, and the peer in its process."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mien.apps.cli.main import app
from mien.apps.cli.pipeline_table import COLUMNS, read_counts, table_rows
from mien.benchmark.peer import FerProcess
from mien.benchmark.pipeline import STAGES, measure_pipeline, time_stages
from mien.benchmark.scenes import SIZES_WH, Scene, make_scene
from mien.detection.haar import create as create_haar
from mien.errors import ConfigError, UnknownNameError
from mien.pipeline import Recognizer

FAKE_FER = """
class FER:
    def find_faces(self, frame):
        return [1, 2]
    def detect_emotions(self, frame):
        assert frame[0, 0].tolist() == [3, 2, 1]  # BGR
        return self.find_faces(frame)
"""


@pytest.fixture
def fake_fer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name, as the child process sees it."""
    package = tmp_path / "packages" / "fer"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "fer.py").write_text(FAKE_FER)
    (package / "utils.py").write_text("def draw_annotations(frame, faces):\n    print('noise')\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))


@pytest.mark.parametrize("size", SIZES_WH)
@pytest.mark.parametrize("num_faces", [0, 1, 5, 20])
def test_scene_holds_its_faces(size: str, num_faces: int) -> None:
    scene = make_scene(size, num_faces)
    width, height = SIZES_WH[size]
    assert scene.image.shape == (height, width, 3)
    assert scene.image.dtype == np.uint8
    assert np.array_equal(scene.image, make_scene(size, num_faces).image)
    assert len(create_haar(None, "picture", 1)(scene.image)) == num_faces


def test_scene_of_unknown_size_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'4k'"):
        make_scene("4k", 1)


def test_stages_add_up_to_the_frame() -> None:
    times = time_stages(Recognizer(detector="haar").pipeline)(make_scene("480p", 5))
    assert times["num_found"] == 5
    assert sum(times[stage] for stage in STAGES) == pytest.approx(times["total"])


@pytest.mark.usefixtures("fake_fer")
def test_peer_answers_from_its_own_process() -> None:
    frame = np.full((20, 30, 3), (1, 2, 3), np.uint8)
    with FerProcess({"a": frame}) as peer:
        times = peer.time_frame("a")
        assert times["num_found"] == 2
        assert times["total"] == pytest.approx(times["detect"] + times["classify"] + times["draw"])
        assert "numpy" in peer.packages
        with pytest.raises(ConfigError, match="KeyError"):
            peer.time_frame("b")
        with pytest.raises(ConfigError, match="process ended"):
            peer.time_frame("a")


@pytest.mark.usefixtures("fake_fer")
def test_peer_takes_turns_and_is_compared() -> None:
    scene = Scene("480p", 2, np.full((480, 640, 3), (1, 2, 3), np.uint8))
    result = measure_pipeline(["haar:picture"], [scene], 2, Path(sys.executable), lambda done, total: None)
    rows = {row["candidate"]: row for row in result["rows"]}
    assert set(rows) == {"haar:picture + float32", "haar:picture + int8", "fer"}
    assert rows["fer"]["peer_over_this"] == 1
    ours = rows["haar:picture + int8"]
    assert ours["peer_over_this"] == pytest.approx(rows["fer"]["median_ms"]["total"] / ours["median_ms"]["total"])
    assert all(len(samples) == 2 for samples in ours["samples_ms"].values())
    assert "align" not in rows["fer"]["median_ms"]
    assert all(len(row) == len(COLUMNS) for row in table_rows(result))


@pytest.mark.parametrize("python", [Path("no_such_python"), Path(sys.executable)])
def test_named_peer_that_does_not_run_is_an_error(python: Path) -> None:
    with pytest.raises(ConfigError, match=r"no_such_python: cannot be started|fer does not run in .*No module named 'fer'"):
        measure_pipeline(["haar"], [make_scene("480p", 1)], 1, python, lambda done, total: None)


def test_command_goes_without_peer_and_says_so(tmp_path: Path) -> None:
    record = tmp_path / "pipeline.jsonl"
    options = ["--detectors", "haar", "--sizes", "480p", "--faces", "0,1", "--runs", "1", "--json", "--record", str(record)]
    result = CliRunner().invoke(app, ["benchmark", "pipeline", *options])
    assert result.exit_code == 0
    assert "Without fer" in result.stderr
    values = json.loads(result.stdout)
    assert [(row["num_faces"], row["num_found"]) for row in values["rows"][::2]] == [(0, 0), (1, 1)]
    assert values["peer"] is None
    assert json.loads(record.read_text())["rows"] == values["rows"]


@pytest.mark.parametrize("text", ["", "1,", "two", "-1", "101"])
def test_wrong_counts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"0\.\.100"):
        read_counts(text)


def test_unknown_policy_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Policy 'near'"):
        measure_pipeline(["haar:near"], [], 1, None, lambda done, total: None)
