"""What explains: a file's scores, which any bundle has, and the network in Keras, for gradients and feature maps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mien.alignment import AlignmentSpec
from mien.card import open_trained
from mien.labels import LabelSet
from mien.preprocess import Float32, PreprocessSpec
from mien.runtime.classifier import BundleClassifier
from mien.runtime.graph import read_graph
from mien.training.folder import is_run
from mien.types import Float

if TYPE_CHECKING:
    from keras import Model

METHODS = ("occlusion", "saliency", "grad_cam")


@dataclass(frozen=True)
class Explained:
    """A model to look into."""

    name: str
    labels: LabelSet
    preprocess: PreprocessSpec
    alignment: AlignmentSpec
    raw_scores: Callable[[Float32], Float]
    build: Callable[[], "Model"]
    """Makes the network in Keras."""
    loss_name: Callable[[], str]
    """Tells the loss it was trained with, as ``LossSpec.name``."""
    files_sha256: dict[str, str] = field(default_factory=dict)
    """Of a bundle: the file that is looked into, to its hash."""

    @cached_property
    def model(self) -> "Model":
        """The network in Keras, from inputs to logits; made when it is first asked for.

        Raises:
            MissingExtraError: the training framework is not installed.
            ModelFileError: the bundle's network cannot be taken back from its file.
        """
        return self.build()

    def heat(self, method: str, face: Float32, column: int) -> Float:
        """Return an (H, W) map of importance of one label for an (H, W, C) network input.

        Args:
            method: One of ``METHODS``.
        """
        if method == "occlusion":
            from mien.explain.occlusion import occlusion_map

            return occlusion_map(self.raw_scores, face, column)
        from mien.explain import gradients

        if method == "saliency":
            return gradients.saliency(self.model, face, column, self.loss_name())
        return gradients.grad_cam(self.model, face, column)


def open_explained(reference: str | Path, file: str = "float32") -> Explained:
    """Open a shipped bundle, a bundle folder, or a run folder.

    Raises:
        UnknownNameError: nothing of this name.
        ModelFileError: a file is missing or damaged.
        MissingExtraError: a run folder needs the training framework.
    """
    path = Path(reference)
    if is_run(path):
        from mien.evaluation.float_model import FloatClassifier

        network = FloatClassifier(path)
        recipe = network.recipe
        spec = recipe.whole_face_preprocess
        network_of_run, its_loss = (lambda: network.model), (lambda: recipe.loss.name)
        return Explained(recipe.name, network.labels, spec, AlignmentSpec(), network.raw_scores, network_of_run, its_loss)
    bundle = open_trained(reference)
    card = bundle.card

    def build() -> "Model":
        from mien.training.unfold import asked_network

        return asked_network(bundle)

    def loss_name() -> str:
        from mien.training.unfold import loss_of

        return loss_of(read_graph(bundle.file("float32")))

    file = card.file_name(file)
    raw_scores, hashes = BundleClassifier(bundle, file).raw_scores, {file: card.files[file].sha256}
    return Explained(card.name, card.labels, card.preprocess, card.alignment, raw_scores, build, loss_name, hashes)
