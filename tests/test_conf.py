from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_logtail.conf import SETTINGS, conf


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - {"NAMESPACE"}))
def test_a_key_that_is_not_given_has_its_default(settings: Any, name: str) -> None:
    settings.LOGTAIL = {}

    assert getattr(conf, name) == SETTINGS[name].default


def test_the_namespace_stays_the_same_while_the_secret_key_is_rotated(settings: Any) -> None:
    settings.LOGTAIL, settings.SECRET_KEY = {}, "old"
    before = conf.NAMESPACE
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    during = conf.NAMESPACE
    settings.SECRET_KEY_FALLBACKS = []

    assert len(before) == 12
    assert during == before
    assert before != conf.NAMESPACE


@pytest.mark.parametrize("name", SETTINGS)
def test_every_key_has_a_unit_and_a_reason_in_whole_sentences(name: str) -> None:
    assert SETTINGS[name].unit
    assert SETTINGS[name].why.endswith(".")


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("ROOTS", ["/var/log", Path("/srv")], (Path("/var/log"), Path("/srv"))),
        ("ROOTS", (), ()),
        ("LOGS", {"a": "/a"}, {"a": "/a"}),
        ("READER", "dramatiq", "dramatiq"),
        ("QUEUE", "web-1", "web-1"),
        ("REDIS_URL", "redis://localhost", "redis://localhost"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ("BACKLOG_LINES", 0, 0),
    ],
)
def test_a_right_value_is_taken(settings: Any, name: str, given: Any, value: Any) -> None:
    settings.LOGTAIL = {name: given}

    assert getattr(conf, name) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ROOTS", "/var/log", "expected a list of absolute paths"),
        ("ROOTS", ["logs"], "expected absolute paths, not 'logs'"),
        ("ROOTS", 7, "expected a list of absolute paths"),
        ("ROOTS", iter(["/var/log"]), "expected a list of absolute paths"),
        ("LOGS", ["/a"], "expected a dict of slug -> path or dict"),
        ("READER", "celery", "expected 'local' or 'dramatiq'"),
        ("ACCESS_POLICY", None, "expected a text"),
        (
            "REDACT",
            [{"name": "x"}],
            "expected 'ready', 'pattern' or 'find' in each dict, and only one of them, a text",
        ),
        ("BACKLOG_LINES", True, "expected a whole number from 0 to 10000"),
        ("BACKLOG_LINES", 10_001, "expected a whole number from 0 to 10000"),
        ("MAX_VIEWERS_PER_USER", 0, "expected a whole number from 1 to 10000"),
        ("MAX_DOWNLOADS_PER_USER", 0, "expected a whole number from 1 to 10000"),
        ("MAX_SEARCHES_PER_USER", "4", "expected a whole number from 1 to 1000"),
        ("MAX_FAILED_HANDSHAKES_PER_ADDRESS", -1, "expected a whole number from 0 to 100000"),
        ("CONNECTS_PER_MINUTE_PER_USER", 0, "expected a whole number from 1 to 100000"),
        ("BYTES_PER_DAY_PER_USER", -1, "expected a whole number from 0 to 1000000000000000"),
        ("RANGES_PER_SECOND_PER_USER", 0.5, "expected a whole number from 1 to 100000"),
        ("ANSWER_PROCESSOR_PERCENT_PER_USER", 101, "expected a whole number from 1 to 100"),
        ("PROMPT_PROCESSOR_PERCENT", 101, "expected a whole number from 0 to 100"),
        ("SEARCH_PROCESSOR_PERCENT", 0, "expected a whole number from 1 to 1000"),
        ("HISTORY_BYTES_PER_SECOND_PER_USER", 10, "expected a whole number from 100000 to 1000000000000"),
        ("RUNTIME_DIR", "run", "expected an absolute path"),
        ("RUNTIME_DIR", 7, "expected an absolute path"),
        ("MAX_NEW_SOCKETS", 0, "expected a whole number from 1 to 100000"),
        (
            "FRAME_ANCESTORS",
            "https://a.example",
            "expected a list of texts such as \"'self'\" and 'https://intranet.example.org'",
        ),
        (
            "FRAME_ANCESTORS",
            ["'self'", 7],
            "expected a list of texts such as \"'self'\" and 'https://intranet.example.org'",
        ),
        (
            "FRAME_ANCESTORS",
            ["'self' https://a.example"],
            "expected one source in each text, without spaces, ',' and ';'",
        ),
        (
            "FRAME_ANCESTORS",
            ["'self'; script-src *"],
            "expected one source in each text, without spaces, ',' and ';'",
        ),
        ("LINKS", "no", "expected True or False"),
        ("ID_PATTERNS", "x", "expected a list of expressions, such as [r'\\bORD-[0-9]{6}\\b']"),
        ("ID_PATTERNS", ["x", ""], "expected a list of expressions, such as [r'\\bORD-[0-9]{6}\\b']"),
        ("ID_PATTERNS", ["x"] * 11, "expected at most 10 expressions"),
        ("ID_PATTERNS", ["x" * 301], "expected at most 300 characters in each expression"),
        ("LINKS", 1, "expected True or False"),
        ("AUDIT", 1, "expected True, False or 'required'"),
        ("AUDIT_PATTERNS", "plain", "expected 'text' or 'hash' or 'nothing'"),
        ("SOURCE_ROOTS", ["src"], "expected absolute paths, not 'src'"),
        *(
            (
                "SOURCE_URL",
                url,
                "expected an address with {path}, and {line} if lines have one, like "
                "'https://git.example/shop/blob/main/{path}#L{line}'",
            )
            for url in (
                "",
                7,
                "https://git.example/shop",
                "git.example/{path}",
                "/blob/{path}",
                "javascript:alert('{path}')",
                "data:text/html,{path}",
                "ftp://git.example/{path}",
                "https://{path}",
                "https://{path}/",
                "https://git.{path}.example/",
                "https://git.example/{path}#L{lineno}",
                "https://git.example/{path}/{",
                "https://git.example:port/{path}",
                "https://git.example/{path} x",
                "https://git.example\\{path}",
                "https://git.example/{path}\n",
            )
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    settings: Any, name: str, value: Any, expected: str
) -> None:
    settings.LOGTAIL = {name: value}

    with pytest.raises(ImproperlyConfigured) as refused:
        getattr(conf, name)

    assert str(refused.value) == f'LOGTAIL["{name}"] is {value!r}; {expected}'


