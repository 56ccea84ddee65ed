"""A whole file through the reader's ranges: complete or aborted."""

import asyncio
import contextlib
import shutil

import pytest

from django_logtail.access import Refused
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.messages import Failed, Found, Piece, Read
from django_logtail.models import Log
from django_logtail.protocol import MAX_RANGE_BYTES, CloseCode
from django_logtail.reader.limits import Limits
from django_logtail.viewing import download as module
from django_logtail.viewing import limits
from django_logtail.viewing.admission import viewers
from django_logtail.viewing.download import (
    Body,
    BrokenOff,
    NoFile,
    Requester,
    bytes_of,
    file_name,
    whole_file,
)
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.rechecks import rounds_here
from django_logtail.viewing.tally import Tally
from tests.delivery.test_delivery import QUEUE, House, eventually

LOG = Log(pk=1, slug="app", name="app.log", path="/nowhere", queue=QUEUE, encoding="utf-8")
REQUESTER = Requester("7", "session", "127.0.0.1")
CONTENT = b"".join(b"%08d and whatever\n" % number for number in range(150_000))
assert len(CONTENT) > 3 * MAX_RANGE_BYTES


@pytest.fixture
async def house(tmp_path, monkeypatch):
    path = tmp_path / "app.log"
    path.write_bytes(CONTENT)
    house = House(path, LOG.revision)
    monkeypatch.setattr(module, "relay_here", lambda: house.relay)
    yield house
    await house.close()


async def downloaded(house: House, *, after: int = 0, then=lambda: None) -> bytes:
    """All of it; when `after` bytes were taken, something happens."""
    found = b""
    whole = await whole_file(house.relay, LOG)
    async for piece in bytes_of(LOG, whole, REQUESTER):
        found += piece
        if after and len(found) >= after:
            after = 0
            then()
    assert len(found) == whole.size
    return found


async def one_range(pieces) -> bytes:
    """What comes of one range, in pieces of 64 KiB."""
    found = b""
    while len(found) < MAX_RANGE_BYTES:
        piece = await anext(pieces)
        assert len(piece) == 64 * 1024
        found += piece
    return found


async def test_a_file_of_several_ranges_comes_whole_and_nothing_is_reported(house, caplog):
    assert await downloaded(house) == CONTENT
    assert caplog.messages == []


async def test_it_ends_where_the_file_ended_when_it_began(house):
    found = await downloaded(house, after=1, then=lambda: house.append(b"later\n"))

    assert found == CONTENT


async def test_an_empty_file_is_whole_as_well(house):
    house.path.write_bytes(b"")

    assert await downloaded(house) == b""


async def test_a_file_that_is_rotated_meanwhile_is_still_whole(house):
    def rotate():
        house.path.rename(house.path.with_name("app.log.1"))
        house.append(b"new\n")

    assert await downloaded(house, after=1, then=rotate) == CONTENT


async def test_a_file_that_is_copied_and_emptied_meanwhile_is_read_from_the_copy(house):
    def copy_and_truncate():
        shutil.copy(house.path, house.path.with_name("app.log.1"))
        house.path.write_bytes(b"new\n")

    assert await downloaded(house, after=1, then=copy_and_truncate) == CONTENT


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lambda path: path.unlink(), "the file that held these bytes no longer exists"),
        (lambda path: path.write_bytes(b""), "the file that held these bytes no longer exists"),
        (lambda path: path.write_bytes(CONTENT[:-1]), f"the file ends at byte {len(CONTENT) - 1} now"),
    ],
    ids=["removed", "emptied", "cut"],
)
async def test_a_file_that_is_not_there_any_more_breaks_off(house, happens, words):
    with pytest.raises(BrokenOff, match=words):
        await downloaded(house, after=1, then=lambda: happens(house.path))


async def test_a_missing_file_is_no_download(house):
    house.path.unlink()

    with pytest.raises(NoFile) as none:
        await whole_file(house.relay, LOG)

    assert none.value.state == "missing"
    assert house.relay.feeds.by_member == {}


