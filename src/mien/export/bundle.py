"""From a run to a bundle: files, their parity and accuracy, calibration, and the card that says it all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from mien.alignment import AlignmentSpec
from mien.atomic import cannot_write
from mien.card import CARD_NAME, CARD_VERSION, Calibration, Card, FileEntry, NetworkFacts, Training
from mien.data.catalog import DATASETS
from mien.data.manifest import Manifest
from mien.errors import ConfigError, ModelFileError
from mien.evaluation.evaluate import score_manifest
from mien.evaluation.float_model import FloatClassifier
from mien.export.calibration import COVERAGE, abstain_threshold, fit_temperature
from mien.export.complexity import count_macs
from mien.export.litert import write_float32, write_int8
from mien.preprocess import Float32, PreprocessSpec, prepare
from mien.runtime.litert import LiteRTClassifier, calibrate
from mien.training.folder import read_environment, read_facts, read_history
from mien.training.recipe import Recipe
from mien.training.run import read_run_data
from mien.types import Float

NUM_CALIBRATION_PER_LABEL = 60
# A score may differ by this much between the trained network and its float32 file: rounding, nothing else.
FLOAT32_TOLERANCE = 1e-3
INT8_ACCURACY_TOLERANCE = 0.005

LICENSE = (
    "Weights: Apache-2.0, as far as mien's authors hold rights. Trained on FER2013, whose image rights are unresolved, "
    "with FER+ votes (MIT); check whether your use may build on such data."
)
OTHER_LICENSE = "Trained by a user of mien on {data}. Rights of the data: {rights}. Check whether your use may build on them."
INTENDED_USE = (
    "Naming the expression that a face shows in pictures and live video, on the device, with the consent of the people seen. "
    "An expression is not an emotion felt; not for decisions about people, nor at work or in education (EU AI Act, Art. 5)."
)
OTHER_LIMITS = "Measured on the splits named here alone. Not measured by age, sex or skin tone."
LIMITS = (
    "Trained on web pictures of 2013, 48 pixels wide; people agree with their labels in about two of three cases. "
    "Fear, disgust and sadness are confused most. Not measured by age, sex or skin tone."
)


def export(run_dir: Path, data_root: Path, out_dir: Path, release: bool, say: Callable[[str], None]) -> Card:
    """Write the bundle of a run into ``out_dir``, measured on the validation split.

    Args:
        release: Also open the test split and write its accuracy into the card; once per released model.
        say: Receives one line per finished step.

    Raises:
        ConfigError: no run, an unfinished one, one that learned from test pictures, or ``out_dir`` holds something else.
        ModelFileError: a file differs from the trained network by more than its tolerance; nothing is written.
    """
    _check_target(out_dir)
    network = FloatClassifier(run_dir)
    recipe = network.recipe
    if read_facts(run_dir).get("leaks", False):
        raise ConfigError(f"{run_dir}: learned from or chose on pictures of test splits, as its paper does; such a run is not exported.")
    data = read_run_data(recipe, data_root, say)
    if read_facts(run_dir)["sha256"] != data.facts["sha256"]:
        raise ConfigError(f"{data_root}: is not the data that {run_dir} was trained on. Point --data to the same copy.")
    draft_dir = out_dir.with_name(f".tmp-{os.getpid()}-{out_dir.name}")
    draft_dir.mkdir()
    try:
        _write_files(network, data.training, draft_dir, say)
        card = _draft_card(network, run_dir, data.manifest, out_dir.name)
        card = _measure(card, network, data.validation, draft_dir, say)
        if release:
            card = _open_test(card, data.manifest, draft_dir, say)
        (draft_dir / CARD_NAME).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
        _swap(draft_dir, out_dir)
    finally:
        shutil.rmtree(draft_dir, ignore_errors=True)
    return card


def _check_target(out_dir: Path) -> None:
    """Make sure that a bundle may be written to ``out_dir``, and that nothing but an old bundle is replaced."""
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out_dir.iterdir()} if out_dir.exists() else set()
    except OSError as error:
        raise cannot_write(out_dir, error) from error
    foreign = names - {CARD_NAME, "float32.tflite", "int8.tflite"}
    if foreign or not out_dir.name:
        raise ConfigError(f"{out_dir}: holds more than a bundle ({', '.join(sorted(foreign)[:3])}). Choose another folder with --out.")


def _swap(draft_dir: Path, out_dir: Path) -> None:
    """Put the draft in the place of ``out_dir``; the old bundle goes only once the new one stands."""
    old_dir = draft_dir.with_name(f"{draft_dir.name}-old")
    try:
        if out_dir.exists():
            out_dir.rename(old_dir)
        draft_dir.rename(out_dir)
    except OSError as error:
        raise cannot_write(out_dir, error) from error
    shutil.rmtree(old_dir, ignore_errors=True)


def bundle_preprocess(recipe: Recipe) -> PreprocessSpec:
    """Return the preprocessing of a bundle: for a network trained on crops, the middle one of the face."""
    if not recipe.crops.canvas_side:
        return recipe.preprocess
    return replace(recipe.preprocess, center_share=recipe.preprocess.side / recipe.crops.canvas_side)


def _write_files(network: FloatClassifier, training: Manifest, folder: Path, say: Callable[[str], None]) -> None:
    answers = "sigmoid" if network.recipe.loss.name == "binary_crossentropy" else "softmax"
    write_float32(network.model, folder / "float32.tflite", answers)
    say("float32.tflite written")
    inputs = representative_inputs(network, training, NUM_CALIBRATION_PER_LABEL)
    write_int8(folder / "float32.tflite", inputs, folder / "int8.tflite")
    say(f"int8.tflite written, calibrated on {len(inputs)} training faces")


def representative_inputs(network: FloatClassifier, training: Manifest, num_per_label: int) -> Float32:
    """Return network inputs of as many training faces of each label, chosen with the recipe's seed."""
    rng = np.random.default_rng(network.recipe.seed)
    chosen: list[int] = []
    for label in range(len(training.labels)):
        rows = np.flatnonzero(training.label_indices == label)
        chosen += rng.choice(rows, size=min(num_per_label, len(rows)), replace=False).tolist()
    part = replace(training, samples=tuple(training.samples[index] for index in chosen))
    preprocess = bundle_preprocess(network.recipe)
    return prepare([sample.pixels() for sample in part.samples], preprocess)


