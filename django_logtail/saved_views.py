"""Views that people save: their audiences, and what may be saved. `access` decides who may watch their logs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeAlias
from unicodedata import category
from urllib.parse import parse_qs, unquote_plus

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, router, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from django_logtail.models import FRAGMENT_CHARACTERS, Log, SavedView

#: Views that one person may save, for all logs together.
MOST_VIEWS = 200
#: Views listed under one log, the person's own first, then others by turns of their owners; a page requests its list
#: every few seconds.
MOST_LISTED = 50
#: Groups offered to a person who saves a view.
MOST_GROUPS = 200
#: Separates the panes in a fragment; the first pane belongs to the log in the address.
_BETWEEN_PANES = ";"
#: Parameters of one pane at most; the page writes far fewer.
_MOST_PARAMETERS = 100

#: Printable characters that show nothing: fillers of Hangul, and Braille without dots.
_BLANKS = " \u115f\u1160\u2800\u3164\uffa0"
#: Marks on one letter: more would cover the lines above and below; no language needs them.
_MOST_MARKS = 4

#: The host's user model.
User: TypeAlias = Any


class NotSaved(Exception):
    """A view can't be saved like this. `reason` is an id for programs, `text` a sentence."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees a view: only its owner, also the members of a group, or everyone."""

    everyone: bool = False
    group: Group | None = None


ONLY_ME = Audience()


def groups_offered(user: User) -> QuerySet[Group]:
    """The groups for which `user` may save a view: their own, or every group for a superuser."""
    groups = Group.objects.order_by("name")
    if not getattr(user, "is_superuser", False):
        groups = groups.filter(pk__in=_groups_of(user))
    return groups


def audience_of(user: User, kind: str, group: str, *, may_share: bool) -> Audience:
    """The audience from a form: "me", "everyone", or "group" with a group's primary key."""
    if kind in ("", "me"):
        return ONLY_ME
    if not may_share:
        raise NotSaved("not-shared", _("You don't have permission to share views. Save it for yourself."))
    if kind == "everyone":
        return Audience(everyone=True)
    chosen = groups_offered(user).filter(pk=group).first() if kind == "group" and _is_key(group) else None
    if chosen is None:
        raise NotSaved("no-such-group", _("Choose one of your groups."))
    return Audience(group=chosen)


def views_for(user: User, logs: Collection[Log]) -> dict[Log, list[dict[str, Any]]]:
    """The views that `user` sees, by log. `logs`: every log that they may watch."""
    visible = SavedView.objects.filter(log__in=[log.pk for log in logs]).filter(
        Q(owner=user.pk) | Q(everyone=True) | Q(group__in=_groups_of(user))
    )
    found: dict[int, list[SavedView]] = defaultdict(list)
    for view in visible.select_related("group"):
        found[view.log_id].append(view)
    slugs = {log.slug for log in logs}
    return {log: [described(view, user, slugs) for view in _listed(found[log.pk], user)] for log in logs}


def described(view: SavedView, user: User, slugs: Collection[str]) -> dict[str, Any]:
    """What the page gets about a view, with only the panes of logs that the person may watch (`slugs`)."""
    return {
        "id": view.pk,
        "name": view.name,
        "fragment": _of_logs(view.fragment, slugs),
        "for": "everyone" if view.everyone else "group" if view.group_id else "me",
        "group": view.group.name if view.group and not view.everyone else "",
        "mine": view.owner_id == user.pk,
    }


def save(
    user: User, log: Log, *, name: str, fragment: str, audience: Audience, replace: bool = False
) -> SavedView:
    """Save an arrangement of `log` under a name. Raises `NotSaved`.

    With `replace`, an existing view of this person with the name gets the arrangement.
    """
    name = _tidied(name)
    own = SavedView.objects.filter(owner=user.pk)
    view = own.filter(log=log, name=name).first()
    if view is not None and not replace:
        raise _taken(name)
    if view is None:
        view = SavedView(owner_id=user.pk, log=log, name=name)
    view.fragment = fragment
    try:
        return _stored(view, audience)
    except SavedView.DoesNotExist:
        view.pk = None
        return _stored(view, audience)


def change(user: User, log: Log, pk: int, *, name: str, audience: Audience) -> SavedView:
    """Give one of the person's own views another name or audience. Raises `NotSaved`, `SavedView.DoesNotExist`."""
    view = SavedView.objects.get(pk=pk, log=log, owner=user.pk)
    view.name = _tidied(name)
    return _stored(view, audience)


def delete(user: User, log: Log, pk: int) -> bool:
    """Delete one of the person's own views. False: it doesn't exist."""
    deleted, _by_model = SavedView.objects.filter(pk=pk, log=log, owner=user.pk).delete()
    return deleted > 0


