"""Where recent lines begin: found once for everybody, and nowhere if it isn't certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from django_logtail.control.messages import Failed, Found, Listed, Reached
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.viewing.recent import Edge, Edges
from django_logtail.viewing.recent_lines import NotCertain, RecentStream, cut

NOW = 1_700_000_000.0
HOUR_MS = 3_600_000


class Reader:
    """Answers as a relay's requests are answered."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.result = "found"
        self.place: Place | None = Place("b", 70)
        self.files: list[str | None] = ["a", "b", "c"]
        self.is_silent = self.fails = False
        self.open = 0

    def request(self, log: str, queue: str, **asked: Any) -> Reader:
        self.asked.append(asked)
        self.open += 1
        self._progress = [Found("t", "m", 1, "", [], 0, 0, 0, False)] if "moment" in asked else []
        return self

    async def next(self) -> object:
        if self.is_silent:
            await asyncio.sleep(0)
            raise asyncio.TimeoutError
        if self._progress:
            return self._progress.pop()
        if self.fails:
            return Failed("t", "m", 1, "gone")
        if "moment" in self.asked[-1]:
            return Reached("t", "m", 1, self.result, self.place, "", 0, 0)
        return Listed("t", "m", 1, [{"file": file} for file in self.files])

    def close(self) -> None:
        self.open -= 1


class Scene:
    def __init__(self, hours: int | None = 2) -> None:
        self.now = NOW
        self.reader = Reader()
        self.log = Log(pk=1, slug="app", path="/var/log/app.log", history_hours=hours)
        self.edges = Edges(lambda: self.reader, lambda: self.now)  # type: ignore[arg-type, return-value]

    def of(self, file: str | None = None) -> Edge | None:
        return asyncio.run(self._of(file))

    async def _of(self, file: str | None) -> Edge | None:
        return await self.edges.of(self.log, file)

    @property
    def looks(self) -> int:
        return sum("moment" in asked for asked in self.reader.asked)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_is_asked_for_the_age_less_the_time_for_which_it_serves(scene: Scene) -> None:
    edge = scene.of()

    assert edge == Edge(Place("b", 70), frozenset({"b", "c"}), frozenset({"a"}), edge.ms if edge else 0, 2)
    assert scene.reader.asked[0]["moment"] == 1_700_000_000_000 - 2 * HOUR_MS + 65_000
    assert scene.reader.open == 0


def test_a_row_without_a_limit_has_none_and_nothing_is_asked() -> None:
    scene = Scene(None)

    assert scene.of() is None
    assert scene.reader.asked == []


@pytest.mark.parametrize(
    ("result", "is_certain"),
    [("found", True), ("begins", True), ("ends", False), ("nearest", False), ("none", False)],
)
def test_only_a_certain_place_counts(scene: Scene, result: str, is_certain: bool) -> None:
    scene.reader.result = result

    assert (scene.of() is not None) is is_certain


@pytest.mark.parametrize("trouble", ["silent", "fails", "unlisted", "nowhere"])
def test_without_an_answer_there_is_none(scene: Scene, trouble: str) -> None:
    scene.reader.is_silent, scene.reader.fails = trouble == "silent", trouble == "fails"
    if trouble == "unlisted":
        scene.reader.files = ["a", None, "c"]
    if trouble == "nowhere":
        scene.reader.place = None

    assert scene.of() is None
    assert scene.reader.open == 0


@pytest.mark.parametrize(("seconds", "looks"), [(0, 1), (59, 1), (60, 2), (-1, 2)])
def test_what_was_found_serves_for_a_minute(scene: Scene, seconds: float, looks: int) -> None:
    scene.of()
    scene.now += seconds
    scene.of("b")

    assert scene.looks == looks


@pytest.mark.parametrize(("seconds", "looks"), [(4, 1), (5, 2)])
def test_what_was_not_found_is_looked_for_again_soon(scene: Scene, seconds: float, looks: int) -> None:
    scene.reader.result = "none"
    scene.of()
    scene.now += seconds
    scene.reader.result = "found"

    assert (scene.of() is not None, scene.looks) == (looks == 2, looks)


@pytest.mark.parametrize(("file", "looks"), [("a", 1), ("b", 1), ("new", 2), ("", 2)])
def test_a_file_that_is_not_known_is_looked_for(scene: Scene, file: str, looks: int) -> None:
    scene.of()
    scene.of(file)

    assert scene.looks == looks


def test_one_look_serves_all_who_ask_at_once(scene: Scene) -> None:
    async def crowd() -> None:
        await asyncio.gather(*(scene.edges.of(scene.log) for _ in range(20)))

    asyncio.run(crowd())

    assert scene.looks == 1


def test_another_limit_or_row_is_another_edge(scene: Scene) -> None:
    scene.of()
    scene.log.history_hours = 3
    scene.of()

    assert [asked["moment"] for asked in scene.reader.asked if "moment" in asked] == [
        1_700_000_000_000 - 2 * HOUR_MS + 65_000,
        1_700_000_000_000 - 3 * HOUR_MS + 65_000,
    ]


