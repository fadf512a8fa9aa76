"""Moving scenes with known truth: portraits and FER2013 faces pasted into them, frame by frame, from a seed.

Every scene is drawn again from its seed alone, so that a record need not keep pictures. ``scripts/make_clips.py`` writes
the same scenes as files.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.data.catalog import load_dataset
from mien.pictures import read_picture
from mien.pipeline import Recognizer
from mien.types import Float, Frame, UInt8

NUM_SEEDS = 20
FRAMES_PER_SECOND = 30
VGA_WH, HD_WH = (640, 480), (1280, 720)
GAP_S = 0.5
"""How long an occlusion hides a face."""
NOISE_LEVELS = 8.0
"""Standard deviation of the sensor noise, in grey levels."""
JPEG_QUALITY = 40
FADE_S = 0.2
"""How long a change of expression takes."""
# Portraits: left, top and side of the square around the face.
_PORTRAITS = {"astronaut.jpg": (155, 45, 140), "grace_hopper.jpg": (160, 115, 210)}


Place = Callable[[float], tuple[float, float, float]]
"""From seconds to the centre (x, y) and the side of a face, in pixels."""


@dataclass(frozen=True, eq=False)
class Look:
    """A face to paste."""

    picture: UInt8
    """(s, s, 3) RGB, framed like FER2013."""
    label: str
    name: str


@dataclass(frozen=True, eq=False)
class Actor:
    """A face that moves through a scene; later actors are in front of earlier ones."""

    looks: tuple[tuple[float, Look], ...]
    """(from second, look), the earliest first."""
    place: Place
    hidden_s: tuple[float, float] = (0.0, 0.0)
    """From when to when something stands in front of it."""
    present_s: tuple[float, float] = (0.0, np.inf)
    """From when to when it is there."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Where one person is in one frame."""

    person: int
    box_xyxy: Float
    """(4,) of the pasted face."""
    label: str
    visible: float
    """Share of the face that nothing hides."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A clip, drawn frame by frame."""

    name: str
    seed: int
    size_wh: tuple[int, int]
    seconds: float
    actors: tuple[Actor, ...]
    is_noisy: bool = False
    """With sensor noise and compression."""

    @property
    def num_frames(self) -> int:
        """How many frames it has."""
        return round(self.seconds * FRAMES_PER_SECOND)

    def __iter__(self) -> Iterator[tuple[Frame, list[Truth]]]:
        """Yield every frame with its truth."""
        rng = np.random.default_rng([self.seed, 1])
        ground = _background(self.size_wh, rng)
        for index in range(self.num_frames):
            time_s = index / FRAMES_PER_SECOND
            image, truths = self._draw(ground, time_s)
            if self.is_noisy:
                image = _degrade(image, rng)
            yield Frame(image, index, time_s), truths

    def _draw(self, ground: UInt8, time_s: float) -> tuple[UInt8, list[Truth]]:
        width, height = self.size_wh
        x, y = (int(20 + 20 * np.sin(time_s * speed)) for speed in (0.7, 0.5))
        image = ground[y : y + height, x : x + width].copy()
        placed = []
        owners = np.full((height, width), -1, np.int16)
        for number, actor in enumerate(self.actors):
            if not actor.present_s[0] <= time_s < actor.present_s[1]:
                placed.append((_box_of(actor, time_s), 0))
                continue
            box, part, is_face = _paste(image, actor, time_s)
            owners[part][is_face] = number
            if actor.hidden_s[0] <= time_s < actor.hidden_s[1]:
                _hide(image, owners, box)
            placed.append((box, int(is_face.sum())))
        truths = [
            Truth(number, box, _label_at(self.actors[number], time_s), float((owners == number).sum() / max(size, 1)))
            for number, (box, size) in enumerate(placed)
        ]
        return image, truths


def _label_at(actor: Actor, time_s: float) -> str:
    return [look.label for start_s, look in actor.looks if start_s <= time_s + 1e-9][-1]


