"""A viewer admitted for one revision of a log's row sees no byte of another."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from django_logtail.control.messages import Batch, Failed
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader import files
from django_logtail.tailing.reasons import in_full
from tests.delivery.test_delivery import QUEUE, House, Taker, eventually

OLD, NEW = b"an old line\n", b"what only some may see\n"


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(files, "REGISTRY_SECONDS", 0.05)
    (tmp_path / "old.log").write_bytes(OLD)
    (tmp_path / "new.log").write_bytes(NEW)
    house = House(tmp_path / "old.log", "first")
    yield house
    await house.close()


def re_point(house: House, revision: str = "second") -> None:
    """The row names another file now, in one save with whom it is for."""
    house.path = house.paths["1"] = house.path.with_name("new.log")
    house.revision = revision


def sent(house: House) -> bytes:
    """Every byte that the reader sent to anybody."""
    return b"".join(message.data for message in house.mailboxes.sent if isinstance(message, Batch))


async def test_who_watches_while_the_row_changes_gets_no_byte_of_the_new_file(house: House) -> None:
    viewer = house.join()
    await viewer.until(lambda: viewer.bytes == OLD)

    re_point(house)
    await viewer.until(lambda: viewer.viewer.feed.is_outdated)
    house.append(NEW)

    assert viewer.viewer.feed.state == "waiting"
    assert (viewer.bytes, sent(house)) == (OLD, OLD)


async def test_who_was_let_in_before_and_asks_after_gets_none_either(house: House) -> None:
    joined = house.relay.feeds.join("1", QUEUE, lines=10, resume=None, revision="first")
    re_point(house)
    viewer = Taker(house.relay, joined)

    await viewer.until(lambda: joined.feed.is_outdated)

    assert sent(house) == b""


async def test_a_newcomer_is_served_at_once_beside_those_who_are_not(house: House) -> None:
    before = house.join()
    await before.until(lambda: before.bytes == OLD)
    re_point(house)

    after = house.join()
    await after.until(lambda: after.bytes == NEW)
    await before.until(lambda: before.viewer.feed.is_outdated)

    assert before.bytes == OLD


async def test_what_is_open_for_one_revision_is_not_used_for_a_want_of_another(house: House) -> None:
    """The last viewer leaves and another comes, who resumes in the old file: its want has the same name."""
    before = house.join()
    await before.until(lambda: before.bytes == OLD)
    house.relay.feeds.leave(before.viewer)
    re_point(house)

    after = house.join(resume=(before.place[0], 0))
    await after.until(lambda: NEW in after.bytes or OLD in after.bytes)

    assert after.viewer.feed.member == before.viewer.feed.member
    assert OLD not in after.bytes


async def test_a_reader_whose_database_is_behind_serves_once_it_knows(house: House) -> None:
    house.revision = "older"
    viewer = Taker(house.relay, house.relay.feeds.join("1", QUEUE, lines=10, resume=None, revision="first"))
    await viewer.until(lambda: viewer.viewer.feed.is_outdated)

    house.revision = "first"
    await viewer.until(lambda: viewer.bytes == OLD)

    await eventually(lambda: not viewer.viewer.feed.is_outdated)


@pytest.mark.parametrize("asked", ["range", "before", "search"])
@pytest.mark.parametrize("revision", ["first", ""])
async def test_a_range_or_a_search_of_another_revision_is_refused(
    house: House, asked: str, revision: str
) -> None:
    re_point(house)
    viewer = house.join()
    await viewer.until(lambda: viewer.place)
    file = viewer.place[0]
    place = Place(file, len(NEW) if asked == "before" else 0)
    more = {"range": {"end": 100}, "before": {"before_lines": 5}, "search": {"search": Sought("only")}}[asked]

    refused = house.relay.request("1", QUEUE, place, revision=revision, **more)
    answer = await refused.next()
    refused.close()
    served = house.relay.request("1", QUEUE, place, revision="second", **more)
    other = await served.next()
    served.close()

    assert isinstance(answer, Failed)
    assert in_full(answer.error) == "this log's settings were changed"
    assert not isinstance(other, Failed)


@pytest.mark.parametrize("revision", ["", "secon", "second2"])
async def test_a_want_without_the_row_s_revision_opens_nothing(house: House, revision: str) -> None:
    house.revision = "second"

    viewer = Taker(house.relay, house.relay.feeds.join("1", QUEUE, lines=10, resume=None, revision=revision))
    await viewer.until(lambda: viewer.viewer.feed.is_outdated)

    assert sent(house) == b""


async def test_a_row_that_is_not_the_first_of_its_file_says_so_and_is_read_once_it_is(house: House) -> None:
    refusal = ["another log has this file already, and only that one is read"]
    viewer = house.join()
    await eventually(lambda: house.readers)
    reader = house.readers[0][0]
    find = reader._sources._find
    reader._sources._find = lambda logs: {
        log: replace(source, refusal=refusal[0]) for log, source in find(logs).items()
    }

    await viewer.until(lambda: viewer.viewer.feed.state == "refused")
    assert viewer.viewer.feed.reason == "another log has this file already, and only that one is read"
    refusal[0] = ""
    await viewer.until(lambda: viewer.viewer.feed.state == "live")
    await viewer.until(lambda: viewer.bytes == OLD)
