"""A process of the host project that does what tests ask: one JSON object a line in, one out.

Tests of the whole path share no process, database connection or Django with the installation they test.
"""

import asyncio
import json
import sys
import time
from typing import Any

import django


def make_user(
    name: str,
    *,
    staff: bool = False,
    superuser: bool = False,
    groups: tuple[str, ...] = (),
    active: bool = True,
    rights: tuple[str, ...] = (),
) -> str:
    """A user whose password is the name; the key of a session they are signed in to."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group, Permission

    user = get_user_model().objects.create_user(
        name, f"{name}@example.org", name, is_staff=staff, is_superuser=superuser, is_active=active
    )
    for group in groups:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return sign_in(name)


def grant_for_log(name: str, slug: str, rights: tuple[str, ...]) -> None:
    """Give a user permissions for one log, by django-guardian."""
    from django.contrib.auth import get_user_model
    from guardian.shortcuts import assign_perm

    from django_logtail.models import Log

    user, log = get_user_model().objects.get(username=name), Log.objects.get(slug=slug)
    for right in rights:
        assign_perm(f"logtail.{right}_log", user, log)


def sign_in(name: str) -> str:
    """The key of a new session of the user `name`."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

    user = get_user_model().objects.get(username=name)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def sign_out(session_key: str) -> None:
    """End the session, as signing out on another tab does."""
    from importlib import import_module

    from django.conf import settings

    import_module(settings.SESSION_ENGINE).SessionStore(session_key).delete()


def add_log(*, validate: bool = True, **fields: Any) -> str:
    """Register a log; its slug. With `validate=False` as a row may be that was right when it was made."""
    from django_logtail.models import Log

    log = Log(**{"access": "signed-in", **fields})
    if validate:
        log.full_clean()
    log.save()
    return log.slug


def change_log(slug: str, **fields: Any) -> None:
    from django_logtail.models import Log

    Log.objects.filter(slug=slug).update(**fields)


def ask_host(queue: str, kind: str, *details: Any) -> Any:
    """What the host of a queue says: its name, what was found, whether it is the reader's; None without an answer."""
    from dataclasses import asdict

    from django_logtail.registering import asking

    told = asking.ask(queue, getattr(asking, kind)(*details))
    return None if told is None else asdict(told)


def send_question(queue: str, text: str) -> None:
    """As anybody may who can write to the broker."""
    from django_logtail.registering import asking

    asking._send(queue, text)


def question_text(queue: str, id: str, asks: str, about: Any) -> str:
    from django_logtail.control.process import control
    from django_logtail.control.questions import Question, question_text

    return question_text(queue, Question(id, control().clock(), asks, about))


def take_answer(queue: str, id: str) -> str:
    from django_logtail.control.process import control

    return control().take_answer(queue, id)


def grant(name: str, codename: str) -> None:
    """Give a user a permission of the app."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission

    permission = Permission.objects.get(codename=codename, content_type__app_label="logtail")
    get_user_model().objects.get(username=name).user_permissions.add(permission)


def take_right(name: str, codename: str) -> None:
    """Take a permission of the app away from a user."""
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.get(username=name)
    user.user_permissions.remove(*user.user_permissions.filter(codename=codename))


def deactivate(name: str) -> None:
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.get(username=name)
    user.is_active = False
    user.save()


def end_viewings(sessions: list[str], note: str) -> None:
    from django_logtail.viewing.ending import end_viewings

    end_viewings(sessions, note)


def end_all_viewings(note: str) -> None:
    from django_logtail.control.process import control

    end_viewings([viewer.session for viewer in control().viewers()], note)


def narrow(slug: str, access: str) -> None:
    """Change who may watch, as the admin does."""
    from django_logtail.models import Log

    log = Log.objects.get(slug=slug)
    log.access = access
    log.save()


def leave_groups(name: str) -> None:
    from django.contrib.auth import get_user_model

    get_user_model().objects.get(username=name).groups.clear()


def choose(slug: str, users: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> None:
    """Name who may watch a log, by the names of users and groups."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from django_logtail.models import Log

    log = Log.objects.get(slug=slug)
    log.users.set(get_user_model().objects.filter(username__in=users))
    log.groups.set(Group.objects.filter(name__in=groups))


def expire(session_key: str) -> None:
    """Have a session be over since an hour."""
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    Session.objects.filter(pk=session_key).update(expire_date=timezone.now() - timedelta(hours=1))


def primary_key(name: str) -> str:
    from django.contrib.auth import get_user_model

    return str(get_user_model().objects.get(username=name).pk)


def slugs() -> list[str]:
    """Of every row."""
    from django_logtail.models import Log

    return sorted(Log.objects.values_list("slug", flat=True))


def remove_log(slug: str) -> None:
    from django_logtail.models import Log

    Log.objects.filter(slug=slug).delete()


def remove_logs() -> None:
    from django_logtail.models import Log

    Log.objects.all().delete()


def reverse(name: str, *arguments: str) -> str:
    from django.urls import reverse

    return reverse(name, args=arguments)


def send(actor: str, *arguments: Any) -> None:
    """Enqueue an actor of the host."""
    from tests.host import tasks

    getattr(tasks, actor).send(*arguments)


def command(name: str, *arguments: str) -> str:
    """What a management command writes."""
    from io import StringIO

    from django.core.management import call_command

    said = StringIO()
    call_command(name, *arguments, stdout=said)
    return said.getvalue()


def reader_token(queue: str) -> str | None:
    """Who reads the queue now."""
    from django_logtail.control.process import control

    lease = control().reader(queue)
    return None if lease is None else lease.token


def take_over(queue: str, seconds: float, *, lapses: bool = False) -> list[str] | None:
    """Take the lease from the queue's reader, and hand it on after so many seconds, or let it lapse.

    Returns both tokens; None when nobody read, or the reader was quicker.
    """
    from django_logtail.control import ReaderLease, Seen
    from django_logtail.control.process import control
    from django_logtail.tasks import send_wake_up

    old, mine = control().reader(queue), ReaderLease.new()
    if old is None:
        return None
    control().hand_over(queue, old)
    if not control().tick(queue, mine, Seen(), may_end=False, starting=True).holds:
        return None
    if not lapses:
        time.sleep(seconds)
        if control().hand_over(queue, mine):
            asyncio.run(send_wake_up(queue))
    return [old.token, mine.token]


FUNCTIONS = {
    function.__name__: function
    for function in (
        make_user,
        ask_host,
        send_question,
        question_text,
        take_answer,
        sign_in,
        sign_out,
        add_log,
        change_log,
        remove_log,
        remove_logs,
        slugs,
        reverse,
        send,
        reader_token,
        take_over,
        grant,
        grant_for_log,
        take_right,
        choose,
        deactivate,
        end_all_viewings,
        end_viewings,
        leave_groups,
        narrow,
        expire,
        primary_key,
        command,
    )
}


def main() -> None:
    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"value": FUNCTIONS[asked["function"]](*asked["arguments"], **asked["keywords"])}
        except Exception as error:  # noqa: BLE001 - the test that asked raises it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
