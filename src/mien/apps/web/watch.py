"""Around every request: an id, headers, one log line without pictures, and figures for Prometheus."""

import json
import logging
import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("mien.web")

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Figures:
    """What Prometheus may ask for; of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kwargs: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("mien_requests", "Requests answered.", ("method", "route", "status"), **kwargs)
        self.seconds = Histogram("mien_request_seconds", "Time to answer.", ("route",), **kwargs)
        self.inside = Gauge("mien_requests_in_progress", "Requests being answered.", **kwargs)
        self.faces = Counter("mien_faces", "Faces read, in pictures and frames.", **kwargs)
        self.streams = Gauge("mien_streams", "Live connections.", **kwargs)
        self.frames = Counter("mien_frames", "Frames of live connections.", ("what",), **kwargs)


class Watch:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = _request_id(scope)
        started_s, status, num_bytes = time.perf_counter(), 0, 0

        async def receive_counted() -> Message:
            nonlocal num_bytes
            message = await receive()
            num_bytes += len(message.get("body", b""))
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                extra = {**HEADERS, "x-request-id": request_id}
                message["headers"] = [*message["headers"], *((key.encode(), value.encode()) for key, value in extra.items())]
            await send(message)

        self._figures.inside.inc()
        try:
            await self._app(scope, receive_counted, send_with_headers)
        except Exception:
            if not status:
                values = {"error": "Internal error. The server's log says more.", "request_id": request_id}
                await JSONResponse(values, 500)(scope, receive, send_with_headers)
            raise
        finally:
            self._figures.inside.dec()
            passed_s = time.perf_counter() - started_s
            route = _route(scope)
            self._figures.requests.labels(_method(scope), route, str(status)).inc()
            self._figures.seconds.labels(route).observe(passed_s)
            tell("request", request_id=request_id, method=scope["method"], route=route, status=status, ms=passed_s * 1000, bytes=num_bytes)


def tell(event: str, **values: Any) -> None:
    """Log one JSON object: no picture, no reading, no address and no query of a client."""
    rounded = {key: round(value, 1) if isinstance(value, float) else value for key, value in values.items()}
    log.info(json.dumps({"event": event, **rounded}))


def _request_id(scope: Scope) -> str:
    """Return the client's own id where it is a harmless one, else a new one."""
    theirs = next((value.decode("latin-1") for key, value in scope["headers"] if key == b"x-request-id"), "")
    return theirs if _ID.fullmatch(theirs) else secrets.token_hex(8)


def _route(scope: MutableMapping[str, Any]) -> str:
    """Return the path as the application defines it, so that clients cannot fill the figures with names of theirs."""
    path = getattr(scope.get("route"), "path", "")
    return path or "(none)"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "OPTIONS") else "other"
