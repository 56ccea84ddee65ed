"""Logs as servers write them, at human speed and one fast, rotated in the ways that logs are rotated.

`python writers.py FOLDER` writes until it is ended. Knows neither Django nor the package.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

#: Rotated files kept beside each log.
KEPT_FILES = 3
#: Lines that stand in a log before the demo begins, so that there is a backlog.
EARLIER_LINES = 240

PEOPLE = ("amelie", "bo", "chidi", "dalia", "emeka", "fatima", "goran", "hana")
PAGES = (
    "/",
    "/books/",
    "/books/piranesi/",
    "/books/orlando/",
    "/cart/",
    "/checkout/",
    "/search/?q=fern",
    "/feed.xml",
)
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0", "Mozilla/5.0 (iPhone) Safari/605.1", "curl/8.9.1")
NOTES = (
    "shop.orders Order 10{n:02d}7 of {who} is packed",
    "shop.orders Order 20{n:02d}3 paid by {who}, {n}.50 EUR",
    "shop.accounts {who} signed in from 203.0.113.{n}",
    "shop.stock 'Piranesi' restocked: {n} copies on shelf B",
    "shop.mail Newsletter sent to {n} readers",
    "shop.search Index refreshed, {n} books changed",
)
DETAILS = (
    "shop.cart Cart of {who}: {n} EUR in all",
    "django.db.backends (0.0{n:02d}) SELECT id, title, price FROM shop_book WHERE shelf = 'B' LIMIT 50",
    "shop.cache Covers of page {n} were in the cache",
)
WARNINGS = (
    "shop.stock Only {n} copies of 'Orlando' left",
    "django.security.csrf Forbidden (CSRF cookie not set.): /cart/{n}/",
    "shop.payments Gateway took {n}00 ms to answer",
)
TRACEBACK = """Traceback (most recent call last):
  File "/srv/shop/orders/views.py", line 88, in checkout
    receipt = gateway.charge(order.total, card)
  File "/srv/shop/payments/gateway.py", line 41, in charge
    answer = self.session.post(self.url, json=body, timeout=4)
  File "/srv/shop/payments/session.py", line 117, in post
    raise GatewayTimeout(f"no answer from {self.url} in {timeout} s")
payments.errors.GatewayTimeout: no answer from https://pay.example/charge in 4 s"""

Lines = Callable[[datetime, random.Random], str]


def django_lines(now: datetime, chance: random.Random) -> str:
    """What Django's own logging writes, with a traceback now and then."""
    stamp = f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}"
    roll = chance.random()
    if roll < 0.05:
        return f"{stamp} ERROR django.request Internal Server Error: /checkout/\n{TRACEBACK}"
    if roll < 0.15:
        return f"{stamp} WARNING {said(WARNINGS, chance)}"
    if roll < 0.3:
        return f"{stamp} DEBUG {said(DETAILS, chance)}"
    return f"{stamp} INFO {said(NOTES, chance)}"


def said(messages: tuple[str, ...], chance: random.Random) -> str:
    """One of the messages, about somebody and some number."""
    return chance.choice(messages).format(who=chance.choice(PEOPLE), n=chance.randint(2, 90))


def access_lines(now: datetime, chance: random.Random) -> str:
    """nginx' combined format."""
    address = f"203.0.113.{chance.randint(1, 254)}"
    status = chance.choices((200, 301, 404, 500), (90, 4, 5, 1))[0]
    page, size = chance.choice(PAGES), chance.randint(180, 48_000)
    return (
        f'{address} - - [{now:%d/%b/%Y:%H:%M:%S %z}] "GET {page} HTTP/1.1" {status} {size} "-" '
        f'"{chance.choice(AGENTS)}"'
    )


def json_lines(now: datetime, chance: random.Random) -> str:
    """One JSON object a line."""
    level = chance.choices(("info", "warning", "error"), (88, 9, 3))[0]
    fields = {
        "time": now.isoformat(timespec="milliseconds"),
        "level": level,
        "event": {"info": "mail sent", "warning": "mail delayed", "error": "mail refused"}[level],
        "to": f"{chance.choice(PEOPLE)}@example.org",
        "milliseconds": chance.randint(8, 900),
    }
    return json.dumps(fields)


