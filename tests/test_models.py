"""The networks of the papers: parameter counts, frozen parts, and each through its whole life."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import SHARED
from mien.benchmark.networks import check_network
from mien.errors import ConfigError, ModelFileError, UnknownNameError
from mien.export.complexity import count_macs
from mien.models.backbones import BACKBONES
from mien.models.catalog import MODELS, build_model
from mien.models.clcm import FROZEN_LAYERS
from mien.training.transfer import TransferSpec, freeze, split_at_pool

WEIGHTS = SHARED / "weights"
SMALL = ("mien_s", "mini784k", "cnn5", "mini_xception", "attention_cnn", "residual")


def trainable(model: Any) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_fused_normalisation_trains_and_answers_as_keras_does(dtype: str) -> None:
    keras = pytest.importorskip("keras")
    import tensorflow

    from mien.models.normalization import FusedBatchNormalization

    inputs = tensorflow.constant(np.random.default_rng(0).normal(2, 3, (16, 6, 6, 5)).astype(np.float32))
    tolerance = 1e-5 if dtype == "float32" else 0.05
    made = []
    for kind in (keras.layers.BatchNormalization, FusedBatchNormalization):
        layer = kind(momentum=0.9, dtype=dtype)
        for _ in range(3):
            with tensorflow.GradientTape() as tape:
                outputs = layer(inputs, training=True)
                loss = tensorflow.reduce_sum(tensorflow.cast(outputs, "float32") ** 3)
            gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
        made.append([np.asarray(one, np.float32) for one in (outputs, *gradients, *layer.weights, layer(inputs))])
    for expected, found in zip(*made, strict=True):
        assert np.abs(found - expected).max() <= tolerance * max(1, np.abs(expected).max())


def test_gates_scale_channels_of_every_block() -> None:
    plain, gated = (build_model("residual", 7, (48, 48, 1), options={"depth3": 0, "squeeze": squeeze}) for squeeze in (0, 8))
    widths = (48, 48, 96, 96)
    assert gated.count_params() - plain.count_params() == sum(2 * width * (width // 8) + width // 8 + width for width in widths)
    faces = np.random.default_rng(0).normal(size=(2, 48, 48, 1)).astype(np.float32)
    before = gated.predict_on_batch(faces)
    gate = gated.get_layer("stage2_block2_gate2")
    gate.bias.assign(gate.bias - 50)  # closes it
    assert np.abs(gated.predict_on_batch(faces) - before).max() > 1e-4
    assert np.isfinite(before).all()


def test_fine_blocks_see_every_pixel() -> None:
    plain, fine = (build_model("residual", 7, (48, 48, 1), options={"fine": number}) for number in (0, 2))
    assert plain.get_layer("stem").output.shape[1:] == (24, 24, 32)
    assert [fine.get_layer(name).output.shape[1:] for name in ("stem", "stage1_block2_add")] == [(48, 48, 32)] * 2
    assert fine.get_layer("stage2_block1_add").output.shape[1:] == plain.get_layer("stage1_block1_add").output.shape[1:] == (24, 24, 48)
    assert fine.count_params() - plain.count_params() == 2 * 2 * (9 * 32 * 32 + 4 * 32)  # two blocks of two normalised convolutions


# Section (c) of the digest of the papers: network, labels, input, what is counted.
@pytest.mark.parametrize(
    ("name", "num_labels", "total", "num_trainable"),
    [
        ("clcm", 7, 2_430_663, 2_396_551),
        ("mobilenet_v2", 7, 2_266_951, 2_232_839),
        ("mobilenet_v2", 5, 2_264_389, None),
        ("mobilenet_v2_topped", 7, None, 3_511_879),
        ("shufflenet_v2_wide", 7, None, 3_997_795),
        ("mini784k", 7, None, 784_263),
        ("cnn5", 5, 683_221, 683_221),
        ("cnn5", 7, 683_479, 683_479),
        ("vgg_variant", 7, None, 29_890_759),
        ("alexnet", 7, 58_310_023, 58_310_023),
        ("mini_xception", 7, 58_423, 56_951),
        # The published 1.0x network with its 1000-way top, of which PyTorch counts as many.
        ("shufflenet_v2", 1000, None, 2_278_604),
    ],
)
def test_parameters_are_those_the_papers_print(name: str, num_labels: int, total: int | None, num_trainable: int | None) -> None:
    row = MODELS[name]
    model = build_model(name, num_labels, (*row.input_hw, row.preprocess.channels))
    if total is not None:
        assert model.count_params() == total
    if num_trainable is not None:
        assert trainable(model) == num_trainable


def test_the_frozen_layers_of_clcm_leave_what_the_paper_prints() -> None:
    model = build_model("clcm", 7, (224, 224, 3))
    assert freeze(model, str(FROZEN_LAYERS)) == 10
    assert model.layers[9].name == "block_1_expand"
    assert trainable(model) == 2_393_191
    # The cut that the paper's words describe, and the next whole block, give other numbers.
    for name, expected in (("expanded_conv_project_BN", 2_394_727), ("block_1_project_BN", 2_389_591)):
        other = build_model("clcm", 7, (224, 224, 3))
        freeze(other, name)
        assert trainable(other) == expected


@pytest.mark.parametrize(("side", "macs"), [(40, 82.8e6), (48, 123.8e6)])
def test_mini784k_takes_both_sizes_with_the_same_weights(side: int, macs: float) -> None:
    model = build_model("mini784k", 7, (side, side, 1))
    assert trainable(model) == 784_263
    assert count_macs(model) == pytest.approx(macs, rel=2e-3)


def test_mini784k_needs_the_memory_the_report_estimates() -> None:
    """9.62 MB: input, every layer's output forward and backward, and the weights, as torchsummary adds them up."""
    from keras import layers

    model = build_model("mini784k", 7, (40, 40, 1))
    counted = (layers.Conv2D, layers.DepthwiseConv2D, layers.BatchNormalization, layers.ReLU, layers.MaxPooling2D, layers.Dense)
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in model.layers if isinstance(layer, counted))
    # Each of its blocks also counts once as a whole; dense layers' ReLU count apart.
    outputs += 2 * 128 * 81 + 2 * 128 * 16 + 256 + 128
    megabytes = 4 * (40 * 40 + 2 * outputs + 784_263) / 2**20
    assert megabytes == pytest.approx(9.62, abs=0.01)


