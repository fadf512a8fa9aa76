"""Uploads that no honest client sends: one function per kind, each makes another one for every random generator."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

Random = np.random.Generator

PORTRAIT = Path(__file__).resolve().parent.parent / "src" / "mien" / "media" / "grace_hopper.jpg"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
TYPES = (*(f"image/{kind.lower()}" for kind in FORMATS), "application/octet-stream")
MAX_BYTES = 10_000_000
CHUNK = 65536
BOUNDARY = "a-boundary"
ODD_NAMES = (
    *("../../../etc/passwd", "..\\..\\windows\\system32\\x.jpg", "/etc/passwd", "C:\\x.jpg", "a\x00b.jpg", "..", ".", "", " "),
    *("x" * 5000 + ".jpg", "名前.jpg", "\u202egpj.exe", "😀" * 200, "a\tb\x1b[31m.jpg", "<script>alert(1)</script>", "%2e%2e%2f", "a;b=c"),
)


@dataclass
class Upload:
    """One request."""

    method: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/v1/predict"
    is_chunked: bool = False
    may_be_read: bool = False
    """Whether it may still be a picture."""
    leaves_early: bool = False
    """The client goes away before it has sent what it announced."""

    def head(self) -> bytes:
        """Return the request's line and headers."""
        size = "Transfer-Encoding: chunked" if self.is_chunked else f"Content-Length: {len(self.body) + 1000 * self.leaves_early}"
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            size,
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def parts(self) -> Iterator[bytes]:
        """Yield the body as it goes over the wire."""
        if not self.is_chunked:
            yield self.body
            return
        for start in range(0, len(self.body), CHUNK):
            part = self.body[start : start + CHUNK]
            yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        yield b"0\r\n\r\n"


@cache
def portrait(kind: str) -> bytes:
    """Return a small portrait in a format."""
    file = io.BytesIO()
    with Image.open(PORTRAIT) as picture:
        picture.convert("RGB").resize((160, 200)).save(file, kind)
    return file.getvalue()


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def raw(body: bytes, random: Random, may_be_read: bool = False) -> Upload:
    """Send bytes as the body, or as the file of a form, as any type of picture."""
    if random.random() < 0.5:
        return Upload("POST", body, {"Content-Type": str(random.choice(TYPES))}, may_be_read=may_be_read)
    return form(body, may_be_read=may_be_read)


