"""The admin's pages of records."""

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone as django_timezone
from pytest_django.asserts import assertContains, assertNotContains

from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.models import Log
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

BEGAN = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)

pytestmark = pytest.mark.django_db

VIEWINGS = "admin:logtail_viewing_changelist"
ACTIONS = "admin:logtail_viewingevent_changelist"
PAGES = [
    (VIEWINGS, []),
    (ACTIONS, []),
    ("admin:logtail_viewing_export", ["csv"]),
    ("admin:logtail_viewingevent_export", ["ndjson"]),
]


def a_viewing(user: str = "ann", slug: str = "app", **fields: Any) -> Viewing:
    values = {
        "id": uuid.uuid4(),
        "began": BEGAN,
        "seen": BEGAN,
        "user": "7",
        "user_name": user,
        "slug": slug,
        "log_name": slug.title(),
        "address": "192.0.2.7",
        "via": "socket",
    }
    row: Viewing = Viewing.objects.create(**{**values, **fields})
    return row


def an_event(action: str, viewing: Viewing | None = None, user: str = "ann", **fields: Any) -> ViewingEvent:
    values = {"id": uuid.uuid4(), "began": BEGAN, "user_name": user, "slug": "app", "log_name": "App"}
    row: ViewingEvent = ViewingEvent.objects.create(
        **{**values, "action": action, "viewing": viewing, **fields}
    )
    return row


@pytest.fixture
def auditor(client: Client) -> Client:
    """Staff with the two permissions and no other."""
    user = User.objects.create_user("auditor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_viewing", "view_viewingevent"]))
    client.force_login(user)
    return client


def shown(client: Client, page: str = VIEWINGS, **parameters: str) -> set[str]:
    answer = client.get(reverse(page), parameters)
    assert answer.status_code == 200
    return {row.user_name for row in answer.context["cl"].result_list}


@pytest.mark.parametrize(("name", "arguments"), PAGES)
@pytest.mark.parametrize(
    ("permissions", "status"),
    [([], 403), (["view_log", "change_log"], 403), (["view_viewing", "view_viewingevent"], 200)],
)
def test_only_whoever_has_the_permission_sees_records(
    client: Client, name: str, arguments: list[str], permissions: list[str], status: int
) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    assert client.get(reverse(name, args=arguments)).status_code == status


def test_one_viewing_needs_the_permission_too(client: Client) -> None:
    address = reverse("admin:logtail_viewing_change", args=[a_viewing().pk])
    client.force_login(User.objects.create_user("staff", is_staff=True))

    assert client.get(address).status_code == 403


