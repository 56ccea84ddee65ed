import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import get_messages
from django.test import Client, RequestFactory, override_settings
from django.urls import path, reverse, reverse_lazy
from pytest_django.asserts import assertContains, assertNotContains

from django_logtail.control import FailedTask, ReaderLease, Seen, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.control.wants import Want
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
    use(memory)
    yield memory
    use(None)


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

    assert f"{roots}/access.log".replace("/", "/<wbr>") in page
    assert f'href="{reverse("logtail:log", args=["access"])}">Open live</a>' in page
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
        f"There is no file at {roots}/later.log on this host. "
        "That is fine if the worker of queue “logtail” has it or will have it."
    ) in said(response)


def test_a_log_for_the_chosen_with_nobody_chosen_is_saved_with_a_warning(client: Client, roots: Path) -> None:
    (roots / "app.log").touch()

    response = client.post(reverse("admin:logtail_log_add"), form(roots / "app.log", access="chosen"))

    assert "No groups or users are selected, so only superusers may watch this log." in said(response)


@pytest.mark.parametrize("chosen", ["users", "groups"])
def test_a_log_for_the_chosen_is_saved_without_a_warning_where_somebody_is(
    client: Client, roots: Path, chosen: str
) -> None:
    (roots / "app.log").touch()
    user, group = User.objects.create_user("ann"), Group.objects.create(name="night")
    pk = {"users": user.pk, "groups": group.pk}[chosen]
    fields: Any = form(roots / "app.log", access="chosen") | {chosen: [str(pk)]}

    response = client.post(reverse("admin:logtail_log_add"), fields)

    assert response.status_code == 302
    assert not any("may watch this log" in message for message in said(response))


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

    assert "LOGTAIL['LOGS']" not in page
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

    assert stopped == ["Stopped app. Viewers have been notified."]
    assert flags == {str(declared.pk): "reason:stopped?user=root"}
    assert continued[-1] == "Now reading app again."
    assert memory.stops("logtail") == {}


def test_a_stop_with_a_local_reader_says_what_to_do_instead(
    client: Client, settings: Any, roots: Path
) -> None:
    settings.LOGTAIL["READER"] = "local"
    log = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log")

    (message,) = run_action(client, "stop_reading", log)

    assert message.startswith('LOGTAIL["READER"] is "local", so there is no stop flag.')


