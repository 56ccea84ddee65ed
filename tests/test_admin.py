from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from django_logtail import control
from django_logtail.control import MemoryControl
from django_logtail.declared import sync
from django_logtail.models import Log

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roots(settings: Any, tmp_path: Path) -> Path:
    settings.LOGTAIL = {"READER": "dramatiq", "ROOTS": [tmp_path], "LOGS": {}}
    return tmp_path


@pytest.fixture
def memory() -> Iterator[MemoryControl]:
    memory = MemoryControl()
    control.use(memory)
    yield memory
    control.use(None)


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def declared(settings: Any, roots: Path) -> Log:
    settings.LOGTAIL["LOGS"] = {"app": roots / "app.log"}
    sync()
    log: Log = Log.objects.get(slug="app")
    return log


def form(path: Path, **fields: str) -> dict[str, str]:
    defaults = {
        "name": "App",
        "slug": "app",
        "order": "0",
        "encoding": "utf-8",
        "enabled": "on",
        "access": "staff",
    }
    return {**defaults, "path": str(path), **fields}


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_list_shows_where_each_log_is_read_and_a_way_to_watch_it(client: Client, roots: Path) -> None:
    Log.objects.create(name="Access", slug="access", group="nginx", path=f"{roots}/access.log", queue="web-1")
    Log.objects.create(name="Off", slug="off", path=f"{roots}/off.log", enabled=False)

    page = client.get(reverse("admin:logtail_log_changelist")).content.decode()

    assert f"{roots}/access.log" in page
    assert '<td class="field-reading_queue">web-1</td>' in page
    assert '<td class="field-reading_queue">logtail</td>' in page
    assert f'<a href="{reverse("logtail:log", args=["access"])}">Watch</a>' in page
    assert reverse("logtail:log", args=["off"]) not in page


@pytest.mark.parametrize(
    "query", ["q=access", "enabled__exact=1", "access__exact=staff", "declared__exact=0"]
)
def test_the_list_can_be_searched_and_filtered(client: Client, roots: Path, query: str) -> None:
    Log.objects.create(name="Access", slug="a", path=f"{roots}/access.log")
    Log.objects.create(
        name="Other", slug="b", path=f"{roots}/b.log", enabled=False, access="signed-in", declared=True
    )

    page = client.get(f"{reverse('admin:logtail_log_changelist')}?{query}").content.decode()

    assert "1 log" in page
    assert ">Access</a>" in page


def test_a_log_is_registered(client: Client, roots: Path) -> None:
    (roots / "app.log").touch()

    response = client.post(reverse("admin:logtail_log_add"), form(roots / "app.log"))

    assert response.status_code == 302
    assert Log.objects.get().path == f"{roots}/app.log"
    assert len(said(response)) == 1  # Django's own


def test_a_path_outside_the_roots_is_refused_beside_its_field(client: Client) -> None:
    response = client.post(reverse("admin:logtail_log_add"), form(Path("/etc/passwd")))

    errors = response.context["adminform"].form.errors
    assert list(errors) == ["path"]
    assert 'LOGTAIL["ROOTS"]' in errors["path"][0]
    assert not Log.objects.exists()


def test_a_file_that_is_not_here_is_registered_with_a_hint(client: Client, roots: Path) -> None:
    response = client.post(reverse("admin:logtail_log_add"), form(roots / "later.log"))

    assert Log.objects.exists()
    assert (
        f"{roots}/later.log is no file on this host now. "
        "That is fine if the worker of queue 'logtail' has it or will have it."
    ) in said(response)


def test_a_log_for_the_chosen_with_nobody_chosen_is_saved_with_a_warning(client: Client, roots: Path) -> None:
    (roots / "app.log").touch()

    response = client.post(reverse("admin:logtail_log_add"), form(roots / "app.log", access="chosen"))

    assert "No groups or users are chosen, so only superusers may watch this log." in said(response)


def test_a_declared_log_is_shown_read_only_with_the_reason(client: Client, declared: Log) -> None:
    page = client.get(reverse("admin:logtail_log_change", args=[declared.pk])).content.decode()

    assert (
        "This log is declared in LOGTAIL['LOGS'] of the project’s settings, so it is read-only here." in page
    )
    assert 'name="path"' not in page
    assert "_save" not in page
    assert "deletelink" not in page


def test_a_declared_log_cannot_be_changed_or_deleted(client: Client, declared: Log, roots: Path) -> None:
    changed = client.post(
        reverse("admin:logtail_log_change", args=[declared.pk]), form(roots / "app.log", name="X")
    )
    deleted = client.post(reverse("admin:logtail_log_delete", args=[declared.pk]), {"post": "yes"})
    client.post(
        reverse("admin:logtail_log_changelist"),
        {"action": "delete_selected", "_selected_action": declared.pk, "post": "yes"},
    )

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert Log.objects.get().name == "app"


def test_a_log_made_by_hand_is_changed_and_says_nothing_of_declarations(client: Client, roots: Path) -> None:
    (roots / "app.log").touch()
    log = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log")
    address = reverse("admin:logtail_log_change", args=[log.pk])

    page = client.get(address).content.decode()
    client.post(address, form(roots / "app.log", name="New name"))

    assert "LOGTAIL" not in page
    assert f'href="{reverse("logtail:log", args=["app"])}" class="viewsitelink"' in page
    assert Log.objects.get().name == "New name"


def test_who_may_only_view_the_registry_cannot_change_it(roots: Path) -> None:
    user = User.objects.create_user("ann", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_log"))
    log = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log")
    client = Client()
    client.force_login(user)
    address = reverse("admin:logtail_log_change", args=[log.pk])

    assert client.get(address).status_code == 200
    assert client.post(address, form(roots / "app.log")).status_code == 403


def run_action(client: Client, action: str, *logs: Log) -> list[str]:
    selected = {"action": action, "_selected_action": [log.pk for log in logs]}
    return said(client.post(reverse("admin:logtail_log_changelist"), selected))


def test_reading_is_stopped_and_continued_by_actions(
    client: Client, declared: Log, memory: MemoryControl
) -> None:
    stopped = run_action(client, "stop_reading", declared)
    flags = memory.stops("logtail")
    continued = run_action(client, "continue_reading", declared)

    assert stopped == ["Reading stops now: app. Its viewers are told."]
    assert flags == {str(declared.pk): "stopped by root"}
    assert continued[-1] == "Reading continues: app."
    assert memory.stops("logtail") == {}


def test_a_stop_with_a_local_reader_says_what_to_do_instead(
    client: Client, settings: Any, roots: Path
) -> None:
    settings.LOGTAIL["READER"] = "local"
    log = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log")

    (message,) = run_action(client, "stop_reading", log)

    assert message.startswith('LOGTAIL["READER"] is "local", so there is no stop flag.')
