"""What may be read of a requested log, according to the stop flag, its row and its revision."""

from pathlib import Path

import pytest

from django_logtail.models import Log
from django_logtail.reader.sources import NotThere, Registry, Source, Sources
from django_logtail.tailing.belonging import Registered, Row
from django_logtail.tailing.listing import newest_first


class Rows:
    def __init__(self):
        self.rows = {
            "1": Source(Path("/var/log/1.log"), "utf-8", "one", "r1"),
            "2": Source(Path("/var/log/2.log"), "utf-8", "two", "r2"),
        }
        self.asked = []

    def find(self, logs):
        self.asked.append(sorted(logs))
        return {log: self.rows[log] for log in logs if log in self.rows}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def registry():
    return Rows()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sources(registry, clock):
    sources = Sources(registry.find, clock)
    yield sources
    sources.close()


async def refusal(sources, log, revision):
    with pytest.raises(NotThere) as refused:
        await sources.of(log, revision)
    return str(refused.value)


async def test_a_log_is_found_in_the_revision_that_was_asked_for(sources, registry):
    assert await sources.of("1", "r1") is registry.rows["1"]
    assert await refusal(sources, "1", "r0") == "reason:changed?"
    assert await refusal(sources, "9", "r1") == "reason:not-registered?"


@pytest.mark.parametrize(("flag", "stopped"), [("1", ["1"]), ("*", ["1", "2"]), ("3", [])])
async def test_the_stop_flag_is_for_one_log_or_for_all(sources, flag, stopped):
    sources.stops = {flag: "disk is full"}

    refused = []
    for log in ("1", "2"):
        try:
            await sources.of(log, f"r{log}")
        except NotThere as error:
            refused.append((log, str(error)))

    assert refused == [(log, "disk is full") for log in stopped]
    assert sources.stop_reason("1") == ("disk is full" if "1" in stopped else None)


async def test_the_reason_of_a_log_s_own_comes_before_that_of_all(sources):
    sources.stops = {"*": "maintenance", "1": "disk is full"}

    assert (sources.stop_reason("1"), sources.stop_reason("2")) == ("disk is full", "maintenance")


async def test_what_was_found_serves_for_a_second(sources, registry, clock):
    for now in (100.0, 100.5, 100.99, 101.0, 101.5):
        clock.now = now
        await sources.of("1", "r1")

    assert registry.asked == [["1"], ["1"]]


async def test_another_revision_is_looked_up_at_once_and_what_was_not_there_too(sources, registry):
    await sources.of("1", "r1")
    await refusal(sources, "3", "r3")
    registry.rows["1"] = Source(Path("/var/log/other.log"), "utf-8", "one", "r9")
    registry.rows["3"] = Source(Path("/var/log/3.log"), "utf-8", "three", "r3")

    assert (await sources.of("1", "r9")).path == Path("/var/log/other.log")
    assert (await sources.of("3", "r3")).name == "three"


async def test_nothing_is_remembered_of_logs_that_nobody_asks_about_any_more(sources, clock):
    await sources.of("1", "r1")
    clock.now += 2
    await sources.of("2", "r2")

    assert list(sources._found) == ["2"]


async def test_each_log_is_looked_up_and_those_that_fail_are_told_apart(sources, registry):
    def find(logs):
        if "2" in logs:
            raise ValueError("a router of the host")
        return {log: registry.rows[log] for log in logs if log in registry.rows}

    sources._find = find
    each = await sources.look_up_each(["1", "2", "9"])

    assert each["1"] is registry.rows["1"]
    assert isinstance(each["2"], ValueError)
    assert each["9"] is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "is_refused"),
    [("/tmp/logs/app.log", False), ("/tmp/logs/../app.log", True), ("/etc/passwd", True)],
)
def test_a_row_that_no_form_has_seen_is_refused_by_its_path(settings, path, is_refused):
    settings.LOGTAIL = {**settings.LOGTAIL, "ROOTS": ["/tmp"]}
    log = Log.objects.create(name="app", slug="app", path=path)
    off = Log.objects.create(name="off", slug="off", path="/tmp/off.log", enabled=False)

    found = Registry().find([str(log.pk), str(off.pk), "999999"])

    assert list(found) == [str(log.pk)]
    assert bool(found[str(log.pk)].refusal) is is_refused


def test_a_file_that_another_row_has_is_not_read_through_a_link(tmp_path):
    mine, theirs = tmp_path / "mine.log", tmp_path / "theirs.log"
    theirs.write_bytes(b"theirs\n")
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "copy.log"
    other.hardlink_to(theirs)
    mine.symlink_to(other)
    registered = Registered([Row(1, mine, ""), Row(2, theirs, "")])
    source = Source(mine, "utf-8", "mine", key=1, registered=registered)

    with other.open("rb") as file:
        refusal = source.permit(lambda descriptor: None)(file.fileno())

    assert refusal == "reason:belongs-to-another?"


@pytest.mark.django_db
def test_a_log_that_follows_the_newest_match_has_the_pattern_s_files(tmp_path, settings):
    settings.LOGTAIL = {"ROOTS": [tmp_path]}
    older, newest, other = (tmp_path / f"app-2026-11-{day}.log" for day in (27, 28, 29))
    for path in (older, newest, other):
        path.write_bytes(b"x\n")
    log = Log.objects.create(
        name="n", slug="n", path=str(tmp_path / "app-%Y-%m-%d.log"), follow="newest", enabled=True
    )
    plain = Log.objects.create(name="p", slug="p", path=str(other), enabled=True)
    wide = Log.objects.create(name="w", slug="w", path=str(tmp_path / "app*"), follow="newest", enabled=True)

    found = Registry().find([str(row.pk) for row in (log, plain, wide)])

    names = {
        row.slug: [
            one.name
            for one in newest_first(found[str(row.pk)].belonging, permit=lambda _: None)
            if one is not None
        ]
        for row in (log, plain, wide)
    }
    assert names == {"n": [newest.name, older.name], "p": [other.name], "w": []}
    assert not found[str(log.pk)].refusal


@pytest.mark.django_db
def test_one_query_finds_the_logs_that_may_be_read_and_whom_else_files_belong_to(
    settings, django_assert_num_queries
):
    settings.LOGTAIL = {"ROOTS": ["/tmp"]}

    def row(slug, path, **fields):
        return Log.objects.create(name=slug, slug=slug, path=f"/tmp/{path}", **fields)

    pattern = row("all", "*.log", follow="each")
    closed = row("closed", "old/*.log", follow="each", enabled=False)
    single = row("single", "x/*.log")
    rows = [
        row("a", "a.log", parent=pattern),
        row("off-but-its-pattern-decides", "b.log", parent=pattern, enabled=False),
        row("of-a-closed-pattern", "old/c.log", parent=closed),
        row("of-no-pattern-any-more", "x/d.log", parent=single),
        row("on", "other/e.log"),
        row("off", "other/f.log", enabled=False),
        row("again", "other/e.log"),
    ]
    asked = [str(one.pk) for one in [pattern, *rows]]

    registry = Registry()
    with django_assert_num_queries(1):
        found = registry.find(asked)

    assert {source.name: bool(source.refusal) for source in found.values()} == {
        "a": False,
        "off-but-its-pattern-decides": False,
        "on": False,
        "again": True,
    }
    others = found[str(rows[0].pk)].registered
    assert {one.key for one in others.rows} == {single.pk, *(one.pk for one in rows)}
    with django_assert_num_queries(1):
        assert registry.find([str(rows[5].pk), "999999"]) == {}
