"""The package as a whole: its surface, what importing it costs, and its catalogs."""

import importlib
import importlib.util
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import mien
from mien.errors import DataError, MissingExtraError, UnknownNameError
from mien.labels import FER5, FER7, FER8, columns_of, expression_name
from mien.models.catalog import MODELS
from mien.training.recipe import load_recipe, shipped_recipes

RESULTS = ("Event", "Face", "Frame", "FrameResult", "PartReading", "Reading", "SourceInfo", "StreamStatistics")
READERS = ("PartReader", "Recognizer", "Session", "Watcher", "draw", "stream")
SETTINGS = ("LiveSpec", "ReconnectSpec", "SmoothingSpec", "TrackingSpec")
ERRORS = ("ConfigError", "MienError", "MissingExtraError", "ModelFileError", "OutputError", "SourceError", "UnknownNameError")
PUBLIC = (*RESULTS, *READERS, *SETTINGS, *ERRORS, "__version__")
HEAVY = ("keras", "tensorflow", "torch", "jax", "cv2", "ai_edge_litert", "matplotlib", "pandas", "scipy", "PIL", "typer", "rich", "av")


def test_the_surface_is_what_all_says() -> None:
    assert sorted(mien.__all__) == sorted(PUBLIC)
    for name in mien.__all__:
        assert getattr(mien, name) is not None
    assert set(PUBLIC) <= set(dir(mien)), "completion goes by dir()"
    with pytest.raises(AttributeError, match="nothing"):
        mien.nothing  # noqa: B018


@pytest.mark.parametrize("error", [UnknownNameError("Model", "x", ["y"]), MissingExtraError("That", "web"), DataError("wrong", ["row 1"])])
def test_errors_cross_processes(error: mien.MienError) -> None:
    """A pool of processes hangs for ever on an exception that cannot be unpickled."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_importing_is_silent_and_light(tmp_path: Path) -> None:
    code = f"import sys, mien; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout == "[]\n"
    assert result.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["models", "detectors", "datasets", "recipes"])
def test_listing_needs_no_framework_and_prints_one_object(command: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['mien', '{command}', '--json']\n"
        "from mien.apps.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "print([name for name in ('keras', 'tensorflow', 'torch', 'cv2', 'matplotlib') if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    rows = json.loads(result.stdout)[command]
    assert rows
    assert all("name" in row for row in rows)
    heavy = result.stderr.strip().splitlines()[-1]
    # Recipes know augmentations, and those need OpenCV.
    assert heavy in ("[]", "['cv2']")


def test_every_module_imports() -> None:
    folder = Path(mien.__file__).parent
    for path in folder.rglob("*.py"):
        is_window = "gui" in path.relative_to(folder).parts and importlib.util.find_spec("_tkinter") is None
        if path.stem != "__main__" and not is_window:
            importlib.import_module(".".join(["mien", *path.relative_to(folder).with_suffix("").parts]).removesuffix(".__init__"))


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads_and_names_known_things(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.model in MODELS
    assert load_recipe(name, ("optimizer.epochs=3",)).optimizer.epochs == 3


def test_expression_words_of_data_sets_are_understood() -> None:
    assert [expression_name(word) for word in ("Anger", " happiness", "NATURAL", "Fearful")] == ["angry", "happy", "neutral", "fear"]
    assert columns_of(FER5, FER7) == [0, 1, 3, 6, 5]
    assert set(FER5) < set(FER7) < set(FER8)
    with pytest.raises(mien.MienError, match="Did you mean 'happy'"):
        expression_name("hapy")
