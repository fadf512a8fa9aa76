"""The networks mien can build: one row each, no training framework imported until one is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, MissingExtraError, UnknownNameError
from mien.models.backbones import BACKBONES
from mien.preprocess import PreprocessSpec
from mien.quiet import quiet_stderr

if TYPE_CHECKING:
    from keras import Model

# Colour, scale, mean and standard deviation that networks expect.
SCALINGS: dict[str, tuple[str, float, tuple[float, ...], tuple[float, ...]]] = {
    "fer2013": ("gray", 1 / 255, (0.507,), (0.255,)),
    "unit": ("gray", 1 / 255, (0.0,), (1.0,)),
    "signed": ("rgb", 1 / 255, (0.5,) * 3, (0.5,) * 3),
    "signed128": ("rgb", 1 / 128, (1.0,) * 3, (1.0,) * 3),
    "torch": ("rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": ("rgb", 1.0, (123.68, 116.779, 103.939), (1.0,) * 3),
}


@dataclass(frozen=True)
class ModelRow:
    """One network: its name, where its builder stands, and its published facts."""

    name: str
    builder: str
    """``module:function``, called with (num_classes, input_shape) and ``options``."""
    family: str
    paper: str
    parameters: int
    """Of the seven-class network at ``input_hw``, with batch normalisation's statistics; a test builds it and counts."""
    trainable: int
    """Without those statistics, nothing frozen; what PyTorch counts."""
    input_hw: tuple[int, int]
    scaling: str = "fer2013"
    """How it expects pixels: a name in SCALINGS."""
    pretrained: bool = False
    """Its builder takes ``weights``: ImageNet's."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def preprocess(self) -> PreprocessSpec:
        """The preprocessing the network was published with; a recipe may say otherwise."""
        color, scale, mean, std = SCALINGS[self.scaling]
        return PreprocessSpec(color=color, size_hw=self.input_hw, mean=mean, std=std, scale=scale)


MLP_HEAD = {"hidden": (1024, 512), "dropout": 0.5}
"""Head of paper 000. It leaves activation and rates open: ReLU and 0.5 are ours."""

_OWN = (
    ModelRow("mien_s", "residual:mien_s", "residual", "mien (blocks: arXiv 1512.03385)", 944_487, 941_703, (48, 48)),
    ModelRow("mien_xs", "separable:mien_xs", "separable", "mien (convolutions: arXiv 1610.02357)", 94_775, 92_391, (48, 48)),
    ModelRow("mien_m", "residual:mien_m", "residual", "mien", 3_764_423, 3_758_855, (48, 48)),
    ModelRow("residual", "residual:residual_genes", "residual", "mien; options: see its builder", 944_487, 941_703, (48, 48)),
    ModelRow("clcm", "clcm:clcm", "mobilenet_v2", "001", 2_430_663, 2_396_551, (224, 224), "signed", pretrained=True),
    ModelRow(
        "mobilenet_v2_topped",
        "clcm:mobilenet_v2_topped",
        "mobilenet_v2",
        "001",
        3_545_991,
        3_511_879,
        (224, 224),
        "signed",
        pretrained=True,
    ),
    ModelRow("shufflenet_v2_wide", "shufflenet:shufflenet_v2_wide", "shufflenet_v2", "001", 4_025_915, 3_997_795, (224, 224), "signed"),
    ModelRow("shufflenet_v2", "shufflenet:shufflenet_v2", "shufflenet_v2", "arXiv 1807.11164", 1_276_959, 1_260_779, (224, 224), "signed"),
    ModelRow("mini784k", "mini784k:mini784k", "inverted residual", "003", 790_791, 784_263, (40, 40), "unit"),
    ModelRow("alexnet", "surveyed:alexnet", "surveyed in 003", "003", 58_310_023, 58_310_023, (227, 227), "signed"),
    ModelRow("fer_net", "surveyed:fer_net", "surveyed in 003", "003", 17_170_083, 17_168_597, (256, 256), "unit"),
    ModelRow("vgg_variant", "surveyed:vgg_variant", "surveyed in 003", "003, arXiv 2105.03588", 29_894_599, 29_890_759, (40, 40), "unit"),
    ModelRow("resnet34_stemless", "residual:resnet34_stemless", "residual", "000, 003", 21_259_655, 21_242_631, (48, 48)),
    ModelRow("cnn5", "cnn5:cnn5", "plain", "004", 683_479, 683_479, (180, 180), "signed"),
    ModelRow("mini_xception", "baselines:mini_xception", "baseline", "arXiv 1710.07557", 58_423, 56_951, (64, 64), "unit"),
    ModelRow("attention_cnn", "baselines:attention_cnn", "baseline", "004, arXiv 1902.01019", 66_897, 66_877, (48, 48), "unit"),
)


def _backbone_rows() -> Iterator[ModelRow]:
    """Yield each backbone under a plain classifier, and as ``NAME_mlp`` under the head of paper 000."""
    for backbone in BACKBONES.values():
        plain_head = backbone.features * 7 + 7
        mlp_head = backbone.features * 1024 + 1024 + 1024 * 512 + 512 + 512 * 7 + 7
        papers = "002" if backbone.in_affect14 else "keras.applications"
        for suffix, paper, head, options in (("", papers, plain_head, {}), ("_mlp", "000", mlp_head, MLP_HEAD)):
            parameters = backbone.parameters + head
            yield ModelRow(
                name=backbone.name + suffix,
                builder="backbones:pooled_network",
                family=backbone.name,
                paper=paper,
                parameters=parameters,
                trainable=parameters - backbone.statistics,
                input_hw=(224, 224),
                scaling=backbone.scaling,
                pretrained=True,
                options={"backbone": backbone.name, **options},
            )


MODELS: dict[str, ModelRow] = {row.name: row for row in (*_OWN, *_backbone_rows())}


def find_model(name: str) -> ModelRow:
    """Return a network of the catalog.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in MODELS:
        raise UnknownNameError("Network", name, MODELS, "mien models")
    return MODELS[name]


