"""What a bundle is made from: a trained run, another bundle, or a network of the catalog with random weights."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien.alignment import AlignmentSpec
from mien.card import CARD_VERSION, Calibration, Card, FileEntry, NetworkFacts, Training, open_bundle
from mien.data.catalog import DATASETS, load_dataset
from mien.data.manifest import Manifest, Sample, clean_training
from mien.data.sampling import draw_of_each_label
from mien.data.splits import load_labelled_split
from mien.errors import ConfigError
from mien.evaluation.float_model import FloatClassifier
from mien.export.complexity import count_macs
from mien.export.litert import write_float32
from mien.export.parity import ParitySet, RawScores, file_scores
from mien.labels import FER7
from mien.models.catalog import build_model, find_model
from mien.models.random_weights import settle
from mien.preprocess import Float32, PreprocessSpec, fit, prepare
from mien.training.distill import DistillSpec
from mien.training.folder import SPLIT, read_environments, read_facts, read_history
from mien.training.initial import joined_data
from mien.training.losses import scores_of_logits
from mien.training.recipe import Recipe
from mien.training.run import read_run_data

NUM_CALIBRATION_PER_LABEL = 60
NUM_NOISE = 8
"""Pictures of noise that stand in for faces where weights are random; more would not fit the memory for the largest networks.
The network is settled on the very pictures it is compared on: a deep random one blows up what others are beside them."""
_NOISE_NOTE = f"noise, seed 0: {NUM_NOISE} pictures"
RANDOM_WEIGHTS = "random weights"

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

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Origin:
    """Everything that files are made from and measured with."""

    card: Card
    """Without files, or with those of the bundle that is added to."""
    folder: Path | None
    """Of the bundle that is added to."""
    write_float32: Callable[[Path], None]
    reference: RawScores
    """The trained network's uncalibrated scores."""
    inputs: Callable[[], Float32]
    """Representative network inputs, (N, H, W, C)."""
    inputs_note: str
    """Which pictures those are."""
    faces: ParitySet
    test: Manifest | None
    """The split that ``--release`` opens; None where there is none."""
    reads_parts: bool = False
    """Trained on single parts of faces; how well it reads them is measured too."""
    split: Path | None = None
    """Who trained, chose and tested, where the run dealt that anew; the bundle takes it along, to be never measured on what it learned."""


def from_run(run_dir: Path, data_root: Path, name: str, say: Say) -> Origin:
    """Return what a finished run gives.

    Raises:
        ConfigError: no run, an unfinished one, one that learned from test pictures, or other data.
        DataError: the data set is not as its format says.
    """
    network = FloatClassifier(run_dir)
    recipe = network.recipe
    if read_facts(run_dir).get("leaks", False):
        raise ConfigError(f"{run_dir}: learned from or chose on pictures of test splits, as its paper does; such a run is not exported.")
    data = read_run_data(_as_dealt(recipe, run_dir), data_root, say)
    facts = read_facts(run_dir)
    if any(facts[key] != data.facts[key] for key in ("sha256", "training_sha256", "validation_sha256")):
        raise ConfigError(f"{data_root}: is not the data that {run_dir} was trained on. Point --data to the same copy.")
    card = _draft_card(network, run_dir, data.manifest, name)
    answers = "sigmoid" if recipe.loss.name == "binary_crossentropy" else "softmax"
    return Origin(
        card=card,
        folder=None,
        write_float32=lambda path: write_float32(network.model, path, answers),
        reference=network.raw_scores,
        inputs=lambda: representative_inputs(data.training, card.preprocess, recipe.seed),
        inputs_note=_inputs_note(data.training, recipe.seed),
        faces=ParitySet(data.validation, f"{data.validation.dataset}/{recipe.validation_split}"),
        test=_test_split(data.manifest),
        reads_parts=recipe.augment.keep_part_probability > 0,
        split=run_dir / SPLIT if (run_dir / SPLIT).is_file() else None,
    )


def _as_dealt(recipe: Recipe, run_dir: Path) -> Recipe:
    """Return a recipe that gives the run's own data without what the run no longer needs: its teacher, and the file its split came from."""
    own = run_dir / SPLIT
    split = replace(recipe.split, file=str(own)) if recipe.split.file and own.is_file() else recipe.split
    return replace(recipe, init="", distill=DistillSpec(), split=split)


