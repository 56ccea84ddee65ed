"""Saved views: who sees which, who may save, change and delete them, and what is told of other logs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_logtail.models import Access, Log, SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Log:
    return add_log("shop")


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def ben() -> User:
    return User.objects.create_user("ben")


def add_log(slug: str, **fields: Any) -> Log:
    values = {"name": f"{slug}.log", "path": f"/tmp/{slug}.log", "access": Access.SIGNED_IN, **fields}
    return Log.objects.create(slug=slug, **values)


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sharing(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename="share_view"))
    return User.objects.get(pk=user.pk)


def save(user: User, log: str = "shop", **fields: Any) -> Any:
    values = {"name": "Errors", "fragment": "off=ID", **fields}
    return of(user).post(reverse("logtail:views", args=[log]), values)


def listed(user: User, log: str = "shop") -> list[dict[str, Any]]:
    logs = of(user).get(reverse("logtail:logs")).json()["logs"]
    return next(one["views"] for one in logs if one["slug"] == log)


def names(user: User, log: str = "shop") -> list[str]:
    return [view["name"] for view in listed(user, log)]


# --- one's own --------------------------------------------------------------------------------------


def test_a_view_is_saved_and_listed_under_its_log(ann: User, shop: Log) -> None:
    add_log("worker")

    answer = save(ann, name="  Only errors ", fragment="off=ID&q=pay")

    assert answer.status_code == 201
    assert listed(ann) == [answer.json()["view"]]
    assert {key: value for key, value in listed(ann)[0].items() if key != "id"} == {
        "name": "Only errors",
        "fragment": "off=ID&q=pay",
        "for": "me",
        "group": "",
        "mine": True,
    }
    assert names(ann, "worker") == []


def test_the_page_has_the_views_from_the_first_second(ann: User, shop: Log) -> None:
    save(ann)

    page = of(ann).get(reverse("logtail:log", args=["shop"]))

    assert [view["name"] for view in page.context["config"]["logs"][0]["views"]] == ["Errors"]


def test_nobody_else_sees_or_touches_one_s_own_view(ann: User, ben: User, shop: Log) -> None:
    pk = save(ann).json()["view"]["id"]
    root = User.objects.create_superuser("root")

    for other in (ben, root):
        assert names(other) == []
        changed = of(other).post(reverse("logtail:view", args=["shop", pk]), {"name": "Mine"})
        deleted = of(other).post(reverse("logtail:delete-view", args=["shop", pk]))
        assert (changed.status_code, deleted.status_code) == (404, 404)
        assert (
            changed.json()
            == deleted.json()
            == of(other).post(reverse("logtail:delete-view", args=["shop", pk + 1000])).json()
        )
    assert names(ann) == ["Errors"]


def test_a_view_is_renamed_and_deleted(ann: User, shop: Log) -> None:
    pk = save(ann).json()["view"]["id"]

    answer = of(ann).post(reverse("logtail:view", args=["shop", pk]), {"name": "Failures"})
    assert (answer.status_code, answer.json()["view"]["name"]) == (200, "Failures")
    assert (names(ann), listed(ann)[0]["fragment"]) == (["Failures"], "off=ID")

    assert of(ann).post(reverse("logtail:delete-view", args=["shop", pk])).status_code == 200
    assert names(ann) == []


def test_a_view_of_another_log_is_not_changed_through_this_one(ann: User, shop: Log) -> None:
    add_log("worker")
    pk = save(ann).json()["view"]["id"]

    answer = of(ann).post(reverse("logtail:view", args=["worker", pk]), {"name": "x"})

    assert answer.status_code == 404
    assert names(ann) == ["Errors"]


def test_a_name_is_there_once_for_a_log_and_a_person(ann: User, ben: User, shop: Log) -> None:
    add_log("worker")
    save(ann)

    again = save(ann, fragment="q=x")
    assert (again.status_code, again.json()) == (
        409,
        {"error": "taken", "text": "You already have a view called “Errors” for this log."},
    )
    assert listed(ann)[0]["fragment"] == "off=ID"
    assert save(ann, log="worker").status_code == 201
    assert save(ben).status_code == 201
    with pytest.raises(IntegrityError):
        SavedView.objects.create(owner=ann, log=shop, name="Errors")


def test_a_view_is_replaced_when_that_is_asked_for(ann: User, shop: Log) -> None:
    first = save(ann).json()["view"]["id"]

    answer = save(ann, fragment="q=x", replace="1")

    assert (answer.status_code, answer.json()["view"]["id"]) == (201, first)
    assert [view["fragment"] for view in listed(ann)] == ["q=x"]


def test_a_view_is_not_renamed_to_a_name_that_is_taken(ann: User, shop: Log) -> None:
    save(ann)
    pk = save(ann, name="Failures").json()["view"]["id"]

    answer = of(ann).post(reverse("logtail:view", args=["shop", pk]), {"name": "Errors"})

    assert (answer.status_code, answer.json()["error"]) == (409, "taken")
    assert sorted(names(ann)) == ["Errors", "Failures"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 101,
        "\u202e\n\x00",
        "\u3164 \u115f",
        "\u034f",
        "\ufe0f",
        "\u17b4",
        "\u0301" * 100,
        "\u2800\u0301",
    ],
)
def test_a_name_that_a_list_cannot_show_is_refused(ann: User, shop: Log, name: str) -> None:
    answer = save(ann, name=name)

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "bad-name", "text": "Enter a name of at most 100 characters."},
    )
    assert names(ann) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\u0301\u0300\u0302\u0303b", "a\u0301\u0300\u0302\u0303b"),
        ("a" + "\u0301" * 99 + "b", "a\u0301\u0301\u0301\u0301b"),
        ("\u2601\ufe0f rain", "\u2601\ufe0f rain"),
    ],
)
def test_a_letter_of_a_name_has_four_marks_at_most(ann: User, shop: Log, written: str, shown: str) -> None:
    save(ann, name=written)

    assert names(ann) == [shown]


@pytest.mark.parametrize("fragment", ["q=" + "x" * 4_000, "q=a b", "q=用户", "a#b", "q=\x00"])
def test_what_is_not_the_end_of_an_address_is_refused(ann: User, shop: Log, fragment: str) -> None:
    answer = save(ann, fragment=fragment)

    assert (answer.status_code, answer.json()["error"]) == (400, "bad-fragment")
    assert names(ann) == []


def test_the_largest_view_that_the_page_writes_is_saved(ann: User, shop: Log) -> None:
    assert save(ann, fragment="q=" + "x" * 3_998).status_code == 201


def test_nobody_saves_more_views_than_the_limit(ann: User, ben: User, shop: Log) -> None:
    SavedView.objects.bulk_create(SavedView(owner=ann, log=shop, name=str(n)) for n in range(200))

    answer = save(ann)

    assert (answer.status_code, answer.json()) == (
        409,
        {
            "error": "too-many",
            "text": "You have 200 saved views, which is the limit. Delete one and try again.",
        },
    )
    assert save(ann, name="7", replace="1").status_code == 201
    assert save(ben).status_code == 201


def test_the_limit_is_checked_after_the_view_is_stored(ann: User, shop: Log, monkeypatch) -> None:
    """Of two requests at once, both counted 199 before either had saved."""
    SavedView.objects.bulk_create(SavedView(owner=ann, log=shop, name=str(n)) for n in range(199))
    store = SavedView.save

    def beside_another(view: SavedView, *arguments: Any, **more: Any) -> None:
        SavedView.objects.bulk_create([SavedView(owner=ann, log=shop, name="another")])
        store(view, *arguments, **more)

    monkeypatch.setattr(SavedView, "save", beside_another)

    assert save(ann).status_code == 409
    assert SavedView.objects.filter(owner=ann).count() <= 200


def test_saving_reads_nothing_before_it_writes_because_sqlite_does_not_wait_then(
    ann: User, shop: Log
) -> None:
    """Of 24 views saved at once, 13 failed with "database is locked"."""
    if connection.vendor != "sqlite":
        pytest.skip("other databases lock the person's row first")
    client = of(ann)

    with CaptureQueriesContext(connection) as queries:
        client.post(reverse("logtail:views", args=["shop"]), {"name": "Errors"})

    said = [query["sql"].split()[0] for query in queries]
    assert said[said.index("SAVEPOINT") + 1] == "INSERT"


def test_a_database_that_is_locked_too_long_is_said_in_words(ann: User, shop: Log, monkeypatch) -> None:
    def locked(view: SavedView, *arguments: Any, **more: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(SavedView, "save", locked)

    answer = save(ann)

    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "unavailable", "text": "The database is not available right now. Try again."},
    )


def test_a_list_names_fifty_views_of_a_log_and_one_s_own_first(ann: User, ben: User, shop: Log) -> None:
    SavedView.objects.bulk_create(
        SavedView(owner=ben, log=shop, name=f"a{n}", everyone=True) for n in range(60)
    )
    save(ann, name="z")

    found = names(ann)

    assert (len(found), found[0]) == (50, "z")


def test_nobody_fills_the_list_of_others(ann: User, ben: User, shop: Log) -> None:
    cleo = User.objects.create_user("cleo")
    SavedView.objects.bulk_create(
        SavedView(owner=ben, log=shop, name=f"a{n:02d}", everyone=True) for n in range(60)
    )
    SavedView.objects.bulk_create(
        SavedView(owner=cleo, log=shop, name=f"b{n}", everyone=True) for n in range(3)
    )
    save(ann, name="z")

    found = names(ann)

    assert found == ["z", *(f"a{n:02d}" for n in range(46)), "b0", "b1", "b2"]


def test_a_view_that_is_deleted_while_it_is_renamed_stays_deleted(ann: User, shop: Log, monkeypatch) -> None:
    pk = save(ann).json()["view"]["id"]
    _deletes_while_checked(monkeypatch)

    answer = of(ann).post(reverse("logtail:view", args=["shop", pk]), {"name": "Other", "for": "me"})

    assert (answer.status_code, answer.json()["error"]) == (404, "no-such-view")
    assert names(ann) == []


def test_a_view_that_is_deleted_while_it_is_replaced_is_saved_anew(ann: User, shop: Log, monkeypatch) -> None:
    save(ann, name="Errors")
    _deletes_while_checked(monkeypatch)

    assert save(ann, name="Errors", fragment="q=new", replace="1").status_code == 201
    assert [view.fragment for view in SavedView.objects.all()] == ["q=new"]


def _deletes_while_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another request deletes a view between being found and being stored."""
    check = SavedView.clean_fields

    def deleting(view: SavedView, *arguments: Any, **more: Any) -> None:
        check(view, *arguments, **more)
        SavedView.objects.filter(pk=view.pk).delete()

    monkeypatch.setattr(SavedView, "clean_fields", deleting)


