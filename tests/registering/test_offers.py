"""What is offered beside the logs that there are, and registering it."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from django_logtail.models import Log
from django_logtail.registering import offers as offers_module
from django_logtail.registering.asking import FindFiles, Told, ask
from django_logtail.registering.found import Around, Found, written
from django_logtail.registering.offers import Recent, offers, recent, register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path]}
    recent.forget()
    return tmp_path


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"one\n")
    recent.forget()


def offered(root: Path, queue: str = "") -> list[str]:
    return sorted(str(offer.found.path.relative_to(root)) for offer in offers(queue).files)


def test_files_that_have_a_log_are_left_out_and_their_neighbours_are_not(root: Path) -> None:
    put(root, "app.log", "web.log", "old/app-7", "old/app-8.log", "app/app.log")
    Log.objects.create(slug="a", name="a", path=f"{root}//app.log", rotated_as="old/{stem}-{number}")

    assert offered(root) == ["app/app.log", "old/app-8.log", "web.log"]


def test_files_of_another_queue_do_not_count(root: Path, settings: Any) -> None:
    settings.LOGTAIL = {"ROOTS": [root], "READER": "dramatiq", "QUEUE": "web-1"}
    put(root, "app.log", "web.log")
    Log.objects.create(slug="a", name="a", path=str(root / "app.log"), queue="db-1")
    Log.objects.create(slug="w", name="w", path=str(root / "web.log"))

    assert offered(root) == offered(root, "web-1") == ["app.log"]
    assert offered(root, "db-1") == ["web.log"]


def test_what_a_pattern_matches_is_left_out(root: Path) -> None:
    put(root, "sites/a.log", "sites/b.txt", "day-2026-11-28.log", "web.log")
    Log.objects.create(slug="s", name="s", path=f"{root}/sites/*.log", follow="each")
    Log.objects.create(slug="d", name="d", path=f"{root}/day-%Y-%m-%d.log", follow="newest")

    assert offered(root) == ["sites/b.txt", "web.log"]


def test_registered_for_staff_with_the_derived_fields(root: Path) -> None:
    put(root, "nginx/access.log")

    [log] = register([f"{root}/nginx/access.log"], offers()).logs

    log = Log.objects.get(pk=log.pk)
    assert (log.name, log.slug, log.group, log.path) == (
        "nginx access",
        "nginx-access",
        "nginx",
        f"{root}/nginx/access.log",
    )
    assert (log.access, log.enabled, log.declared, log.queue, log.encoding) == (
        "staff",
        True,
        False,
        "",
        "utf-8",
    )
    assert offered(root) == []


def test_a_file_with_a_date_is_registered_as_the_newest_of_its_series(root: Path) -> None:
    put(root, "shop/app-2026-11-27.log", "shop/app-2026-11-28.log", "shop/web.log")

    offer = next(offer for offer in offers().files if offer.is_series)
    [log] = register([f"{root}/shop/app-%Y-%m-%d.log"], offers()).logs

    assert offer.found.path == root / "shop/app-2026-11-28.log"
    assert (log.path, log.follow, log.access) == (f"{root}/shop/app-%Y-%m-%d.log", "newest", "staff")
    assert (log.name, log.slug, log.group) == ("shop app", "shop-app", "shop")
    assert offered(root) == ["shop/web.log"]


def test_a_series_may_be_named_by_its_newest_file_but_by_no_other(root: Path) -> None:
    put(root, "app-2026-11-27.log", "app-2026-11-28.log")

    wrong = register([f"{root}/app-2026-11-27.log"], offers())
    right = register([f"{root}/app-2026-11-28.log"], offers())

    assert (wrong.logs, wrong.refused) == ([], {f"{root}/app-2026-11-27.log": ""})
    assert [log.path for log in right.logs] == [f"{root}/app-%Y-%m-%d.log"]


def test_the_projects_own_file_is_that_file_whatever_its_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "app-2026-11-28.log")
    monkeypatch.setattr(offers_module, "log_files", lambda: [root / "app-2026-11-28.log"])

    assert [offer.path for offer in offers().files] == [f"{root}/app-2026-11-28.log"]


@pytest.mark.parametrize(("count", "crowds"), [(20, 0), (21, 1)])
def test_one_row_is_proposed_for_more_than_twenty_files_of_one_ending(
    root: Path, count: int, crowds: int
) -> None:
    put(root, *(f"sites/s{number}.log" for number in range(count)), "sites/a.txt", "b/c.log")

    told = [(crowd.pattern, crowd.count) for crowd in offers().crowds]

    assert told == [(f"{root}/sites/*.log", 21)] * crowds


def test_only_what_was_offered_can_be_registered_and_the_rest_is_not_kept_from_it(root: Path) -> None:
    put(root, "app.log", "notes.conf")

    done = register(
        ["/etc/passwd", f"{root}/notes.conf", f"{root}/app.log", f"{root}/app.log", f"{root}/x.log"], offers()
    )

    assert [log.path for log in done.logs] == [f"{root}/app.log"]
    assert done.refused == {"/etc/passwd": "", f"{root}/notes.conf": "", f"{root}/x.log": ""}
    assert Log.objects.count() == 1


def test_a_file_that_became_a_link_out_of_the_roots_is_refused(root: Path, tmp_path_factory: Any) -> None:
    put(root, "app.log")
    found = offers()
    (root / "app.log").unlink()
    (root / "app.log").symlink_to("/etc/passwd")

    done = register([f"{root}/app.log"], found)

    assert done.logs == []
    assert "leads to '/etc/passwd', which is outside" in done.refused[f"{root}/app.log"]


def test_who_comes_second_registers_nothing_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "a.log", "b.log")
    first, second = offers(), offers()

    assert len(register([f"{root}/a.log"], first).logs) == 1
    done = register([f"{root}/a.log", f"{root}/b.log"], second)

    assert [log.path for log in done.logs] == [f"{root}/b.log"]
    assert list(done.refused) == [f"{root}/a.log"]

    def faster(self: Log, *args: Any, **kwargs: Any) -> None:
        raise IntegrityError

    put(root, "c.log")
    found = offers()
    monkeypatch.setattr(Log, "save", faster)
    assert register([f"{root}/c.log"], found).refused == {f"{root}/c.log": ""}


def test_sixty_files_at_once_with_few_queries(root: Path, django_assert_max_num_queries: Any) -> None:
    put(root, *(f"site{number}/access.log" for number in range(60)))
    found = offers()

    # For each: is the path taken, is the slug, a savepoint around the row.
    with django_assert_max_num_queries(60 * 5 + 2):
        done = register([str(offer.found.path) for offer in found.files], found)

    assert len(done.logs) == Log.objects.count() == 60


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, settings: Any, root: Path) -> list[Any]:
    """The questions to the host of a queue, which is not this one; `told` is what it says."""
    settings.LOGTAIL = {"ROOTS": [root], "READER": "dramatiq", "QUEUE": "web-1"}
    own = [root / "own.log", root / "later.log"]
    monkeypatch.setattr(offers_module, "log_files", lambda: own)
    return []


def answer(monkeypatch: pytest.MonkeyPatch, asked: list[Any], told: Told | None) -> None:
    def ask(queue: str, question: FindFiles) -> Told | None:
        asked.append((queue, question))
        return told

    monkeypatch.setattr(offers_module, "ask", ask)


def test_the_host_of_the_queue_says_what_it_has(
    root: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "only-here.log")
    there = Around([Found(root / "own.log", 3, 1.0, is_own=True), Found(root / "later.log", is_own=True)])
    answer(monkeypatch, asked, Told("db-1", json.loads(json.dumps(written(there, 200)))))

    found = offers("db")

    assert asked == [("db", FindFiles([f"{root}/own.log", f"{root}/later.log"]))]
    assert [offer.found for offer in found.files] == [there.files[0]]
    assert (found.host, found.is_reader) == ("db-1", True)


@pytest.mark.parametrize("told", [None, {}, {"files": [{"path": "/x", "new": 1}], "silent": []}])
def test_without_a_usable_answer_it_is_what_this_host_sees(
    root: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    put(root, "own.log")
    answer(monkeypatch, asked, None if told is None else Told("db-1", told))

    found = offers()

    assert [offer.found.path.name for offer in found.files] == ["own.log", "later.log"]
    assert (found.host, found.is_reader) == (socket.gethostname(), False)


def test_a_search_counts_for_four_seconds_for_the_same_directories(
    root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, searches = [100.0], []
    real = offers_module.look_around

    def look_around(*args: Any) -> Any:
        searches.append(time[0])
        return real(*args)

    monkeypatch.setattr(offers_module, "look_around", look_around)
    found = Recent(lambda: time[0])

    for moment in (100.0, 103.9, 104.0, 107.9):
        time[0] = moment
        found.around()
    settings.LOGTAIL = {"ROOTS": [root / "other"]}
    found.around()

    assert searches == [100.0, 104.0, 107.9]


def test_a_host_that_is_asked_finds_files_by_its_own_settings(root: Path) -> None:
    put(root, "app.log")

    told = ask("web-1", FindFiles(["/etc/passwd", "relative", f"{root}/own.log"]))

    assert told is not None
    found = [(Path(one["path"]).name, one["is_own"], one["size"]) for one in told.found["files"]]
    assert found == [("passwd", True, None), ("own.log", True, None), ("app.log", False, 4)]
    assert "outside" in told.found["files"][0]["reason"]
