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
    Frame,
    Hello,
    Hold,
    Range,
    RangeBefore,
    Release,
    SearchFrom,
    Stop,
    decode_batch,
    decode_client_message,
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
                ({"terms": ["a"]}, "a term is an object with either 'text' or 'field'"),
                ({"terms": [{}]}, "a term is an object with either 'text' or 'field'"),
                (
                    {"terms": [{"text": "a", "field": "b"}]},
                    "a term is an object with either 'text' or 'field'",
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
