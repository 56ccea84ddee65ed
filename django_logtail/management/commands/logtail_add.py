"""Register a log from a shell or a script, with the same rules as the admin."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import router, transaction

from django_logtail.declared import slug_for
from django_logtail.management.as_user import AsUserCommand
from django_logtail.models import Access, Follow, Log
from django_logtail.rights import Right

#: Options that are copied to fields of the log.
_FIELDS = (
    *("name", "group", "order", "description"),
    *("follow", "queue", "encoding", "rotated_as", "format", "time_zone", "access", "history_hours"),
)


class Command(AsUserCommand):
    help = "Registers the file PATH as a log. Does nothing if it is already registered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH", nargs="+", help='absolute path, inside LOGTAIL["ROOTS"]')
        parser.add_argument(
            "--follow",
            choices=[value for value in Follow.values if value],
            help="for a PATH with *, ?, [...] or codes of a date: each file that matches, or the newest",
        )
        parser.add_argument("--name", help="what people see; default: the file's name")
        parser.add_argument("--slug", help="last part of its address; default: derived from the name")
        parser.add_argument("--group", help="heading under which it is listed")
        parser.add_argument("--order", type=int, help="lower numbers come first within the group; default: 0")
        parser.add_argument("--description", help="shown as a tip on its name in the list; default: none")
        parser.add_argument(
            "--queue", help='queue of the worker on the host that has the file; default: LOGTAIL["QUEUE"]'
        )
        parser.add_argument("--encoding", help="default: utf-8")
        parser.add_argument(
            "--rotated-as",
            metavar="PATTERN",
            help="unusual names that rotation gives to older files, such as {stem}-{number}{ext}",
        )
        parser.add_argument(
            "--format",
            help="how an entry begins: a name, such as nginx, or an expression; default: detected from the lines",
        )
        parser.add_argument(
            "--time-zone",
            metavar="ZONE",
            help="zone of times that are written without one, such as Europe/Berlin; default: the project's",
        )
        parser.add_argument("--access", choices=Access.values, help="who may watch it; default: staff")
        parser.add_argument(
            "--history-hours",
            type=int,
            metavar="N",
            help="age up to which those without the right to see earlier lines see them; default: none",
        )
        parser.add_argument(
            "--user", action="append", default=[], metavar="NAME", help="one chosen user; repeatable"
        )
        parser.add_argument(
            "--allow-group", action="append", default=[], metavar="NAME", help="one chosen group; repeatable"
        )
        parser.add_argument("--disabled", action="store_true", help="register it but hide it for now")

    def handle(self, *args: Any, path: list[str], slug: str | None, disabled: bool, **options: Any) -> None:
        self.require(Right.REGISTER)
        if len(path) > 1:
            raise CommandError(
                f"{len(path)} paths were given, the first is {path[0]}. Register one at a time; if you typed a "
                "pattern, write it in single quotes, so that your shell doesn't replace it by the files it matches."
            )
        self._add(path[0], slug, disabled, options)

    def _add(self, path: str, slug: str | None, disabled: bool, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in _FIELDS if options[name] is not None}
        users, groups = self._chosen(options["user"], options["allow_group"], given)
        name = given.get("name", Path(path).parent.name if "follow" in given else Path(path).name)
        slug = slug or slug_for(name) or slug_for(Path(path).name)
        if not slug:
            raise CommandError(f"No slug can be derived from the name {name!r}. Give one with --slug.")
        existing = Log.objects.filter(slug=slug).first()
        if existing is not None:
            self._leave(existing, path, given)
            return
        log = Log(path=path, slug=slug, enabled=not disabled, **{"name": name, **given})
        log.may_name_others = True  # anyone with a shell here can read the registry
        try:
            log.full_clean()
        except ValidationError as error:
            raise CommandError(_sentences(error)) from None
        with transaction.atomic(using=router.db_for_write(Log)):
            log.save()
            log.users.set(users)
            log.groups.set(groups)
        self.stdout.write(
            f"Registered {slug!r}: {path}, read by queue {log.queue_name!r}, for {log.get_access_display()}."
        )
        if hint := log.absence():
            self.stderr.write(hint)

    def _chosen(
        self, user_names: list[str], group_names: list[str], given: dict[str, Any]
    ) -> tuple[list[Any], list[Group]]:
        if (user_names or group_names) and given.setdefault("access", Access.CHOSEN) != Access.CHOSEN:
            raise CommandError(
                f"--user and --allow-group require --access {Access.CHOSEN}, not --access {given['access']}."
            )
        users = get_user_model()
        return (
            [_named(users._default_manager, users.USERNAME_FIELD, name, "user") for name in user_names],
            [_named(Group.objects, "name", name, "group") for name in group_names],
        )

    def _leave(self, existing: Log, path: str, given: dict[str, Any]) -> None:
        """Leave it as it is: a script that runs twice must neither fail nor undo changes made in the admin."""
        if existing.path != path:
            raise CommandError(
                f"The slug {existing.slug!r} is already used by {existing.path}. Choose another with --slug."
            )
        self.stdout.write(f"{existing.slug!r} is already registered: {existing.path}. Nothing was changed.")
        for name, value in given.items():
            if (kept := getattr(existing, name)) != value:
                self.stderr.write(f"{name} remains {kept!r}, not {value!r}; change it in the admin.")


def _named(manager: Any, field: str, name: str, kind: str) -> Any:
    found = manager.filter(**{field: name}).first()
    if found is None:
        raise CommandError(f"{kind.capitalize()} {name!r} does not exist. Create it first, or give another.")
    return found


def _sentences(error: ValidationError) -> str:
    return "\n".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