HEADS = {
    576: 1_119_239, 960: 1_512_455, 1024: 1_577_991, 1056: 1_610_759, 1280: 1_840_135, 1408: 1_971_207,
    1536: 2_102_279, 1664: 2_233_351, 1920: 2_495_495, 2048: 2_626_567,
}  # fmt: skip


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=lambda row: row.name)
def test_heads_of_paper_000_have_the_parameters_of_their_width(backbone: Any) -> None:
    assert MODELS[f"{backbone.name}_mlp"].parameters - backbone.parameters == HEADS[backbone.features]


def test_only_the_head_of_a_frozen_backbone_is_trained() -> None:
    model = build_model("mobilenet_v2_mlp", 7, (96, 96, 3))
    freeze(model, "backbone")
    assert trainable(model) == HEADS[1280]
    backbone, head = split_at_pool(model)
    pictures = np.random.default_rng(0).normal(size=(2, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(head.predict_on_batch(backbone.predict_on_batch(pictures)), model.predict_on_batch(pictures), atol=1e-5)


def test_there_are_23_backbones_and_14_of_paper_002() -> None:
    assert len(BACKBONES) == 23
    assert sum(row.in_affect14 for row in BACKBONES.values()) == 14


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=lambda row: row.name)
def test_backbones_have_the_size_that_table_ii_prints(backbone: Any) -> None:
    """MobileNetV3Small differs: the paper's 2.9 M is the count of its first publication, Keras's network has 2.55 M."""
    import keras

    keras.backend.clear_session()
    total = getattr(keras.applications, backbone.keras_name)(weights=None).count_params()
    tolerance = 0.13 if backbone.name == "mobilenet_v3_small" else 0.02
    assert total / 1e6 == pytest.approx(backbone.imagenet_millions, rel=tolerance)
    if not backbone.name.startswith("mobilenet_v3"):  # whose top has a layer more
        assert total - backbone.parameters == backbone.features * 1000 + 1000


@pytest.mark.parametrize("name", SMALL)
def test_a_small_network_lives_through_everything(name: str) -> None:
    facts = check_network(MODELS[name])
    assert facts.largest_difference < 1e-3
    assert facts.float32_bytes > 4 * facts.trainable


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name not in SMALL])
def test_every_network_lives_through_everything(name: str) -> None:
    assert check_network(MODELS[name]).largest_difference < 1e-3