class TestStatusPage:
    """What the admin shows of readers and viewers, and its buttons."""

    ADDRESS = reverse_lazy("admin:logtail_log_status")

    @pytest.fixture
    def app(self, roots: Path) -> Log:
        log: Log = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log", queue="web-9")
        return log

    @pytest.fixture
    def read(self, memory: MemoryControl, app: Log) -> MemoryControl:
        """A reader on web-9 that reads the log for two viewers."""
        memory.post("web-9", [Want("p", str(app.pk), "", "m", 1, 1)], [], [])
        memory.tick("web-9", ReaderLease("t", "box-9", 4321, "0.1"), Seen(), may_end=False, starting=True)
        facts = {"state": "reading", "reason": "", "size": 2048, "flows": 1, "rate": 3072, "behind": 5}
        reader = {"host": "box-9", "pid": 4321, "thread": "worker-1", "version": "0.1", "since": 0.0}
        memory.report("web-9", {**reader, "logs": {str(app.pk): facts}})
        root = User.objects.get(username="root")
        viewers = [ViewerFacts(name, str(root.pk), str(app.pk), 5.0, "10.0.0.1") for name in ("a", "b")]
        memory.report_viewers("p", viewers)
        return memory

    def test_the_list_of_logs_leads_to_it(self, client: Client) -> None:
        page = client.get(reverse("admin:logtail_log_changelist")).content.decode()

        assert f'<a href="{self.ADDRESS}">Readers and viewers</a>' in page

    def test_its_way_back_and_its_tools_look_like_the_admins_own(
        self, client: Client, memory: MemoryControl
    ) -> None:
        found = re.compile(r'<\w+ class="(?:breadcrumbs|object-tools)">')
        own = found.findall(client.get(self.ADDRESS).content.decode())

        assert own == found.findall(client.get(reverse("admin:logtail_log_changelist")).content.decode())
        assert len(own) == 2

    def test_it_shows_readers_logs_and_viewers(self, client: Client, read: MemoryControl) -> None:
        page = client.get(self.ADDRESS)

        assertContains(page, "<td>box-9</td><td>4321</td><td>worker-1</td>", html=False)
        assertContains(page, "<td>2.0\xa0kB</td>")
        assertContains(page, "<td>3.1\xa0kB/s</td>")
        assertContains(page, "<td>5\xa0B</td><td>1</td><td>2</td>")
        assertContains(page, "<td>Live</td>")
        assertContains(page, '<th scope="row">App</th><td>root</td>', count=2)
        assertContains(page, "<td>10.0.0.1</td>", count=2)

    def test_it_shows_what_failed(
        self, client: Client, memory: MemoryControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assertNotContains(client.get(self.ADDRESS), "Failures")
        failed = FailedTask("web-1", 4321, "relay: posting", 3, "KeyError: <b>", 9.0)
        monkeypatch.setattr(memory, "failures", lambda: [failed])

        page = client.get(self.ADDRESS)

        assertContains(page, "Failures")
        assertContains(page, '<th scope="row">relay: posting</th><td>web-1</td><td>4321</td>')
        assertContains(page, "<td>3</td>")
        assertContains(page, "<td>KeyError: &lt;b&gt;</td>")

    @pytest.mark.parametrize(
        ("state", "name"),
        [
            ("opening", "Connecting"),
            ("missing", "File missing"),
            ("unreadable", "Unreadable"),
            ("not-a-file", "Unreadable"),
            ("refused", "Unreadable"),
            ("stalled", "File not responding"),
            ("stopped", "Stopped"),
        ],
    )
    def test_a_state_is_named_as_viewers_see_it_with_its_reason(
        self, client: Client, app: Log, read: MemoryControl, state: str, name: str
    ) -> None:
        report = read.status("web-9")
        assert report is not None
        report["logs"][str(app.pk)] |= {"state": state, "reason": "why <b>", "size": None}

        page = client.get(self.ADDRESS)

        assertContains(page, f"<td>{name} (why &lt;b&gt;)</td>")
        assertContains(page, "<td>–</td>")

    def test_it_says_what_to_run_where_viewers_wait_for_a_reader(
        self, client: Client, app: Log, memory: MemoryControl
    ) -> None:
        memory.report_viewers("p", [ViewerFacts("a", "1", str(app.pk), 5.0, "10.0.0.1")])

        page = client.get(self.ADDRESS)

        assertContains(
            page,
            "No reader; 1 viewer is waiting. On the host that has the file, run this."
            "<br><code>python manage.py rundramatiq --queues web-9 --processes 1 --threads 2</code>",
        )
        assertContains(page, "None. One starts when somebody watches a log.")  # the queue of the settings

    def test_it_says_why_no_reader_answers(
        self, client: Client, app: Log, memory: MemoryControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        memory.report_viewers("p", [ViewerFacts("a", "1", str(app.pk), 5.0, "10.0.0.1")])
        monkeypatch.setattr(memory, "where", "redis.example:6379/0")

        page = client.get(self.ADDRESS)

        assertContains(
            page, "waiting. No worker serves queue “web-9” on the Redis at redis.example:6379/0. On the host"
        )

    def test_its_buttons_stop_a_log_with_a_reason_and_let_it_continue(
        self, client: Client, app: Log, read: MemoryControl
    ) -> None:
        stopped = client.post(self.ADDRESS, {"act": "stop", "log": "app", "reason": "too loud"}, follow=True)
        flags = read.stops("web-9")
        continued = client.post(self.ADDRESS, {"act": "continue", "log": "app"}, follow=True)

        assert flags == {str(app.pk): "reason:stopped-because?user=root&why=too+loud"}
        assertContains(stopped, "Stopped App. Viewers have been notified.")
        assertContains(stopped, "<td>web-9</td><td>stopped by root: too loud</td>")
        assertContains(continued, "Now reading App again.")
        assertContains(continued, "None set.")
        assert read.stops("web-9") == {}

    def test_its_buttons_stop_every_log_and_let_them_continue(
        self, client: Client, app: Log, memory: MemoryControl
    ) -> None:
        page = client.post(self.ADDRESS, {"act": "stop", "log": "*", "reason": ""}, follow=True)
        flags = [memory.stops(queue) for queue in ("logtail", "web-9")]
        client.post(self.ADDRESS, {"act": "continue", "log": "*"})

        assert flags == [{"*": "reason:stopped?user=root"}] * 2
        assertContains(page, "Continue everything", count=2)
        assert [memory.stops(queue) for queue in ("logtail", "web-9")] == [{}, {}]

    @pytest.mark.parametrize("log", [{}, {"log": ""}, {"log": "other"}])
    def test_a_button_that_names_no_log_does_nothing(
        self, client: Client, app: Log, memory: MemoryControl, log: dict[str, str]
    ) -> None:
        response = client.post(self.ADDRESS, {"act": "stop", **log})

        assert response.status_code == 404
        assert memory.stops("web-9") == {}

    def test_a_declared_log_is_stopped_like_any_other(
        self, client: Client, declared: Log, memory: MemoryControl
    ) -> None:
        client.post(self.ADDRESS, {"act": "stop", "log": "app"})

        assert memory.stops("logtail") == {str(declared.pk): "reason:stopped?user=root"}

    def test_a_button_needs_the_csrf_token(self, client: Client, app: Log, memory: MemoryControl) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(User.objects.get(username="root"))

        response = strict.post(self.ADDRESS, {"act": "stop", "log": "app"})

        assert response.status_code == 403
        assert memory.stops("web-9") == {}

    def test_who_may_only_view_the_registry_sees_it_and_cannot_stop(
        self, app: Log, memory: MemoryControl
    ) -> None:
        user = User.objects.create_user("ann", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_log"))
        memory.set_stop("web-9", str(app.pk), "stopped by root")
        client = Client()
        client.force_login(user)

        page = client.get(self.ADDRESS)
        response = client.post(self.ADDRESS, {"act": "continue", "log": "app"})

        assertContains(page, "stopped by root")
        assertNotContains(page, 'name="act"')
        assert response.status_code == 403
        assert memory.stops("web-9") != {}

    @pytest.mark.parametrize(("staff", "status"), [(True, 403), (False, 302)])
    def test_it_is_for_who_may_see_the_registry(
        self, memory: MemoryControl, staff: bool, status: int
    ) -> None:
        client = Client()
        client.force_login(User.objects.create_user("bo", is_staff=staff))

        assert client.get(self.ADDRESS).status_code == status

    def test_with_a_local_reader_it_shows_this_process_and_says_so(
        self, client: Client, settings: Any, read: MemoryControl
    ) -> None:
        settings.LOGTAIL["READER"] = "local"

        page = client.get(self.ADDRESS)

        assertContains(page, f"This page shows process {os.getpid()}, which served your request")
        assertContains(page, "<td>4321</td>")
        assertNotContains(page, "Stop flags")
        assertNotContains(page, 'value="stop"')
        assertContains(page, 'value="end"')

    def test_without_redis_it_says_so_and_what_to_do(self, client: Client, settings: Any) -> None:
        settings.LOGTAIL["REDIS_URL"] = "redis://127.0.0.1:1/0"
        use(None)

        try:
            page = client.get(self.ADDRESS)
            Log.objects.create(name="App", slug="app", path="/tmp/app.log")
            stopped = client.post(self.ADDRESS, {"act": "stop", "log": "app"})
        finally:
            use(None)

        assertContains(page, '<p class="errornote">Redis does not respond: ')
        assertContains(page, "manage.py logtail_doctor")
        assertNotContains(page, "Nobody is watching.")
        (message,) = said(stopped)
        assert message.startswith("Redis does not respond: ")

    def test_nothing_on_it_is_inline(self, client: Client, read: MemoryControl) -> None:
        page = client.get(self.ADDRESS).content.decode()

        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page) == []


def test_a_projects_own_admin_class_needs_no_status_page(client: Client, roots: Path) -> None:
    site = AdminSite("own")
    site.register(Log, ModelAdmin)
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="root")

    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("own/", site.urls)]})):
        page = site.get_model_admin(Log).changelist_view(request).render().content.decode()

    assert "Add log" in page
    assert "Readers and viewers" not in page


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (["add_log"], "Another log already has this file."),
        (
            ["add_log", "view_log"],
            "The log “Audit” (audit) already has this file. Change or delete that one first.",
        ),
    ],
)
def test_a_file_that_a_log_has_is_refused_and_named_to_who_may_see_that_log(
    client: Client, roots: Path, rights: list[str], words: str
) -> None:
    Log.objects.create(name="Audit", slug="audit", path=f"{roots}/audit.log", access="chosen")
    adder = User.objects.create_user("adder", is_staff=True)
    adder.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(adder)

    page = client.post(reverse("admin:logtail_log_add"), form(roots / ".." / roots.name / "audit.log"))
    tidy = client.post(
        reverse("admin:logtail_log_add"), form(Path(f"{roots}//audit.log"), access="signed-in")
    )

    assert tidy.context["adminform"].form.errors == {"path": [words]}
    assert "contains &#x27;..&#x27;" in page.content.decode()
    assert Log.objects.count() == 1