def form(body: bytes, name: str = "x.jpg", field_name: str = "file", boundary: str = BOUNDARY, may_be_read: bool = False) -> Upload:
    """Send bytes as a file of a form."""
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field_name}"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'
    whole = part.encode() + body + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Upload("POST", whole, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, may_be_read=may_be_read)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 0) -> bytes:
    """Return a PNG that says it has this size."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


@cache
def zeros_png(side: int) -> bytes:
    """Return a PNG of one colour: side * side bytes, in a thousandth of them."""
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    return png(side, side, png_chunk(b"IDAT", content))


def huge_side(random: Random, most: int) -> int:
    return int(random.integers(6000, most))


def claims_png(random: Random) -> Upload:
    idat = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return raw(png(huge_side(random, 2**31 - 1), huge_side(random, 2**31 - 1), idat, color=int(random.choice([0, 2, 6]))), random)


def claims_gif(random: Random) -> Upload:
    width, height = huge_side(random, 65536), huge_side(random, 65536)
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x08" + bytes([4, 1, 2, 3, 4, 0]) + b";"
    return raw(b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame, random)


def claims_tiff(random: Random) -> Upload:
    width, height = huge_side(random, 2**32 - 1), huge_side(random, 2**32 - 1)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, int(random.choice([1, 5, 8, 32773]))), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 2**31)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return raw(b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(64), random)


def claims_webp(random: Random) -> Upload:
    side = int(random.integers(12000, 16384))
    canvas = (side - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes([int(random.choice([0, 2])), 0, 0, 0]) + canvas + canvas + portrait("WEBP")[12:]
    return raw(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks, random)


def claims_bmp(random: Random) -> Upload:
    content = bytearray(portrait("BMP"))
    content[18:26] = struct.pack("<ii", huge_side(random, 2**31 - 1), huge_side(random, 2**31 - 1) * int(random.choice([1, -1])))
    return raw(bytes(content), random)


def claims_jpeg(random: Random) -> Upload:
    content = bytearray(portrait("JPEG"))
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = struct.pack(">HH", huge_side(random, 65501), huge_side(random, 65501))
    return raw(bytes(content), random)


def bomb_png(random: Random) -> Upload:
    return raw(zeros_png(int(random.choice([5000, 12000]))), random)


def bomb_text(random: Random) -> Upload:
    """Text, or a colour profile, of a PNG that unpacks to 50 MB."""
    packed = zlib.compress(bytes(50_000_000), 9)
    chunk = png_chunk(b"zTXt", b"x\x00\x00" + packed) if random.random() < 0.5 else png_chunk(b"iCCP", b"x\x00\x00" + packed)
    return raw(portrait("PNG")[:33] + chunk + portrait("PNG")[33:], random, may_be_read=True)


def truncated(kind: str) -> Callable[[Random], Upload]:
    def make(random: Random) -> Upload:
        content = portrait(kind)
        # The end of some formats may be missing.
        return raw(content[: int(random.integers(1, len(content)))], random, may_be_read=True)

    return make


def flipped(kind: str) -> Callable[[Random], Upload]:
    def make(random: Random) -> Upload:
        content = np.frombuffer(portrait(kind), np.uint8).copy()
        where = random.integers(0, min(len(content), int(random.choice([64, 1000, 10**9]))), int(random.choice([1, 3, 30])))
        content[where] = random.integers(0, 256, len(where))
        return raw(content.tobytes(), random, may_be_read=True)

    return make


def tiny(random: Random) -> Upload:
    starts = (
        b"",
        b"\x00",
        b"\xff",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x04\x00\x00\x00WEBP",
        b"II*\x00",
        b"BM",
        b"\n",
    )
    return raw(starts[int(random.integers(len(starts)))], random)


def noise(random: Random) -> Upload:
    return raw(random.bytes(int(random.integers(1, 100_000))), random)


def svg(random: Random) -> Upload:
    content = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&e;</text></svg>'
    return raw(content, random)


def html(random: Random) -> Upload:
    return raw(b"<!doctype html><script>alert(1)</script>" * int(random.integers(1, 100)), random)


def archive(random: Random) -> Upload:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../x.jpg", portrait("JPEG"))
        packed.writestr("zeros", bytes(5_000_000))
    return raw(file.getvalue() if random.random() < 0.5 else gzip.compress(portrait("JPEG")), random)


def pdf(random: Random) -> Upload:
    picture = Image.new("RGB", (64, 64))
    return raw(saved(picture, "PDF"), random)


def eps(random: Random) -> Upload:
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n(/etc/passwd) (r) file showpage\n%%EOF\n"
    dos = b"\xc5\xd0\xd3\xc6" + struct.pack("<IIIIIIH", 30, len(content), 0, 0, 0, 0, 0xFFFF) + content
    return raw(content if random.random() < 0.5 else dos, random)


def other_picture(random: Random) -> Upload:
    """Pictures that Pillow knows and the service does not."""
    kind = str(random.choice(["ICO", "TGA", "PCX", "SGI", "DDS", "IM", "MPO", "JPEG2000", "PPM", "XBM"]))
    picture = Image.new("1" if kind == "XBM" else "RGB", (64, 64))
    return raw(saved(picture, kind), random, may_be_read=kind == "MPO")  # which begins as a JPEG does


def too_many_bytes(random: Random) -> Upload:
    content = portrait("JPEG") + bytes(MAX_BYTES + int(random.integers(1, 2_000_000)))
    return raw(content, random)


def too_many_bytes_chunked(random: Random) -> Upload:
    upload = too_many_bytes(random)
    upload.is_chunked = True
    return upload


def far_too_many_bytes(random: Random) -> Upload:
    upload = raw(bytes(int(random.integers(45_000_000, 60_000_000))), random)
    upload.is_chunked = random.random() < 0.5
    return upload


def wrong_boundary(random: Random) -> Upload:
    boundary = str(random.choice(["another", "", "é", '"', "a b", "x" * 200, "x" * 10_000, BOUNDARY[:-1], BOUNDARY + "-", "--", "\\"]))
    return form(portrait("JPEG"), boundary=boundary)


def no_boundary(random: Random) -> Upload:
    upload = form(portrait("JPEG"))
    upload.headers = {"Content-Type": str(random.choice(["multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary"]))}
    return upload


def cut_form(random: Random) -> Upload:
    upload = form(portrait("JPEG"))
    upload.body = upload.body[: int(random.integers(0, len(upload.body) - 6))]
    return upload


def form_without_file(random: Random) -> Upload:
    return form(portrait("JPEG"), field_name=str(random.choice(["files", "FILE", "", "file[]", "picture", " file"])))


def form_of_many_parts(random: Random) -> Upload:
    part = f"--{BOUNDARY}\r\n\r\n\r\n".encode()
    return Upload("POST", part * int(random.integers(1000, 500_000)), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def form_of_near_boundaries(random: Random) -> Upload:
    """Slow to take apart."""
    near = b"\r\n--b" + str(random.choice(["x", "-", "\r"])).encode()
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = head + near * int(random.integers(1000, 1_000_000)) + b"\r\n--b--\r\n"
    return Upload("POST", body, {"Content-Type": "multipart/form-data; boundary=b"})


def form_of_headers(random: Random) -> Upload:
    lines = {
        "long": "X: " + "x" * 1_000_000,
        "many": "X: y\r\n" * 100_000,
        "nul": "X\x00: y",
        "none": "no colon",
        "endless": 'Content-Disposition: form-data; name="file"; filename="' + 'x\\"' * 100_000,
    }
    content = f"--{BOUNDARY}\r\n{lines[str(random.choice(list(lines)))]}\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
    return Upload("POST", content.encode(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def form_in_form(random: Random) -> Upload:
    inner = form(portrait("JPEG"))
    return form(inner.body, may_be_read=False)


def odd_name(random: Random) -> Upload:
    name = ODD_NAMES[int(random.integers(len(ODD_NAMES)))]
    return form(portrait("JPEG"), name=name, may_be_read=True)


def wrong_type(random: Random) -> Upload:
    kinds = (
        "text/plain",
        "image/svg+xml",
        "application/json",
        "image/*",
        "*/*",
        "",
        ";",
        "image",
        "x" * 5000,
        "image/jpegg",
        "multipart/mixed; boundary=x",
    )
    return Upload("POST", portrait("JPEG"), {"Content-Type": kinds[int(random.integers(len(kinds)))]})


def no_type(random: Random) -> Upload:
    return Upload("POST", portrait(str(random.choice(FORMATS))))


def packed_body(random: Random) -> Upload:
    return Upload("POST", gzip.compress(portrait("JPEG")), {"Content-Type": str(random.choice(TYPES)), "Content-Encoding": "gzip"})


def wrong_parameter(random: Random) -> Upload:
    queries = ("model=../../etc", "file=%00", "model=mien_s&file=nothing", "model=", "file=", "model=" + "x" * 2000)
    path = f"/v1/predict?{queries[int(random.integers(len(queries)))]}"
    return Upload("POST", portrait("JPEG"), {"Content-Type": "image/jpeg"}, path=path)


def small(random: Random) -> Upload:
    size = ((1, 1), (15, 15), (1, 20_000), (20_000, 1), (16, 15))[int(random.integers(5))]
    return raw(saved(Image.new("RGB", size), str(random.choice(["PNG", "BMP", "TIFF"]))), random)


def sixteen_bit(random: Random) -> Upload:
    values = random.integers(0, 65536, (64, 64), np.uint16)
    return raw(saved(Image.fromarray(values), str(random.choice(["PNG", "TIFF"]))), random, may_be_read=True)


def no_numbers(random: Random) -> Upload:
    values = random.random((64, 64)).astype(np.float32)
    values[int(random.integers(64)), 5] = float(random.choice([np.nan, np.inf, -np.inf, 1e30, -1.0]))
    return raw(saved(Image.fromarray(values), "TIFF"), random)


def animated(random: Random) -> Upload:
    frames = [Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(10)]
    content = saved(frames[0], str(random.choice(["GIF", "WEBP", "PNG", "TIFF"])), save_all=True, append_images=frames[1:])
    return raw(content, random, may_be_read=True)


def leaves_early(random: Random) -> Upload:
    upload = raw(portrait("JPEG"), random)
    upload.leaves_early = True
    return upload


KINDS: dict[str, Callable[[Random], Upload]] = {
    **{f"truncated {kind}": truncated(kind) for kind in FORMATS},
    **{f"flipped {kind}": flipped(kind) for kind in FORMATS},
    **{
        make.__name__: make
        for make in (
            *(claims_png, claims_gif, claims_tiff, claims_webp, claims_bmp, claims_jpeg, bomb_png, bomb_text),
            *(tiny, noise, svg, html, archive, pdf, eps, other_picture, too_many_bytes, too_many_bytes_chunked, far_too_many_bytes),
            *(
                wrong_boundary,
                no_boundary,
                cut_form,
                form_without_file,
                form_of_many_parts,
                form_of_near_boundaries,
                form_of_headers,
                form_in_form,
                odd_name,
            ),
            *(wrong_type, no_type, packed_body, wrong_parameter, small, sixteen_bit, no_numbers, animated, leaves_early),
        )
    },
}
"""Kind to what makes one."""
