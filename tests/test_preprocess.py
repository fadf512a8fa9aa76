"""The one preprocessing, against an implementation that is slow and obvious."""

import numpy as np
import pytest

from mien.errors import SourceError
from mien.preprocess import PreprocessSpec, Square, cut, fit, luma, normalize, prepare
from mien.types import UInt8

GREY = PreprocessSpec("gray", (48, 48), mean=(0.507,), std=(0.255,))
RGB = PreprocessSpec("rgb", (48, 48), mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2))


def slow_cut(picture: UInt8, square: Square, side: int) -> np.ndarray:
    """Cut a square from a grey picture pixel by pixel, after block averages of the whole picture, as the docs say."""
    factor = int(square.side // side) if square.side > 2 * side else 1
    x0, y0 = square.center_xy
    # The blocks start where the neighbourhood starts.
    reach = square.side * 0.75 + 2
    left = min(max(int(np.floor(x0 - reach)), 0), picture.shape[1] - 1)
    top = min(max(int(np.floor(y0 - reach)), 0), picture.shape[0] - 1)
    right = max(min(int(np.ceil(x0 + reach)), picture.shape[1]), left + 1)
    bottom = max(min(int(np.ceil(y0 + reach)), picture.shape[0]), top + 1)
    part = picture[top:bottom, left:right].astype(float)
    height, width = part.shape
    rows, columns = -(-height // factor), -(-width // factor)
    padded = np.pad(part, ((0, rows * factor - height), (0, columns * factor - width)), mode="edge")
    small = np.rint(padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3)))
    result = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            across, down = (np.array([column, row]) + 0.5) / side * square.side - square.side / 2
            x = (x0 - left + np.cos(square.angle_rad) * across - np.sin(square.angle_rad) * down) / factor - 0.5
            y = (y0 - top + np.sin(square.angle_rad) * across + np.cos(square.angle_rad) * down) / factor - 0.5
            x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
            i, j = int(y), int(x)
            i1, j1 = min(i + 1, rows - 1), min(j + 1, columns - 1)
            upper = small[i, j] * (1 - (x - j)) + small[i, j1] * (x - j)
            lower = small[i1, j] * (1 - (x - j)) + small[i1, j1] * (x - j)
            result[row, column] = upper * (1 - (y - i)) + lower * (y - i)
    return np.floor(result + 0.5)


@pytest.mark.parametrize(
    "square",
    [
        Square((120.0, 90.0), 48.0),
        Square((120.3, 90.7), 75.5, angle_rad=0.4),
        Square((150.0, 100.0), 163.0, angle_rad=-0.3),  # reduced by 3 first
        Square((5.0, 8.0), 60.0, angle_rad=2.5),  # half outside
        Square((-400.0, 900.0), 30.0),  # all outside
        Square((100.0, 100.0), 1500.0),  # larger than the picture
    ],
)
def test_cut_agrees_with_the_slow_one_to_a_level(square: Square, astronaut: UInt8) -> None:
    grey = luma(astronaut)[:200, :300]
    difference = np.abs(cut(grey, square, GREY).astype(float) - slow_cut(grey, square, 48))
    assert difference.max() <= 1


def test_a_whole_picture_cut_as_a_square_equals_the_stretched_one(astronaut: UInt8) -> None:
    grey = luma(astronaut)
    assert np.abs(cut(grey, Square((256.0, 256.0), 512.0), GREY).astype(int) - fit(grey, 48).astype(int)).max() <= 1


def test_a_picture_of_the_input_size_passes_unchanged() -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    assert (fit(face, 48) == face).all()
    assert (cut(face, Square((24.0, 24.0), 48.0), GREY) == face).all()


def test_luma_is_the_standard_sum_to_a_level(astronaut: UInt8) -> None:
    exact = astronaut.astype(float) @ [0.299, 0.587, 0.114]
    assert np.abs(luma(astronaut) - exact).max() <= 1