def test_a_refusal_says_whether_an_arrangement_is_too_large_or_is_none(ann: User, shop: Log) -> None:
    assert save(ann, fragment="q=ä").json() == {
        "error": "bad-fragment",
        "text": "This must be the part of the log page’s address after “#”. Save the view on that page instead.",
    }
    assert save(ann, fragment="q=" + "x" * 3_999).json() == {
        "error": "bad-fragment",
        "text": "This view is too large to save. Remove terms, columns or panes from it.",
    }
    assert "too large" in save(ann, fragment="ä" * 4_001).json()["text"]


# --- shared ----------------------------------------------------------------------------------------


def test_sharing_takes_the_permission(ann: User, ben: User, shop: Log) -> None:
    group = Group.objects.create(name="Checkout")
    ann.groups.add(group)
    for audience in ({"for": "everyone"}, {"for": "group", "group": group.pk}):
        answer = save(ann, **audience)
        assert (answer.status_code, answer.json()) == (
            403,
            {
                "error": "not-shared",
                "text": "You don't have permission to share views. Save it for yourself.",
            },
        )
    pk = save(ann).json()["view"]["id"]
    answer = of(ann).post(reverse("logtail:view", args=["shop", pk]), {"name": "Errors", "for": "everyone"})
    assert answer.status_code == 403
    assert names(ben) == []