def test_edges_of_so_many_logs_are_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_logtail.viewing.recent.MOST_EDGES", 3)
    for pk in range(5):
        scene.log.pk = pk
        scene.of()

    assert len(scene.edges._kept) == 3


EDGE = Edge(Place("b", 70), frozenset({"b", "c"}), frozenset({"a"}), 0, 2)


@pytest.mark.parametrize(
    ("file", "offset", "allowed"),
    [
        ("b", 69, False),
        ("b", 70, True),
        ("b", 71, True),
        ("c", 0, True),
        ("a", 999, False),
        ("new", 0, False),
    ],
)
def test_a_place_is_recent_from_the_edge_on(file: str, offset: int, allowed: bool) -> None:
    assert EDGE.allows(Place(file, offset)) is allowed


def batch(file: str, start: int, data: bytes, **more: Any) -> Frame:
    return Frame.batch(Place(file, start), data, **more)


@pytest.mark.parametrize(
    ("frame", "start", "data"),
    [
        (batch("b", 60, b"0123456789"), None, None),
        (batch("b", 60, b"0123456789x"), 70, b"x"),
        (batch("b", 70, b"0"), 70, b"0"),
        (batch("a", 70, b"0"), None, None),
        (batch("new", 0, b"0"), None, None),
        (batch("c", 0, b"0"), 0, b"0"),
    ],
)
def test_a_batch_is_cut_at_the_edge(frame: Frame, start: int | None, data: bytes | None) -> None:
    found = cut(frame, EDGE)

    assert (found and found.fields["start"], found and found.data) == (start, data)


def test_what_is_hidden_keeps_its_place_in_a_batch_that_is_cut() -> None:
    found = cut(batch("b", 60, b"0123456789abcdef", hidden=[[8, 4, "email"], [13, 2, "ip"]]), EDGE)

    assert found is not None
    assert found.fields["hidden"] == [[0, 2, "email"], [3, 2, "ip"]]


def event(kind: str, file: str, offset: int, **fields: Any) -> Frame:
    return Frame.message("event", kind=kind, file=file, offset=offset, **fields)


def streamed(*frames: Frame, find: Callable[[str], Edge | None] = lambda file: None) -> list[Any]:
    async def found(file: str) -> Edge | None:
        return find(file)

    async def run() -> list[Any]:
        stream = RecentStream(EDGE, found)
        steps = [(frame, None) for frame in frames]
        told: list[Frame] = []
        for half in (steps[:2], steps[2:]):  # as they come
            told += [frame async for frame, _ in stream.of(half)]
        return told

    told = asyncio.run(run())
    return [
        (one.fields["file"], one.fields["start"], one.data)
        if one.kind == "batch"
        else (one.fields["kind"], one.fields["file"], one.fields["offset"])
        for one in told
    ]


def test_a_stream_begins_at_the_edge_wherever_the_feed_begins() -> None:
    assert streamed(
        event("started", "a", 10, size=90),
        batch("a", 10, b"." * 80),
        event("rotated", "b", 0),
        batch("b", 0, b"." * 60),
        batch("b", 60, b"0123456789x"),
        batch("b", 71, b"y"),
        event("rotated", "c", 0),
        batch("a", 90, b"late", late=True),
    ) == [
        ("started", "b", 70),
        ("b", 70, b"x"),
        ("b", 71, b"y"),
        ("rotated", "c", 0),
        ("a", 90, b"late"),
    ]


def test_a_stream_that_begins_after_the_edge_is_as_it_comes() -> None:
    assert streamed(event("started", "b", 70), batch("b", 70, b"x")) == [
        ("started", "b", 70),
        ("b", 70, b"x"),
    ]


def test_a_stream_that_comes_to_a_newer_file_begins_there() -> None:
    assert streamed(event("started", "a", 10), batch("a", 10, b"."), event("rotated", "c", 0)) == [
        ("started", "c", 0)
    ]


def test_late_bytes_of_an_older_file_do_not_begin_it() -> None:
    assert streamed(event("started", "a", 10), batch("b", 90, b"late", late=True)) == []


def test_a_file_that_is_not_known_is_looked_for_once_and_never_shown_unseen() -> None:
    asked: list[str] = []

    def find(file: str) -> Edge:
        asked.append(file)
        return Edge(Place("new", 5), frozenset({"new"}), frozenset({"a", "b", "c"}), 0, 2)

    frames = event("started", "new", 0), batch("new", 0, b"0123456"), batch("new", 7, b"x")
    assert streamed(*frames, find=find) == [("started", "new", 5), ("new", 5, b"56"), ("new", 7, b"x")]
    assert asked == ["new"]
    for nobody in (lambda file: None, lambda file: EDGE):
        with pytest.raises(NotCertain):
            streamed(*frames, find=nobody)
