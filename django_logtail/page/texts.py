"""Every text the page shows, by name, in the language of the request.

The page's scripts know only names; they replace `{name}` in a text with a value.
`manage.py makemessages` and `compilemessages` keep the catalogues in `locale/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from django_logtail import states
from django_logtail.tailing.reasons import REASONS, UNKNOWN

#: The languages of these texts: English, as written here, and the catalogues in `locale/`.
LANGUAGES = ("en", "zh-hans")
#: Numbers that cover the plural forms of every language: zero, one, two, few and many differ between languages.
_SAMPLES: Final = (0, 1, 2, 3, 5, 6, 7, 11, 20, 21, 100, 1_000_000)

TEXTS: Mapping[str, object] = {
    **dict(states.texts()),
    "app.title": _("Logs"),
    "nav.find": _("Find a log"),
    "nav.writing": _("Being written now"),
    "nav.none": _("No log matches “{q}”"),
    "nav.show": _("Show logs"),
    "nav.hide": _("Hide logs"),
    "nav.skip": _("Skip to the log"),
    "nav.none.group": _("Other"),
    "tail.connecting": _("Connecting…"),
    "tail.live": _("Waiting for new lines"),
    "tail.offline": _("You are offline. Resumes from byte {offset} when you are back online."),
    "tail.stopped": _("You stopped watching this log."),
    "tail.history": _("You are looking at an earlier part of the file."),
    "tail.offline.start": _("You are offline. Loading starts when you are back online."),
    "tail.quiet": _("Waiting for new lines. Last line {ago}."),
    "tail.held.size": _("Paused at {time}. This page is full; {size} more is waiting in the file."),
    "notice.behind": _("Lines arrive faster than this connection can carry them. You are {size} behind."),
    "notice.signedout": _(
        "You were signed out, so this page no longer shows the log. Sign in again to continue."
    ),
    "notice.failed": _("Could not connect: {reason}."),
    "notice.full": _("This server has reached its viewer limit. Try again later."),
    "notice.nosocket": _(
        "Live updates are blocked on this network. These are the last lines; refresh to see newer ones."
    ),
    "notice.resumed": _("Reconnected. Nothing was missed."),
    "notice.outdated": _("This page is older than the server. Reload it to continue."),
    "notice.gone": _("This log doesn't exist, or you don't have access to it."),
    "notice.cause": _("{cause} {fix}"),
    "notice.lost": _(
        "The linked lines no longer exist: their file was removed, compressed or changed. "
        "Showing the current log instead."
    ),
    "notice.notloaded": _("Could not load the linked lines: {reason}."),
    "notice.older": _("This page cannot hold more lines. Go back to live to see new ones."),
    "do.retry": _("Try now"),
    "do.again": _("Start again"),
    "do.signin": _("Sign in"),
    "do.choose": _("Choose another log"),
    "do.skip": _("Skip to the newest"),
    "do.resume": _("Resume"),
    "do.pause": _("Pause"),
    "do.stop": _("Stop watching"),
    "do.live": _("Back to live"),
    "do.follow": _("Follow"),
    "do.split": _("Split"),
    "do.resize": _("Width of the panes"),
    "do.close": _("Close"),
    "do.more": _("More"),
    "do.download": _("Download"),
    "do.settings": _("View options"),
    "set.format": _("Format"),
    "format.found": _("Detected: {name}"),
    "format.found.any": _("Detect it"),
    "format.none": _("Not recognized"),
    "format.set": _("Set for this log: {name}"),
    "status.format": _("Format of the lines"),
    "do.help": _("Keyboard shortcuts"),
    "do.refresh": _("Refresh"),
    "do.cancel": _("Cancel"),
    "do.load": _("Load"),
    "do.clear": _("Clear"),
    "do.reload": _("Reload"),
    "do.open": _("Open"),
    "do.unfold": _("Show all lines of this entry"),
    "trace.line": _("Line {a} of {b}"),
    "trace.fold": _("Fold"),
    "do.fold": _("Hide the other lines of this entry"),
    "top.start": _("Beginning of the file"),
    "top.earlier": _("Load earlier lines"),
    "top.above": _("{size} above"),
    "top.loading": _("Loading earlier lines…"),
    "mark.gap.size": _("{size} not loaded"),
    "mark.rotated": _("Log rotated at {time}. This is the new file."),
    "mark.truncated.unsure": _(
        "File emptied at {time}. Lines written just before may be missing. Starting again from the beginning."
    ),
    "mark.truncated": _("File emptied at {time}. Starting again from the beginning."),
    "mark.rotated.open": _("Open the previous file"),
    "mark.next": _("The previous file ends here. This is the new file."),
    "mark.between": _(
        "This file ends here. Below is another file of this log; files between the two are not shown."
    ),
    "mark.loading": _("Loading…"),
    "mark.long": _("Line cut at {size}."),
    "mark.long.more": _("Show all"),
    "mark.replaced": _("The file was replaced at {time}. This is the new file."),
    "mark.rotated.name": _("Log rotated at {time}; the previous file is now {name}. This is the new file."),
    "mark.truncated.to": _("File cut to {size} at {time}. Continuing from there."),
    "mark.overwritten": _(
        "Lines above were changed in place at {time}. Showing the file again from the beginning."
    ),
    "mark.gone": _("The file disappeared at {time}."),
    "mark.gone.name": _("The file was moved to {name} at {time}."),
    "mark.back": _("The file reappeared at {time}."),
    "mark.unreadable": _("The file became unreadable at {time}: {reason}."),
    "mark.not-a-file": _("At {time} the path stopped being a regular file; it is now {what}."),
    "mark.refused": _("Reading the file was refused at {time}: {reason}."),
    "mark.hole": _("Skipped {size} of unwritten space."),
    "mark.missed": _("{size} was removed from the file before it could be read."),
    "mark.missed.unknown": _("Lines may be missing here: the file changed faster than it could be read."),
    "mark.recovered": _("The file was emptied; its last lines were recovered from {name}."),
    "mark.stopped": _("Stopped at {time}."),
    "mark.elsewhere": _("The file was replaced while you were away. Lines written in between are not shown."),
    "mark.lost": _("These lines could not be loaded: {reason}."),
    "filter.label": _("Filter lines"),
    "filter.place": _("Filter these lines"),
    "filter.only": _("Only matching lines"),
    "filter.case": _("Match case"),
    "filter.regex": _("Regular expression"),
    "filter.invert": _("Hide matching lines"),
    "filter.clear": _("Clear filter"),
    "filter.prev": _("Previous match"),
    "filter.next": _("Next match"),
    "filter.count": _("{i} of {n}"),
    "filter.zero": _("No matches"),
    "filter.bad": _("Invalid expression: {msg}"),
    "filter.slow": _("This expression takes too long, so matching was stopped."),
    "filter.unpin": _("Remove the term “{term}”"),
    "filter.terms": _("Terms"),
    "filter.run": _("Run it"),
    "view.saveas": _("Save view…"),
    "hint.text": _("text “{text}”"),
    "hint.text.nofield": _("text “{text}” (no line here has a field “{field}”)"),
    "hint.not": _("without “{text}”"),
    "hint.regex": _("regular expression"),
    "hint.is": _("{field} is {value}"),
    "hint.not.is": _("{field} is not {value}"),
    "hint.begins": _("{field} begins with {value}"),
    "hint.not.begins": _("{field} does not begin with {value}"),
    "hint.like": _("{field} matches {value}"),
    "hint.not.like": _("{field} does not match {value}"),
    "hint.any": _("has the field {field}"),
    "hint.not.any": _("does not have the field {field}"),
    "hint.over": _("{field} is over {value}"),
    "hint.least": _("{field} is at least {value}"),
    "hint.under": _("{field} is under {value}"),
    "hint.most": _("{field} is at most {value}"),
    "hint.never": _("without lines in which {what}"),
    "hint.bad.number": _("{field} needs a number"),
    "hint.bad.quote": _("{field} needs a closing quotation mark"),
    "hint.pin": _("keeps it as a term"),
    "hint.quote": _("seeks it as text"),
    "hint.proposed": _("Came with the link. It has not run."),
    "filter.whole": _("Search whole file"),
    "view.this": _("This view"),
    "view.title": _("Save this view"),
    "view.change": _("Change this view"),
    "view.edit": _("Change the view “{name}”"),
    "view.name": _("Name"),
    "view.for": _("For"),
    "view.me": _("Only me"),
    "view.group": _("A group"),
    "view.everyone": _("Everyone"),
    "view.all": _("everyone"),
    "view.note": _("People who may not watch the log do not see the view."),
    "view.keeps": _("Keeps"),
    "view.plain": _("All lines, as usual"),
    "view.levels": _("Levels: {list}"),
    "view.columns": _("Columns: {list}"),
    "view.raw": _("Raw lines"),
    "view.opens": _("Opens at"),
    "view.live": _("The live end"),
    "view.place": _("This place"),
    "view.save": _("Save view"),
    "view.replace": _("Replace it"),
    "view.delete": _("Delete view"),
    "view.failed": _("Could not save the view. Try again."),
    "level.error": _("Error"),
    "level.warning": _("Warning"),
    "level.info": _("Info"),
    "level.debug": _("Debug"),
    "level.other": _("Other"),
    "levels": _("Levels"),
    "search.running": _("Searching… {p}"),
    "search.of": _("{a} of {b}"),
    "search.done": _("Searched all {size}"),
    "search.cancelled": _("Stopped at {p}"),
    "search.none": _("No matches in {size}."),
    "search.literal": _(
        "This server can only search a whole file for plain text. Turn off “Regular expression” to search for the text."
    ),
    "search.title": _("In the whole file"),
    "search.for": _("Searching for {what}"),
    "search.levels": _("level {levels}"),
    "search.oneterm": _(
        "This server can only search a whole file for one text, not for several terms, fields or levels. "
        "Reload the page in a minute, or remove all other terms."
    ),
    "search.long": _(
        "A whole file can be searched for up to 20 terms with 1,000 characters in all. Remove some of them."
    ),
    "list.and": _(", and "),
    "row.copy": _("Copy line"),
    "row.link": _("Copy link to this line"),
    "row.context": _("Show in context"),
    "row.copied": _("Copied"),
    "row.linked": _("Link copied"),
    "sel.bar": _("Selected text"),
    "sel.copy": _("Copy"),
    "sel.link": _("Copy link"),
    "sel.md": _("Copy as Markdown"),
    "sel.md.short": _("Markdown"),
    "sel.link.short": _("Link"),
    "sel.for": _("Filter for this"),
    "sel.hide": _("Hide lines like this"),
    "md.copied": _("Copied as Markdown"),
    "md.cut": _("Copied as Markdown: {a} of {b} lines. The limit is {n} characters."),
    "md.left": _("{n} more lines not copied: the limit is {size} characters"),
    "sel.clear": pgettext_lazy("selection", "Clear"),
    "empty.choose": _("Choose a log"),
    "empty.choose.more": _("Pick one on the left, or press O."),
    "empty.denied": _("You no longer have access to this log"),
    "empty.denied.more": _("The lines on this page were cleared."),
    "empty.none": _("No logs to show"),
    "empty.none.more": _("Ask an administrator to add a log or to give you access to one."),
    "empty.file": _("This file is empty"),
    "empty.notyet": _("There is no file at {path} yet"),
    "empty.notyet.any": _("There is no file for {name} yet"),
    "empty.notyet.more": _("Lines appear here when it is written."),
    "empty.file.more": _("New lines appear here as they are written."),
    "empty.filter": _("No lines match"),
    "empty.binary": _("This does not look like text"),
    "empty.binary.more": _("{name} may be compressed or binary. You can download it instead."),
    "empty.binary.show": _("Show it anyway"),
    "empty.signedout": _("You were signed out"),
    "status.size": _("File size"),
    "status.offset": _("Position in the file (bytes)"),
    "status.wrap": _("Wrap"),
    "status.nowrap": _("No wrap"),
    "status.follow": _("Following"),
    "status.nofollow": _("Not following"),
    "status.encoding": _("Encoding"),
    "time.compact": _("Time only"),
    "time.raw": _("As written"),
    "time.relative": _("Relative"),
    "time.hidden": _("No time"),
    "set.wrap": _("Wrap long lines"),
    "set.time": _("Timestamps"),
    "set.color": _("Colours from the log"),
    "set.density": _("Text size"),
    "set.theme": _("Theme"),
    "set.theme.auto": _("System"),
    "set.theme.light": _("Light"),
    "set.theme.dark": _("Dark"),
    "set.lang": _("Language"),
    "set.links": _("Links in lines"),
    "set.mine": _("Only my code in tracebacks"),
    "set.announce": _("Announce new lines"),
    "set.keys": _("Single-letter shortcuts"),
    "set.plain": _("Plain view"),
    "dl.file": _("Whole file"),
    "dl.loaded": _("Lines loaded here"),
    "dl.filtered": _("Lines that match the filter"),
    "dl.none": _("Nothing to download yet"),
    "say.paused": _("Paused"),
    "say.following": _("Following new lines"),
    "reason.none": _("no reason given"),
    "reason.server": _("the server refused the connection"),
    "reason.connection-lost": _("connection lost"),
    "reason.status": _("the server returned status {status}"),
    "read.fields": _("Formatted"),
    "read.raw": _("Raw lines"),
    "set.lines": _("Lines"),
    "field.all": _("All fields of this line"),
    "field.raw": _("Raw line"),
    "field.json": _("Copy JSON"),
    "field.local": _("{time} here"),
    "field.for": _("Filter for this value"),
    "field.hide": _("Hide lines with this value"),
    "field.class": _("Filter for all {class}"),
    "field.copy": _("Copy value"),
    "field.column": _("Show as column"),
    "col.time": _("Time"),
    "col.level": _("Level"),
    "col.message": _("Message"),
    "col.tip": _("Drag to reorder"),
    "col.size": _("Column width"),
    "col.left": _("Move left"),
    "col.right": _("Move right"),
    "col.fit": _("Fit to content"),
    "col.filter": _("Filter by this field…"),
    "col.remove": _("Remove column"),
    "ruler": _("Overview"),
    "noscript": _("This page needs JavaScript to show new lines as they are written."),
    "socket.cause.wsgi": _("This server runs Django over WSGI, which cannot keep a live connection open."),
    "socket.fix.wsgi": _(
        "Serve the project's asgi.py with an ASGI server such as uvicorn, and wrap the application in with_logtail."
    ),
    "socket.cause.plain": _("The WebSocket request reached this server as a plain HTTP request."),
    "socket.fix.plain": _(
        "Have the proxy pass the Upgrade and Connection headers, wrap the application in with_logtail, "
        "and install the ASGI server's WebSocket library."
    ),
    "keys.move": _("Move"),
    "keys.move.line": _("Next / previous line"),
    "keys.move.page": _("Page down"),
    "keys.move.half-page": _("Half a page"),
    "keys.move.first": _("First line loaded"),
    "keys.move.last": _("Last line, and follow"),
    "keys.move.error": _("Next / previous error"),
    "keys.move.warning": _("Next / previous warning"),
    "keys.find": _("Find"),
    "keys.find.filter": _("Filter lines"),
    "keys.find.match": _("Next / previous match"),
    "keys.find.case": _("Match case"),
    "keys.find.regex": _("Regular expression"),
    "keys.find.only": _("Only matching lines"),
    "keys.find.invert": _("Hide matching lines"),
    "keys.find.clear": _("Clear, then leave the field"),
    "keys.find.pin": _("Keep the terms"),
    "keys.find.unpin": _("Take the last term back"),
    "keys.find.whole": _("Search whole file"),
    "keys.lines": _("Lines"),
    "keys.lines.select": _("Select lines"),
    "keys.lines.copy": _("Copy line or selection"),
    "keys.lines.markdown": _("Copy entries as Markdown"),
    "keys.lines.link": _("Copy link"),
    "keys.lines.context": _("Show in context"),
    "keys.lines.earlier": _("Load earlier lines"),
    "keys.lines.fields": _("Open / close the fields of a line"),
    "keys.lines.fold": _("Fold or unfold an entry"),
    "keys.view": _("View"),
    "keys.view.pause": _("Pause or resume"),
    "keys.view.stop": _("Stop watching, or start again"),
    "keys.view.follow": _("Follow"),
    "keys.view.wrap": _("Wrap"),
    "keys.view.time": _("Timestamps"),
    "keys.view.raw": _("Formatted or raw lines"),
    "keys.view.level": _("Show or hide a level"),
    "keys.view.split": _("Split"),
    "keys.view.size": _("Text size"),
    "keys.logs": _("Logs"),
    "keys.logs.find": _("Find a log"),
    "keys.logs.next": _("Previous / next log"),
    "keys.logs.list": _("Log list"),
    "keys.logs.download": _("Download"),
    "keys.logs.help": _("This help"),
}

#: Texts with a number, `{n}`: each language has its own rules for which form to use.
PLURALS: Mapping[str, Any] = {
    "nav.summary": ngettext_lazy("{n} log, {m} being written", "{n} logs, {m} being written"),
    "tail.backlog": ngettext_lazy("Loading the last {n} line…", "Loading the last {n} lines…"),
    "tail.paused": ngettext_lazy(
        "Paused at {time}. {n} new line is waiting.", "Paused at {time}. {n} new lines are waiting."
    ),
    "tail.reconnecting": ngettext_lazy(
        "Connection lost. Trying again in {n} second, then continuing from byte {offset}.",
        "Connection lost. Trying again in {n} seconds, then continuing from byte {offset}.",
    ),
    "tail.again": ngettext_lazy(
        "Connection lost. Trying again in {n} second.", "Connection lost. Trying again in {n} seconds."
    ),
    "tail.idle": ngettext_lazy(
        "Stopped after {n} minute in the background.", "Stopped after {n} minutes in the background."
    ),
    "notice.limit": ngettext_lazy(
        "You already have {n} log open, which is the limit. Close it and try again.",
        "You already have {n} logs open, which is the limit. Close one and try again.",
    ),
    "pill.new": ngettext_lazy("{n} new line", "{n} new lines"),
    "pill.errors": ngettext_lazy("{n} error", "{n} errors"),
    "filter.shown": ngettext_lazy("{i} of {n} line", "{i} of {n} lines"),
    "search.found": ngettext_lazy("{n} match", "{n} matches"),
    "search.first": ngettext_lazy(
        "Showing the first {n} match. Narrow the search to see the rest.",
        "Showing the first {n} matches. Narrow the search to see the rest.",
    ),
    "sel.n": ngettext_lazy("{n} line selected", "{n} lines selected"),
    "sel.chars": ngettext_lazy("{n} character", "{n} characters"),
    "view.panes": ngettext_lazy("{n} pane", "{n} panes"),
    "empty.filter.more": ngettext_lazy(
        "{n} loaded line is hidden by the filter.", "{n} loaded lines are hidden by the filter."
    ),
    "status.rate": ngettext_lazy("{n} line/s", "{n} lines/s"),
    "status.loaded": ngettext_lazy("{n} line loaded", "{n} lines loaded"),
    "say.new": ngettext_lazy("{n} new line", "{n} new lines"),
    "fold.frames": ngettext_lazy("{n} frame of {what}", "{n} frames of {what}"),
    "fold.frames.again": ngettext_lazy("Fold {n} frame", "Fold {n} frames"),
    "field.n": ngettext_lazy("{n} field", "{n} fields"),
    "field.more": ngettext_lazy(
        "{n} more field. The raw line has it.", "{n} more fields. The raw line has them."
    ),
    "fold.more": ngettext_lazy("{n} more line", "{n} more lines"),
}

#: The page's texts for reasons: for everyone, and those with `.full` for staff.
_REASON_TEXTS: Mapping[str, object] = {
    f"reason.{code}{suffix}": gettext_lazy(phrase)
    for code, phrases in REASONS.items()
    for suffix, phrase in zip(("", ".full"), phrases, strict=False)
} | {"reason.unknown": gettext_lazy(UNKNOWN)}


def texts(*, for_staff: bool = True) -> dict[str, str | list[str]]:
    """The texts in the active language, for the page's scripts. A plural has one form for each of `plural_samples`."""
    samples = plural_samples()
    plain = {key: str(text) for key, text in {**_REASON_TEXTS, **TEXTS}.items()}
    if not for_staff:
        plain = {key: text for key, text in plain.items() if key in TEXTS or not key.endswith(".full")}
    return {**plain, **{key: [str(text % n) for n in samples] for key, text in PLURALS.items()}}


def plural_samples() -> list[int]:
    """A number for each plural form of the active language.

    A catalogue knows forms by order and a browser by name (`Intl.PluralRules`). These samples link the two: a number
    takes the form of the sample that has the same name.
    """
    found: dict[tuple[str, ...], int] = {}
    for n in _SAMPLES:
        found.setdefault(tuple(str(text % n) for text in PLURALS.values()), n)
    return list(found.values())