def from_bundle(reference: str | Path, data_root: Path, say: Say) -> Origin:
    """Return what a bundle gives: its float32 file, measured on the split its card was.

    Raises:
        UnknownNameError: no such bundle, or it has no float32 file.
        ConfigError: the data are not those of the card.
        DataError: the data set is not as its format says.
    """
    bundle = open_bundle(reference)
    card = bundle.card
    path = bundle.file("float32")
    say(f"{card.name}: files are made from {path.name}, which is the reference too")
    raw = load_dataset(card.training.data, data_root)
    split = bundle.folder / SPLIT if (bundle.folder / SPLIT).is_file() else None
    manifest = load_labelled_split(raw, split, card.labels) if split else raw
    training, _ = clean_training(manifest, raw)
    if training.sha256 != card.training.data_sha256 and len(training) > card.training.num_images:
        raise ConfigError(
            f"{card.name} learned {card.training.num_images:,} of {len(training):,} pictures, and its bundle does not tell which. "
            "Add files by exporting its run: mien export RUN --files ..."
        )
    if training.sha256 != card.training.data_sha256:
        raise ConfigError(
            f"{data_root}: is not the training data that the card of {card.name} names{_without_votes(raw)}. "
            "Point --data to the same copy, or export the run."
        )
    where = card.files["float32"].parity_on.partition(",")[0]
    return Origin(
        card=card,
        folder=bundle.folder,
        write_float32=lambda target: _copy(path, target),
        reference=file_scores(path, "litert"),
        inputs=lambda: representative_inputs(training, card.preprocess, card.training.seed),
        inputs_note=_inputs_note(training, card.training.seed),
        faces=ParitySet(manifest.split(where.partition("/")[2]), where),
        split=split,
        test=_test_split(manifest),
    )


def from_bundle_alone(reference: str | Path) -> Origin:
    """Return what a bundle gives without its data: files without integer ranges, compared on pictures of noise.

    What its card tells of its own files stays.

    Raises:
        UnknownNameError: no such bundle, or it has no float32 file.
    """
    bundle = open_bundle(reference)
    path, noise = bundle.file("float32"), _noise(bundle.card.preprocess)
    return Origin(
        card=bundle.card,
        folder=bundle.folder,
        write_float32=lambda target: _copy(path, target),
        reference=file_scores(path, "litert"),
        inputs=lambda: prepare([sample.pixels() for sample in noise.samples], bundle.card.preprocess),
        inputs_note=_NOISE_NOTE,
        faces=ParitySet(noise, "noise/validation", is_labelled=False),
        test=None,
        split=bundle.folder / SPLIT if (bundle.folder / SPLIT).is_file() else None,
    )


def _without_votes(data: Manifest) -> str:
    """Say what may be missing: FER2013 without its votes is other data than with them."""
    is_bare = data.dataset.startswith("fer") and all(sample.votes is None for sample in data.samples)
    return "; fer2013new.csv, whose votes count, is not beside it" if is_bare else ""


def _copy(path: Path, target: Path) -> None:
    target.write_bytes(path.read_bytes())


def from_catalog(network_name: str, name: str) -> Origin:
    """Return a network of the catalog with random weights: for measuring its load, not for reading faces.

    Raises:
        UnknownNameError: the catalog has no such network.
        MissingExtraError: the training framework is not installed.
    """
    row_preprocess = build_preprocess(network_name)
    shape = (*row_preprocess.size_hw, row_preprocess.channels)
    model = build_model(network_name, len(FER7), shape)
    noise = _noise(row_preprocess)
    inputs = prepare([sample.pixels() for sample in noise.samples], row_preprocess)
    settle(model, inputs)
    card = Card(
        card_version=CARD_VERSION,
        name=name,
        labels=FER7,
        preprocess=row_preprocess,
        alignment=AlignmentSpec(),
        calibration=Calibration(),
        files={"float32": empty_entry("float32.tflite")},
        network=NetworkFacts(network_name, model.count_params(), count_macs(model)),
        training=Training(RANDOM_WEIGHTS, data="", data_sha256="", num_images=0, commit="", seed=0, epochs=0),
        license="Nobody's: random numbers.",
        intended_use="Measuring size, time and memory of the network.",
        limits="Its weights are random: what it says of a face means nothing.",
    )
    return Origin(
        card=card,
        folder=None,
        write_float32=lambda path: write_float32(model, path),
        reference=lambda values: scores_of_logits(np.asarray(model.predict(values, batch_size=4, verbose=0), np.float64), "crossentropy"),
        inputs=lambda: inputs,
        inputs_note=_NOISE_NOTE,
        faces=ParitySet(noise, "noise/validation", is_labelled=False),
        test=None,
    )