def test_settings_that_are_no_dict_are_named(settings: Any) -> None:
    settings.LOGTAIL = "x"

    with pytest.raises(ImproperlyConfigured) as refused:
        _ = conf.ROOTS

    assert str(refused.value) == "LOGTAIL is str; expected a dict"


def test_keys_are_read_on_access(settings: Any) -> None:
    settings.LOGTAIL = {"QUEUE": "one"}
    first = conf.QUEUE
    settings.LOGTAIL = {"QUEUE": "two"}

    assert (first, conf.QUEUE) == ("one", "two")


@pytest.mark.parametrize(
    "value",
    ["", "localhost:6379", "http://localhost", "redis//:secret@localhost", "redis://:a/b@localhost", 6379],
)
def test_a_url_that_is_not_redis_is_refused_without_the_password_it_may_hold(
    settings: Any, value: Any
) -> None:
    settings.LOGTAIL = {"REDIS_URL": value}

    with pytest.raises(ImproperlyConfigured) as refused:
        _ = conf.REDIS_URL

    assert str(refused.value) == (
        'LOGTAIL["REDIS_URL"] is not a Redis URL; '
        "expected one like redis://:pass%2Fword@host:6379/0, rediss://host:6379/0 or unix:///run/redis.sock"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/shop/blob/main/{path}#L{line}",
        "http://localhost:3000/{path}",
        "https://git.example/view?file={path}&line={line}&end={line}",
    ],
)
def test_an_address_of_the_source_is_taken_as_it_is(settings: Any, url: str) -> None:
    settings.LOGTAIL = {"SOURCE_URL": url}

    assert url == conf.SOURCE_URL


