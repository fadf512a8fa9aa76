"""One way to open whatever answers: a bundle, a run folder, or a combined model's TOML file."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mien.alignment import AlignmentSpec
from mien.card import open_trained, shipped_bundles
from mien.errors import ConfigError
from mien.evaluation.combine import MEAN, VIEW_NAMES, Combined, MeanClassifier, Member, RegroupClassifier, load_combined
from mien.labels import LabelSet
from mien.preprocess import PreprocessSpec
from mien.training.folder import SPLIT, final_weights, is_run, read_facts
from mien.types import Classifier

RUN_FILE = "run"


@dataclass(frozen=True)
class OpenClassifier:
    """A classifier that is ready, and what must be known to feed it and to name its figures."""

    classify: Classifier
    labels: LabelSet
    name: str
    file: str
    """The bundle's file that runs; ``run`` for the float network of a run folder."""
    alignment: AlignmentSpec
    """How faces that a detector found are cut."""
    preprocess: PreprocessSpec
    run_dir: Path | None = None
    """Of a run; None for bundles and combined models."""
    member_run_dirs: tuple[Path, ...] = ()
    """Of a combined model's members that are runs."""
    views: str = ""
    """What is averaged where one pass does not do, as ``mirrored`` or ``ten crops``; empty for one crop, one pass."""
    dealt_bundles: tuple[Path, ...] = ()
    """Folders of the bundle, or of members that are bundles, whose runs dealt their data anew."""
    files_sha256: dict[str, str] = field(default_factory=dict)
    """The file that runs, to its hash; of a combined model, every member's file, as REFERENCE:FILE."""
    leaks: bool = False
    """Whether it, or a member of it, learned from or chose on pictures of test splits."""

    @property
    def run_dirs(self) -> tuple[Path, ...]:
        """Every run that it is or is made of."""
        return (self.run_dir, *self.member_run_dirs) if self.run_dir else self.member_run_dirs


def open_classifier(reference: str | Path, file: str = "float32", threads: int = 1) -> OpenClassifier:
    """Open a shipped bundle by name, or a bundle folder, run folder, combined model's TOML file or peer's ONNX file.

    Args:
        file: Which file of a bundle runs; a run folder has its float network alone.

    Raises:
        UnknownNameError: nothing of this name.
        ModelFileError: a model file is missing, foreign or damaged.
        ConfigError: a card, recipe or description is not valid, or the run is not finished.
        MissingExtraError: a run folder needs the training framework.
    """
    return _open(reference, file, threads, ())


def open_several(references: Sequence[str | Path], file: str = "float32", threads: int = 1) -> list[OpenClassifier]:
    """Open all of them, each under a name of its own: runs of one recipe are called by their folders; see ``open_classifier``."""
    opened = [open_classifier(reference, file, threads) for reference in references]
    for call in (lambda reference: Path(reference).name, str):
        counts = Counter(one.name for one in opened)
        opened = [
            replace(one, name=call(reference)) if counts[one.name] > 1 else one for one, reference in zip(opened, references, strict=True)
        ]
    return opened


def _open(reference: str | Path, file: str, threads: int, parents: tuple[Path, ...]) -> OpenClassifier:
    path = Path(reference)
    if path.suffix == ".toml":
        return _open_combined(path, file, threads, parents)
    if path.suffix == ".onnx":
        return _open_peer(path, threads)
    if is_run(path):
        return _open_run(path, file)
    from mien.runtime.classifier import BundleClassifier

    bundle = open_trained(reference)
    card = bundle.card
    file = card.file_name(file)
    classify = BundleClassifier(bundle, file, threads)
    hashes = {file: card.files[file].sha256}
    dealt = (bundle.folder,) if (bundle.folder / SPLIT).is_file() else ()
    return OpenClassifier(classify, card.labels, card.name, file, card.alignment, card.preprocess, dealt_bundles=dealt, files_sha256=hashes)


def _open_peer(path: Path, threads: int) -> OpenClassifier:
    from mien.evaluation.peers import PeerClassifier

    classify = PeerClassifier(path, threads)
    peer = classify.peer
    return OpenClassifier(
        classify, peer.labels, peer.name, path.name, AlignmentSpec(), peer.preprocess, files_sha256=_hash(path, path.name)
    )


