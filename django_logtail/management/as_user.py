"""Commands that can run with the rights of a user of the project, instead of those of whoever has the shell."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from django_logtail.access import NO_SUCH_LOG, User, may
from django_logtail.audit.acting import actor
from django_logtail.audit.records import Subject
from django_logtail.audit.refusals import record_refusal
from django_logtail.audit.registry import of_log
from django_logtail.management.base import RegistryCommand, os_user
from django_logtail.models import Log
from django_logtail.rights import Right
from django_logtail.tailing.reasons import in_full, reason

#: What is said to somebody who may not register logs.
_MAY_NOT_ADD = "You may not add logs."


class AsUserCommand(RegistryCommand):
    """`--as USER`: rights are asked as for a page of theirs, and what is done is recorded as theirs.

    A subclass calls `require` before it reads or does anything. Without `--as`, everything may be done.
    """

    #: The user whom `--as` names.
    user: User | None = None

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser: ArgumentParser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--as",
            dest="as_user",
            metavar="USER",
            help="do only what this user may do, and record it as theirs; default: whatever the shell may",
        )
        return parser

    def subject(self, options: dict[str, Any]) -> Subject:
        name = options.get("as_user")
        self.user = None if name is None else _active(name)
        if self.user is None:
            return super().subject(options)
        return Subject(str(self.user.pk), self.user.get_username(), via="command")

    @property
    def by(self) -> str:
        """What whoever runs the command is called."""
        return os_user() if self.user is None else str(self.user.get_username())

    def require(self, right: Right, log: Log | None = None) -> None:
        """Raises `CommandError`, and records the refusal, if the user may not do this. None: with all logs."""
        if self.user is None or may(self.user, right, log):
            return
        record_refusal(of_log(actor(), log), right.value)
        if right is Right.REGISTER:
            raise CommandError(_MAY_NOT_ADD)
        if log is not None and right is not Right.STOP and not may(self.user, Right.VIEW, log):
            raise CommandError(NO_SUCH_LOG)
        text = in_full(reason("not-allowed"))
        raise CommandError(f"{text[:1].upper()}{text[1:]}.")


def _active(name: str) -> User:
    model = get_user_model()
    user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
    if user is None or not user.is_active:
        raise CommandError(f"User {name!r} doesn't exist, or is not active.")
    return user
