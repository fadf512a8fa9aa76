"""What a server serves, and its limits."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from mien.card import DEFAULT_BUNDLE, Bundle, open_shipped, open_trained, shipped_bundles
from mien.detection.catalog import AUTO
from mien.errors import ConfigError
from mien.parts import PARTS_BUNDLE


@dataclass(frozen=True)
class Limits:
    """What a request may cost. Whatever is beyond is refused at once, with a reason."""

    max_bytes: int = 10_000_000
    """Of one picture or frame, as sent."""
    max_pixels: int = 24_000_000
    """Of one picture, before anything is decoded."""
    upload_timeout_s: float = 15.0
    """For the whole body to arrive."""
    reading_timeout_s: float = 15.0
    """For a picture to be read, waiting included."""
    max_waiting: int = 16
    """Requests beyond those being read that may upload or wait for their turn."""
    max_streams: int = 4
    """Live connections at a time; each has networks of its own."""
    idle_timeout_s: float = 60.0
    """A live connection without a frame for so long is closed."""

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.max_pixels, self.upload_timeout_s, self.reading_timeout_s, self.idle_timeout_s) <= 0:
            raise ValueError("sizes and times of limits must be above 0")
        if min(self.max_waiting, self.max_streams) < 0:
            raise ValueError("max_waiting and max_streams must be 0 or more")


@dataclass(frozen=True)
class WebSpec:
    """A server: its models, its detector, its limits."""

    bundles: tuple[Bundle, ...]
    """The first one is the default."""
    detector: str = AUTO
    detector_model: Path | None = None
    may_fetch: bool = True
    """Whether missing model files of detectors may be downloaded."""
    workers: int = field(default_factory=lambda: max(1, os.cpu_count() or 1))
    """Pictures that are read at the same time, each by one thread."""
    api_key: str = ""
    """What clients must send as X-API-Key; empty asks for nothing."""
    hosts: tuple[str, ...] = ()
    """Names that browsers may call the service by; empty allows all."""
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.bundles:
            raise ValueError("bundles must name at least one model")

    def bundle(self, name: str) -> Bundle:
        """Return the served bundle of this name; empty is the default."""
        return next(bundle for bundle in self.bundles if not name or bundle.card.name == name)


def open_bundles(names: tuple[str, ...]) -> tuple[Bundle, ...]:
    """Open the bundles to serve; without names, all shipped ones that read whole faces, the default first.

    Raises:
        ConfigError: two of them have the same name.
        UnknownNameError, ModelFileError: one cannot be opened.
    """
    shipped = [DEFAULT_BUNDLE, *(name for name in shipped_bundles() if name not in (DEFAULT_BUNDLE, PARTS_BUNDLE))]
    bundles = tuple(map(open_trained, names)) or tuple(map(open_shipped, shipped))
    found = [bundle.card.name for bundle in bundles]
    for name in found:
        if found.count(name) > 1:
            raise ConfigError(f"Two bundles are called {name!r}; a server tells its models apart by name. Leave one out.")
    return bundles