def _draft_card(network: FloatClassifier, run_dir: Path, manifest: Manifest, name: str) -> Card:
    recipe = network.recipe
    facts = read_facts(run_dir)
    return Card(
        card_version=CARD_VERSION,
        name=name,
        labels=network.labels,
        preprocess=bundle_preprocess(recipe),
        alignment=AlignmentSpec(),
        calibration=Calibration(),
        files={name: _entry(f"{name}.tflite") for name in ("float32", "int8")},
        network=NetworkFacts(recipe.model, network.model.count_params(), count_macs(network.model)),
        training=Training(
            recipe=recipe.name,
            data=manifest.dataset,
            data_sha256=facts["training_sha256"],
            num_images=facts["num_training"],
            commit=read_environment(run_dir)["commit"],
            seed=recipe.seed,
            epochs=len(read_history(run_dir)),
            init=facts["init"]["recipe"] if recipe.init else Path(recipe.transfer.weights).name,
        ),
        license=LICENSE if manifest.dataset.startswith("fer") else _license_of(manifest.dataset),
        intended_use=INTENDED_USE,
        limits=LIMITS if manifest.dataset.startswith("fer") else OTHER_LIMITS,
    )


def _license_of(dataset: str) -> str:
    """Return what the card says of the rights of a data set, or of all in a mix."""
    rights = {DATASETS[name].license if name in DATASETS else "unknown" for name in dataset.split("+")}
    return OTHER_LICENSE.format(data=dataset, rights="; ".join(sorted(rights)))


def _entry(path: str) -> FileEntry:
    """Return an entry whose figures are still to be measured."""
    return FileEntry(path, sha256="", bytes=0, parity_max_abs=0.0, parity_mean_abs=0.0, top1_agreement=0.0, parity_on="")


def _measure(card: Card, network: FloatClassifier, validation: Manifest, folder: Path, say: Callable[[str], None]) -> Card:
    """Fill in hashes, parity and accuracy of every file, then calibration, on the validation split."""
    where = f"{validation.dataset}/{network.recipe.validation_split}"
    reference = score_manifest(lambda crops: network.raw_scores(prepare(crops, card.preprocess)), validation)
    labels = validation.label_indices
    entries: dict[str, FileEntry] = {}
    scores: dict[str, Float] = {}
    for name, entry in card.files.items():
        content = (folder / entry.path).read_bytes()
        scores[name] = score_manifest(LiteRTClassifier(folder / entry.path, card), validation)
        difference = np.abs(scores[name] - reference)
        entries[name] = replace(
            entry,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            parity_max_abs=float(difference.max()),
            parity_mean_abs=float(difference.mean()),
            top1_agreement=float((scores[name].argmax(axis=1) == reference.argmax(axis=1)).mean()),
            parity_on=f"{where}, {len(validation)} faces",
            accuracy={where: float((scores[name].argmax(axis=1) == labels).mean())},
        )
        say(f"{name}: {where} accuracy {entries[name].accuracy[where]:.4f}, largest difference {entries[name].parity_max_abs:.2g}")
    _check_parity(entries, where)
    temperature = fit_temperature(scores["float32"], labels)
    threshold = abstain_threshold(calibrate(scores["float32"], temperature))
    calibration = Calibration(temperature, threshold, fitted_on=f"{where}, float32; threshold at coverage {COVERAGE}")
    say(f"temperature {temperature}, uncertain below {threshold}")
    return replace(card, files=entries, calibration=calibration)


def _check_parity(entries: dict[str, FileEntry], where: str) -> None:
    """Raise ModelFileError when a file is not the network that was trained."""
    difference = entries["float32"].parity_max_abs
    if difference > FLOAT32_TOLERANCE:
        raise ModelFileError(
            f"float32.tflite differs from the trained network by {difference:.2g}; at most {FLOAT32_TOLERANCE:g} is rounding. "
            "Nothing was written."
        )
    loss = entries["float32"].accuracy[where] - entries["int8"].accuracy[where]
    if loss > INT8_ACCURACY_TOLERANCE:
        raise ModelFileError(
            f"int8.tflite loses {loss:.4f} of accuracy on {where}; at most {INT8_ACCURACY_TOLERANCE} is allowed. Nothing was written."
        )


def _open_test(card: Card, manifest: Manifest, folder: Path, say: Callable[[str], None]) -> Card:
    """Add the accuracy on the test split that nothing was chosen on."""
    name_of_split = "privatetest" if "privatetest" in manifest.counts() else "test"
    test = manifest.split(name_of_split)
    entries = {}
    for name, entry in card.files.items():
        scores = score_manifest(LiteRTClassifier(folder / entry.path, card), test)
        accuracy = float((scores.argmax(axis=1) == test.label_indices).mean())
        entries[name] = replace(entry, accuracy={**entry.accuracy, f"{test.dataset}/{name_of_split}": accuracy})
        say(f"{name}: {test.dataset}/{name_of_split} accuracy {accuracy:.4f}")
    return replace(card, files=entries)
