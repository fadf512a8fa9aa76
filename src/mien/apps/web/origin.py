"""Who may ask from a browser: the service's own page. Programs are told apart by their key, where one is set."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class OwnPage:
    """ASGI middleware. Refuses other sites' forms, and other names, by which a site could pass for the page (DNS rebinding).

    Args:
        hosts: Names that the service may be called by; empty allows all, as behind a proxy.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = ()) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        problem = self._problem(scope) if scope["type"] in ("http", "websocket") else None
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, message = problem
            values = {"error": message, "request_id": scope.get("state", {}).get("request_id", "")}
            await JSONResponse(values, status)(scope, receive, send)

    def _problem(self, scope: Scope) -> tuple[HTTPStatus, str] | None:
        headers = {key: value.decode("latin-1") for key, value in scope["headers"]}
        host = headers.get(b"host", "")
        name = host.rpartition(":")[0] if _has_port(host) else host
        if self._hosts and name.lower().removesuffix(".") not in self._hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, f"This service is not called {name[:80]!r}. Ask for {', '.join(self._hosts)}."
        asks_for_work = scope["type"] == "websocket" or scope["method"] == "POST"
        is_foreign = headers.get(b"sec-fetch-site") == "cross-site" or not _is_of(headers.get(b"origin"), host)
        if asks_for_work and is_foreign:
            return HTTPStatus.FORBIDDEN, "Pages of other sites may not use this service. Open its own page."
        return None


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _is_of(origin: str | None, host: str) -> bool:
    """Say whether a page of this host asks; programs send no origin."""
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:  # not an address
        return False
