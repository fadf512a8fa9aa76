"""A request that is not served: one sentence, one status, one shape."""

from http import HTTPStatus
from typing import Any

from mien.apps.web.schema import Problem

RETRY_AFTER_S = 1
DESCRIPTIONS = {
    400: "Not a readable picture, or not a valid form.",
    401: "The API key is missing or wrong.",
    408: "The body took too long to arrive.",
    413: "Too many bytes or pixels.",
    415: "Neither a picture nor a form with one.",
    422: "A parameter has a wrong value.",
    503: "Busy. `Retry-After` says when to ask again.",
    504: "Reading took too long.",
}


class Refusal(Exception):  # noqa: N818 - most refusals are the client's errors, and none is ours
    """A request that is answered with a status of 400 and above.

    Args:
        message: What happened, what was expected, how to mend it.
    """

    def __init__(self, status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def busy(what: str) -> Refusal:
    """Return the refusal for what would be one too many."""
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{what}. Ask again in {RETRY_AFTER_S} s or more.",
        {"Retry-After": str(RETRY_AFTER_S)},
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of these refusals."""
    return {status: {"model": Problem, "description": DESCRIPTIONS[status]} for status in statuses}
