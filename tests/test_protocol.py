"""What a client may send, and what it gets."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_logtail.place import Place
from django_logtail.protocol import (
    MAX_CLIENT_MESSAGE_BYTES,
    MAX_PATTERN_CHARACTERS,
    Ack,
    BadMessage,
    Cancel,
    Files,
    Frame,
    Hello,
    Hold,
    Range,
    RangeBefore,
    Release,
    SearchAll,
    SearchFrom,
    Stop,
    Time,
    Volume,
    decode_batch,
    decode_client_message,
    decode_hits_query,
    decode_lines_query,
)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        (
            {"type": "hello", "protocol": 1, "ticket": "t", "lines": 500, "resume": None},
            Hello(1, "t", 500, None),
        ),
        (
            {"type": "hello", "protocol": 1, "ticket": "t", "lines": 0, "resume": {"file": "f", "offset": 7}},
            Hello(1, "t", 0, Place("f", 7)),
        ),
        ({"type": "ack", "file": "f", "offset": 12}, Ack(Place("f", 12))),
        ({"type": "hold"}, Hold()),
        ({"type": "release"}, Release()),
        ({"type": "range", "request": 1, "file": "f", "start": 2, "end": 3}, Range(1, Place("f", 2), 3)),
        (
            {"type": "range", "request": 1, "file": "f", "before": 9, "lines": 4},
            RangeBefore(1, Place("f", 9), 4),
        ),
        ({"type": "files", "request": 8}, Files(8)),
        ({"type": "time", "request": 8, "at": 1_800_000_000_123}, Time(8, 1_800_000_000_123)),
        ({"type": "volume", "request": 8, "columns": 400}, Volume(8, None, None, 400)),
        (
            {"type": "volume", "request": 8, "from": 0, "to": 1_800_000_000_123, "columns": 1},
            Volume(8, 0, 1_800_000_000_123, 1),
        ),
        (
            {
                "type": "search",
                "request": 1,
                "file": "f",
                "start": 5,
                "pattern": "a+",
                "regex": True,
                "case": True,
            },
            SearchFrom(1, Place("f", 5), "a+", True, True),
        ),
        (
            {"type": "search", "request": 1, "file": "f", "pattern": " x"},
            SearchFrom(1, Place("f", 0), " x", False, False),
        ),
        (
            {
                "type": "search",
                "request": 1,
                "file": "f",
                "terms": [
                    {"text": "a", "not": True, "later": "fields are ignored"},
                    {"field": "status", "is": ">=", "value": "500"},
                    {"field": "q", "is": ":", "value": "", "exact": True, "not": False},
                    *[{"regex": "a+", "not": True}] * 4,
                ],
                "levels": "EWO",
            },
            SearchFrom(
                1,
                Place("f", 0),
                "",
                False,
                False,
                (
                    {"text": "a", "not": True},
                    {"field": "status", "is": ">=", "value": "500"},
                    {"field": "q", "is": ":", "value": "", "exact": True},
                    *[{"regex": "a+", "not": True}] * 4,
                ),
                "EWO",
            ),
        ),
        ({"type": "ack", "file": "f" * 200, "offset": 1}, Ack(Place("f" * 200, 1))),
        ({"type": "cancel", "request": 1}, Cancel(1)),
        ({"type": "stop", "later": "fields are ignored"}, Stop()),
    ],
)
def test_each_client_message_is_understood(message, meaning):
    assert decode_client_message(json.dumps(message)) == meaning


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message is not JSON"),
        ("[" * 8000, "message is not JSON"),
        ("[]", "message is not a JSON object"),
        ('{"type": "ack", "file": "\\ud800", "offset": 1}', "'file' is not a file id"),
        ('{"type": "ack", "file": "a\\nb", "offset": 1}', "'file' is not a file id"),
        (json.dumps({"type": "ack", "file": "f" * 201, "offset": 1}), "'file' is not a file id"),
        ('{"type": "shout"}', "unknown type 'shout'"),
        ('{"type": ["ack"]}', "unknown type \"['ack']\""),
        (
            '{"type": "ack", "file": "f", "offset": -1}',
            "'offset' is not a whole number from 0 to 9007199254740991",
        ),
        (
            '{"type": "ack", "file": "f", "offset": true}',
            "'offset' is not a whole number from 0 to 9007199254740991",
        ),
        ('{"type": "ack", "file": "", "offset": 1}', "'file' is not a text"),
        (
            '{"type": "hello", "protocol": 1, "ticket": "t", "lines": 10001, "resume": null}',
            "'lines' is not a whole number from 0 to 10000",
        ),
        ('{"type": "range", "request": 1, "file": "f", "start": 3, "end": 3}', "'end' is not after 'start'"),
        (
            '{"type": "hello", "protocol": 1, "ticket": "t", "lines": 1, "resume": 5}',
            "a place is an object with 'file' and 'offset'",
        ),
        ('{"type": "search", "request": 1, "file": "f", "pattern": ""}', "'pattern' is not a text"),
        (
            '{"type": "search", "request": 1, "file": "f", "pattern": "x", "regex": 1}',
            "'regex' is not true or false",
        ),
        (
            json.dumps({"type": "search", "request": 1, "file": "f", "pattern": "x" * 1001}),
            f"'pattern' has over {MAX_PATTERN_CHARACTERS} characters",
        ),
        *(
            (json.dumps({"type": "search", "request": 1, "file": "f", "pattern": "x", **more}), reason)
            for more, reason in [
                ({"terms": {}}, "'terms' is not a list of at most 20"),
                ({"terms": [{"text": "a"}] * 21}, "'terms' is not a list of at most 20"),
                ({"terms": ["a"]}, "a term is an object with one of 'text', 'regex' and 'field'"),
                ({"terms": [{}]}, "a term is an object with one of 'text', 'regex' and 'field'"),
                (
                    {"terms": [{"text": "a", "field": "b"}]},
                    "a term is an object with one of 'text', 'regex' and 'field'",
                ),
                (
                    {"terms": [{"text": "a", "regex": "b"}]},
                    "a term is an object with one of 'text', 'regex' and 'field'",
                ),
                ({"terms": [{"regex": ""}]}, "'regex' is not a text"),
                ({"terms": [{"regex": "x" * 1_000}]}, "'pattern' and 'terms' have over 1000 characters"),
                ({"terms": [{"regex": "a"}] * 5}, "'pattern' and 'terms' have over 4 expressions"),
                (
                    {"regex": True, "terms": [{"regex": "a"}] * 4},
                    "'pattern' and 'terms' have over 4 expressions",
                ),
                ({"terms": [{"text": ""}]}, "'text' is not a text"),
                ({"terms": [{"text": "a", "not": 1}]}, "'not' is not true or false"),
                ({"terms": [{"field": 5, "is": ":", "value": "x"}]}, "'field' is not a text"),
                ({"terms": [{"field": "a", "is": "~", "value": "x"}]}, "'is' is not one of :, >, >=, <, <="),
                ({"terms": [{"field": "a", "is": ":", "value": 5}]}, "'value' is not a text"),
                ({"terms": [{"text": "x" * 1_000}]}, "'pattern' and 'terms' have over 1000 characters"),
                (
                    {"terms": [{"field": "a" * 500, "is": ":", "value": "b" * 510}]},
                    "'pattern' and 'terms' have over 1000 characters",
                ),
                ({"levels": "EX"}, "'levels' is not made of letters of 'EWIDO'"),
                ({"levels": "EE"}, "'levels' is not made of letters of 'EWIDO'"),
                ({"levels": ["E"]}, "'levels' is not made of letters of 'EWIDO'"),
                ({"pattern": "", "terms": [{"text": "a"}]}, "'pattern' is not a text"),
            ]
        ),
        ('{"type": "search", "request": 1, "file": "f", "terms": []}', "'pattern' is not a text"),
        ('{"type": "search", "request": 1, "file": "f", "levels": "E"}', "'pattern' is not a text"),
        (
            '{"type": "search", "request": 1, "order": "newest", "levels": "E", "heads": 1}',
            "'heads' is not true or false",
        ),
        (json.dumps({"type": "ack", "file": "x" * MAX_CLIENT_MESSAGE_BYTES}), "message of over 8192 bytes"),
    ],
)
def test_a_bad_message_is_refused_with_what_is_wrong(text, reason):
    with pytest.raises(BadMessage) as caught:
        decode_client_message(text)

    assert str(caught.value) == reason


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_a_client_sends_raises_anything_but_bad_message(text):
    with contextlib.suppress(BadMessage):
        decode_client_message(text)


def test_a_batch_goes_out_and_comes_back_whatever_its_bytes():
    data = bytes(range(256)) + b"\n\n"

    header, found = decode_batch(Frame.batch(Place("f", 10), data, late=True, request=3).encoded)

    assert found == data
    assert header == {"type": "batch", "file": "f", "start": 10, "end": 268, "late": True, "request": 3}


def test_a_frame_that_is_shorter_than_its_header_says_is_refused():
    with pytest.raises(BadMessage, match="header promises 5 bytes, frame has 4"):
        decode_batch(Frame.batch(Place("f", 0), b"12345").encoded[:-1])


def test_fields_without_a_value_are_left_out():
    assert Frame.message("status", state="live", size=None).encoded == '{"type":"status","state":"live"}'


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ({}, (500, None)),
        ({"lines": "10"}, (10, None)),
        ({"lines": "0", "other": "x"}, (0, None)),
        ({"file": "f", "offset": "7"}, (500, Place("f", 7))),
    ],
)
def test_a_query_says_how_many_lines_or_from_where_on(query, meaning):
    assert decode_lines_query(query, 500) == meaning


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"lines": "10001"}, "'lines' is not a whole number from 0 to 10000"),
        ({"lines": ""}, "'lines' is not a whole number from 0 to 10000"),
        ({"lines": "\u0661"}, "'lines' is not a whole number from 0 to 10000"),
        ({"lines": "9" * 5_000}, "'lines' is not a whole number from 0 to 10000"),
        ({"offset": "7"}, "'file' is not a text"),
        ({"file": "", "offset": "7"}, "'file' is not a text"),
        ({"file": "f"}, f"'offset' is not a whole number from 0 to {2**53 - 1}"),
        ({"file": "f", "offset": str(2**53)}, f"'offset' is not a whole number from 0 to {2**53 - 1}"),
    ],
)
def test_a_query_that_says_neither_is_told_what_is_wrong(query, words):
    with pytest.raises(BadMessage) as caught:
        decode_lines_query(query, 500)

    assert str(caught.value) == words


@pytest.mark.parametrize("frame", [Frame.message("status", state="live"), Frame.batch(Place("f", 0), b"a\n")])
def test_a_frame_is_encoded_once_however_often_it_is_sent(frame):
    assert frame.encoded is frame.encoded


CONDITIONS = {"pattern": "x", "terms": [{"text": "a", "not": True}], "levels": "EW"}


def test_a_search_with_an_order_goes_over_all_files_between_two_places():
    asked = {"type": "search", "request": 5, "order": "oldest", **CONDITIONS}
    places = {"from": {"file": "f", "offset": 3}, "to": {"file": "g", "offset": 9}, "count": False}

    assert decode_client_message(json.dumps(asked)) == SearchAll(
        5, "oldest", None, None, True, "x", False, False, ({"text": "a", "not": True},), "EW"
    )
    heads = {**asked, "limit": 1, "heads": True}
    assert decode_client_message(json.dumps(heads)) == SearchAll(
        5, "oldest", None, None, True, "x", False, False, ({"text": "a", "not": True},), "EW", 1, True
    )
    assert decode_client_message(json.dumps({**asked, **places, "order": "newest"})) == SearchAll(
        5,
        "newest",
        Place("f", 3),
        Place("g", 9),
        False,
        "x",
        False,
        False,
        ({"text": "a", "not": True},),
        "EW",
    )


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"order": "best"}, "'order' is not one of newest, oldest"),
        ({"order": None}, "'order' is not one of newest, oldest"),
        ({"order": "newest", "from": "f"}, "a place is an object with 'file' and 'offset'"),
        ({"order": "newest", "to": {"file": "f"}}, "'offset' is not a whole number"),
        ({"order": "newest", "count": 1}, "'count' is not true or false"),
        ({"order": "newest", "limit": 0}, "'limit' is not a whole number from 1 to 1000"),
        ({"order": "newest", "limit": 1_001}, "'limit' is not a whole number from 1 to 1000"),
        ({"order": "newest", "limit": "9"}, "'limit' is not a whole number from 1 to 1000"),
        ({"order": "newest", "since": 9, "until": 9}, "'until' is not after 'since'"),
        ({"order": "newest", "since": "9"}, "'since' is not a whole number"),
        ({"order": "newest", "until": 8_640_000_000_000_001}, "'until' is not a whole number"),
        ({"order": "newest", "since": -1}, "'since' is not a whole number"),
        ({"order": "newest", "pattern": ""}, "'pattern' is not a text"),
    ],
)
def test_a_search_with_an_order_that_is_not_right_is_refused(more, text):
    with pytest.raises(BadMessage, match=text):
        decode_client_message(json.dumps({"type": "search", "request": 5, "pattern": "x", **more}))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"columns": 0}, "'columns' is 0"),
        ({"columns": 401}, "'columns' is not a whole number from 0 to 400"),
        ({"columns": 10**30}, "'columns' is not a whole number from 0 to 400"),
        ({"columns": None}, "'columns' is not a whole number from 0 to 400"),
        ({"from": -1}, "'from' is not a whole number"),
        ({"from": "9"}, "'from' is not a whole number"),
        ({"from": 9, "to": 9}, "'to' is not after 'from'"),
        ({"from": 9, "to": 8}, "'to' is not after 'from'"),
        ({"to": 8_640_000_000_000_001}, "'to' is not a whole number from 0 to 8640000000000000"),
        ({"from": 8_640_000_000_000_001}, "'from' is not a whole number"),
        ({"to": True}, "'to' is not a whole number"),
        ({"request": None}, "'request' is not a whole number"),
    ],
)
def test_a_volume_that_is_not_right_is_refused(more, text):
    with pytest.raises(BadMessage, match=text):
        decode_client_message(json.dumps({"type": "volume", "request": 5, "columns": 10, **more}))


@pytest.mark.parametrize("last", [8_639_999_999_999_999, 8_640_000_000_000_000])
def test_a_moment_can_be_any_that_the_dates_of_a_browser_hold(last):
    asked = {"type": "search", "request": 5, "order": "oldest", "since": 0, "until": last}

    assert decode_client_message(json.dumps({"type": "time", "request": 8, "at": last})) == Time(8, last)
    assert decode_client_message(
        json.dumps({"type": "volume", "request": 8, "from": 0, "to": last, "columns": 1})
    ) == Volume(8, 0, last, 1)
    assert decode_client_message(json.dumps(asked)).before == last
    with pytest.raises(BadMessage, match="'at' is not a whole number from 0 to 8640000000000000"):
        decode_client_message(json.dumps({"type": "time", "request": 8, "at": 8_640_000_000_000_001}))


def test_a_part_of_the_log_or_some_levels_can_be_asked_for_without_a_text():
    place = {"file": "f", "offset": 2}

    bounded = decode_hits_query({"asked": json.dumps({"from": place})})[1]
    of_levels = decode_hits_query({"asked": json.dumps({"levels": "EW"})})[1]

    assert (bounded.pattern, bounded.since, bounded.until) == ("", Place("f", 2), None)
    assert (of_levels.pattern, of_levels.levels) == ("", "EW")
    of_a_time = decode_hits_query({"asked": json.dumps({"since": 5, "until": 9})})[1]
    assert (of_a_time.pattern, of_a_time.after, of_a_time.before) == ("", 5, 9)
    for asked in ({}, {"levels": ""}, {"terms": []}, {"from": place, "pattern": ""}):
        with pytest.raises(BadMessage, match="'pattern' is not a text"):
            decode_hits_query({"asked": json.dumps(asked)})
