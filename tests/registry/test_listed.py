"""What the admin's list says about files: what readers report, what hosts see, and what a silence costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_logtail.control import ReaderLease, Seen, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.models import Log
from django_logtail.registering.asking import Look, Told
from django_logtail.registry import asked, listed
from django_logtail.registry.listed import Facts, since
from django_logtail.tailing.reasons import reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory")]
LIST = "admin:logtail_log_changelist"


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Look]]:
    """What was asked. Queue "web" answers, "db" does not."""
    found: list[dict[str, Look]] = []

    def ask_each(asked: dict[str, Look]) -> dict[str, Told | None]:
        found.append(dict(asked))
        files = {
            "idle": {"size": 1_300, "written": 1_800_000_000.0, "line": "", "reason": ""},
            "later": {"size": None, "written": None, "line": "", "reason": reason("gone")},
            "closed": {
                "size": None,
                "written": None,
                "line": "",
                "reason": reason("not-searchable", reader="www"),
            },
            "read": {"size": 1, "written": 1_800_000_000.0, "line": "", "reason": ""},
        }
        return {
            queue: None
            if queue == "db"
            else Told("web-1", {"files": [files[Path(path).stem] for path, _ in look.files]})
            for queue, look in asked.items()
        }

    monkeypatch.setattr(listed, "ask_each", ask_each)
    return found


def add(slug: str, root: Path, **fields: Any) -> Log:
    return Log.objects.create(
        **{"name": slug, "slug": slug, "path": f"{root}/{slug}.log", "queue": "web", **fields}
    )


def test_each_row_is_as_its_reader_or_its_host_sees_it(
    memory: MemoryControl, questions: list[dict[str, Look]], tmp_path: Path
) -> None:
    read, idle, later, closed = (add(slug, tmp_path) for slug in ("read", "idle", "later", "closed"))
    here, off = add("here", tmp_path, queue="db"), add("off", tmp_path, enabled=False)
    each = add("each", tmp_path, follow="each")
    (tmp_path / "here.log").write_text("x\n")
    memory.tick("web", ReaderLease("t", "web-1", 7, "1"), Seen(), may_end=False, starting=True)
    memory.report(
        "web", {"host": "web-1", "logs": {str(read.pk): {"state": "reading", "size": 508, "reason": ""}}}
    )
    memory.report_viewers(
        "p", [ViewerFacts("s", "1", str(read.pk), 1.0, ""), ViewerFacts("t", "2", str(idle.pk), 1.0, "")]
    )

    found = listed.listed([read, idle, later, closed, here, off, each], may_ask=True)

    states = {pk: (one.state, one.tone, one.size, one.viewers) for pk, one in found.facts.items()}
    assert states == {
        read.pk: ("Live", "ok", 508, 1),
        idle.pk: ("Idle", "", 1_300, 1),
        later.pk: ("No file yet", "caution", None, 0),
        closed.pk: ("Can’t be read", "danger", None, 0),
        here.pk: ("No reader", "caution", 2, 0),
        off.pk: ("Disabled", "", None, 0),
        each.pk: ("", "", None, 0),
    }
    assert (
        found.facts[closed.pk].hint
        == "the reader runs as www, which has no permission to enter its directory"
    )
    assert "rundramatiq --queues db" in found.facts[here.pk].hint
    (notice,) = found.notices
    assert notice.startswith("No worker answers for queue “db”.")
    assert [{queue: len(look.files) for queue, look in one.items()} for one in questions] == [
        {"web": 4, "db": 1}
    ]


def test_a_log_that_follows_the_newest_file_is_as_large_as_that(
    memory: MemoryControl, tmp_path: Path, settings: Any
) -> None:
    settings.LOGTAIL = {"ROOTS": [str(tmp_path)], "READER": "local"}
    for name in ("app-1.log", "app-2.log"):
        (tmp_path / name).write_text(f"of {name}\n" * int(name[4]))
    newest = add("newest", tmp_path, path=f"{tmp_path}/app-*.log", follow="newest")
    one = add("one", tmp_path, path=f"{tmp_path}/app-1.log")
    none = add("none", tmp_path, path=f"{tmp_path}/none-*.log", follow="newest")

    found = listed.listed([newest, one, none], may_ask=True).facts

    assert [(found[log.pk].state, found[log.pk].size) for log in (newest, one, none)] == [
        ("Idle", 26),
        ("Idle", 13),
        ("No file yet", None),
    ]
    assert found[none.pk].hint == "No file matches the pattern yet."


def test_a_hundred_rows_are_asked_about_and_nobody_for_who_may_not_ask(
    questions: list[dict[str, Look]], tmp_path: Path
) -> None:
    rows = [Log(pk=number, slug="idle", path="/logs/idle.log", queue="web") for number in range(101)]

    found = listed.listed(rows, may_ask=True)
    assert (len(questions[0]["web"].files), found.facts[99].state, found.facts[100]) == (100, "Idle", Facts())
    assert listed.listed(rows, may_ask=False).facts[99] == Facts()
    assert questions[1] == {}


@pytest.mark.parametrize(
    "found", [{}, {"files": 7}, {"files": [7]}, {"files": []}, {"files": [{"size": "1"}]}]
)
def test_an_answer_of_another_version_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: Any
) -> None:
    monkeypatch.setattr(listed, "ask_each", lambda asked: {"web": Told("web-1", found)})

    (facts,) = listed.listed([add("idle", tmp_path)], may_ask=True).facts.values()
    assert (facts.size, facts.written) == (None, None)


def test_the_time_since_a_change_is_in_the_reader_s_language() -> None:
    said = [since(1_000.0, 1_000.0 + seconds)[0] for seconds in (9, 10, 59, 60, 7_300)]
    assert said == ["just now", "10 s ago", "59 s ago", "1\xa0minute ago", "2\xa0hours ago"]
    with translation.override("zh-hans"):
        assert since(1_000.0, 1_060.0)[0] == "1\xa0分钟前"


def test_the_list_shows_them_and_asks_only_for_who_may_register(
    client: Client, questions: list[dict[str, Look]], tmp_path: Path
) -> None:
    add("idle", tmp_path, name="<b>evil</b>")
    add("here", tmp_path, queue="db")
    client.force_login(User.objects.create_superuser("root"))

    page = client.get(reverse(LIST)).content.decode()

    assert 'lt-number">1.3\xa0kB</span>' in page
    assert 'data-tone="" title="Nobody is watching.">Idle</span>' in page
    assert 'lt-number">0</span>' in page
    assert f'<a class="lt-open" href="{reverse("logtail:log", args=["idle"])}">Open live</a>' in page
    assert "No worker answers for queue “db”." in page
    assert "<b>evil" not in page
    with translation.override("de"):
        german = client.get(reverse(LIST), headers={"Accept-Language": "de"}).content.decode()
    assert 'lt-number">1,3\xa0kB</span>' in german

    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_log"))
    client.force_login(viewer)
    questions.clear()
    page = client.get(reverse(LIST)).content.decode()
    assert ([one for one in questions if one], "Idle" in page, "field-file_size" in page) == ([], False, True)


def test_each_user_asks_five_times_a_second_and_all_together_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(asked, "_shares", asked.Shares(5, 20, clock=lambda: now[0]))
    ann, bob = User(pk=1), User(pk=2)

    assert [asked.may_ask(ann) for _ in range(6)] == [True] * 5 + [False]
    assert asked.may_ask(bob)
    now[0] += 0.2
    assert [asked.may_ask(ann) for _ in range(2)] == [True, False]
    others = [asked.may_ask(User(pk=pk)) for pk in range(3, 30)]
    assert (others.count(True), others[-1]) == (17, False)