def _look_at(actor: Actor, time_s: float) -> UInt8:
    """Return the face at a time; a new look fades in around its time."""
    picture = actor.looks[0][1].picture
    for start_s, look in actor.looks[1:]:
        share = float(np.clip((time_s - start_s) / FADE_S + 0.5, 0, 1))
        if share > 0:
            same = cv2.resize(look.picture, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            picture = cv2.addWeighted(picture, 1 - share, same, share, 0).astype(np.uint8, copy=False)
    return picture


def _paste(image: UInt8, actor: Actor, time_s: float) -> tuple[Float, tuple[slice, slice], "np.ndarray[Any, np.dtype[np.bool_]]"]:
    """Draw a face with a soft oval border; return its box (4,), the part of the picture it lies in, and where in that it is."""
    picture = _look_at(actor, time_s)
    x, y, side = actor.place(time_s)
    height, width = image.shape[:2]
    left, right = (int(np.clip(value, 0, width)) for value in (x - 0.7 * side, x + 0.7 * side))
    top, bottom = (int(np.clip(value, 0, height)) for value in (y - 0.7 * side, y + 0.7 * side))
    part, size_wh = np.s_[top:bottom, left:right], (right - left, bottom - top)
    scale = side / picture.shape[0]
    corner_x, corner_y = x - side / 2 - left, y - side / 2 - top
    matrix = np.array([[scale, 0, corner_x + scale / 2 - 0.5], [0, scale, corner_y + scale / 2 - 0.5]])
    drawn = cv2.warpAffine(picture, matrix, size_wh, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(size_wh[::-1], np.uint8)
    # In sixteenths of a pixel: the oval moves as smoothly as the face.
    middle, axes = (round((x - left) * 16), round((y - top) * 16)), (round(side * 0.49 * 16), round(side * 0.55 * 16))
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    share = cv2.GaussianBlur(mask, (0, 0), max(side / 60, 0.5))[..., np.newaxis].astype(np.float32) / 255
    image[part] = (image[part] * (1 - share) + drawn * share + 0.5).astype(np.uint8)
    return _box_of(actor, time_s), part, mask > 127


def _box_of(actor: Actor, time_s: float) -> Float:
    x, y, side = actor.place(time_s)
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])


def _hide(image: UInt8, owners: "np.ndarray[tuple[int, int], np.dtype[np.int16]]", box: Float) -> None:
    """Put a board in front of a face."""
    x1, y1, x2, y2 = (int(value) for value in box)
    margin = (x2 - x1) // 8
    area = np.s_[max(0, y1 - margin) : y2 + margin, max(0, x1 - margin) : x2 + margin]
    image[area] = (90, 70, 50)
    image[area][:, ::12] = (70, 52, 36)
    owners[area] = -1


