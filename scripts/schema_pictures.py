"""Loaded by schemathesis: real pictures where OpenAPI can only say "bytes", so that answers of status 200 are checked too."""

import io
from pathlib import Path

import schemathesis
from hypothesis import strategies
from PIL import Image

PORTRAIT = Path(__file__).resolve().parent.parent / "src" / "mien" / "media" / "grace_hopper.jpg"


def encode(kind: str) -> bytes:
    """Return a small portrait as a picture file."""
    file = io.BytesIO()
    with Image.open(PORTRAIT) as picture:
        picture.resize((160, 200)).save(file, kind)
    return file.getvalue()


PICTURES = {kind: encode(kind) for kind in ("jpeg", "png", "webp", "bmp", "gif", "tiff")}
ANY_PICTURE = strategies.sampled_from(list(PICTURES.values()))
for _kind, _content in PICTURES.items():
    schemathesis.openapi.media_type(f"image/{_kind}", strategies.just(_content))
schemathesis.openapi.media_type("application/octet-stream", ANY_PICTURE)
schemathesis.openapi.format("binary", ANY_PICTURE)
