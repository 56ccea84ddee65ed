"""Middleware that hosts put around views, written in the usual ways."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def counts_pieces(get_response: GetResponse) -> GetResponse:
    """As profilers and byte counters do: the content is wrapped, and its length no longer known."""

    async def counted(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, StreamingHttpResponse) and response.is_async:
            response.streaming_content = counted(response.streaming_content)
            del response["Content-Length"]
        return response

    return middleware


def reads_bodies(get_response: GetResponse) -> GetResponse:
    """As silk and auditing do: reads the request's body before the view, and the response's after it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        size = len(request.body)
        response = get_response(request)
        if isinstance(response, HttpResponse):
            size += len(response.content)
        response["X-Bytes"] = str(size)
        return response

    return middleware


def marks_versions(get_response: GetResponse) -> GetResponse:
    """As home-made caching does: a version for whatever it can read, and for the rest one of the address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        content = response.content if isinstance(response, HttpResponse) else request.path.encode()
        response["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        return response

    return middleware


def drops_identity(get_response: GetResponse) -> GetResponse:
    """`identity` is no encoding by the letter of RFC 9110, and some take it out for that."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.get("Content-Encoding") == "identity":
            del response["Content-Encoding"]
        return response

    return middleware
