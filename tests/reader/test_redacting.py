"""No secret leaves the reader: not live, not in older content, not in what a search finds."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.messages import Batch, Failed, Found, Message, Piece, Reached, Read, encode
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader.redacting import Redaction
from django_logtail.redaction.rules import Called, Pattern, Rule, ready_made_rule
from tests.delivery.test_delivery import QUEUE, House, Taker

#: Each with a text that must not get out; together, of every kind.
SECRETS = [
    ("Authorization: Bearer {}", "s3cretTok"),
    ("Authorization: Basic {}", "czNjcmV0OnMzY3JldA"),
    ("Cookie: sid={}", "s3cretCookie"),
    ("postgres://shop:{}@db/x", "s3cretUrlPw"),
    ('{{"password": "{}", "x": 1}}', "s3cretJson"),
    ("api_key={}&x=1", "s3cretKeyVal"),
    ("mail {}@shop.example", "s3cretMail"),
    ("card {} declined", "4242 4242 4242 4242"),
    ("iban {}", "DE89 3704 0044 0532 0130 00"),
    ("from {} port", "203.0.113.41"),
    ("from {} port", "2001:db8::beef"),
    ("-----BEGIN PRIVATE KEY-----\n{}\nabcd==\n-----END PRIVATE KEY-----", "MIIEs3cretKeyBody" * 3),
    ("order {}", "ot_s3cretorder"),
    ("own {}", "own-s3cret-value"),
]
LEAKS = [secret for _, secret in SECRETS]
READY = ("token", "cookie", "password", "email", "card", "iban", "ip", "key", "own")


def redaction(*more: Rule) -> Redaction:
    ready = (ready_made_rule(name, ["own-s3cret-value"]) for name in READY)
    return Redaction((*(rule for rule in ready if rule), Pattern("order", "ot_[a-z0-9]+"), *more), "d")


def planted(times: int = 15, fill: str = "ordinary line 7\n") -> str:
    """At least 200 secrets."""
    return "".join(
        f"{number} INFO {text.format(secret)}\n" + fill * (number % 3)
        for number in range(times)
        for text, secret in SECRETS
    )


class Out:
    """Everything that left the reader."""

    def __init__(self, house: House) -> None:
        self.messages: list[Message] = []
        send = house.mailboxes.send

        async def sending(mailbox: str, message: Message) -> None:
            self.messages.append(message)
            await send(mailbox, message)

        house.mailboxes.send = sending  # type: ignore[method-assign]

    def leaks(self, encoding: str = "utf-8") -> list[str]:
        said = [encode(message) for message in self.messages]
        heads = "\n".join(json.dumps(json.loads(head), ensure_ascii=False) for head, _ in said)
        data = b"\n".join(data for _, data in said).decode(encoding, "replace")
        return [secret for secret in LEAKS if secret in heads or secret in data]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "app.log")
    house.path.write_bytes(b"")
    house.redaction = redaction()
    yield house
    await house.close()


@pytest.fixture
def out(house: House) -> Out:
    return Out(house)


async def answer(house: House, **asked: Any) -> list[Message]:
    request, found = house.relay.request("1", QUEUE, **asked), []
    try:
        while not (
            (found and isinstance(found[-1], (Read, Failed, Reached)))
            or (found and isinstance(found[-1], Found) and found[-1].done)
        ):
            found.append(await asyncio.wait_for(request.next(), 30))
    finally:
        request.close()
    return found


async def joined(house: House, **more: Any) -> Taker:
    taker = house.join(**more)
    await taker.until(lambda: taker.place)
    return taker


def text_of(messages: list[Message]) -> bytes:
    return b"".join(message.data for message in messages if isinstance(message, Piece))


class TestLive:
    async def test_lines_arrive_without_their_secrets_and_as_long_as_they_were(
        self, house: House, out: Out
    ) -> None:
        text = planted().encode()
        taker = await joined(house)
        house.append(text)
        await taker.until(lambda: len(taker.bytes) >= len(text))

        assert out.leaks() == []
        assert len(taker.bytes) == len(text)
        assert taker.bytes.count(b"\n") == text.count(b"\n")
        assert taker.bytes.count(b"ordinary line 7\n") == text.count(b"ordinary line 7\n")

    async def test_so_do_the_last_lines_on_joining(self, house: House, out: Out) -> None:
        house.append(planted().encode())
        taker = await joined(house, lines=10_000)
        await taker.until(lambda: len(taker.bytes) >= house.path.stat().st_size)

        assert out.leaks() == []

    async def test_batches_declare_what_is_hidden(self, house: House, out: Out) -> None:
        taker = await joined(house)
        house.append("用户 from 203.0.113.41 ok\nx\n".encode())
        await taker.until(lambda: taker.bytes.endswith(b"x\n"))

        (batch,) = [message for message in out.messages if isinstance(message, Batch)]
        assert batch.hidden == [[12, 12, "ip"]]
        assert batch.data == "用户 from ************ ok\nx\n".encode()

    async def test_pieces_of_a_write_are_one_line(self, house: House, out: Out) -> None:
        taker = await joined(house)
        text = planted(2).encode()
        for at in range(0, len(text), 11):
            house.append(text[at : at + 11])
            await asyncio.sleep(0.002)
        await taker.until(lambda: len(taker.bytes) >= len(text))

        assert out.leaks() == []

    async def test_an_unfinished_line_is_not_shown_until_it_ends(self, house: House, out: Out) -> None:
        taker = await joined(house)
        house.append(b"first\ncard 4242 4242 42")
        await taker.until(lambda: b"first" in taker.bytes)
        await asyncio.sleep(0.7)  # twice as long as a log without rules takes to show it
        assert [message.data for message in out.messages if isinstance(message, Batch)] == [b"first\n"]
        house.append(b"42 4242\n")
        await taker.until(lambda: taker.bytes.count(b"\n") == 2)

        assert taker.bytes == b"first\ncard *******************\n"

    @pytest.mark.parametrize("at", [65_520, 65_530, 131_065])
    async def test_a_secret_in_a_long_line_is_found_across_batches(
        self, house: House, out: Out, at: int
    ) -> None:
        taker = await joined(house)
        line = b"x" * at + b" password=s3cretJson " + b"y" * 100_000 + b"\n"
        house.append(line)
        await taker.until(lambda: len(taker.bytes) >= len(line))

        assert out.leaks() == []
        assert taker.bytes.startswith(b"x" * 1_000)

    async def test_a_long_line_that_comes_slowly_hides_what_it_may_become(
        self, house: House, out: Out
    ) -> None:
        taker = await joined(house)
        house.append(b"x" * 65_500 + b" password=s3c")
        house.append(b"z" * 70_000)
        await asyncio.sleep(0.3)
        house.append(b"\nlast\n")
        await taker.until(lambda: b"last" in taker.bytes)

        assert b"s3c" not in taker.bytes

    @pytest.mark.parametrize("encoding", ["gbk", "utf-16-le", "utf-16-be", "latin-1", "shift_jis"])
    async def test_other_encodings(self, house: House, out: Out, encoding: str) -> None:
        house.encoding = encoding
        text = planted(fill="用户 é\n").encode(encoding, "replace")
        taker = await joined(house)
        house.append(text)
        await taker.until(lambda: len(taker.bytes) >= len(text))

        assert out.leaks(encoding) == []
        assert taker.bytes.decode(encoding).count("\n") == text.decode(encoding).count("\n")

    async def test_over_a_rotation_neither_half_of_a_line_gets_out(self, house: House, out: Out) -> None:
        taker = await joined(house)
        house.append(b"before\npassword=s3cret")
        await taker.until(lambda: b"before" in taker.bytes)
        house.path.rename(house.path.with_name("app.log.1"))
        house.path.write_bytes(b"Json end\nafter 7\n")
        await taker.until(lambda: b"after 7" in taker.bytes)

        assert taker.bytes == b"before\n" + b"*" * 15 + b"\n"[:0] + b"*" * 8 + b"\nafter 7\n"

    async def test_the_same_when_only_the_second_file_is_watched(self, house: House, out: Out) -> None:
        house.path.with_name("app.log.1").write_bytes(b"before\npassword=s3cret")
        house.append(b"Json end\nafter 7\n")
        taker = await joined(house)
        await taker.until(lambda: b"after 7" in taker.bytes)

        assert taker.bytes == b"********\nafter 7\n"

    async def test_a_file_that_ended_with_its_line_hides_nothing_of_the_next(
        self, house: House, out: Out
    ) -> None:
        house.path.with_name("app.log.1").write_bytes(b"before\n")
        house.append(b"first line\n")
        taker = await joined(house)
        await taker.until(lambda: taker.bytes)

        assert taker.bytes == b"first line\n"

    @pytest.mark.parametrize("is_watched", [True, False])
    async def test_a_private_key_that_a_rotation_divides_is_hidden_in_both_files(
        self, house: House, out: Out, is_watched: bool
    ) -> None:
        first = b"before\n-----BEGIN PRIVATE KEY-----\n" + b"MIIEs3cretKeyBody" * 3 + b"\n"
        second = b"MIIEs3cretKeyBody" * 3 + b"\nXy==\n-----END PRIVATE KEY-----\nafter A+b==\n"
        if is_watched:
            taker = await joined(house)
            house.append(first)
            await taker.until(lambda: b"before" in taker.bytes)
            house.path.rename(house.path.with_name("app.log.1"))
            house.path.write_bytes(second)
        else:
            house.path.with_name("app.log.1").write_bytes(first)
            house.append(second)
            taker = await joined(house)
        await taker.until(lambda: b"after" in taker.bytes)

        rest = b"*" * 51 + b"\n****\n" + b"*" * 25 + b"\nafter A+b==\n"
        assert taker.bytes.endswith(b"\n" + rest if is_watched else rest)
        assert out.leaks() == []

    async def test_after_a_compressed_file_the_first_line_is_hidden(self, house: House) -> None:
        house.path.with_name("app.log.1.gz").write_bytes(gzip.compress(b"before\n"))
        house.append(b"first line\nafter 7\n")
        taker = await joined(house)
        await taker.until(lambda: b"after 7" in taker.bytes)

        assert taker.bytes == b"**********\nafter 7\n"

    async def test_late_lines_of_the_older_file_too(self, house: House, out: Out) -> None:
        taker = await joined(house)
        with house.path.open("ab") as late:
            late.write(b"one\n")
            late.flush()
            await taker.until(lambda: b"one" in taker.bytes)
            house.path.rename(house.path.with_name("app.log.1"))
            house.path.write_bytes(b"two\n")
            await taker.until(lambda: b"two" in taker.bytes)
            late.write(b"late from 203.0.113.41\n")
            late.flush()
            await taker.until(lambda: b"late" in taker.bytes)

        assert out.leaks() == []


class TestOlderContent:
    @pytest.fixture
    async def place(self, house: House, out: Out) -> tuple[str, bytes]:
        text = planted().encode()
        house.append(text)
        taker = await joined(house, lines=0)
        assert taker.place is not None
        return taker.place[0], text

    async def test_any_range_is_redacted_like_the_whole(
        self, house: House, out: Out, place: tuple[str, bytes]
    ) -> None:
        file, text = place
        whole = text_of(await answer(house, place=Place(file, 0), end=len(text)))

        assert (len(whole), out.leaks()) == (len(text), [])
        for start in range(0, len(text), 1_237):
            (piece, *_) = await answer(house, place=Place(file, start), end=start + 300)
            assert isinstance(piece, Piece)
            assert piece.data == whole[start : start + 300]

    async def test_a_range_declares_what_is_hidden(self, house: House, place: tuple[str, bytes]) -> None:
        file, text = place
        at = text.index(b"203.0.113.41")
        (piece, _) = await answer(house, place=Place(file, at + 2), end=at + 14)

        assert isinstance(piece, Piece)
        assert (piece.data, piece.hidden) == (b"********** p", [[0, 10, "ip"]])

    async def test_lines_before_a_place_too(self, house: House, out: Out, place: tuple[str, bytes]) -> None:
        file, text = place
        found = await answer(house, place=Place(file, len(text)), before_lines=500)

        assert text_of(found).count(b"\n") > 200
        assert out.leaks() == []

    async def test_a_compressed_file_too(self, house: House, out: Out, place: tuple[str, bytes]) -> None:
        file, text = place
        house.path.with_name("app.log.1.gz").write_bytes(gzip.compress(text))
        found = await answer(house, place=Place(file, 0), before_lines=500)

        assert len(text_of(found)) > 5_000
        assert out.leaks() == []

    async def test_a_line_that_has_not_ended_is_hidden(self, house: House, place: tuple[str, bytes]) -> None:
        file, text = place
        house.append(b"card 4242 4242 42")

        assert text_of(await answer(house, place=Place(file, len(text)), end=len(text) + 17)) == b"*" * 17

    async def test_the_first_line_after_one_that_did_not_end_is_hidden(
        self, house: House, place: tuple[str, bytes]
    ) -> None:
        file, text = place
        house.path.with_name("app.log.1").write_bytes(b"x\ncard 4242")

        data = text_of(await answer(house, place=Place(file, 0), end=60))
        first = text.index(b"\n")
        assert data[: first + 1] == b"*" * first + b"\n"
        assert b"INFO" in data[first + 1 :]

    async def test_the_rest_of_a_key_that_began_in_the_file_before_is_hidden(self, house: House) -> None:
        house.path.with_name("app.log.1").write_bytes(b"x\n-----BEGIN PRIVATE KEY-----\nMIIE\n")
        house.append(b"MIIEs3cretKeyBody\nXy==\n-----END PRIVATE KEY-----\nafter A+b==\n")
        taker = await joined(house, lines=0)
        assert taker.place is not None

        data = text_of(await answer(house, place=Place(taker.place[0], 0), end=60))
        assert data == b"*" * 17 + b"\n****\n" + b"*" * 25 + b"\nafter A+b=="
        (piece, _) = await answer(house, place=Place(taker.place[0], 3), end=20)
        assert isinstance(piece, Piece)
        assert piece.data == data[3:20]

    async def test_a_time_that_is_a_secret_is_not_said(self, house: House) -> None:
        assert house.redaction is not None
        assert house.redaction.is_hidden("4242424242424242")
        assert not house.redaction.is_hidden("2026-11-30 08:30:16,123")


class TestSearch:
    async def found(self, house: House, pattern: str, **more: Any) -> list[Any]:
        sought = Sought(pattern, order="oldest", counts=True, **more)
        messages = await answer(house, search=sought)
        assert isinstance(messages[-1], Found)
        return [hit for message in messages if isinstance(message, Found) for hit in message.hits]

    @pytest.fixture
    async def text(self, house: House, out: Out) -> bytes:
        text = planted().encode()
        house.append(text)
        return text

    async def test_nothing_is_found_by_what_is_hidden(self, house: House, out: Out, text: bytes) -> None:
        for secret in LEAKS:
            assert await self.found(house, secret) == []
        assert await self.found(house, r"s3cret\w*|4242|203\.0", regex=True) == []
        assert await self.found(house, "S3CRET") == []

    @pytest.mark.parametrize(("order", "whole"), [("newest", False), ("oldest", False), ("oldest", True)])
    async def test_hits_have_no_secret_and_their_places_are_those_of_the_file(
        self, house: House, out: Out, text: bytes, order: str, whole: bool
    ) -> None:
        sought = Sought("INFO", order=order, counts=True, whole=whole)
        messages = await answer(house, search=sought)
        hits = [hit for message in messages if isinstance(message, Found) for hit in message.hits]

        lines, at = {}, 0
        for line in text.splitlines(keepends=True):
            if b"INFO" in line:
                lines[at] = at + len(line)
            at += len(line)
        assert {hit[0]: hit[1] for hit in hits} == lines
        assert len(hits) == 15 * 14
        assert out.leaks() == []

    async def test_terms_and_fields_see_what_a_viewer_sees(self, house: House, out: Out, text: bytes) -> None:
        assert await self.found(house, "", terms=[{"text": "s3cretJson"}]) == []
        assert (
            await self.found(house, "", terms=[{"field": "password", "is": ":", "value": "s3cretJson"}]) == []
        )
        assert len(await self.found(house, "password", terms=[{"text": "s3cretJson", "not": True}])) == 15

    async def test_in_compressed_files_too(self, house: House, out: Out, text: bytes) -> None:
        house.path.with_name("app.log.1.gz").write_bytes(gzip.compress(text))

        assert await self.found(house, "s3cretJson") == []
        assert len(await self.found(house, "password")) == 30
        assert out.leaks() == []


class TestARuleThatFails:
    async def refused(self, house: House) -> tuple[str, str]:
        viewer = house.join()
        await viewer.until(lambda: viewer.viewer.state[0] == "refused")
        return viewer.viewer.state

    async def test_raising_closes_the_log_on_every_path(self, house: House, out: Out) -> None:
        def find(line: str) -> list[tuple[int, int]]:
            raise ValueError(line)

        house.append(b"an ordinary line with password=s3cretJson\n")
        house.redaction = None
        taker = await joined(house)
        await taker.until(lambda: taker.bytes)
        assert taker.place is not None
        file = taker.place[0]
        house.redaction = redaction(Called("mine", find))
        await house.kill_reader()
        out.messages.clear()
        house.start_reader()
        house.append(b"another with password=s3cretJson\n")

        failed = (await answer(house, place=Place(file, 0), end=20))[-1]
        sought = (await answer(house, search=Sought("line", order="newest")))[-1]

        assert isinstance(failed, Failed)
        assert isinstance(sought, Failed)
        assert failed.error == sought.error == "reason:rule-failed?rule=mine&why=it+raised+ValueError"
        assert out.leaks() == []
        assert not [message for message in out.messages if isinstance(message, (Batch, Piece))]
        beats = [beat for message in out.messages for beat in getattr(message, "flows", {}).values()]
        assert {tuple(beat[4:6]) for beat in beats if beat[4] != "opening"} <= {
            ("refused", failed.error),
            ("reading", ""),
        }

    async def test_other_rules_in_the_web_process_close_it(
        self, house: House, out: Out, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("django_logtail.relay.feed.redaction_rules.digest", lambda: "another")
        house.append(b"an ordinary line\n")
        found = (await answer(house, search=Sought("line", order="newest")))[-1]

        assert isinstance(found, Failed)
        assert found.error == "reason:rules-differ?"
        house.join()
        await asyncio.sleep(0.5)
        assert not [message for message in out.messages if isinstance(message, (Batch, Piece))]
