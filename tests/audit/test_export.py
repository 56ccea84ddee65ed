"""Records as files."""

import csv
import io
import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from django_logtail.audit import export
from django_logtail.audit.models import Viewing, ViewingEvent

BEGAN = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)

pytestmark = pytest.mark.django_db


def add(count: int, **fields: Any) -> None:
    """Viewings of which three at a time began at the same moment."""
    Viewing.objects.bulk_create(
        Viewing(
            **{
                "id": uuid.uuid4(),
                "began": BEGAN - timedelta(seconds=index // 3),
                "seen": BEGAN,
                "user_name": f"user-{index}",
                **fields,
            }
        )
        for index in range(count)
    )


def written(form: str, rows: Any = None) -> str:
    return b"".join(export.pieces(Viewing.objects.all() if rows is None else rows, form)).decode()


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 13])
def test_every_row_is_exported_once_newest_first(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(export, "ROWS", 5)
    add(count)

    lines = [json.loads(line) for line in written("ndjson").splitlines()]

    assert {line["user_name"] for line in lines} == {f"user-{index}" for index in range(count)}
    assert len(lines) == count
    assert [line["began"] for line in lines] == sorted((line["began"] for line in lines), reverse=True)


def test_no_more_rows_are_read_at_a_time_than_are_sent(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(export, "ROWS", 5)
    add(12)

    with django_assert_num_queries(4) as queries:
        pieces = list(export.pieces(Viewing.objects.all(), "ndjson"))

    assert [piece.count(b"\n") for piece in pieces] == [5, 5, 2]
    assert all("LIMIT 5" in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),  # a spreadsheet in Japanese reads this, too
        ("a=1", "a=1"),
        ("ann", "ann"),
        ('a"b,c\nd', 'a"b,c\nd'),
    ],
)
def test_a_cell_is_never_a_formula(name: str, cell: str) -> None:
    add(1, user_name=name, slug=name)

    (row,) = csv.DictReader(io.StringIO(written("csv"), newline=""))

    assert (row["user_name"], row["slug"]) == (cell, cell)


def test_the_csv_has_a_head_and_every_field() -> None:
    add(1, ranges=[{"file": "f", "ranges": [[0, 5]]}], bytes=5, code=1001, outcome="left", hosts=["web-1"])

    (row,) = csv.DictReader(io.StringIO(written("csv"), newline=""))

    assert {field.attname for field in Viewing._meta.concrete_fields} - {"seen"} == set(row)
    assert (row["began"], row["ended"], row["bytes"], row["code"]) == (
        "2026-11-27T12:00:00+00:00",
        "",
        "5",
        "1001",
    )
    assert json.loads(row["ranges"]) == [{"file": "f", "ranges": [[0, 5]]}]


def test_actions_have_their_detail() -> None:
    ViewingEvent.objects.create(
        id=uuid.uuid4(), began=BEGAN, action="search", detail={"pattern": "x\n=y"}, user_name="ann"
    )

    (line,) = written("ndjson", ViewingEvent.objects.all()).splitlines()
    (row,) = csv.DictReader(io.StringIO(written("csv", ViewingEvent.objects.all()), newline=""))

    assert json.loads(line)["detail"] == json.loads(row["detail"]) == {"pattern": "x\n=y"}
    assert {field.attname for field in ViewingEvent._meta.concrete_fields} == set(row)


def test_a_hostile_name_stays_on_its_line() -> None:
    add(1, user_name='ann\n{"forged": 1}\u202e')

    (line,) = written("ndjson").splitlines()

    assert line.isascii()


def test_wsgi_gets_pieces_that_it_can_iterate_over() -> None:
    add(1)

    answer = export.response(RequestFactory().get("/"), Viewing.objects.all(), "csv", "viewings")

    assert not answer.is_async
    assert len(list(answer)) == 2
    assert answer["Content-Disposition"] == 'attachment; filename="viewings.csv"'
    assert answer["Cache-Control"] == "no-store, private"


@pytest.mark.django_db(transaction=True)
async def test_asgi_gets_pieces_that_it_can_await() -> None:
    answer = export.response(AsyncRequestFactory().get("/"), Viewing.objects.all(), "csv", "viewings")

    assert answer.is_async
    assert len([piece async for piece in answer]) == 1  # type: ignore[union-attr]
