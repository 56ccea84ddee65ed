"""The package's scripts and styles, served by the page's own route from memory, under one version.

The version is derived from all of them and is part of the path, so relative imports inherit it: a browser never mixes
two releases, and may cache each file without limit. A host needs neither `collectstatic` nor a server of static files.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from django_logtail.page.joined import joined

FOLDER = Path(__file__).parent.parent / "static" / "logtail"
#: The entry scripts of pages: each is served as one file with everything it imports.
ENTRIES = ("page/logs-page.js", "define.js", "admin/log-form.js", "admin/found-logs.js")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".map": "application/json",
    ".svg": "image/svg+xml",
}
#: 16 hex digits: two releases don't share a version by chance.
_VERSION_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Body:
    """The body of one response. `encoding` is "" for the bytes as they are."""

    content: bytes
    content_type: str
    encoding: str
    etag: str


class Assets:
    """Files by name, each compressed once: at most three bodies of each are kept."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {**files, **_joined(files)}
        self._bodies: dict[tuple[str, str], Body] = {}
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self.version = digest.hexdigest()[:_VERSION_DIGITS]

    def body(self, name: str, accept_encoding: str = "") -> Body | None:
        """The file in an encoding that the client accepts; None if no file has this name."""
        if name not in self._files:
            return None
        accepted = _accepted(accept_encoding)
        encoding = next((one for one in _ENCODERS if one in accepted), "")
        key = (name, encoding)
        if key not in self._bodies:
            self._bodies[key] = self._made(name, encoding)
        return self._bodies[key]

    def _made(self, name: str, encoding: str) -> Body:
        content = self._files[name]
        digest = hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]
        if encoding:
            content = _ENCODERS[encoding](content)
        return Body(content, _TYPES[Path(name).suffix], encoding, f'"{digest}{encoding and "-" + encoding}"')


def assets() -> Assets:
    """The package's own assets. In development they are read again when one has changed."""
    return _read(_stamp() if settings.DEBUG else None)


def asset_url(name: str) -> str:
    """The URL of a file in `static/logtail`; one of `ENTRIES` includes everything it imports.

    If only the admin is mounted and not the package's own routes, it is the URL of the static file.
    """
    served = f"joined/{name}" if name in ENTRIES else name
    try:
        return reverse("logtail:asset", kwargs={"version": assets().version, "name": served})
    except NoReverseMatch:
        return static(f"logtail/{name}")


def nonce_of(request: HttpRequest) -> str:
    """The nonce that a Content-Security-Policy requires in our tags; "" without one.

    The first attribute is django-csp's, the second that of Django's own middleware. Both are created when first
    written, and false until then.
    """
    nonce = getattr(request, "csp_nonce", None)
    if nonce is None:
        nonce = getattr(request, "_csp_nonce", None)
    return "" if nonce is None else str(nonce)


@lru_cache(maxsize=1)
def _read(_stamp: object) -> Assets:
    return Assets({path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in _paths()})


def _paths() -> list[Path]:
    return [path for path in FOLDER.rglob("*") if path.suffix in _TYPES]


def _stamp() -> tuple[tuple[str, int, int], ...]:
    seen = ((path, path.stat()) for path in _paths())
    return tuple((str(path), status.st_mtime_ns, status.st_size) for path, status in seen)


def _joined(files: Mapping[str, bytes]) -> dict[str, bytes]:
    scripts = {name: content.decode() for name, content in files.items() if name.endswith(".js")}
    made: dict[str, bytes] = {}
    for entry in ENTRIES:
        if entry in scripts:
            name = f"joined/{entry}"
            script, source_map = joined(entry, scripts, name)
            made |= {name: script.encode(), f"{name}.map": source_map.encode()}
    return made


def _accepted(header: str) -> set[str]:
    """The encodings that a client accepts: those it names, except with a weight of zero."""
    found = set()
    for part in header.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weights = [word.removeprefix("q=") for word in parameters if word.startswith("q=")]
        if not any(weight.strip("0.") == "" for weight in weights):
            found.add(name)
    return found


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _encoders() -> dict[str, Callable[[bytes], bytes]]:
    """Best first. Brotli is used if the host has it installed; we don't require it."""
    found: dict[str, Callable[[bytes], bytes]] = {}
    if find_spec("brotli"):
        brotli = importlib.import_module("brotli")
        # 60 ms for the largest file; the highest quality takes ten times as long, and saves a tenth.
        found["br"] = partial(brotli.compress, quality=9)
    return {**found, "gzip": _gzipped}


_ENCODERS = _encoders()
