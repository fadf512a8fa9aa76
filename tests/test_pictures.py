import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import pictures
from mien.errors import SourceError
from mien.pictures import decode_picture, orientation_of, read_picture, turn_upright
from mien.types import UInt8


def test_exif_orientation_is_honoured(tmp_path: Path, astronaut: UInt8) -> None:
    for orientation, undo in [(1, 0), (8, -1), (3, 2), (6, 1)]:
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.png"
        Image.fromarray(np.rot90(astronaut, undo)).save(path, exif=exif)
        assert (read_picture(path) == astronaut).all(), orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_turned_as_pillow_turns_them(orientation: int, astronaut: UInt8) -> None:
    part = astronaut[40:100, 60:140]
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(part).save(content, "PNG", exif=exif)
    assert orientation_of(content.getvalue()) == orientation
    assert (turn_upright(part, orientation) == decode_picture(content.getvalue(), 10**6)).all()
    assert (turn_upright(part[..., 0], orientation) == turn_upright(part, orientation)[..., 0]).all()


def test_what_tells_no_orientation_is_upright() -> None:
    assert orientation_of(b"") == orientation_of(b"no picture") == 1


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
def test_a_turned_tiff_is_turned_once(mode: str, tmp_path: Path, astronaut: UInt8) -> None:
    """Pillow turns TIFF itself."""
    upright = (
        Image.fromarray(astronaut)
        if mode == "RGB"
        else Image.fromarray(astronaut[..., 0].astype(np.uint16) if mode == "I;16" else astronaut[..., 0])
    )
    exif = Image.Exif()
    exif[0x0112] = 3
    upright.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "turned.tif", exif=exif)
    upright.save(tmp_path / "upright.tif")
    assert (read_picture(tmp_path / "turned.tif") == read_picture(tmp_path / "upright.tif")).all()


def test_reading_in_threads_leaves_warnings_on(tmp_path: Path, astronaut: UInt8) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(astronaut).save(path)
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(read_picture, [path] * 40))
    assert list(warnings.filters) == before


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "YCbCr"])
def test_every_mode_becomes_rgb(mode: str, astronaut: UInt8) -> None:
    picture = read_picture(Image.fromarray(astronaut).convert(mode))
    assert picture.shape == astronaut.shape
    assert picture.dtype == np.uint8


def test_16_bit_grey_keeps_its_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 32 * 32).astype(np.uint16).reshape(32, 32)
    path = tmp_path / "deep.png"
    Image.fromarray(ramp).save(path)
    picture = read_picture(path)
    assert picture.shape == (32, 32, 3)
    assert np.abs(picture[..., 0] - ramp / 257).max() <= 0.5


@pytest.mark.parametrize(("largest", "expected"), [(255, 255), (65535, 255)])
def test_32_bit_integers_hold_8_or_16_bits(largest: int, expected: int) -> None:
    ramp = np.linspace(0, largest, 400).astype(np.int32).reshape(20, 20)
    assert read_picture(Image.fromarray(ramp)).max() == expected


def test_float_pictures_need_values_in_0_to_1() -> None:
    good = Image.fromarray(np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20))
    assert read_picture(good).max() == 255
    with pytest.raises(SourceError, match="NaN"):
        read_picture(Image.fromarray(np.full((20, 20), np.nan, np.float32)))
    with pytest.raises(SourceError, match="must lie in"):
        read_picture(Image.fromarray(np.full((20, 20), 300, np.float32)))


def test_grey_arrays_gain_channels_and_rgb_arrays_pass_through(astronaut: UInt8) -> None:
    assert read_picture(astronaut) is astronaut
    assert read_picture(astronaut[..., 0]).shape == astronaut.shape


def test_the_bytes_of_a_file_are_read_as_the_file(tmp_path: Path, astronaut: UInt8) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(astronaut).save(path)
    assert (read_picture(path.read_bytes()) == astronaut).all()
    for content, said in ((b"", "0 bytes"), (b"no picture", "not a picture"), (path.read_bytes()[:4000], "cut short")):
        with pytest.raises(SourceError, match=said):
            read_picture(content)


def test_sizes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="at least 16x16"):
        read_picture(np.zeros((1, 1, 3), np.uint8))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    with pytest.raises(SourceError, match="megapixels"):
        read_picture(np.zeros((40, 40, 3), np.uint8))