def test_a_wrong_count_is_found() -> None:
    from dataclasses import replace

    with pytest.raises(ModelFileError, match="has 66897 parameters"):
        check_network(replace(MODELS["attention_cnn"], parameters=1))


def test_the_transformer_starts_as_the_identity_and_follows_its_map() -> None:
    from mien.models.transformer import SpatialTransformer

    picture = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype(np.float32)
    still = np.zeros((2, 6), np.float32)
    np.testing.assert_allclose(np.asarray(SpatialTransformer()([picture, still])), picture, atol=1e-6)
    mirror = still.copy()
    mirror[:, 0] = -2  # x becomes -x
    np.testing.assert_allclose(np.asarray(SpatialTransformer()([picture, mirror])), picture[:, :, ::-1], atol=1e-6)
    right = still.copy()
    right[:, 2] = 0.25  # one of eight steps between nine pixels
    np.testing.assert_allclose(np.asarray(SpatialTransformer()([picture, right]))[:, :, :-1], picture[:, :, 1:], atol=1e-5)


def test_shuffling_interleaves_halves() -> None:
    from mien.models.shufflenet import _shuffle

    channels = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)
    assert np.asarray(_shuffle(channels, "s")).ravel().tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    ("upto", "error", "said"),
    [
        ("0", ConfigError, "some must stay trainable"),
        ("9999", ConfigError, "has .* layers"),
        ("backbone", ConfigError, "has no backbone"),
        ("conv", UnknownNameError, "layer 'conv' is unknown"),
    ],
)
def test_a_wrong_cut_is_told(upto: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        freeze(build_model("cnn5", 5, (180, 180, 3)), upto)


def test_transfer_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs freeze = 'backbone'"):
        TransferSpec(cached_features=True)
    with pytest.raises(ConfigError, match="has no ImageNet weights"):
        build_model("cnn5", 5, (180, 180, 3), weights="imagenet")
    with pytest.raises(ModelFileError, match="no such file of weights"):
        build_model("clcm", 7, (96, 96, 3), weights=str(tmp_path / "none.weights.h5"))
    (tmp_path / "bad.weights.h5").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="not weights of"):
        build_model("clcm", 7, (96, 96, 3), weights=str(tmp_path / "bad.weights.h5"))
    with pytest.raises(ConfigError, match="cannot be built for inputs of 32x32x3"):
        build_model("inception_v3", 7, (32, 32, 3))
    with pytest.raises(ConfigError, match="does not take the options"):
        build_model("cnn5", 5, (180, 180, 3), options={"width": 3})


def test_offline_keras_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    with pytest.raises(ConfigError, match="MIEN_OFFLINE=1 forbids Keras"):
        build_model("mobilenet_v2", 7, (96, 96, 3), weights="imagenet")


def test_local_weights_are_loaded() -> None:
    path = WEIGHTS / "mobilenet_v2_1.0_224_imagenet_notop_bncal96.weights.h5"
    if not path.is_file():
        pytest.skip(f"needs ImageNet weights, {path} is missing")
    model = build_model("clcm", 7, (96, 96, 3), weights=str(path))
    fresh = build_model("clcm", 7, (96, 96, 3))
    kernel, other = (np.asarray(one.get_layer("Conv1").get_weights()[0]) for one in (model, fresh))
    assert np.abs(kernel).max() > 2 * np.abs(other).max()
    with pytest.raises(ModelFileError, match="not weights of"):
        build_model("mobilenet_v2_topped", 7, (96, 96, 3), weights=str(path))
