"""Why a page can't have a live connection: each cause with its id, its sentence and the lines that mend it.

The page, the checks and `logtail_doctor` say it in the same words, in the active language; `docs/reference/checks.md`
has a paragraph for each id. The sentence is for everyone; the remedy, and what to paste, name the project's own files
and are for staff.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext as _

from django_logtail.project import asgi_application, asgi_file, served_application, settings_file


@dataclass(frozen=True, slots=True)
class Cause:
    """`is_certain`: another attempt would show nothing else. `has_lines`: the last lines still come over HTTP."""

    id: str
    sentence: str
    remedy: str
    paste: str = ""
    is_certain: bool = False
    has_lines: bool = True


def over_wsgi(*, by_runserver: bool) -> Cause:
    """The server calls Django through WSGI."""
    sentence = _("This server runs Django over WSGI, which can't keep a live connection open.")
    if by_runserver:
        return Cause(
            "logtail.W020", sentence, _daphne_remedy(), daphne_lines(), is_certain=True, has_lines=False
        )
    remedy = _("Serve {file} with an ASGI server instead, for example like this.").format(file=asgi_file())
    paste = f"pip install 'uvicorn[standard]'\nuvicorn {served_application()}"
    return Cause("logtail.W020", sentence, remedy, paste, is_certain=True, has_lines=False)


def _daphne_remedy() -> str:
    if find_spec("daphne") is None:
        text = _(
            "Install daphne (pip install daphne), add this at the end of {file}, and start runserver again."
        )
    else:
        text = _("Add this at the end of {file}, and start runserver again.")
    return text.format(file=settings_file())


def daphne_lines() -> str:
    """What makes `runserver` speak ASGI, for the end of the settings."""
    others = '(app for app in INSTALLED_APPS if app != "daphne")' if apps.is_installed("daphne") else ""
    lines = [f'INSTALLED_APPS = ["daphne", *{others or "INSTALLED_APPS"}]']
    if not getattr(settings, "ASGI_APPLICATION", None):
        lines.append(f'ASGI_APPLICATION = "{asgi_application()}"')
    return "\n".join(lines)


def not_wrapped() -> Cause:
    """`with_logtail` isn't around the ASGI application."""
    name = asgi_application().rpartition(".")[2]
    return Cause(
        "logtail.W022",
        _("The project's ASGI application doesn't pass live connections to the log viewer."),
        _("Add this at the end of {file}, and restart the server.").format(file=asgi_file()),
        f"from django_logtail.asgi import with_logtail\n\n{name} = with_logtail({name})",
        is_certain=True,
    )


def without_websockets(*, server: str = "") -> Cause:
    """The ASGI server passes a handshake on as a plain request. `server`: "uvicorn", or "" if it is another."""
    sentence = _("The web server was started without WebSockets, so it can't keep a live connection open.")
    paste = ""
    if server != "uvicorn":
        remedy = _(
            "Start it with WebSockets turned on: uvicorn with a WebSocket library and without “--ws none”, "
            "granian without “--no-ws”."
        )
    elif find_spec("websockets") is None and find_spec("wsproto") is None:
        remedy = _("Install a WebSocket library where the web server runs, and restart the server.")
        paste = "pip install 'uvicorn[standard]'"
    else:
        remedy = _("Start it without the option “--ws none”, for example like this.")
        paste = f"uvicorn {served_application()} --ws auto"
    return Cause("logtail.E020", sentence, remedy, paste, is_certain=True)


def proxy(path: str, port: int | None) -> Cause:
    """Something on the way doesn't pass the handshake on. `path` of the pages; `port` of the server behind it."""
    return Cause(
        "logtail.E021",
        _("A proxy between you and the server doesn't pass live connections on."),
        _(
            "Have the proxy pass on the headers Upgrade and Connection. In nginx, this is the block "
            "for the log pages; reload nginx after the change."
        ),
        f"location {path} {{\n"
        f"    proxy_pass http://127.0.0.1:{f'{port};' if port else '8000;  # where the web server listens'}\n"
        "    proxy_http_version 1.1;\n"
        "    proxy_set_header Host $http_host;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n"
        '    proxy_set_header Connection "upgrade";\n'
        "    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
        "    proxy_set_header X-Forwarded-Proto $scheme;\n"
        "    proxy_read_timeout 75s;\n"
        "}",
    )


def network(address: str) -> Cause:
    """No handshake arrives, and nothing says who stops it. `address` of the pages, as browsers open it."""
    return Cause(
        "logtail.E022",
        _("Live updates are blocked on this network."),
        _("If this happens on other networks too, run this on the server; it names what blocks them."),
        f"python manage.py logtail_doctor --url {address}",
    )


def foreign_origin(seen: str, origin: str, *, is_told_of_https: bool) -> Cause:
    """Django takes the page for one of another site. `is_told_of_https`: the proxy sends X-Forwarded-Proto."""
    remedy = _(
        "Browsers open this site as {origin}, but Django takes it for {seen}. "
        "Add this at the end of {file}, and restart the server."
    ).format(origin=origin, seen=seen, file=settings_file())
    if is_told_of_https and urlsplit(seen).netloc == urlsplit(origin).netloc:
        paste = 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'
    else:
        others = "*CSRF_TRUSTED_ORIGINS, " if settings.CSRF_TRUSTED_ORIGINS else ""
        paste = f'CSRF_TRUSTED_ORIGINS = [{others}"{origin}"]'
    return Cause("logtail.E023", refused_sentence(), remedy, paste, is_certain=True)


def without_token(origin: str) -> Cause:
    """The browser doesn't send Django's CSRF cookie with the requests of a page at `origin`."""
    if settings.CSRF_COOKIE_SECURE and origin.startswith("http:"):
        remedy = _(
            "CSRF_COOKIE_SECURE is set, so browsers send Django's CSRF cookie only over HTTPS. "
            "Open this site over HTTPS, or remove the setting from {file}."
        )
    else:
        remedy = _(
            "The browser doesn't send Django's CSRF cookie. Correct CSRF_COOKIE_DOMAIN and CSRF_COOKIE_PATH in "
            "{file}, and allow cookies for this site in the browser."
        )
    return Cause("logtail.E029", refused_sentence(), remedy.format(file=settings_file()), is_certain=True)


def refused(path: str) -> Cause:
    """Something in front of Django answers 403 to requests below `path`."""
    remedy = _(
        "Django would accept it, so something in front of Django refuses it, such as a firewall. "
        "Have that allow POST requests and WebSockets to addresses below {path}."
    ).format(path=path)
    return Cause("logtail.E024", refused_sentence(), remedy, is_certain=True)


def refused_sentence() -> str:
    return _("The server refused the connection (403).")
