"""A reason on its way from where it arises to a page in the page's language, and to pages of another version."""

import json
import re

import pytest

from django_logtail.protocol import Frame
from django_logtail.tailing.reasons import REASONS, in_full, reason
from django_logtail.viewing.told import told
from tests.page.node import run_with_words

#: As the page words a frame's reason.
PROGRAM = """
console.log(JSON.stringify(given.map(({ why, reason, text, what }) => words.reason(why, reason ?? text ?? what))));
"""
#: Of every detail that a phrase may hold, a value without a letter.
DETAILS = {
    "path": "/1/2",
    "rule": "10",
    "owner": "11",
    "mode": "0600",
    "reader": "12",
    "error": "13",
    "encoding": "14",
    "user": "15",
    "why": "16",
    "count": "17",
    "hours": "24",
    "limit": "240",
    "retry_after": "40",
    "seconds": "18",
    "bytes": "4000000",
    "setting": "20",
    "part": "(21",
    "host": "22",
    "kind": "23",
    "redis": "24",
    "queue": "25",
    "since": "1800000000",
    "group": "26",
}
#: Names that are the same in every language.
NAMES = (
    r'LOGTAIL\["\w+"\]|fs\.inotify\.\w+|inotify_simple|Redis|RE2|Perl|FIFO|NUL|Web|worker|regex|zstd|gzip'
    r"|\\p|MAX_\w+|RLIMIT_NOFILE|LimitNOFILE|systemd|ulimit -n|shell"
)


def shown(frames: list[dict[str, object]], language: str) -> list[str]:
    found: list[str] = run_with_words(PROGRAM, language, frames)
    return found


def frame(text: str, *, sees_host: bool) -> dict[str, object]:
    fields: dict[str, object] = json.loads(
        told(Frame.message("status", state="refused", reason=text), sees_host=sees_host).encoded
    )
    return fields


def places(phrase: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", phrase)


def coded(code: str) -> str:
    return reason(code, **{name: DETAILS[name] for phrase in REASONS[code] for name in places(phrase)})


@pytest.mark.parametrize("sees_host", [False, True], ids=["member", "staff"])
def test_each_reason_is_shown_in_chinese_without_an_english_word(sees_host):
    said = shown([frame(coded(code), sees_host=sees_host) for code in REASONS], "zh-hans")

    assert [code for code, text in zip(REASONS, said, strict=True) if not re.search("[一-鿿]", text)] == []
    left = {code: re.sub(NAMES, "", text) for code, text in zip(REASONS, said, strict=True)}
    assert {code: text for code, text in left.items() if re.search("[A-Za-z]", text)} == {}


@pytest.mark.parametrize(
    ("text", "member", "staff"),
    [
        (
            reason("outside", path="/srv/x"),
            ("it is outside the allowed directories", "它在允许读取的目录之外"),
            ("path '/srv/x' is outside LOGTAIL[\"ROOTS\"]", "路径 '/srv/x' 在 LOGTAIL[\"ROOTS\"] 之外"),
        ),
        (
            reason("limited", bytes=4_000_000, setting="SEARCH_BYTES_PER_SECOND"),
            ("limited to 4,000,000 bytes/s", "限制为 4,000,000 字节/秒"),
            (
                'limited to 4,000,000 bytes/s by LOGTAIL["SEARCH_BYTES_PER_SECOND"]',
                '受 LOGTAIL["SEARCH_BYTES_PER_SECOND"] 限制为 4,000,000 字节/秒',
            ),
        ),
        (
            reason("stopped-because", user="ann", why="50 % of {disk} & more"),
            ("stopped by ann: 50 % of {disk} & more", "由 ann 停止：50 % of {disk} & more"),
            ("stopped by ann: 50 % of {disk} & more", "由 ann 停止：50 % of {disk} & more"),
        ),
        (
            reason("fifo"),
            ("a named pipe (FIFO)", "命名管道（FIFO）"),
            ("a named pipe (FIFO)", "命名管道（FIFO）"),
        ),
    ],
)
def test_a_reason_says_the_same_on_the_page_and_on_the_server_in_both_languages(text, member, staff):
    frames = [frame(text, sees_host=False), frame(text, sees_host=True)]

    assert (member[0], staff[0]) == tuple(shown(frames, "en"))
    assert (member[1], staff[1]) == tuple(shown(frames, "zh-hans"))
    assert (frames[0]["reason"], frames[1]["reason"], in_full(text)) == (member[0], staff[0], staff[0])


def test_a_sentence_of_an_older_process_is_shown_as_it_is():
    old = frame("deploy until 3 o'clock.", sees_host=False)

    assert old == {"type": "status", "state": "refused", "reason": "deploy until 3 o'clock."}
    assert shown([old], "zh-hans") == ["deploy until 3 o'clock"]


def test_a_reason_of_a_newer_process_is_told_to_staff_as_it_came_and_to_others_not():
    newer = "reason:quota?path=%2Fsrv"

    assert shown([frame(newer, sees_host=False)], "zh-hans") == ["管理员可以看到原因"]
    assert shown([frame(newer, sees_host=True)], "zh-hans") == [newer]


def test_a_page_that_does_not_know_a_code_shows_the_sentence():
    assert shown(
        [{"why": {"code": "quota", "gb": 5}, "reason": "the quota of 5 GB is used up."}], "zh-hans"
    ) == ["the quota of 5 GB is used up"]


def test_a_detail_that_is_missing_is_no_gap_in_a_sentence():
    assert shown([frame("reason:outside?", sees_host=True)], "en") == [
        "it is outside the allowed directories"
    ]
    assert shown([{"why": {"code": "limited"}, "reason": "limited"}], "zh-hans") == ["limited"]