def _stored(view: SavedView, audience: Audience) -> SavedView:
    """Store a new view or a changed one. Raises `SavedView.DoesNotExist` if it was deleted meanwhile."""
    view.everyone, view.group = audience.everyone, audience.group
    try:
        view.clean_fields(exclude=["owner", "log", "group"])
    except ValidationError as error:
        raise _invalid(error) from None
    try:
        with transaction.atomic():
            # One at a time for each person: elsewhere by the person's row. SQLite locks on the first write, and
            # that must be the first query: a transaction that has read before it fails at once instead of waiting.
            if connections[router.db_for_write(SavedView)].features.has_select_for_update:
                get_user_model().objects.select_for_update().filter(pk=view.owner_id).first()
            _write(view)
            if SavedView.objects.filter(owner=view.owner_id).count() > MOST_VIEWS:
                said = _("You have %(n)d saved views, which is the limit. Delete one and try again.")
                raise NotSaved("too-many", said % {"n": MOST_VIEWS})
    except IntegrityError:
        raise _taken(view.name) from None
    return view


def _write(view: SavedView) -> None:
    if view.pk is None:
        view.save()
        return
    # Not `save`, which would insert a view again that was deleted meanwhile.
    changed = SavedView.objects.filter(pk=view.pk).update(
        name=view.name,
        fragment=view.fragment,
        everyone=view.everyone,
        group=view.group,
        updated=timezone.now(),
    )
    if not changed:
        raise SavedView.DoesNotExist


def _invalid(error: ValidationError) -> NotSaved:
    mistakes = error.error_dict.get("fragment")
    if mistakes and all(mistake.code == "fragment" for mistake in mistakes):
        return NotSaved("bad-fragment", str(mistakes[0].message))
    if mistakes:
        text = _("This view is too large to save. Remove terms, columns or panes from it.")
        return NotSaved("bad-fragment", text)
    return NotSaved("bad-name", _("Enter a name of at most 100 characters."))


def _taken(name: str) -> NotSaved:
    said = _("You already have a view called “%(name)s” for this log.")
    return NotSaved("taken", said % {"name": name})


def _tidied(name: str) -> str:
    """The name without surrounding spaces and invisible characters; "" if it would show nothing."""
    kept: list[str] = []
    marks = 0
    is_visible = False
    for character in name:
        if not character.isprintable():
            continue
        # Accents, and selectors of a letter's form, which show nothing alone.
        is_mark = category(character).startswith("M")
        marks = marks + 1 if is_mark else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
        is_visible = is_visible or not (is_mark or character in _BLANKS)
    return "".join(kept).strip() if is_visible else ""


def _listed(views: list[SavedView], user: User) -> list[SavedView]:
    """The person's own views, then those of others: by turns, so that nobody takes all the places."""
    own = [view for view in views if view.owner_id == user.pk][:MOST_LISTED]
    turns: Counter[Any] = Counter()
    by_turn: list[tuple[int, int]] = []
    others = [view for view in views if view.owner_id != user.pk]
    for place, view in enumerate(others):
        by_turn.append((turns[view.owner_id], place))
        turns[view.owner_id] += 1
    chosen = sorted(place for _turn, place in sorted(by_turn)[: MOST_LISTED - len(own)])
    return own + [others[place] for place in chosen]


def _groups_of(user: User) -> Any:
    return user.groups.values("pk") if hasattr(user, "groups") else []


def _is_key(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19


def _of_logs(fragment: str, slugs: Collection[str]) -> str:
    """A fragment without other logs, as panes or among those to search: a view must not reveal that a log exists."""
    first, *panes = fragment[:FRAGMENT_CHARACTERS].split(_BETWEEN_PANES)
    # The first pane's log is in the address: a name here would be one that nobody has checked.
    first = "&".join(part for part in first.split("&") if _named(part)[0] != "log")
    shown = [first, *(pane for pane in panes if _log_of(pane) in slugs)]
    return _BETWEEN_PANES.join(_searching(pane, slugs) for pane in shown)


def _searching(pane: str, slugs: Collection[str]) -> str:
    parts = pane.split("&")
    return "&".join(part for part in parts if _named(part)[0] != "in" or _named(part)[1] in slugs)


def _named(part: str) -> tuple[str, str]:
    """A parameter's name and value."""
    name, _, value = part.partition("=")
    return unquote_plus(name), unquote_plus(value)


def _log_of(pane: str) -> str | None:
    try:
        named = parse_qs(pane, max_num_fields=_MOST_PARAMETERS).get("log", [])
    except ValueError:
        return None
    return named[0] if len(named) == 1 else None
