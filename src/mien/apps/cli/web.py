"""``mien web``: the page and the REST service."""

import math
import os
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError, MissingExtraError

KEY_VARIABLE = "MIEN_API_KEY"


def web(
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Shipped bundle, or the folder of one; several may be served.")
    ] = None,
    detector: console.DetectorName = "auto",
    detector_model: console.DetectorModel = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE.pem", help="Certificate; phones give a camera to HTTPS pages only.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE.pem", help="Its private key.")] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Pictures read at the same time; 0 is one per core.")] = 0,
    max_streams: Annotated[int, typer.Option(min=0, help="Live connections at a time.")] = 4,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="Of one picture, as sent.")] = 10.0,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="Of one picture.")] = 24.0,
    export: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the page as files for any HTTPS host, and end.")] = None,
) -> None:
    """Serve the page, which reads faces in the browser itself, and a REST service that reads them here.

    Nothing is stored. The environment's MIEN_API_KEY, where it is set, is what clients of the service must send as X-API-Key.
    """
    try:
        from mien.apps.web.export import export_page
        from mien.apps.web.origin import LOCAL_HOSTS
        from mien.apps.web.serve import Address, serve
        from mien.apps.web.spec import Limits, WebSpec, open_bundles
        from mien.hub import is_offline
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mien"):
            raise
        raise MissingExtraError("The web page", "web") from error

    if not (math.isfinite(max_megabytes) and math.isfinite(max_megapixels)):
        raise ConfigError("--max-megabytes and --max-megapixels need finite numbers.")
    limits = Limits(max_bytes=int(max_megabytes * 1e6), max_pixels=int(max_megapixels * 1e6), max_streams=max_streams)
    address = Address(host, port, tls_cert, tls_key)
    spec = WebSpec(
        bundles=open_bundles(tuple(model or ())),
        detector=detector,
        detector_model=detector_model,
        may_fetch=not is_offline(),
        workers=workers or os.cpu_count() or 1,
        api_key=os.environ.get(KEY_VARIABLE, ""),
        hosts=tuple(dict.fromkeys((*LOCAL_HOSTS, host))) if address.is_local else (),
        limits=limits,
    )
    if export is not None:
        size = export_page(spec, export)
        console.say(f"{export}: {size / 1e6:.1f} MB. Serve it over HTTPS, with the headers that stand in _headers.")
        return
    if not address.is_local and not spec.api_key:
        console.say(f"Anybody who reaches {host} may use this service. {KEY_VARIABLE} asks for a key.")
    if port == 0 and not address.is_local:
        raise ConfigError("Name a --port for other machines to find.")
    serve(spec, address, console.say)