async def test_a_reader_that_does_not_answer_is_no_download(house, monkeypatch):
    async def nobody(queue):
        pass

    monkeypatch.setattr(module, "START_SECONDS", 0.1)
    monkeypatch.setattr(house.relay, "_wake", nobody)

    with pytest.raises(NoFile) as none:
        await whole_file(house.relay, LOG)

    assert none.value.state == "no-reader"


@pytest.mark.parametrize("fault", ["drop", "double"])
async def test_messages_that_are_lost_or_doubled_change_nothing(house, fault):
    numbers = iter(range(1_000))
    house.mailboxes.fault = lambda message: (
        fault if isinstance(message, (Piece, Read, Found, Failed)) and next(numbers) in (3, 40) else ""
    )

    assert await downloaded(house) == CONTENT


async def test_a_range_whose_end_is_lost_is_asked_for_again(house, monkeypatch):
    monkeypatch.setattr("django_logtail.relay.requests.HISTORY_SECONDS", 0.2)
    lost = []

    def lose(message):
        if isinstance(message, Read) and not lost:
            lost.append(message)
            return "drop"
        return ""

    house.mailboxes.fault = lose

    assert await downloaded(house) == CONTENT
    assert len(lost) == 1


async def test_a_reader_that_is_gone_for_good_breaks_off(house, monkeypatch):
    async def nobody(queue):
        pass

    monkeypatch.setattr("django_logtail.relay.requests.HISTORY_SECONDS", 0.1)
    whole = await whole_file(house.relay, LOG)
    house.relay._wake = nobody
    await house.kill_reader()

    with pytest.raises(BrokenOff, match="no reader answered"):
        await anext(bytes_of(LOG, whole, REQUESTER))


async def test_the_next_range_is_read_when_the_one_before_was_taken(house):
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER)

    def sent() -> int:
        return sum(
            len(getattr(message, "data", b""))
            for message in house.mailboxes.sent
            if isinstance(message, (Piece, Read, Found, Failed))
        )

    first = await one_range(pieces)
    await eventually(lambda: not house.relay.wants.by_member)

    assert (len(first), sent()) == (MAX_RANGE_BYTES, MAX_RANGE_BYTES)
    await anext(pieces)
    assert sent() == 2 * MAX_RANGE_BYTES
    await pieces.aclose()


async def test_a_client_that_leaves_leaves_nothing_behind(house):
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER)
    await anext(pieces)
    assert [facts.user for facts in house.relay.viewers.by_session.values()] == ["7"]

    await pieces.aclose()

    assert house.relay.viewers.by_session == {}
    assert house.relay.wants.by_member == {}


async def places_of(user: str):
    """As the view takes them before the answer begins."""
    with contextlib.ExitStack() as places:
        places.enter_context(await viewers.counted(user))
        places.enter_context(await viewers.downloading(user))
        return places.pop_all()


@pytest.mark.parametrize("ending", ["taken whole", "left", "never begun"])
async def test_its_user_s_places_are_held_until_it_ends_however_it_does(house, settings, ending):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_USER": 1, "MAX_DOWNLOADS_PER_USER": 1}
    whole = await whole_file(house.relay, LOG)
    places = await places_of("7")
    pieces = bytes_of(LOG, whole, REQUESTER, places=places)
    body = Body(pieces, places)
    if ending != "never begun":
        await anext(aiter(body))

    with pytest.raises(OverLimit):
        await viewers.counted("7")
    with pytest.raises(OverLimit):
        await viewers.downloading("7")
    if ending == "taken whole":
        async for _ in body:
            pass
    elif ending == "left":
        await pieces.aclose()
    else:
        await asyncio.to_thread(body.close)
        await asyncio.sleep(0)

    assert (viewers.total, viewers.by_user) == (0, {})
    with await viewers.counted("7"), await viewers.downloading("7"):
        pass
    await asyncio.to_thread(body.close)  # as Django does after each


