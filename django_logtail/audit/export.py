"""Records as CSV or NDJSON, streamed: a bounded number of rows in memory, however many there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from django_logtail.audit.models import Viewing, ViewingEvent

#: Rows read and sent at a time.
ROWS: Final = 1_000
FORMS: Final = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}

_COMMON: Final = ("id", "began", "ended", "user", "user_name", "log", "slug", "log_name", "address", "via")
_COLUMNS: Final[dict[type, Sequence[str]]] = {
    Viewing: (*_COMMON, "outcome", "code", "bytes", "hosts", "ranges", "is_exact", "process"),
    ViewingEvent: (
        *_COMMON,
        "viewing_id",
        "action",
        "detail",
        "outcome",
        "bytes",
        "hosts",
        "ranges",
        "is_exact",
    ),
}
#: What a spreadsheet takes for the begin of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def columns(rows: QuerySet[Any]) -> Sequence[str]:
    """The names of the fields, in the order of the CSV."""
    return _COLUMNS[rows.model]


def response(request: HttpRequest, rows: QuerySet[Any], form: str, name: str) -> StreamingHttpResponse:
    """All of the rows, newest first. `form`: "csv" or "ndjson"."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "Cache-Control": "no-store, private",
        "X-Content-Type-Options": "nosniff",
    }
    found = pieces(rows, form)
    # Django collects whatever the other kind of server can't iterate over into a list.
    content = found if isinstance(request, WSGIRequest) else _awaited(found)
    return StreamingHttpResponse(content, content_type=FORMS[form], headers=headers)


def pieces(rows: QuerySet[Any], form: str) -> Iterator[bytes]:
    """Some rows at a time."""
    names = columns(rows)
    line: Callable[[Sequence[Any]], str] = _csv if form == "csv" else lambda row: _ndjson(names, row)
    if form == "csv":
        yield _csv(names).encode()
    for chunk in _chunks(rows, names):
        yield "".join(map(line, chunk)).encode()


def _chunks(rows: QuerySet[Any], names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """By key, because not every database has cursors that read as they go, and no transaction should last for hours."""
    rows = rows.order_by("-began", "id")
    after = rows
    while chunk := list(after.values_list(*names)[:ROWS]):
        yield chunk
        began, pk = chunk[-1][names.index("began")], chunk[-1][names.index("id")]
        after = rows.filter(began__lte=began).filter(Q(began__lt=began) | Q(pk__gt=pk))


async def _awaited(found: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(found, None))
    while (piece := await following()) is not None:
        yield piece


def _csv(row: Sequence[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_cell(value) for value in row])
    return written.getvalue()


def _cell(value: Any) -> Any:
    """With an apostrophe before what a spreadsheet would calculate."""
    match value:
        case None:
            return ""
        case list() | dict():
            return json.dumps(value)
        case str() if value.lstrip(" ").startswith(_FORMULA):
            return "'" + value
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else value


def _ndjson(names: Sequence[str], row: Sequence[Any]) -> str:
    return json.dumps(dict(zip(names, row, strict=True)), default=_json) + "\n"


def _json(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