@pytest.mark.parametrize(
    ("roots", "base", "expected"),
    [
        (["/app", "/srv/shop"], "/srv/site", ["/app", "/srv/shop"]),
        ([], Path("/srv/site"), ["/srv/site"]),
        ([], "/srv/site", ["/srv/site"]),
        ([], "site", []),
        ([], None, []),
    ],
)
def test_the_project_is_where_the_roots_are_or_else_its_base_dir(
    settings: Any, roots: list[str], base: Any, expected: list[str]
) -> None:
    settings.LOGTAIL = {"SOURCE_ROOTS": roots}
    settings.BASE_DIR = base

    assert [str(root) for root in conf.SOURCE_ROOTS] == expected


@pytest.mark.parametrize(
    ("name", "default", "least", "most"),
    [
        ("BACKLOG_LINES", 500, 0, 10_000),
        ("MAX_VIEWERS_PER_USER", 16, 1, 10_000),
        ("MAX_VIEWERS_PER_PROCESS", 2_000, 1, 100_000),
        ("MAX_NEW_SOCKETS", 512, 1, 100_000),
        ("MAX_NEW_SOCKETS_PER_ADDRESS", 64, 1, 100_000),
        ("MAX_DOWNLOADS_PER_USER", 4, 1, 10_000),
        ("MAX_SEARCHES_PER_USER", 4, 1, 1_000),
        ("CONNECTS_PER_MINUTE_PER_USER", 240, 1, 100_000),
        ("MAX_FAILED_HANDSHAKES_PER_ADDRESS", 10, 0, 100_000),
        ("BYTES_PER_DAY_PER_USER", 0, 0, 10**15),
        ("RANGES_PER_SECOND_PER_USER", 40, 1, 100_000),
        ("ANSWER_PROCESSOR_PERCENT_PER_USER", 15, 1, 100),
        ("PROMPT_PROCESSOR_PERCENT", 5, 0, 100),
        ("READ_BYTES_PER_SECOND", 200_000_000, 100_000, 10**12),
        ("READ_BYTES_PER_SECOND_PER_LOG", 100_000_000, 100_000, 10**12),
        ("MAX_LOGS_PER_READER", 2_000, 1, 100_000),
        ("MAX_OPEN_FILES", 8_000, 10, 1_000_000),
        ("MAX_HISTORY_JOBS", 4, 1, 64),
        ("AUDIT_DAYS", 180, 1, 36_500),
        ("IDLE_MINUTES", 0, 0, 1_440),
        ("SEARCH_BYTES_PER_SECOND", 500_000_000, 1_000_000, 10**12),
        ("SEARCH_PROCESSOR_PERCENT", 50, 1, 1_000),
        ("HISTORY_BYTES_PER_SECOND_PER_USER", 50_000_000, 100_000, 10**12),
    ],
)
def test_a_number_has_this_default_and_these_limits(
    settings: Any, name: str, default: int, least: int, most: int
) -> None:
    settings.LOGTAIL = {}
    assert getattr(conf, name) == default

    for right in (least, most):
        settings.LOGTAIL = {name: right}
        assert getattr(conf, name) == right
    for wrong in (least - 1, most + 1):
        settings.LOGTAIL = {name: wrong}
        with pytest.raises(ImproperlyConfigured):
            getattr(conf, name)


def test_every_number_is_in_that_table() -> None:
    numbers = {name for name, setting in SETTINGS.items() if isinstance(setting.default, int)}
    numbers -= {"AUDIT", "LINKS"}
    marked = test_a_number_has_this_default_and_these_limits.pytestmark  # type: ignore[attr-defined]

    assert {row[0] for row in marked[0].args[1]} == numbers


def test_as_many_and_as_long_patterns_of_ids_as_are_allowed_are_taken(settings: Any) -> None:
    settings.LOGTAIL = {"ID_PATTERNS": ["x" * 300] * 10}

    assert conf.ID_PATTERNS == ("x" * 300,) * 10