@pytest.mark.parametrize(("count", "are_refused"), [(1, 0), (2, 0), (3, 1)])
async def test_one_user_has_as_many_downloads_as_the_settings_allow(settings, count, are_refused):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_DOWNLOADS_PER_USER": 2}
    refused = []
    with contextlib.ExitStack() as stack:
        for user in (*["7"] * count, "8"):
            try:
                stack.enter_context(await viewers.downloading(user))
            except OverLimit as full:
                refused.append((user, full.reason, full.limit))
    assert refused == [("7", "too-many-downloads", 2)] * are_refused


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended."), "no-access"),
        (
            Log(pk=1, slug="app", name="app.log", path="/elsewhere", queue=QUEUE),
            "this log's settings were changed",
        ),
    ],
)
async def test_who_loses_access_gets_no_further_range(house, outcome, words):
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER)

    first = await one_range(pieces)
    (decision,) = rounds_here()._decisions.values()
    for stay in decision.stays:
        stay.tell(outcome)
    with pytest.raises(BrokenOff, match=words):
        await anext(pieces)

    assert len(first) == MAX_RANGE_BYTES
    assert decision.who == ("7", "session", "app")
    assert len(rounds_here()) == 0


async def test_what_is_read_is_taken_from_the_reader_s_budget(house):
    house.limits = Limits(bytes_per_second=10 * len(CONTENT))
    whole = await whole_file(house.relay, LOG)
    reader, _ = house.readers[0]
    spent = []
    spend = reader.budget.spend
    reader.budget.spend = lambda size: (spent.append(size), spend(size))

    async for _piece in bytes_of(LOG, whole, REQUESTER):
        pass

    assert sum(spent) == len(CONTENT)


async def test_a_budget_that_is_spent_makes_it_wait(house):
    house.limits = Limits(bytes_per_second=10 * len(CONTENT))
    whole = await whole_file(house.relay, LOG)
    reader, _ = house.readers[0]
    reader.budget.spend(10**12)

    first = asyncio.ensure_future(one_range(bytes_of(LOG, whole, REQUESTER)))
    await eventually(lambda: reader.ranges)
    before = [
        message for message in house.mailboxes.sent if isinstance(message, (Piece, Read, Found, Failed))
    ]
    reader.budget.spend(-(10**12))

    assert before == []
    assert await asyncio.wait_for(first, 15) == CONTENT[:MAX_RANGE_BYTES]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/log/app.log", "app.log"),
        ("/var/log/日志.log", "日志.log"),
        ('/var/log/a"b\\c.log', "a_b_c.log"),
        ("/var/log/a\nb\x1b[1m.log", "a_b_[1m.log"),
        ("/var/log/gol\u202eexe", "gol_exe"),
        ("/", "log"),
    ],
)
def test_a_file_is_called_as_on_its_host_without_what_could_mislead(path, name):
    assert file_name(Log(path=path)) == name
    assert file_name(Log(path="/var/log/app-%F.log"), path.rpartition("/")[2]) in (name, "app-%F.log")


async def test_a_download_is_broken_off_when_staff_end_it_and_another_is_not(house):
    whole = await whole_file(house.relay, LOG)
    mine, others = bytes_of(LOG, whole, REQUESTER), bytes_of(LOG, whole, Requester("8", "session", ""))
    await one_range(mine)
    await one_range(others)
    sessions = {facts.user: facts.session for facts in house.relay.viewers.by_session.values()}

    rounds_here().end([sessions["7"]], "maintenance")

    with pytest.raises(BrokenOff):
        async for _ in mine:
            pass
    await one_range(others)
    await others.aclose()


async def test_a_download_is_broken_off_when_the_day_s_bytes_are_read_and_another_user_s_is_not(
    house, settings, monkeypatch
):
    settings.LOGTAIL = {**settings.LOGTAIL, "BYTES_PER_DAY_PER_USER": MAX_RANGE_BYTES + 100_000}
    memory = MemoryControl()
    monkeypatch.setattr(limits, "tally", Tally(lambda: 60.0, lambda: memory))
    whole = await whole_file(house.relay, LOG)
    mine, others = bytes_of(LOG, whole, REQUESTER), bytes_of(LOG, whole, Requester("8", "session", ""))
    await one_range(mine)
    for _ in range(2):  # the piece that reaches the limit is the last
        await anext(mine)

    with pytest.raises(BrokenOff):
        await anext(mine)
    await one_range(others)
    await others.aclose()