def test_a_log_is_changed_where_no_other_has_its_file(client: Client, roots: Path) -> None:
    first = Log.objects.create(name="Audit", slug="audit", path=f"{roots}/audit.log")
    second = Log.objects.create(name="App", slug="app", path=f"{roots}/app.log")
    address = reverse("admin:logtail_log_change", args=[second.pk])

    refused = client.post(address, form(roots / "audit.log"))
    same = client.post(address, form(roots / "app.log", name="Application"))

    assert list(refused.context["adminform"].form.errors) == ["path"]
    assert same.status_code == 302
    assert {(log.pk, log.name) for log in Log.objects.all()} == {
        (first.pk, "Audit"),
        (second.pk, "Application"),
    }


def test_saving_a_log_on_a_file_system_that_does_not_answer_does_not_wait_for_it(
    client: Client, roots: Path, dead: Path
) -> None:
    began = time.monotonic()

    added = client.post(reverse("admin:logtail_log_add"), form(dead / "app.log"))
    log = Log.objects.get()
    changed = client.post(
        reverse("admin:logtail_log_change", args=[log.pk]), form(dead / "app.log", name="B")
    )

    assert time.monotonic() - began < 20  # or for ever
    hint = f"{dead}/app.log does not respond on this host: its disk or network may be down."
    assert hint in said(added)
    assert hint in said(changed)
    assert (added.status_code, changed.status_code) == (302, 302)
    assert [thread.name for thread in threading.enumerate()].count("logtail-look") == 1


def test_only_the_form_for_a_new_log_offers_the_files_that_have_none(client: Client, roots: Path) -> None:
    log = Log.objects.create(name="App", slug="app", path=str(roots / "app.log"))

    new = client.get(reverse("admin:logtail_log_add")).content.decode()
    changed = client.get(reverse("admin:logtail_log_change", args=[log.pk])).content.decode()

    assert 'id="logtail-found"' in new
    assert '"add-found": "/logs/-/found/add/"' in new
    assert "first.title" in new
    assert "nav.find" not in new
    assert 'id="logtail-found"' not in changed