def _background(size_wh: tuple[int, int], rng: np.random.Generator) -> UInt8:
    """Return a soft coloured texture, larger than the scene by what the camera sways."""
    width, height = size_wh[0] + 64, size_wh[1] + 64
    coarse = rng.integers(60, 170, (height // 40, width // 40, 1)) + rng.integers(-20, 20, (height // 40, width // 40, 3))
    fine = rng.integers(0, 40, (height // 6, width // 6, 3))
    layers = [
        cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC) for layer in (coarse.astype(np.uint8), fine.astype(np.uint8))
    ]
    return cv2.add(layers[0], layers[1]).astype(np.uint8, copy=False)


def _degrade(image: UInt8, rng: np.random.Generator) -> UInt8:
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(NOISE_LEVELS)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def portraits() -> list[Look]:
    """Return the two shipped portraits' faces."""
    media = Path(str(files("mien") / "media"))
    looks = []
    for name, (left, top, side) in _PORTRAITS.items():
        picture = read_picture(media / name)[top : top + side, left : left + side]
        looks.append(Look(np.ascontiguousarray(picture), "", name))
    return looks


def fer2013_looks(data: Path, num_wanted: int, seed: int = 0) -> list[Look]:
    """Return faces of PublicTest that YuNet finds in every frame when they stand alone in a scene, at seven sizes, in random order.

    Faces that a detector finds now and then would measure the detector, not what follows it.
    """
    detect = Recognizer(detector="yunet", policy="camera").pipeline.detect
    samples = load_dataset("fer2013", data).split("publictest").samples
    order = np.random.default_rng(seed).permutation(len(samples))
    looks: list[Look] = []
    for index in order:
        pixels = samples[index].pixels()
        look = Look(np.repeat(pixels[..., np.newaxis], 3, axis=2), samples[index].label, f"publictest {index}")
        if all(len(detect(frame.image)) == 1 for frame in _trials(look)):
            looks.append(look)
        if len(looks) == num_wanted:
            break
    return looks


def _trials(look: Look) -> Iterator[Frame]:
    for seed, side in enumerate((110, 120, 130, 140, 160, 190, 220)):
        actor = Actor(((0.0, look),), _straight(320, 240, side, np.random.default_rng(seed)))
        yield next(iter(Scene("trial", seed, VGA_WH, 1.0, (actor,), is_noisy=True)))[0]


def _sway(rng: np.random.Generator, amplitude: float) -> Callable[[float], float]:
    speed, phase = rng.uniform(1.5, 3.0), rng.uniform(0, 2 * np.pi)
    return lambda time_s: float(amplitude * np.sin(speed * time_s + phase))


def _straight(x: float, y: float, side: float, rng: np.random.Generator) -> Place:
    """Return a straight way that passes (x, y) after two seconds."""
    speed_x, speed_y = rng.uniform(-40, 40), rng.uniform(-25, 25)
    return lambda t: (x + speed_x * (t - 2), y + speed_y * (t - 2), side)


def _swaying(x: float, y: float, side: float, rng: np.random.Generator) -> Place:
    sway_x, sway_y = _sway(rng, 15.0), _sway(rng, 10.0)
    return lambda t: (x + sway_x(t), y + sway_y(t), side)


def steady_scene(look: Look, seed: int, seconds: float = 5.0, is_noisy: bool = True) -> Scene:
    """Return one face that keeps its place but for a slight sway, with noise and compression."""
    rng = np.random.default_rng(seed)
    x, y, side = rng.uniform(240, 400), rng.uniform(200, 280), rng.uniform(160, 230)
    sway_x, sway_y = _sway(rng, 3.0), _sway(rng, 2.0)
    actor = Actor(((0.0, look),), lambda t: (x + sway_x(t), y + sway_y(t), side))
    return Scene("steady", seed, VGA_WH, seconds, (actor,), is_noisy)


def change_scene(before: Look, after: Look, seed: int) -> Scene:
    """Return one face that changes its look at a random time between 2 and 3 s."""
    rng = np.random.default_rng(seed)
    steady = steady_scene(before, seed)
    actor = Actor(((0.0, before), (rng.uniform(2.0, 3.0), after)), steady.actors[0].place)
    return Scene("change", seed, VGA_WH, 5.0, (actor,), is_noisy=True)


def crossing_scene(back: Look, front: Look, seed: int) -> Scene:
    """Return two faces that cross, the second in front of the first; sizes, heights and speeds are random."""
    rng = np.random.default_rng(seed)
    seconds, side = 4.0, rng.uniform(110, 140)
    front_side = side * rng.uniform(1.0, 1.25)
    direction = rng.choice([-1, 1])
    y, speeds = rng.uniform(190, 290), rng.uniform(80, 130, 2)
    sways = [_sway(rng, 6.0) for _ in range(2)]
    lift = rng.uniform(-25, 25)

    def walk(sign: float, speed: float, height: float, size: float, sway: Callable[[float], float]) -> Actor:
        look = back if sign == direction else front
        return Actor(((0.0, look),), lambda t: (320 + sign * speed * (t - seconds / 2), height + sway(t), size))

    actors = (walk(direction, speeds[0], y, side, sways[0]), walk(-direction, speeds[1], y + lift, front_side, sways[1]))
    return Scene("crossing", seed, VGA_WH, seconds, actors)


def occlusion_scene(left: Look, right: Look, seed: int) -> Scene:
    """Return two faces that move; each is hidden for half a second while it moves on."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(1.0, 1.6), rng.uniform(2.2, 2.8)
    actors = []
    for number, look in enumerate((left, right)):
        place = _straight((180, 460)[number] + rng.uniform(-15, 15), rng.uniform(200, 280), rng.uniform(120, 160), rng)
        actors.append(Actor(((0.0, look),), place, (starts[number], starts[number] + GAP_S)))
    return Scene("occlusion", seed, VGA_WH, 4.0, tuple(actors))


def replacement_scene(before: Look, after: Look, seed: int) -> Scene:
    """Return a face that is gone of a sudden, and half a second later another one in nearly its place."""
    rng = np.random.default_rng(seed)
    x, y, side, left_s = rng.uniform(240, 400), rng.uniform(200, 280), rng.uniform(120, 160), rng.uniform(1.2, 1.8)
    aside = rng.uniform(-0.2, 0.2) * side
    first = Actor(((0.0, before),), lambda t: (x, y, side), present_s=(0.0, left_s))
    second = Actor(((0.0, after),), lambda t: (x + aside, y, side), present_s=(left_s + GAP_S, np.inf))
    return Scene("replacement", seed, VGA_WH, 4.0, (first, second))


def crowd_scene(looks: Sequence[Look], seed: int, seconds: float = 10.0) -> Scene:
    """Return five faces that sway in 1280x720."""
    rng = np.random.default_rng(seed)
    actors = []
    for number, look in enumerate(looks):
        actors.append(Actor(((0.0, look),), _swaying(160 + 240 * number, 260 + 200 * (number % 2), rng.uniform(140, 180), rng)))
    return Scene("crowd", seed, HD_WH, seconds, tuple(actors))


def moving_scene(look: Look, seed: int, seconds: float = 6.0) -> Scene:
    """Return one face that wanders and comes nearer and goes, as before a camera."""
    rng = np.random.default_rng(seed)
    sway_x, sway_y, breathe = _sway(rng, 60.0), _sway(rng, 25.0), _sway(rng, 0.08)
    side = rng.uniform(170, 220)
    actor = Actor(((0.0, look),), lambda t: (320 + sway_x(t), 240 + sway_y(t), side * (1 + breathe(t))))
    return Scene("moving", seed, VGA_WH, seconds, (actor,))