def test_nobody_changes_records(client: Client) -> None:
    row = a_viewing()
    client.force_login(User.objects.create_superuser("root"))

    for name, arguments in (("add", []), ("delete", [row.pk])):
        assert client.post(reverse(f"admin:logtail_viewing_{name}", args=arguments)).status_code == 403
    client.post(reverse("admin:logtail_viewing_change", args=[row.pk]), {"user_name": "x"})
    client.post(reverse(VIEWINGS), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert Viewing.objects.get().user_name == "ann"


def test_the_list_says_who_watches_now_and_how_others_ended(auditor: Client) -> None:
    watching = a_viewing(began=django_timezone.now() - timedelta(minutes=3, seconds=10))
    a_viewing("bob", ended=BEGAN + timedelta(hours=2, minutes=11), outcome="no-access", bytes=2_048)
    for _ in range(2):
        an_event("search", watching)
    an_event("time", watching)

    answer = auditor.get(reverse(VIEWINGS))

    for text in (
        "watching",
        "3 min",
        "Search, 2 times",
        "Jump in history",
        "access removed",
        "2 h 11 min",
        "2.0",
    ):
        assertContains(answer, text)


def test_the_filters_leave_what_they_say(auditor: Client) -> None:
    Log.objects.create(name="App", slug="app", path="/tmp/app.log")
    ann = a_viewing("ann", ended=BEGAN, outcome="left")
    a_viewing("bob", slug="gone", began=BEGAN - timedelta(days=1), ended=BEGAN, outcome="signed-out")
    a_viewing("cyd", began=django_timezone.now())
    an_event("search", ann)
    an_event("original", Viewing.objects.get(user_name="bob"))

    assert shown(auditor) == {"ann", "bob", "cyd"}
    for parameters, users in (
        ({"state": "now"}, {"cyd"}),
        ({"state": "past"}, {"ann", "bob"}),
        ({"state": "revoked"}, {"bob"}),
        ({"slug": "app"}, {"ann", "cyd"}),
        ({"slug": "gone"}, {"bob"}),
        ({"user_name": "bob"}, {"bob"}),
        ({"user_name": "bo"}, set()),
        ({"day": "2026-11-27"}, {"ann"}),
        ({"day": "2026-11-26"}, {"bob"}),
        ({"day": "2026-02-30"}, {"ann", "bob", "cyd"}),
        ({"day": "x"}, {"ann", "bob", "cyd"}),
        ({"day": "1"}, {"cyd"}),
        ({"action_done": "search"}, {"ann"}),
        ({"action_done": "time"}, set()),
        ({"action_done": "original"}, {"bob"}),
        ({"q": "192.0.2.7"}, {"ann", "bob", "cyd"}),
        ({"q": "gone"}, {"bob"}),
    ):
        assert shown(auditor, **parameters) == users, parameters


def test_whose_viewing_had_the_original_can_be_chosen(auditor: Client) -> None:
    assertContains(auditor.get(reverse(VIEWINGS)), '<a href="?action_done=original">', 1)


@pytest.mark.parametrize(
    ("language", "began", "ended"),
    [
        ("en", "Nov. 27, 2026 12:00:00", "Nov. 27, 2026 12:00:59"),
        ("zh-hans", "2026年11月27日 12:00:00", "2026年11月27日 12:00:59"),
    ],
)
def test_moments_are_told_to_the_second(
    auditor: Client, settings: Any, language: str, began: str, ended: str
) -> None:
    settings.LANGUAGE_CODE, settings.TIME_ZONE = language, "UTC"
    row = a_viewing(ended=BEGAN + timedelta(seconds=59), outcome="left")
    an_event("note", row)
    page = auditor.get(reverse("admin:logtail_viewing_change", args=[row.pk]))

    assertContains(page, began)
    assertContains(page, ended)
    for name in (VIEWINGS, ACTIONS):
        assertContains(auditor.get(reverse(name)), began, 1)


def test_the_outcome_stands_apart_from_the_detail(auditor: Client) -> None:
    viewing = a_viewing()
    an_event("original", viewing, detail={"minutes": 15}, outcome="left")
    an_event("note", viewing, detail={"text": "hello"})
    an_event("download", viewing, outcome="whole")

    for address in (reverse(ACTIONS), reverse("admin:logtail_viewing_change", args=[viewing.pk])):
        answer = auditor.get(address)
        assertContains(answer, "minutes: <code><bdi>15</bdi></code> · left</td>")
        assertContains(answer, "text: <code><bdi>hello</bdi></code></td>")
        assertContains(answer, ">whole</td>")


def test_actions_without_a_viewing_are_found_as_well(auditor: Client) -> None:
    an_event("refused", user="temp7", detail={"what": "view"})
    an_event("search", a_viewing(), detail={"pattern": "declined"}, outcome="done")

    answer = auditor.get(reverse(ACTIONS))

    for text in ("Refused", "temp7", "declined", "done"):
        assertContains(answer, text)
    assert shown(auditor, ACTIONS, action_done="refused") == {"temp7"}


def test_the_page_of_a_viewing_has_its_actions_and_no_other_s(auditor: Client) -> None:
    ranges = [{"file": "abcdef", "name": "app.log", "ranges": [[3_196_804, 3_604_480]]}]
    viewing = a_viewing(ranges=ranges, bytes=407_676, hosts=["web-1"], is_exact=False)
    an_event("search", viewing, detail={"pattern": "declined", "found": 31}, outcome="done")
    an_event("note", a_viewing("bob"), detail={"text": "of another"})

    answer = auditor.get(reverse("admin:logtail_viewing_change", args=[viewing.pk]))

    for text in ("app.log 3,196,804–3,604,480", "web-1", "declined", "31", "watching", "No text of a log"):
        assertContains(answer, text)
    assertContains(answer, "Some parts were joined")
    assertNotContains(answer, "of another")


@pytest.mark.parametrize("key", ["x", "00000000-0000-4000-8000-000000000000"])
def test_a_viewing_that_is_not_there_is_not_found(auditor: Client, key: str) -> None:
    assert auditor.get(reverse("admin:logtail_viewing_change", args=[key])).status_code == 404


def test_hostile_names_are_text(auditor: Client) -> None:
    hostile = "<script>alert(1)</script>\u202egnp"
    viewing = a_viewing(hostile, log_name=hostile, address=hostile, outcome=hostile, ended=BEGAN)
    an_event(hostile[:40], viewing, user=hostile, detail={hostile: hostile, "n": [hostile]})

    for page in (
        reverse(VIEWINGS),
        reverse(ACTIONS),
        reverse("admin:logtail_viewing_change", args=[viewing.pk]),
    ):
        answer = auditor.get(page)
        assertNotContains(answer, "<script>alert")
        assertContains(answer, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp</bdi>")


def test_the_export_has_the_rows_of_the_list_and_is_recorded(auditor: Client, desk: Desk) -> None:
    a_viewing("ann")
    a_viewing("bob")

    answer = auditor.get(reverse("admin:logtail_viewing_export", args=["ndjson"]), {"user_name": "bob"})

    lines = b"".join(answer).splitlines()  # type: ignore[call-overload]
    assert [json.loads(line)["user_name"] for line in lines] == ["bob"]
    (event,) = desk.of("event")
    assert (event["action"], event["user_name"], event["detail"]) == (
        "exported",
        "auditor",
        {"records": "viewing", "form": "ndjson", "filter": "user_name=bob"},
    )


@pytest.mark.parametrize(("form", "parameters"), [("exe", {}), ("csv", {"no_such_field": "1"})])
def test_an_export_of_nothing_that_there_is_is_not_found(
    auditor: Client, form: str, parameters: dict[str, str]
) -> None:
    assert auditor.get(reverse("admin:logtail_viewing_export", args=[form]), parameters).status_code == 404


def test_a_list_costs_as_many_queries_with_many_rows(
    auditor: Client, django_assert_max_num_queries: Any
) -> None:
    for index in range(40):
        an_event("search", a_viewing(f"user-{index}"))

    with django_assert_max_num_queries(8):
        auditor.get(reverse(VIEWINGS))


def test_the_list_says_if_nothing_is_recorded(auditor: Client, settings: Any) -> None:
    assertContains(auditor.get(reverse(VIEWINGS)), "Nothing is recorded")

    settings.LOGTAIL = {"AUDIT": True}

    assertNotContains(auditor.get(reverse(VIEWINGS)), "Nothing is recorded")


def test_the_pages_speak_chinese(auditor: Client) -> None:
    viewing = a_viewing(ended=BEGAN, outcome="no-access")
    an_event("search", viewing)

    chinese = {"Accept-Language": "zh-hans"}
    assertContains(auditor.get(reverse(VIEWINGS), headers=chinese), "权限被收回")
    page = auditor.get(reverse("admin:logtail_viewing_change", args=[viewing.pk]), headers=chinese)
    assertContains(page, "此处从不保存日志内容。")


def offered_logs(client: Client, **parameters: str) -> list[str]:
    """What the filter by log offers, but for "All"."""
    specs = client.get(reverse(VIEWINGS), parameters).context["cl"].filter_specs
    (found,) = [spec for spec in specs if getattr(spec, "parameter_name", "") == "slug"]
    return [value for value, _ in found.lookup_choices]


def test_the_filter_offers_registered_logs_and_no_member_of_a_pattern(auditor: Client) -> None:
    sites = Log.objects.create(name="Sites", slug="sites", path="/tmp/*.log", follow="each")
    for index in range(3):
        Log.objects.create(name=f"m{index}", slug=f"m{index}", path=f"/tmp/m{index}.log", parent=sites)
    assert offered_logs(auditor, slug="m1") == ["m1"]
    for index in range(19):
        Log.objects.create(name=f"log {index:02}", slug=f"log-{index:02}", path=f"/tmp/{index}.txt")

    assert offered_logs(auditor) == [f"log-{index:02}" for index in range(19)]
    for index in range(19, 22):
        Log.objects.create(name=f"log {index:02}", slug=f"log-{index:02}", path=f"/tmp/{index}.txt")
    assert offered_logs(auditor) == [f"log-{index:02}" for index in range(20)]


def test_the_name_of_a_log_leads_to_its_records(auditor: Client) -> None:
    a_viewing(slug="m1")
    an_event("exported", slug="", log_name="")

    assertContains(auditor.get(reverse(VIEWINGS)), '<a href="?slug=m1"><bdi>M1</bdi></a>')
    assertNotContains(auditor.get(reverse(ACTIONS)), '"?slug=')
    assert shown(auditor, slug="m1") == {"ann"}
    assert shown(auditor, slug="m2") == set()
