"""Members of patterns: whoever may do something with the pattern may do it with them, at the moment of asking."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import RequestFactory

from django_logtail import notes
from django_logtail.access import AccessPolicy, Refused, admit, may_view, rights_of, watchable
from django_logtail.control import process
from django_logtail.control.in_memory import MemoryControl
from django_logtail.models import Log
from django_logtail.page.config import described
from django_logtail.policies import PermissionPolicy
from django_logtail.protocol import CloseCode
from django_logtail.reader.sources import NotThere, Registry, Sources
from django_logtail.registering.members import refresh
from django_logtail.rights import Right

pytestmark = pytest.mark.django_db


@pytest.fixture
def logs(settings: Any, tmp_path: Path) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path], "READER": "local"}
    return tmp_path


@pytest.fixture
def two(logs: Path) -> tuple[Log, Log]:
    """Two patterns, each with one member."""
    rows = []
    for slug in ("one", "two"):
        (logs / f"{slug}-a.log").write_text(f"of {slug}\n")
        log = Log(
            name=slug.title(), slug=slug, path=str(logs / f"{slug}-*.log"), follow="each", access="chosen"
        )
        log.full_clean()
        log.save()
        rows.append(log)
    refresh("")
    return rows[0], rows[1]


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="ann")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", password="bob")


def seen(user: Any) -> list[str]:
    """The slugs of the list; each log alone must be decided in the same way."""
    listed = [log.slug for log in watchable(User.objects.get(pk=user.pk)).logs]
    alone = [log.slug for log in Log.objects.order_by("slug") if may_view(User.objects.get(pk=user.pk), log)]
    assert sorted(listed) == alone
    return listed


def test_a_chosen_user_sees_the_members_of_that_pattern(two: tuple[Log, Log], ann: User, bob: User) -> None:
    two[0].users.add(ann)
    two[1].users.add(bob)

    assert (seen(ann), seen(bob)) == (["one-one-a"], ["two-two-a"])


def test_a_chosen_group_too(two: tuple[Log, Log], ann: User, bob: User) -> None:
    group = Group.objects.create(name="operations")
    ann.groups.add(group)
    two[1].groups.add(group)

    assert (seen(ann), seen(bob)) == (["two-two-a"], [])


def test_nothing_of_a_member_s_own_row_grants_anything(two: tuple[Log, Log], ann: User) -> None:
    member = two[0].members.get()
    assert (member.enabled, member.access) == (False, "chosen")
    member.users.add(ann)
    Log.objects.filter(pk=member.pk).update(enabled=True, access="signed-in")

    assert seen(ann) == []


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"access": "staff"},
        {"path": "{logs}/x-*.log"},
        {"follow": ""},
        {"follow": "newest"},
    ],
)
def test_what_happens_to_the_pattern_happens_to_its_members_at_once(
    two: tuple[Log, Log], logs: Path, ann: User, change: dict[str, Any]
) -> None:
    one, other = two
    Log.objects.filter(pk__in=[one.pk, other.pk]).update(access="signed-in")
    member = one.members.select_related("parent").get()
    before = member.revision
    assert seen(ann) == ["one-one-a", "two-two-a"]

    Log.objects.filter(pk=one.pk).update(
        **{name: str(value).format(logs=logs) if name == "path" else value for name, value in change.items()}
    )

    assert [slug for slug in seen(ann) if slug.startswith("one-")] == []
    assert "two-two-a" in seen(ann)
    again = Log.objects.select_related("parent").get(pk=member.pk)
    assert again.revision != before
    source = Registry().find([str(member.pk)]).get(str(member.pk))
    assert "access" in change or source is None or "not-a-member" in source.refusal


def test_a_deleted_pattern_has_no_members(two: tuple[Log, Log], ann: User) -> None:
    Log.objects.update(access="signed-in")

    two[0].delete()

    assert seen(ann) == ["two-two-a"]


def test_a_pattern_itself_has_no_lines(two: tuple[Log, Log], ann: User) -> None:
    two[0].users.add(ann)

    assert not may_view(ann, two[0])
    assert Registry().find([str(two[0].pk)]) == {}


class WithoutOne(AccessPolicy):
    def visible_logs(self, user: Any) -> Any:
        return super().visible_logs(user).exclude(slug="one")


class OneLess(AccessPolicy):
    def may_view(self, user: Any, log: Log) -> bool:
        return log.slug != "one" and super().may_view(user, log)


def test_a_policy_that_leaves_out_a_pattern_leaves_out_its_members(
    two: tuple[Log, Log], ann: User, settings: Any
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "ACCESS_POLICY": f"{__name__}.WithoutOne"}
    Log.objects.update(access="signed-in")

    assert seen(ann) == ["two-two-a"]


class EveryRow(AccessPolicy):
    def visible_logs(self, user: Any) -> Any:
        return Log.objects.exclude(slug="one")


def test_members_that_a_policy_returns_itself_count_for_nothing(
    two: tuple[Log, Log], ann: User, settings: Any
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "ACCESS_POLICY": f"{__name__}.EveryRow"}

    assert seen(ann) == ["two-two-a"]


def test_and_so_does_one_that_forbids_it(two: tuple[Log, Log], ann: User, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "ACCESS_POLICY": f"{__name__}.OneLess"}
    Log.objects.update(access="signed-in")

    members = [Log.objects.get(parent=row) for row in two]

    assert [may_view(ann, member) for member in members] == [False, True]
    assert [OneLess().may_view(ann, member) for member in members] == [False, True]


class OnlySome(PermissionPolicy):
    def may(self, user: Any, right: Right, log: Log | None = None) -> bool:
        return right is not Right.DOWNLOAD or (log is not None and log.slug == "two")


def test_rights_are_those_of_the_pattern(two: tuple[Log, Log], ann: User, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "ACCESS_POLICY": f"{__name__}.OnlySome"}

    found = [Right.DOWNLOAD in rights_of(ann, row.members.get()) for row in two]

    assert found == [False, True]


def test_the_permission_counts_for_patterns_with_that_access(
    two: tuple[Log, Log], ann: User, bob: User
) -> None:
    Log.objects.filter(pk=two[0].pk).update(access="permission")
    ann.user_permissions.add(Permission.objects.get(codename="watch_log"))

    assert (seen(ann), seen(bob)) == (["one-one-a"], [])


def test_somebody_who_never_had_access_can_t_tell_a_member_from_nothing(
    two: tuple[Log, Log], ann: User
) -> None:
    from tests.host.shell import sign_in as key_of

    session = key_of("ann")
    outcomes = []
    for slug in ("one-one-a", "one", "absent"):
        with pytest.raises(Refused) as refused:
            admit(user_id=str(ann.pk), session_key=session, slug=slug)
        outcomes.append((refused.value.code, refused.value.reason, refused.value.text))

    assert len(set(outcomes)) == 1
    assert outcomes[0][:2] == (CloseCode.NO_SUCH_LOG, "no-such-log")


def test_a_member_is_read_as_its_pattern_says(two: tuple[Log, Log], logs: Path) -> None:
    Log.objects.filter(pk=two[0].pk).update(
        encoding="gbk", rotated_as="{stem}_{number}{ext}", format="nginx", time_zone="UTC", queue="web"
    )
    member = two[0].members.get()

    source = Registry().find([str(member.pk)])[str(member.pk)]
    again = Log.objects.get(pk=member.pk)

    assert (source.path, source.encoding, source.rotated_as) == (
        logs / "one-a.log",
        "gbk",
        "{stem}_{number}{ext}",
    )
    assert (source.format, source.time_zone, source.refusal) == ("nginx", "UTC", "")
    assert (again.queue_name, again.encoding_label) == ("web", "gbk")


def test_the_stop_flag_of_a_pattern_stops_its_members_and_no_others(two: tuple[Log, Log]) -> None:
    one, other = (str(row.members.get().pk) for row in two)
    registry = Registry()
    sources = Sources(registry.find)
    sources.stops = {str(two[0].pk): "stopped"}
    sources._find = lambda logs: found  # a thread would have another database
    found = registry.find([one, other])

    async def outcome(log: str) -> str:
        try:
            return (await sources.of(log, found[log].revision)).name
        except NotThere as error:
            return str(error)

    assert asyncio.run(outcome(one)) == "stopped"
    assert asyncio.run(outcome(other)) == "two-a.log"
    assert sources.stop_reason(one) == "stopped"
    assert sources.stop_reason(other) is None


def test_a_note_to_a_pattern_goes_to_its_queue(two: tuple[Log, Log]) -> None:
    used = MemoryControl()
    process.use(used)
    try:
        notes.send("one", "deploy")
        kept = used._family("logtail").notes
    finally:
        process.use(None)

    assert [note.log for note in kept] == [str(two[0].pk)]


def test_members_are_listed_under_their_pattern_with_as_many_queries_for_one_as_for_many(
    two: tuple[Log, Log], logs: Path, django_assert_num_queries: Any
) -> None:
    root = User.objects.create_superuser("root", password="root")
    for number in range(60):
        (logs / f"one-{number}.log").touch()
    refresh("")
    request = RequestFactory().get("/")
    request.user = root

    with django_assert_num_queries(3):  # the logs, the members, the saved views
        found = described(watchable(root).logs, request)

    assert [log["group"] for log in found] == ["One"] * 61 + ["Two"]
    assert found[0]["path"] == f"{logs}/one-0.log"
    assert len(watchable(root).patterns) == 2
