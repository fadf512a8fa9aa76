"""Running the application with uvicorn, until it is told to stop."""

import contextlib
import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from mien.apps.web.app import create_app
from mien.apps.web.readers import make_recognizer
from mien.apps.web.spec import WebSpec
from mien.errors import ConfigError

GRACE_S = 20
"""What is being answered when the server is told to stop has so long to end."""


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free one."""
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url(self, port: int) -> str:
        """Return where the page is, on the port that was taken."""
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        host = f"[{name}]" if ":" in name else name
        return f"{'https' if self.tls_cert else 'http'}://{host}:{port}/"


def serve(spec: WebSpec, address: Address, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT or Ctrl-C; requests in flight are finished.

    Args:
        say: Told where the page is, once it can be reached.

    Raises:
        ConfigError: the address is taken or not this machine's, or the certificate cannot be used.
        ModelFileError: a model file is missing.
    """
    if (address.tls_cert is None) != (address.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together; give both or neither.")
    log_lines_to_stderr()
    with _listen(address) as listening:
        make_recognizer(spec, "", next(iter(spec.bundle("").card.files)), "picture")  # or uvicorn would tell an error by its traceback
        spec = replace(spec, may_fetch=False)  # what can be had is there now; others need not try, and tell, again
        where = address.url(listening.getsockname()[1])
        server = _Server(_config(spec, address), lambda: say(f"mien is at {where} - Ctrl-C ends it."))
        # The signal that ended it, raised again by uvicorn when all is done; or uvicorn's own exit when it cannot start.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            server.run(sockets=[listening])
    if not server.started:
        raise ConfigError("The server could not start; the lines above say why.")


class _Server(uvicorn.Server):
    """Calls ``at_start`` once connections are answered."""

    def __init__(self, config: uvicorn.Config, at_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._at_start = at_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._at_start()


def _config(spec: WebSpec, address: Address) -> uvicorn.Config:
    config = uvicorn.Config(
        create_app(spec),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws_max_size=spec.limits.max_bytes,
        ws_per_message_deflate=False,  # pictures are compressed already
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=address.tls_cert,
        ssl_keyfile=address.tls_key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"The certificate or its key cannot be used ({error.strerror or error}). Expected two PEM files.") from error
    return config


def log_lines_to_stderr() -> None:
    """Let the service's own log lines through; they are JSON already."""
    logging.getLogger("mien.web").setLevel(logging.INFO)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every broken form, with bytes of it


def _listen(address: Address) -> socket.socket:
    """Return a listening socket, so that a wrong address is told before anything is loaded."""
    try:
        family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with contextlib.ExitStack() as on_failure:
            made = on_failure.enter_context(socket.socket(family, socket.SOCK_STREAM))
            if os.name == "posix":  # elsewhere it would share a port that is taken
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(where)
            made.listen()
            on_failure.pop_all()
    except OSError as error:
        raise ConfigError(
            f"{address.host}:{address.port} cannot be listened on ({error.strerror or error}). Choose another --port or --host."
        ) from error
    return made
