"""List the files of this host that may be registered as logs, and register them."""

from __future__ import annotations

import json
import shlex
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from django_logtail.management.as_user import AsUserCommand
from django_logtail.models import validate_queue
from django_logtail.operating.plain import visible
from django_logtail.registering.offers import Crowd, Offer, Offers, offers, register
from django_logtail.registering.roots import Advice, Case
from django_logtail.rights import Right
from django_logtail.tailing.files.roots import tidied
from django_logtail.tailing.reasons import in_full

#: Characters of a last line in the table.
_LINE_CHARACTERS = 60
_SENTENCES = {
    Case.NO_ROOTS: 'LOGTAIL["ROOTS"] is empty, so no file may be read. Write into {file}:',
    Case.MIXED: (
        "{path} is in a directory that holds more than logs, which must not be opened for reading. "
        "Have it written to a directory of its own, and write into {file}:"
    ),
    Case.STDOUT: "This project logs to standard output, so there is no file. Write into {file}, then run migrate:",
}


class Command(AsUserCommand):
    help = (
        'Lists files without a log: those of the project\'s own logging, and those in LOGTAIL["ROOTS"] that look '
        "like logs. With --add, registers them for staff."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="with --add: only these of them")
        parser.add_argument("--add", action="store_true", help="register those that can be read, for staff")
        parser.add_argument("--queue", default="", help='default: LOGTAIL["QUEUE"]')
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, paths: list[str], add: bool, queue: str, json: bool, **options: Any) -> None:
        self.require(Right.REGISTER)
        if paths and not add:
            raise CommandError("Paths are only for --add. Without it, everything is listed.")
        if queue:
            try:
                validate_queue(queue)
            except ValidationError as error:
                raise CommandError(f"--queue is {queue!r}. {error.messages[0]}") from None
        offered = offers(queue)
        for directory in offered.silent:
            self.stderr.write(f"{visible(str(directory))} does not respond, so files may be missing.")
        if add:
            self._add(offered, [tidied(path) for path in paths], queue, as_json=json)
        elif json:
            self.stdout.write(_as_json(offered))
        else:
            self._list(offered)

    def _list(self, offered: Offers) -> None:
        if offered.files:
            self.stdout.write("\n".join(_table(offered.files)))
        else:
            self.stdout.write("No file without a log was found.")
        if offered.advice is not None:
            self._advise(offered.advice)
        elif any(offer.can_be_added for offer in offered.files):
            self.stdout.write("\nRegister them with --add, or some of them with --add PATH …")
            self._suggest_patterns(offered.crowds)

    def _suggest_patterns(self, crowds: list[Crowd]) -> None:
        for crowd in crowds:
            pattern = visible(shlex.quote(crowd.pattern))
            self.stdout.write(
                f"Or register {crowd.count} of them, and those that come later, with one row: "
                f"manage.py logtail_add {pattern} --follow each"
            )

    def _advise(self, advice: Advice) -> None:
        sentence = _SENTENCES[advice.case].format(file=advice.file, path=advice.path)
        self.stdout.write(f"\n{visible(sentence)}\n\n{advice.paste}")

    def _add(self, offered: Offers, paths: list[str], queue: str, *, as_json: bool) -> None:
        chosen = paths or [offer.path for offer in offered.files if offer.can_be_added]
        done = register(chosen, offered, queue)
        if as_json:
            made = [{"slug": log.slug, "name": log.name, "path": log.path} for log in done.logs]
            self.stdout.write(json.dumps({"registered": made, "refused": _refused(done.refused, offered)}))
        else:
            for log in done.logs:
                self.stdout.write(f"Registered {log.slug!r}: {visible(log.path)}, for staff.")
            if not chosen:
                self.stdout.write("No file to register.")
        if done.refused:
            refused = _refused(done.refused, offered)
            raise CommandError("\n".join(f"{visible(path)}: {text}" for path, text in refused.items()))


def _refused(refused: dict[str, str], offered: Offers) -> dict[str, str]:
    """Why each path was refused."""
    troubles = {
        path: in_full(offer.found.reason)
        for offer in offered.files
        for path in (str(offer.found.path), offer.path)
    }
    other = 'not among the files found: it has a log, doesn\'t look like one, or is outside LOGTAIL["ROOTS"]'
    return {path: text or troubles.get(path) or other for path, text in refused.items()}


def _as_json(offered: Offers) -> str:
    files = [
        {
            "path": offer.path,
            "file": str(offer.found.path),
            "name": offer.named.name,
            "group": offer.named.group,
            "slug": offer.named.slug,
            "own": offer.found.is_own,
            "size": offer.found.size,
            "written": offer.found.written,
            "last_line": offer.found.last_line,
            "encoding": offer.found.encoding,
            "reason": in_full(offer.found.reason),
        }
        for offer in offered.files
    ]
    advice = offered.advice
    advised = advice and {"case": advice.case.value, "paste": advice.paste, "file": advice.file}
    silent = [str(directory) for directory in offered.silent]
    return json.dumps({"files": files, "silent": silent, "advice": advised}, indent=2)


def _table(files: list[Offer]) -> Iterator[str]:
    now = time.time()
    rows = [("", "NAME", "SIZE", "WRITTEN", "PATH", "LAST LINE")]
    for offer in files:
        found = offer.found
        size = "" if found.size is None else f"{found.size:,}"
        written = "not yet" if found.written is None else _age(now - found.written)
        last = in_full(found.reason) or found.last_line[:_LINE_CHARACTERS]
        mark = "own" if found.is_own else ""
        rows.append((mark, offer.named.name, size, written, offer.path, last))
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(5)]
    for mark, name, size, written, path, last in shown:
        yield (
            f"{mark:{widths[0]}}  {name:{widths[1]}}  {size:>{widths[2]}}  {written:>{widths[3]}}  "
            f"{path:{widths[4]}}  {last}"
        ).rstrip()


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"