def test_a_view_for_everyone_is_seen_by_those_who_may_watch_the_log(ann: User, ben: User, shop: Log) -> None:
    save(sharing(ann), **{"for": "everyone"})

    (view,) = listed(ben)

    assert (view["name"], view["for"], view["group"], view["mine"]) == ("Errors", "everyone", "", False)


def test_a_view_for_a_group_is_seen_by_its_members(ann: User, ben: User, shop: Log) -> None:
    group = Group.objects.create(name="Checkout")
    carl = User.objects.create_user("carl")
    for member in (ann, ben):
        member.groups.add(group)
    save(sharing(ann), **{"for": "group", "group": group.pk})

    (view,) = listed(ben)
    assert (view["for"], view["group"], view["mine"]) == ("group", "Checkout", False)
    assert names(ann) == ["Errors"]
    assert names(carl) == []

    ben.groups.clear()
    assert names(ben) == []


def test_a_shared_view_opens_no_log(ann: User, ben: User) -> None:
    secret = add_log("secret", access=Access.CHOSEN)
    secret.users.add(ann)

    save(sharing(ann), log="secret", **{"for": "everyone"})

    answer = of(ben).get(reverse("logtail:logs"))
    assert "secret" not in answer.content.decode()
    assert "Errors" not in answer.content.decode()
    assert of(ben).get(reverse("logtail:log", args=["secret"])).status_code == 404


