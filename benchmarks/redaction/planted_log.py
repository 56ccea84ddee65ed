"""A log with secrets at all boundaries, written bit by bit, and what its viewer must get."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.redaction.planting import Secret

#: What lines without secrets have in an encoding.
SAID: Final = {
    "utf-8": "用户 登录成功 é",
    "gbk": "用户 登录成功",
    "shift_jis": "ユーザー ログイン",
    "latin-1": "connexion réussie",
    "utf-16-le": "用户 登录成功 é",
}
BLOCK_BYTES: Final = 64 * 1024
#: Of lines between two secrets.
MOST_FILL_BYTES: Final = 256 * 1024
MARK: Final = "MARK"


class PlantedLog:
    """`marks`: by number, the index of the file and the offset of the line that has it."""

    def __init__(
        self, path: Path, encoding: str, secrets: Sequence[Secret], size: int, files: int, seed: int
    ) -> None:
        self.path, self.encoding, self.size = path, encoding, size
        self.marks: list[tuple[int, int]] = []
        self.planted: list[Secret] = []
        self.written = 0
        self.file = 0
        self._offset = 0
        self._rng = random.Random(seed)
        self.secrets = secrets
        self._file_bytes = size // files
        self._files = files
        self._pending = b""
        self.newline = "\n".encode(encoding)
        #: What is in every line of which something is hidden.
        parts = {
            line
            for secret in secrets
            for line in (secret.lines.split("\n") if "\n" in secret.lines else [secret.text])
        }
        self.hidden = re.compile("|".join(map(re.escape, sorted(parts))))
        lines = [
            f"2026-11-27 14:22:{n % 60:02} INFO shop.orders Order {n} {SAID[encoding]} ok\n"
            for n in range(4_000)
        ]
        self._fill = "".join(lines).encode(encoding)
        self._line = self._fill[: self._fill.index(self.newline) + len(self.newline)]
        self._long = ("x y " * 24_000).encode(encoding)

    @property
    def is_done(self) -> bool:
        return self.written >= self.size and not self._pending

    def name_of(self, file: int) -> str:
        """The name that a file has in the end."""
        return self.path.name + (f".{self.file - file}" if file < self.file else "")

    def write(self) -> bytes:
        """Write some bytes, cut anywhere, and perhaps rotate; what was written."""
        rng = self._rng
        if not self._pending:
            self._pending = self._more()
        cut = rng.choice((1, 7, 100, 5_000, BLOCK_BYTES, 10 * BLOCK_BYTES))
        piece, self._pending = self._pending[:cut], self._pending[cut:]
        with self.path.open("ab") as file:
            file.write(piece)
        self.written += len(piece)
        if not self._pending and self._offset >= self._file_bytes and self.file + 1 < self._files:
            piece += self._rotate()
        return piece

    def _more(self) -> bytes:
        """Lines, up to one with a secret; some secrets lie across a multiple of 64 KiB, some in a long line."""
        rng = self._rng
        at = rng.randrange(len(self._fill) // len(self._line)) * len(self._line)
        start = self._fill.find(self.newline, at) + len(self.newline)
        start += -start % len(self.newline)
        fill = self._fill[start : start + rng.randrange(MOST_FILL_BYTES)]
        fill = self._whole(fill)
        before, line, begins = self._secret_line()
        if rng.random() < 0.5:  # across a boundary: pad with a line
            place = (
                self._offset
                + len(fill)
                + len(before.encode(self.encoding))
                + len(begins.encode(self.encoding))
            )
            missing = (-place - rng.randrange(0, 16, 2)) % BLOCK_BYTES
            unit = len(self.newline)
            fill += (
                " ".encode(self.encoding) * (missing // unit - 1) + self.newline if missing >= unit else b""
            )
        self.marks.append((self.file, self._offset + len(fill)))
        data = fill + f"{before}{line}\n".encode(self.encoding)
        if rng.random() < 0.02:
            data += (
                self._long
                + " password=".encode(self.encoding)
                + self.secrets[-1].text.encode(self.encoding)
                + self._long
                + self.newline
            )
        self._offset += len(data)
        return data

    def _whole(self, fill: bytes) -> bytes:
        unit = len(self.newline)
        at = fill.rfind(self.newline)
        while at >= 0 and at % unit:
            at = fill.rfind(self.newline, 0, at + unit - 1)
        return fill[: at + unit] if at >= 0 else b""

    def _secret_line(self) -> tuple[str, str, str]:
        """A mark, the text with a secret, and what of that precedes the secret."""
        secret = self.secrets[len(self.planted) % len(self.secrets)]
        self.planted.append(secret)
        return f"{MARK}{len(self.marks):06} ", secret.lines, secret.lines[: secret.lines.index(secret.text)]

    def _rotate(self) -> bytes:
        """End this file inside a secret, and begin the next one with the rest."""
        secret = self._rng.choice(self.secrets)
        self.planted.append(secret)
        half = secret.lines.index(secret.text) + len(secret.text) // 2
        one, other = (
            secret.lines[:half].encode(self.encoding),
            f"{secret.lines[half:]}\n".encode(self.encoding),
        )
        with self.path.open("ab") as file:
            file.write(one)
        for number in range(self.file, 0, -1):
            self.path.with_name(f"{self.path.name}.{number}").rename(
                self.path.with_name(f"{self.path.name}.{number + 1}")
            )
        self.path.rename(self.path.with_name(f"{self.path.name}.1"))
        self.path.write_bytes(other)
        self.written += len(one) + len(other)
        self.file += 1
        self._offset = len(other)
        return one + other
