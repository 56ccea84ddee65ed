"""The Redis scripts list their keys at the top, and use exactly those."""

import re

from django_logtail.control import keys, scripts
from tests.stack import CHECKOUT

CONTROL = CHECKOUT / "django_logtail" / "control"
FAMILY = ["reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes"]
FILES = {path.stem: path.read_text() for path in (CONTROL / "lua").glob("*.lua")}
KEY_LINE = r"(logtail:\S+) +(string|hash|zset|list|set|stream) "


def test_a_queues_keys_are_given_in_the_order_of_the_schema() -> None:
    described = re.findall(r"^-- +KEYS\[(\d)\] logtail:<ns>:\{queue\}:(\w+) ", FILES["family"], re.MULTILINE)
    unpacked = re.search(r"^local ([\w, ]+) = unpack\(KEYS\)$", FILES["family"], re.MULTILINE)[1].split(", ")

    assert described == [(str(number), name) for number, name in enumerate(FAMILY, 1)]
    assert unpacked == FAMILY
    assert [key.rpartition(":")[2] for key in keys.family("logtail")] == FAMILY


def test_a_queues_keys_have_the_types_of_the_schema() -> None:
    described = dict(re.findall(r"\{queue\}:(\w+) +(string|hash|zset|list) ", FILES["family"]))
    kept = dict(re.findall(r"\[(\w+)\] = '(\w+)'", FILES["family"]))

    assert (
        described
        == kept
        == {
            "reader": "string",
            "wants": "hash",
            "expiry": "zset",
            "changed": "zset",
            "version": "hash",
            "wake": "string",
            "wakes": "string",
            "stop": "hash",
            "notes": "list",
        }
    )


def test_each_script_is_loaded_and_says_on_top_what_it_is_given() -> None:
    loaded = {
        "post": scripts.POST,
        "tick": scripts.TICK,
        "hand_over": scripts.HAND_OVER,
        "forget": scripts.FORGET,
        "projects": scripts.PROJECTS,
        "take": scripts.TAKE,
        "spend": scripts.SPEND,
    }

    assert FILES.keys() == loaded.keys() | {"family"}
    for name, script in loaded.items():
        assert script.endswith(FILES[name])
        assert re.match(r"(--.*\n)+--     (KEYS|ARGV)", FILES[name])
        assert script.startswith(FILES["family"]) == (name not in ("projects", "take", "spend"))


def test_the_architecture_page_has_every_key_and_its_type() -> None:
    page = (CHECKOUT / "docs" / "explanation" / "architecture.md").read_text()
    kinds = {"sorted set": "zset"}
    rows = re.findall(
        r"^\| `(logtail:[^`]+)`(?:, `:(\w+)`)? \| ([\w ]+) \|", page.replace("\\|", ""), re.MULTILINE
    )
    told = {name: kinds.get(kind, kind) for name, _, kind in rows}
    told |= {
        f"{name.rpartition(':')[0]}:{other}": kinds.get(kind, kind) for name, other, kind in rows if other
    }

    schema = dict(re.findall(KEY_LINE, FILES["family"] + (CONTROL / "keys.py").read_text()))

    assert len(schema) == 26
    assert told == schema