def test_golden_values() -> None:
    """Numbers worked out by hand: they must never change, or every shipped model is fed something else."""
    ramp = np.arange(16, dtype=np.uint8).reshape(4, 4) * 16
    spec = PreprocessSpec("gray", (2, 2), mean=(0.5,), std=(0.25,))
    # 4 is not more than twice 2: no area reduction, bilinear at the middle of each 2x2 block.
    assert fit(ramp, 2).tolist() == [[40, 72], [168, 200]]
    # (40 / 255 - .5) / .25 and so on.
    expected = [[-1.3725490, -0.8705882], [0.6352941, 1.1372549]]
    np.testing.assert_allclose(prepare([ramp], spec)[0, :, :, 0], expected, atol=1e-6)
    # 8 is more than twice 2: averaged over 4x4 blocks first, which is exact.
    large = np.kron(np.array([[10, 20], [30, 40]], np.uint8), np.ones((4, 4), np.uint8))
    assert fit(large, 2).tolist() == [[10, 20], [30, 40]]
    # A quarter turn: the square's x axis points down the picture.
    turned = cut(ramp, Square((2.0, 2.0), 4.0, angle_rad=np.pi / 2), PreprocessSpec("gray", (4, 4), mean=(0.5,), std=(0.25,)))
    assert turned.tolist() == np.rot90(ramp).tolist()


def test_grey_and_colour_meet_in_the_spec() -> None:
    grey = np.full((60, 50), 100, np.uint8)
    colour = np.repeat(grey[..., np.newaxis], 3, axis=2)
    assert prepare([grey, colour], GREY).shape == (2, 48, 48, 1)
    np.testing.assert_array_equal(prepare([grey], GREY), prepare([colour], GREY))
    assert prepare([grey, colour], RGB).shape == (2, 48, 48, 3)
    np.testing.assert_array_equal(prepare([grey], RGB), prepare([colour], RGB))
    assert prepare([], GREY).shape == (0, 48, 48, 1)


def test_grey_can_be_repeated_for_networks_that_take_colour(astronaut: UInt8) -> None:
    values = {"size_hw": (40, 40), "mean": (0.4, 0.5, 0.6), "std": (0.2,) * 3}
    spec = PreprocessSpec("gray_rgb", **values)  # type: ignore[arg-type]
    of_colour, of_grey = prepare([astronaut], spec)[0], prepare([luma(astronaut)], PreprocessSpec("rgb", **values))[0]  # type: ignore[arg-type]
    assert (of_colour == of_grey).all()
    square = Square((220.0, 110.0), 130.0, 0.1)
    crop = cut(astronaut, square, spec)
    assert (crop == cut(luma(astronaut), square, spec)).all()
    assert crop.shape == (40, 40, 3)


def test_normalize_is_float32() -> None:
    assert normalize(np.zeros((2, 48, 48), np.uint8), GREY).dtype == np.float32


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((5, 5), np.float32), "expected uint8"),
        (np.zeros((5, 5, 4), np.uint8), "shape"),
        (np.zeros((0, 5), np.uint8), "with pixels"),
        (np.zeros(5, np.uint8), "shape"),
        ("face.png", "NumPy array"),
    ],
)
def test_wrong_crops_are_refused(picture: UInt8, said: str) -> None:
    with pytest.raises(SourceError, match=f"(?i){said}"):
        prepare([picture], GREY)


@pytest.mark.parametrize(
    "values",
    [
        {"color": "bgr"},
        {"mean": (0.5, 0.5)},
        {"std": (0.0,)},
        {"std": (float("nan"),)},
        {"mean": (float("nan"),)},
        {"interpolation": "nearest"},
        {"size_hw": (48, 40)},
    ],
)
def test_a_wrong_spec_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|need"):
        PreprocessSpec(**({"color": "gray", "size_hw": (48, 48), "mean": (0.5,), "std": (0.2,)} | values))  # type: ignore[arg-type]
