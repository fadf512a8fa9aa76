"""The application: REST, live connections, and the page. Made by a function, so that tests give it a specification of theirs."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response, Security, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import APIKeyHeader
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from mien import __version__
from mien.apps.web import live
from mien.apps.web.origin import OwnPage
from mien.apps.web.page import add_page
from mien.apps.web.readers import Gate, Readers, opened
from mien.apps.web.reference import reference_page
from mien.apps.web.refusal import Refusal, responses
from mien.apps.web.schema import FileValues, Health, Models, ModelValues, PictureValues, Prediction
from mien.apps.web.spec import WebSpec
from mien.apps.web.uploads import OPENAPI_BODY, read_upload
from mien.apps.web.watch import Figures, Watch
from mien.serialize import picture_values

DESCRIPTION = (
    "Names the expression that faces show; not the emotion that people feel. Pictures are read in memory and never stored or logged."
)
REFERENCE = "/docs"


def create_app(spec: WebSpec) -> FastAPI:
    """Return the ASGI application of a server.

    Its start-up raises ModelFileError where a model file is missing.
    """
    readers, figures = Readers(spec), Figures()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with opened(readers):
            yield

    app = FastAPI(title="mien", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(OwnPage, hosts=spec.hosts)
    app.add_middleware(Watch, figures=figures)
    _add_refusals(app)
    _add_rest(app, spec, readers, figures)
    _add_stream(app, spec, figures)
    add_page(app, spec)
    return app


def _add_refusals(app: FastAPI) -> None:
    """Give every refusal the same shape."""

    def answer(request: Request, status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
        values = {"error": message, "request_id": request.state.request_id}
        return JSONResponse(values, status, headers)

    @app.exception_handler(Refusal)
    async def refuse(request: Request, error: Refusal) -> JSONResponse:
        return answer(request, error.status, error.message, error.headers)

    @app.exception_handler(HTTPException)
    async def refuse_route(request: Request, error: HTTPException) -> JSONResponse:
        message = f"{error.detail}. {REFERENCE} lists what there is." if error.status_code in (404, 405) else str(error.detail)
        return answer(request, error.status_code, message, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def refuse_values(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
        return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(problems) + f". {REFERENCE} lists what is possible.")


def _add_rest(app: FastAPI, spec: WebSpec, readers: Readers, figures: Figures) -> None:
    limits = spec.limits
    gate = Gate(spec.workers + limits.max_waiting, "As many requests as can be served are being served")
    models = Enum("ModelName", {bundle.card.name: bundle.card.name for bundle in spec.bundles}, type=str)  # type: ignore[misc]
    files = Enum("FileName", {name: name for bundle in spec.bundles for name in bundle.card.files}, type=str)  # type: ignore[misc]
    card = spec.bundles[0].card
    default_model, default_file = models(card.name), files(next(iter(card.files)))
    key = [Depends(_key_check(spec.api_key))] if spec.api_key else []
    refuses_key = (401,) if spec.api_key else ()

    @app.post("/v1/predict", dependencies=key, openapi_extra=OPENAPI_BODY, tags=["pictures"],
              responses=responses(400, *refuses_key, 408, 413, 415, 422, 503, 504))  # fmt: skip
    async def predict(
        request: Request,
        model: Annotated[models, Query(description="One of `GET /v1/models`.")] = default_model,
        file: Annotated[files, Query(description="File of the model.")] = default_file,
    ) -> Prediction:
        """Read the faces of one picture. At most one is sent at a time; it is forgotten when the answer is given."""
        card = spec.bundle(model.value).card
        if file.value not in card.files:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{card.name} has the files {', '.join(card.files)}. Name one of them.")
        with gate.enter():
            name, content = await read_upload(request, limits)
            result = await readers.read(content, card.name, file.value)
        figures.faces.inc(len(result.faces))
        values = PictureValues.model_validate(picture_values(name, result))
        return Prediction(mien=__version__, model=card.name, results=[values], errors=[])

    @app.head("/v1/models", dependencies=key, include_in_schema=False)
    @app.get("/v1/models", dependencies=key, tags=["pictures"], responses=responses(*refuses_key))
    async def list_models() -> Models:
        """Tell what models there are, with what their cards say of them."""
        return Models(models=[_model_values(spec, index) for index in range(len(spec.bundles))])

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", tags=["service"])
    async def health() -> Health:
        """Tell that the service runs; needs no key."""
        return Health(status="ok", mien=__version__)

    @app.get("/metrics", dependencies=key, tags=["service"], response_class=Response,
             responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(*refuses_key)})  # fmt: skip
    async def metrics() -> Response:
        """Give the figures in Prometheus's format."""
        return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)

    @app.head(REFERENCE, include_in_schema=False)
    @app.get(REFERENCE, include_in_schema=False)
    async def reference() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))


def _key_check(expected: str) -> Any:
    """Return a dependency that asks for the key."""

    async def check(given: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))] = None) -> None:
        if not is_key(given, expected):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "The header X-API-Key is missing or wrong.", {"WWW-Authenticate": "APIKey"})

    return check


def is_key(given: str | None, expected: str) -> bool:
    """Compare two keys in a time that tells nothing of them."""
    return secrets.compare_digest((given or "").encode(), expected.encode())


def _model_values(spec: WebSpec, index: int) -> ModelValues:
    card = spec.bundles[index].card
    files = [FileValues(name=name, bytes=one.bytes, sha256=one.sha256, accuracy=one.accuracy) for name, one in card.files.items()]
    return ModelValues(
        name=card.name,
        labels=list(card.labels),
        files=files,
        default=index == 0,
        parameters=card.network.parameters,
        license=card.license,
        intended_use=card.intended_use,
        limits=card.limits,
    )


def _add_stream(app: FastAPI, spec: WebSpec, figures: Figures) -> None:
    gate = Gate(spec.limits.max_streams, "As many live connections as can be served are open; try again later")
    names = {bundle.card.name: bundle.card for bundle in spec.bundles}

    @app.websocket("/v1/stream")
    async def stream(socket: WebSocket, model: str = "", file: str = "", key: str = "") -> None:
        given = socket.headers.get("x-api-key") or key  # browsers cannot set headers of a WebSocket
        if spec.api_key and not is_key(given, spec.api_key):
            await socket.close(live.NOT_ALLOWED)  # before it is accepted: 403
            return
        await socket.accept()
        card = names.get(model or spec.bundles[0].card.name)
        if card is None or (file and file not in card.files):
            await socket.close(live.NOT_ALLOWED, "unknown model or file; GET /v1/models lists them")
            return
        await live.serve_stream(socket, spec, figures, gate, card.name, file)