def _hash(path: Path, name: str) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()}


def _open_run(path: Path, file: str) -> OpenClassifier:
    from mien.evaluation.float_model import FloatClassifier

    if file not in ("float32", "quick", RUN_FILE):
        raise ConfigError(f"{path}: is a run, which has no {file} file. Export it first: mien export {path}")
    network = FloatClassifier(path)
    recipe = network.recipe
    side = recipe.crops.canvas_side or recipe.preprocess.side
    preprocess = replace(recipe.preprocess, size_hw=(side, side))
    return OpenClassifier(
        network,
        network.labels,
        recipe.name,
        RUN_FILE,
        AlignmentSpec(),
        preprocess,
        run_dir=path,
        views="ten crops" if recipe.crops.per_test_face > 1 else "",
        files_sha256=_hash(final_weights(path), RUN_FILE),
        leaks=bool(read_facts(path).get("leaks", False)),
    )


def _open_combined(path: Path, file: str, threads: int, parents: tuple[Path, ...]) -> OpenClassifier:
    """Open all members, then join them."""
    if path.resolve() in parents:
        raise ConfigError(f"{path}: is a member of itself. Remove it from its own members.")
    spec = load_combined(path)
    references = [*spec.members, *([spec.coarse] if spec.coarse else []), *spec.specialists.values()]
    opened = {name: _open(_place(name, path.parent), file, threads, (*parents, path.resolve())) for name in dict.fromkeys(references)}
    return OpenClassifier(
        *_join(spec, {name: Member(member.classify, member.labels) for name, member in opened.items()}),
        name=path.stem,
        file="+".join(sorted({part for member in opened.values() for part in member.file.split("+")})),
        alignment=_common_alignment(path, list(opened.values())),
        preprocess=_finest([member.preprocess for member in opened.values()]),
        member_run_dirs=tuple(run for member in opened.values() for run in member.run_dirs),
        views=", ".join(dict.fromkeys(one for one in (VIEW_NAMES[spec.views], *(member.views for member in opened.values())) if one)),
        dealt_bundles=tuple(folder for member in opened.values() for folder in member.dealt_bundles),
        files_sha256={f"{name}:{part}": found for name, member in opened.items() for part, found in member.files_sha256.items()},
        leaks=any(member.leaks for member in opened.values()),
    )


def _join(spec: Combined, members: dict[str, Member]) -> tuple[Classifier, LabelSet]:
    if spec.kind == MEAN:
        mean = MeanClassifier([members[name] for name in spec.members], spec.weights, spec.views)
        return mean, mean.labels
    regrouped = RegroupClassifier(spec, members[spec.coarse], {group: members[name] for group, name in spec.specialists.items()})
    return regrouped, regrouped.labels


def _place(name: str, folder: Path) -> str | Path:
    """Return a shipped bundle's name as it is, and anything else as a path from the TOML file's folder."""
    return name if name in shipped_bundles() else folder / name


def reference_from(member: str, folder: Path) -> str:
    """Return what a TOML file in ``folder`` must say to mean ``member``: the inverse of opening it.

    Raises:
        ConfigError: member and folder stand on different drives.
    """
    if member in shipped_bundles() and not Path(member).exists():
        return member
    try:
        relative = Path(os.path.relpath(member, folder)).as_posix()
    except ValueError as error:
        raise ConfigError(f"{member}: stands on another drive than {folder}. Write the file beside its members.") from error
    return f"./{relative}" if relative in shipped_bundles() else relative


def _common_alignment(path: Path, members: list[OpenClassifier]) -> AlignmentSpec:
    if any(member.alignment != members[0].alignment for member in members):
        raise ConfigError(f"{path}: its members cut faces differently, and one crop goes to all of them. Export them with one alignment.")
    return members[0].alignment


def _finest(specs: list[PreprocessSpec]) -> PreprocessSpec:
    """Return how a crop for all members is cut: whole and finest, in colour if any wants it; each member takes its part of it."""
    side = max(spec.face_side for spec in specs)
    return replace(next((spec for spec in specs if spec.color == "rgb"), specs[0]), size_hw=(side, side), center_share=1.0)