def test_a_shared_view_names_no_log_that_is_not_for_one(ann: User, ben: User, shop: Log) -> None:
    add_log("worker")
    secret = add_log("secret", access=Access.CHOSEN)
    secret.users.add(ann)
    fragment = "w=40&q=secretive;log=secret&q=a;log=worker&q=b"
    save(sharing(ann), fragment=fragment, **{"for": "everyone"})

    assert listed(ann)[0]["fragment"] == fragment
    assert listed(ben)[0]["fragment"] == "w=40&q=secretive;log=worker&q=b"


@pytest.mark.parametrize(
    "parameter", ["log=secret", "l%6fg=secret", "log=%73ecret", "log", "log=secret&log=shop"]
)
def test_the_first_pane_names_no_log(ann: User, ben: User, shop: Log, parameter: str) -> None:
    add_log("secret", access=Access.CHOSEN).users.add(ann)
    save(sharing(ann), fragment=f"q=a&{parameter}&w=40;log=shop&q=b", **{"for": "everyone"})

    assert listed(ben)[0]["fragment"] == "q=a&w=40;log=shop&q=b"


@pytest.mark.parametrize(
    "pane",
    ["log=secret", "q=a&log=secret", "log=%73ecret", "log=worker&log=secret", "l%6fg=secret", "log=secret+"],
)
def test_no_spelling_of_a_pane_gets_the_name_of_a_log_through(
    ann: User, ben: User, shop: Log, pane: str
) -> None:
    add_log("worker")
    add_log("secret", access=Access.CHOSEN).users.add(ann)
    save(sharing(ann), fragment=f"q=a;{pane}", **{"for": "everyone"})

    fragment = listed(ben)[0]["fragment"]

    assert all("secret" not in parse_qs(part).get("log", []) for part in fragment.split(";"))
    assert fragment == "q=a"


@pytest.mark.parametrize("other", ["in=secret", "i%6e=secret", "in=%73ecret", "in", "in=gone", "in=secret+"])
def test_a_log_that_one_may_not_see_is_not_among_those_to_search(
    ann: User, ben: User, shop: Log, other: str
) -> None:
    add_log("worker")
    add_log("secret", access=Access.CHOSEN).users.add(ann)
    save(sharing(ann), fragment=f"q=a&{other}&in=shop;log=worker&in=worker&{other}", **{"for": "everyone"})

    assert listed(ben)[0]["fragment"] == "q=a&in=shop;log=worker&in=worker"


def test_a_view_is_shared_with_groups_of_one_s_own(ann: User, shop: Log) -> None:
    other = Group.objects.create(name="Other")
    for group in (other.pk, 0, "", "x", "1" * 40, "²"):
        answer = save(sharing(ann), **{"for": "group", "group": group})
        assert (answer.status_code, answer.json()["error"]) == (400, "no-such-group")
    root = User.objects.create_superuser("root")
    assert save(root, **{"for": "group", "group": other.pk}).status_code == 201