def coloured_lines(now: datetime, chance: random.Random) -> str:
    """A build tool that colours what it prints."""
    colour, word = chance.choices(
        (("32", "PASS"), ("33", "SLOW"), ("1;31", "FAIL"), ("36", "note")), (80, 10, 4, 6)
    )[0]
    name = chance.choice(("orders", "stock", "mail", "search", "covers"))
    return (
        f"\x1b[2m{now:%H:%M:%S}\x1b[0m \x1b[{colour}m{word}\x1b[0m {name}.test_{chance.randint(1, 40):02d} "
        f"\x1b[2m({chance.randint(2, 1900)} ms)\x1b[0m"
    )


def gbk_lines(now: datetime, chance: random.Random) -> str:
    """A till that writes Chinese in GBK."""
    book = chance.choice(("红楼梦", "西游记", "呐喊", "围城", "边城"))
    price = chance.randint(20, 120)
    word = chance.choices(("售出", "退货", "缺货警告"), (85, 8, 7))[0]
    return f"{now:%Y-%m-%d %H:%M:%S} 信息 收银台 {chance.randint(1, 4)} {word} 《{book}》 {price} 元"


def import_lines(now: datetime, chance: random.Random) -> str:
    """A nightly import that never ends: the fast one."""
    number = chance.randint(1, 9_999_999)
    level = "WARNING" if number % 500 == 0 else "INFO"
    return (
        f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d} {level} catalogue.import Book {number:07d} "
        f"of publisher {number % 97:02d}: {number % 13} editions, {number % 7} covers"
    )


def rotate_by_name(path: Path) -> None:
    """Move the file to `.1`; the next line creates it again. `RotatingFileHandler` and logrotate do so."""
    for number in range(KEPT_FILES - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


def rotate_by_copy(path: Path) -> None:
    """Copy the file to `.1` and empty it, as logrotate's `copytruncate` does."""
    path.with_name(f"{path.name}.1").write_bytes(path.read_bytes())
    with path.open("r+b") as file:
        file.truncate(0)


@dataclass(frozen=True)
class DemoLog:
    """One log of the demo: where, what, how fast, and when it is rotated."""

    file_name: str
    name: str
    group: str
    lines: Lines
    lines_a_second: float
    rotate_bytes: int
    rotate: Callable[[Path], None] = rotate_by_name
    encoding: str = "utf-8"

    @property
    def slug(self) -> str:
        return self.file_name.partition(".")[0]


DEMO_LOGS = (
    DemoLog("django.log", "Django", "Shop", django_lines, 1.5, 64_000),
    DemoLog("access.log", "nginx access", "Shop", access_lines, 4, 128_000),
    DemoLog("mail.jsonl", "Mail (JSON lines)", "Shop", json_lines, 1, 64_000),
    DemoLog("tests.log", "Tests (colours)", "Builds", coloured_lines, 2, 64_000, rotate_by_copy),
    DemoLog("till.log", "收银台 (GBK)", "Shop", gbk_lines, 0.8, 32_000, encoding="gbk"),
    DemoLog("import.log", "Catalogue import (fast)", "Builds", import_lines, 400, 4_000_000),
)


def write_earlier(folder: Path, chance: random.Random) -> None:
    """Begin every log with the lines of the minutes before."""
    now = datetime.now().astimezone()
    for log in DEMO_LOGS:
        path = folder / log.file_name
        moments = (now - timedelta(seconds=left / log.lines_a_second) for left in range(EARLIER_LINES, 0, -1))
        append(path, log.encoding, [log.lines(moment, chance) for moment in moments])


def write_for_ever(folder: Path, chance: random.Random) -> Iterator[None]:
    """Append what is due to every log, rotate the ones that are full, and yield, again and again."""
    owed = dict.fromkeys(DEMO_LOGS, 0.0)
    last = time.monotonic()
    while True:
        now = time.monotonic()
        for log in DEMO_LOGS:
            path = folder / log.file_name
            owed[log] += (now - last) * log.lines_a_second * chance.uniform(0.4, 1.6)
            due = int(owed[log])
            owed[log] -= due
            if due:
                moment = datetime.now().astimezone()
                append(path, log.encoding, [log.lines(moment, chance) for _ in range(due)])
            if path.stat().st_size > log.rotate_bytes:
                log.rotate(path)
                path.touch()
        last = now
        yield


def append(path: Path, encoding: str, lines: list[str]) -> None:
    with path.open("ab") as file:
        file.write("".join(f"{line}\n" for line in lines).encode(encoding))


def main() -> None:
    folder = Path(sys.argv[1])
    chance = random.Random()
    write_earlier(folder, chance)
    try:
        for _ in write_for_ever(folder, chance):
            time.sleep(0.1)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