def build_model(
    name: str, num_classes: int, input_shape: tuple[int, int, int], weights: str = "", options: Mapping[str, Any] | None = None
) -> "Model":
    """Build a network of the catalog.

    Args:
        weights: Empty for random ones; for a pretrained row ``imagenet`` (Keras's download) or a ``.weights.h5`` file.
        options: Replace those of the row, for networks that take some.

    Returns:
        A Keras model from (N, H, W, C) float32 to (N, num_classes) float32 logits.

    Raises:
        UnknownNameError: the catalog has no such network.
        ConfigError: the network has no ImageNet weights, they cannot be fetched, it does not take such options, or the input is
            too small for it.
        ModelFileError: the file of weights does not fit.
        MissingExtraError: the training framework is not installed.
    """
    row = find_model(name)
    if weights and not row.pretrained:
        raise ConfigError(f"{name} has no ImageNet weights; set transfer.weights to '' and it starts from random ones.")
    module_name, function_name = row.builder.split(":")
    arguments = {**row.options, **(options or {}), **({"weights": weights} if row.pretrained else {})}
    try:
        with quiet_stderr():  # TensorFlow's banners
            builder: Any = getattr(import_module(f"mien.models.{module_name}"), function_name)
            model: Model = builder(num_classes, input_shape, **arguments)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("keras", "tensorflow", "jax"):
            raise MissingExtraError("Building a network", "train") from error
        raise
    except TypeError as error:
        if not options:
            raise
        raise ConfigError(f"{name} does not take the options {dict(options)}: {error}.") from error
    except ValueError as error:  # Keras's word for a map that shrinks to nothing
        size = "x".join(map(str, input_shape))
        raise ConfigError(
            f"{name} cannot be built for inputs of {size}: {' '.join(str(error).split())[:160]}. Its own size is {row.input_hw}."
        ) from error
    return model