def test_the_page_offers_groups_to_those_who_may_share(ann: User, shop: Log) -> None:
    group = Group.objects.create(name="Checkout")
    Group.objects.create(name="Other")
    ann.groups.add(group)

    def offered(user: User) -> Any:
        return of(user).get(reverse("logtail:log", args=["shop"])).context["config"]["groups"]

    assert offered(ann) is None
    assert offered(sharing(ann)) == [{"id": group.pk, "name": "Checkout"}]
    root = User.objects.create_superuser("root")
    assert [one["name"] for one in offered(root)] == ["Checkout", "Other"]


def test_only_the_owner_changes_a_shared_view(ann: User, ben: User, shop: Log) -> None:
    pk = save(sharing(ann), **{"for": "everyone"}).json()["view"]["id"]
    sharing(ben)

    changed = of(ben).post(reverse("logtail:view", args=["shop", pk]), {"name": "x", "for": "everyone"})
    deleted = of(ben).post(reverse("logtail:delete-view", args=["shop", pk]))

    assert (changed.status_code, deleted.status_code) == (404, 404)
    of(ann).post(reverse("logtail:view", args=["shop", pk]), {"name": "Errors", "for": "me"})
    assert names(ben) == []


# --- what goes with what ---------------------------------------------------------------------------


def test_views_go_with_their_owner_and_their_log(ann: User, ben: User, shop: Log) -> None:
    worker = add_log("worker")
    save(ann)
    save(ann, log="worker")
    save(ben)

    worker.delete()
    assert [str(view.owner) for view in SavedView.objects.all()] == ["ann", "ben"]
    ann.delete()

    assert [str(view.owner) for view in SavedView.objects.all()] == ["ben"]


def test_without_its_group_a_view_is_its_owner_s_alone(ann: User, ben: User, shop: Log) -> None:
    group = Group.objects.create(name="Checkout")
    for member in (ann, ben):
        member.groups.add(group)
    save(sharing(ann), **{"for": "group", "group": group.pk})

    group.delete()

    assert names(ben) == []
    assert listed(ann)[0]["for"] == "me"


# --- the doors -------------------------------------------------------------------------------------

ROUTES = [("views", []), ("view", [1]), ("delete-view", [1])]


@pytest.mark.parametrize(("route", "more"), ROUTES)
def test_a_view_needs_a_log_that_one_may_watch(ann: User, route: str, more: list[int]) -> None:
    add_log("secret", access=Access.CHOSEN)
    add_log("off", enabled=False)

    answers = [
        of(ann).post(reverse(f"logtail:{route}", args=[slug, *more]), {"name": "x"})
        for slug in ("secret", "off", "absent")
    ]

    assert [(one.status_code, one.content) for one in answers] == [(404, b'{"error": "no-such-log"}')] * 3
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(("route", "more"), ROUTES)
def test_a_view_is_asked_for_by_post_with_the_page_s_token(
    ann: User, shop: Log, route: str, more: list[int]
) -> None:
    address = reverse(f"logtail:{route}", args=["shop", *more])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ann)

    assert strict.post(address, {"name": "x"}).status_code == 403
    assert of(ann).get(address).status_code == 405
    signed_out = Client().post(address, {"name": "x"})
    assert (signed_out.status_code, signed_out.json()["error"]) == (401, "signed-out")
    assert not SavedView.objects.exists()


def test_the_views_of_all_logs_take_one_query(ann: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(reverse("logtail:logs"))
        return sum("logtail_savedview" in one["sql"] for one in seen)

    for n in range(5):
        add_log(f"log{n}")
        save(sharing(ann), log=f"log{n}", **{"for": "everyone"})
    client = of(ann)

    assert queries() == 1


def test_an_administrator_sees_whose_views_there_are(ann: User, shop: Log) -> None:
    save(ann)
    client = of(User.objects.create_superuser("root"))

    shown = client.get(reverse("admin:logtail_savedview_changelist")).content.decode()

    assert "Errors" in shown
    assert "ann" in shown
