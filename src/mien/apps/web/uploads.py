"""The picture in a request: as the body itself, or as a file of a form. It stays in memory and is never stored."""

import asyncio
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from mien.apps.web.refusal import Refusal
from mien.apps.web.spec import Limits

FORM = "multipart/form-data"
UNNAMED = "upload"
PICTURE_TYPES = (*(f"image/{kind}" for kind in ("jpeg", "png", "webp", "bmp", "gif", "tiff")), "application/octet-stream")
MAX_NAME = 255
DRAIN_AT_MOST = 4
"""A body that is too large is read up to so many times the limit, and forgotten: few clients read an answer before they have sent all."""
MAX_PARTS = 100
"""Of a form; parsing takes time for each, however small."""

OPENAPI_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One picture: as the body, or as the file `file` of a form.",
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "The picture."}},
                }
            },
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURE_TYPES},
        },
    }
}


async def read_upload(request: Request, limits: Limits) -> tuple[str, bytes]:
    """Return name and bytes of the picture in a request.

    Raises:
        Refusal: another content type, a broken form, too many bytes, or too slow.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    content_type = kind.decode("latin-1")
    if content_type != FORM and content_type not in PICTURE_TYPES:
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type {content_type[:80]!r} is not read here. Send a picture as {', '.join(PICTURE_TYPES)}, or a form ({FORM}) with "
            "the file 'file'.",
            {"Accept": ", ".join((FORM, *PICTURE_TYPES))},
        )
    body = await _read_body(request, limits)
    if content_type != FORM:
        return UNNAMED, body
    # In a thread: where a form is full of what nearly is its boundary, this takes seconds.
    return await asyncio.to_thread(_file_of_form, body, options.get(b"boundary", b""))


async def _read_body(request: Request, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.upload_timeout_s):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limits.max_bytes:
                    parts.append(chunk)
                else:
                    parts.clear()
                if size > DRAIN_AT_MOST * limits.max_bytes:
                    break
    except ClientDisconnect as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The client left before its picture was here.") from error  # only the log sees it
    except TimeoutError as error:
        message = f"The body did not arrive within {limits.upload_timeout_s:g} s. Send a smaller picture."
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, message, {"Connection": "close"}) from error
    if size > limits.max_bytes:
        message = f"The body has more than {limits.max_bytes:,} bytes. Send a smaller picture."
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, {"Connection": "close"})
    return b"".join(parts)


def _file_of_form(body: bytes, boundary: bytes) -> tuple[str, bytes]:
    """Return name and bytes of the file ``file``.

    Raises:
        Refusal: not a form, or without this file.
    """
    form = _Form()
    try:
        parser = MultipartParser(boundary, callbacks=form.callbacks())
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"The form cannot be read ({error}). Expected {FORM} with the file 'file'.") from error
    if not form.is_whole or form.content is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The form holds no file 'file', or is cut short. Send the picture under this name.")
    return form.name or UNNAMED, bytes(form.content)


class _Form:
    """Keeps the first file called ``file``, and nothing else of a form."""

    def __init__(self) -> None:
        self.content: bytearray | None = None
        self.name = ""
        self.is_whole = False
        self._num_parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._is_wanted = False

    def callbacks(self) -> Any:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_field,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._choose,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._num_parts += 1
        if self._num_parts > MAX_PARTS:
            raise FormParserError(f"more than {MAX_PARTS} parts")

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _choose(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._is_wanted = self.content is None and options.get(b"name") == b"file"
        if self._is_wanted:
            self.content = bytearray()
            self.name = _bare_name(options.get(b"filename", b""))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_wanted and self.content is not None:
            self.content += data[start:end]

    def _end(self) -> None:
        self._is_wanted = False

    def _finish(self) -> None:
        self.is_whole = True


def _bare_name(name: bytes) -> str:
    """Return a file's name without folders and without what does not print; it goes back to the sender and nowhere else."""
    text = PurePosixPath(name.decode("utf-8", "replace").replace("\\", "/")).name
    return "".join(character for character in text if character.isprintable())[:MAX_NAME]
