"""From an origin to a bundle: its files, their parity, accuracy and time, calibration, and the card that says it all."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from secrets import token_hex

import numpy as np

from mien.atomic import cannot_write
from mien.card import CARD_NAME, Bundle, Calibration, Card, FileEntry, read_card
from mien.data.manifest import Manifest
from mien.errors import ConfigError
from mien.evaluation.evaluate import score_manifest
from mien.evaluation.parts import part_accuracies
from mien.export.calibration import COVERAGE, TEMPERATURES, abstain_threshold, fit_temperature, measure_trust
from mien.export.formats import DEFAULT_FILES, FORMATS, check_formats
from mien.export.mixed import choose_float_layers
from mien.export.onnx import write_onnx, write_onnx_int8
from mien.export.origin import Origin, empty_entry
from mien.export.parity import check_parity, file_scores, loses_too_much, measure_file, time_files
from mien.export.quantize import write_dynamic, write_float16, write_int8, write_int8_with
from mien.preprocess import Float32, prepare
from mien.runtime.classifier import calibrate
from mien.training.folder import SPLIT
from mien.types import Float

Say = Callable[[str], None]
NO_INPUTS = np.empty((0, 0, 0, 0), np.float32)


def export(
    origin: Origin, out_dir: Path, files: Sequence[str] = DEFAULT_FILES, release: bool = False, say: Say = lambda line: None
) -> Card:
    """Write a bundle into ``out_dir``, measured on the origin's faces.

    A bundle that is added to keeps its other files; one that is made anew, of a run, has those alone that are asked for.

    Args:
        files: Names in ``FORMATS``. A bundle without float32 is small, and cannot gain files later.
        release: Also open the test split and write its accuracy into the card; once per released model.
        say: Receives one line per finished step.

    Raises:
        ConfigError: ``out_dir`` holds something else than a bundle of this network, or there is no test split to open.
        UnknownNameError: no such file format.
        ModelFileError: a file differs from the trained network by more than its tolerance; nothing is written.
        MissingExtraError: a file needs a package that is not installed.
        OutputError: the folder cannot be written, or the disk is full; an old bundle stays.
    """
    check_formats(files)
    if release and origin.test is None:
        raise ConfigError(f"{origin.card.name}: its data have no test split to open. Leave --release out.")
    out_dir = Path(os.path.realpath(out_dir))  # a link is written through
    _check_target(out_dir, origin, files, say)
    draft_dir = out_dir.with_name(f".tmp-{token_hex(4)}-{out_dir.name}")  # drawn, since in containers every run has the same number
    try:
        draft_dir.mkdir()
        draft = _Draft(origin, draft_dir, say)
        card = draft.fill([name for name in FORMATS if name in files])
        if origin.split:
            shutil.copyfile(origin.split, draft_dir / SPLIT)
        if release and origin.test is not None:
            card = _open_test(card, origin.test, draft_dir, say)
        (draft_dir / CARD_NAME).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
        _swap(draft_dir, out_dir)
    except OSError as error:
        raise cannot_write(out_dir, error) from error
    finally:
        shutil.rmtree(draft_dir, ignore_errors=True)
    return card


class _Draft:
    """A bundle in the making, in a temporary folder."""

    def __init__(self, origin: Origin, folder: Path, say: Say) -> None:
        self.origin, self.folder, self.say = origin, folder, say
        self.preprocess = origin.card.preprocess
        self.reference = origin.faces.scores(origin.reference, self.preprocess)
        self.reference_accuracy = origin.faces.accuracy(self.reference) if origin.faces.is_labelled else None

    def fill(self, wanted: Sequence[str]) -> Card:
        """Write and measure files, and return the card with them; files of an older bundle are carried over."""
        names = list(dict.fromkeys(["float32", *wanted]))  # all others are made from it
        entries = self._old_entries(names)
        self.origin.write_float32(self._path("float32"))
        inputs = self.origin.inputs() if any(FORMATS[name].has_ranges for name in names) else NO_INPUTS
        scores: dict[str, Float] = {}
        for name in names:
            layers = self._write(name, inputs)
            entries[name], scores[name] = self._measure(name, layers)
            check_parity(name, entries[name], self.reference_accuracy, self.origin.faces.where)
        if "float32" not in wanted and self.origin.folder is None:
            del entries["float32"]
            self._path("float32").unlink()
        entries = time_files({name: entries[name] for name in FORMATS if name in entries}, self.folder, self.preprocess)
        card = replace(self.origin.card, files=entries)
        is_new = self.origin.folder is None
        return replace(card, calibration=self._calibrate(scores["float32"])) if is_new and self.origin.faces.is_labelled else card

    def _old_entries(self, names: Sequence[str]) -> dict[str, FileEntry]:
        """Carry over the files of the bundle that is added to."""
        if self.origin.folder is None:
            return {}
        kept = {name: entry for name, entry in self.origin.card.files.items() if name not in names}
        bundle = Bundle(self.origin.folder, self.origin.card)
        for name, entry in kept.items():
            shutil.copyfile(bundle.file(name), self.folder / entry.path)
        return kept

    def _path(self, name: str) -> Path:
        return self.folder / FORMATS[name].path

    def _write(self, name: str, inputs: Float32) -> tuple[str, ...]:
        """Write one file from the float32 one; return the layers that had to stay float."""
        float32, path = self._path("float32"), self._path(name)
        if name == "float16":
            write_float16(float32, path)
        elif name == "dynamic":
            write_dynamic(float32, path)
        elif name in ("int8", "int8_io"):
            return self._write_int8(name, inputs)
        elif name == "onnx":
            write_onnx(float32, path)
        elif name == "onnx_int8":
            float_path = self.folder / "float-for-onnx_int8.onnx"
            write_onnx(float32, float_path)
            write_onnx_int8(float_path, inputs, path)
            float_path.unlink()
        return ()

    def _write_int8(self, name: str, inputs: Float32) -> tuple[str, ...]:
        """Write an int8 file; where it loses too much accuracy, keep the most harmful layers float."""
        float32, path, integer_io = self._path("float32"), self._path(name), name == "int8_io"
        ranges = write_int8(float32, inputs, path, integer_io)
        expected = self.reference_accuracy

        def is_good() -> bool:
            return expected is None or not loses_too_much(self.origin.faces.accuracy(self._scores(name)), expected)

        if is_good():
            return ()
        return choose_float_layers(
            float32,
            ranges,
            inputs,
            write=lambda layers: write_int8_with(float32, ranges, path, integer_io, layers),
            is_good=is_good,
            say=self.say,
        )

    def _scores(self, name: str) -> Float:
        return self.origin.faces.scores(file_scores(self._path(name), FORMATS[name].runtime), self.preprocess)

    def _measure(self, name: str, float_layers: tuple[str, ...]) -> tuple[FileEntry, Float]:
        row, old = FORMATS[name], self.origin.card.files.get(name)
        entry = replace(
            empty_entry(row.path, row.runtime), calibrated_on=self.origin.inputs_note if row.has_ranges else "", float_layers=float_layers
        )
        scores = self._scores(name)
        entry = measure_file(entry, self._path(name), scores, self.reference, self.origin.faces)
        if self.origin.folder is not None and old is not None and old.sha256 == entry.sha256:
            # The same file: what was measured against the trained network, and on the test split, still holds.
            entry = replace(old, runtime=row.runtime, calibrated_on=entry.calibrated_on, float_layers=float_layers)
        elif self.origin.reads_parts:
            entry = replace(entry, accuracy=entry.accuracy | self._part_accuracies(name))
        accuracy = f", accuracy {entry.accuracy[self.origin.faces.where]:.4f}" if self.origin.faces.is_labelled else ""
        self.say(f"{row.path}: {entry.bytes / 1e6:.2f} MB, largest difference {entry.parity_max_abs:.2g}{accuracy} ({entry.parity_on})")
        return entry, scores

    def _part_accuracies(self, name: str) -> dict[str, float]:
        """Return the accuracy of each part alone, for a network that was trained on single parts."""
        raw = file_scores(self._path(name), FORMATS[name].runtime)
        faces = self.origin.faces
        rates = part_accuracies(lambda crops: raw(prepare(crops, self.preprocess)), self.origin.card.labels, faces.manifest)
        return {f"{faces.where}, {part} alone": rate for part, rate in rates.items()}

    def _calibrate(self, scores: Float) -> Calibration:
        labels = self.origin.faces.manifest.label_indices
        temperature = fit_temperature(scores, labels)
        calibrated = calibrate(scores, temperature)
        threshold, where = abstain_threshold(calibrated), self.origin.faces.where
        limit = "" if TEMPERATURES[0] < temperature < TEMPERATURES[1] else " (its limit: calibration does not fit these scores)"
        self.say(f"temperature {temperature}{limit}, uncertain below {threshold}")
        fitted_on = f"{where}, float32; threshold at coverage {COVERAGE}{'; temperature at its limit' if limit else ''}"
        return Calibration(temperature, threshold, fitted_on, {where: measure_trust(calibrated, labels)})


def _check_target(out_dir: Path, origin: Origin, files: Sequence[str], say: Say) -> None:
    """Make sure that a bundle may be written to ``out_dir``, that nothing but an old one of the network is replaced, and say what goes."""
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out_dir.iterdir()} if out_dir.exists() else set()
    except OSError as error:
        raise cannot_write(out_dir, error) from error
    foreign = names - {CARD_NAME, SPLIT} - {row.path for row in FORMATS.values()}
    if foreign or not out_dir.name:
        raise ConfigError(f"{out_dir}: holds more than a bundle ({', '.join(sorted(foreign)[:3])}). Choose another folder with --out.")
    if CARD_NAME not in names:
        return
    old = read_card(out_dir / CARD_NAME)
    if old.network.architecture != origin.card.network.architecture:
        raise ConfigError(
            f"{out_dir}: holds a bundle of {old.network.architecture}, and this is one of {origin.card.network.architecture}. "
            "Choose another folder with --out."
        )
    gone = sorted(set(old.files) - set(files)) if origin.folder is None else []
    if gone:
        say(f"{out_dir}: is made anew. It had {', '.join(gone)} too, which go: name them with --files to have them again.")


def _swap(draft_dir: Path, out_dir: Path) -> None:
    """Put the draft in the place of ``out_dir``; the old bundle goes only once the new one stands."""
    old_dir = draft_dir.with_name(f"{draft_dir.name}-old")
    if out_dir.exists():
        out_dir.rename(old_dir)
    draft_dir.rename(out_dir)
    shutil.rmtree(old_dir, ignore_errors=True)


def _open_test(card: Card, test: Manifest, folder: Path, say: Say) -> Card:
    """Add the accuracy on the test split that nothing was chosen on, for files that do not tell it yet."""
    where = f"{test.dataset}/{test.samples[0].split}"
    entries, calibration = dict(card.files), card.calibration
    for name, entry in card.files.items():
        if where in entry.accuracy:
            continue
        raw = file_scores(folder / entry.path, entry.runtime)
        scores = score_manifest(lambda crops, raw=raw: raw(prepare(crops, card.preprocess)), test)  # type: ignore[misc]
        accuracy = float((scores.argmax(axis=1) == test.label_indices).mean())
        entries[name] = replace(entry, accuracy={**entry.accuracy, where: accuracy})
        say(f"{name}: {where} accuracy {accuracy:.4f}")
        if name == "float32":
            trust = measure_trust(calibrate(scores, calibration.temperature), test.label_indices)
            calibration = replace(calibration, trust={**calibration.trust, where: trust})
    return replace(card, files=entries, calibration=calibration)