def build_preprocess(network_name: str) -> PreprocessSpec:
    """Return the preprocessing a network of the catalog was published with.

    Raises:
        UnknownNameError: the catalog has no such network.
    """
    return find_model(network_name).preprocess


def _noise(spec: PreprocessSpec) -> Manifest:
    """Return pictures of soft noise, of many contrasts and grains, so that deep features differ between them."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(NUM_NOISE):
        grain = int(rng.integers(2, 13))
        coarse = rng.normal(rng.uniform(64, 192), rng.uniform(10, 80), (grain, grain, spec.channels)).clip(0, 255).astype(np.uint8)
        pictures.append(fit(coarse[..., 0] if spec.channels == 1 else coarse, spec.side))
    samples = [Sample(picture, FER7[index % len(FER7)], "validation", index) for index, picture in enumerate(pictures)]
    return Manifest("noise", FER7, tuple(samples), label_source="none")


def representative_inputs(training: Manifest, preprocess: PreprocessSpec, seed: int) -> Float32:
    """Return network inputs of as many training faces of each label."""
    chosen = draw_of_each_label(training, NUM_CALIBRATION_PER_LABEL, np.random.default_rng(seed))
    return prepare([training.samples[index].pixels() for index in chosen], preprocess)


def _inputs_note(training: Manifest, seed: int) -> str:
    counts = [min(NUM_CALIBRATION_PER_LABEL, int((training.label_indices == label).sum())) for label in range(len(training.labels))]
    return f"{training.dataset}/training, {NUM_CALIBRATION_PER_LABEL} per label, seed {seed}: {sum(counts)} faces"


def _test_split(manifest: Manifest) -> Manifest | None:
    counts = manifest.counts()
    return next((manifest.split(name) for name in ("privatetest", "test") if name in counts), None)


def _draft_card(network: FloatClassifier, run_dir: Path, manifest: Manifest, name: str) -> Card:
    recipe = network.recipe
    facts = read_facts(run_dir)
    init_data = facts.get("init", {}).get("data", "")
    learned = joined_data(manifest.dataset, init_data)
    is_fer = all(name.startswith("fer") for name in learned.split("+"))
    return Card(
        card_version=CARD_VERSION,
        name=name,
        labels=network.labels,
        preprocess=recipe.whole_face_preprocess,
        alignment=AlignmentSpec(),
        calibration=Calibration(),
        files={"float32": empty_entry("float32.tflite")},
        network=NetworkFacts(recipe.model, network.model.count_params(), count_macs(network.model)),
        training=Training(
            recipe=recipe.name,
            data=manifest.dataset,
            data_sha256=facts["training_sha256"],
            num_images=facts["num_training"],
            commit=read_environments(run_dir)[-1]["commit"],
            seed=recipe.seed,
            epochs=len(read_history(run_dir)),
            init=facts["init"]["recipe"] if recipe.init else Path(recipe.transfer.weights).name,
            init_data=init_data,
            teacher=facts.get("teacher", ""),
        ),
        license=LICENSE if is_fer else _license_of(learned),
        intended_use=INTENDED_USE,
        limits=recipe.limits or (LIMITS if is_fer else OTHER_LIMITS),
    )


def _license_of(dataset: str) -> str:
    """Return what the card says of the rights of a data set, or of all in a mix."""
    rights = {DATASETS[name].license if name in DATASETS else "unknown" for name in dataset.split("+")}
    return OTHER_LICENSE.format(data=dataset, rights="; ".join(sorted(rights)))


def empty_entry(path: str, runtime: str = "litert") -> FileEntry:
    """Return an entry whose figures are still to be measured."""
    return FileEntry(path, sha256="", bytes=0, parity_max_abs=0.0, parity_mean_abs=0.0, top1_agreement=0.0, parity_on="", runtime=runtime)
