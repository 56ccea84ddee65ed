"""Why a page has no WebSocket, as its own question and its handshake reveal it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory

from django_logtail.viewing import no_socket
from django_logtail.viewing.no_socket import Arrivals, cause_of
from django_logtail.viewing.unsent import SEND

SOCKET = "/logs/any/socket/"
#: What is left of a handshake behind a proxy that knows nothing of WebSockets.
HALF = {"sec-websocket-key": "eA==", "sec-websocket-version": "13"}
COOKIE = {"Cookie": "csrftoken=x"}
WHOLE = {**HALF, "upgrade": "websocket", "connection": "keep-alive, Upgrade"}


@pytest.fixture(autouse=True)
def arrivals(monkeypatch: pytest.MonkeyPatch) -> Arrivals:
    """A web process into which nothing has come."""
    fresh = Arrivals()
    monkeypatch.setattr(no_socket, "arrivals", fresh)
    return fresh


def over_wsgi(server: str = "WSGIServer/0.2", query: str = "", **headers: str) -> HttpRequest:
    return RequestFactory(SERVER_SOFTWARE=server).get(SOCKET + query, headers=headers)


def over_asgi(
    query: str = "", headers: dict[str, str] | None = None, *, is_wrapped: bool = True, **scope: Any
) -> HttpRequest:
    request = AsyncRequestFactory().get(SOCKET + query, headers=headers or {}, **scope)
    if is_wrapped:
        request.scope[SEND] = lambda message: None
    return request


def uvicorn(ws_protocol_class: object) -> Callable[..., object]:
    """The `send` of a uvicorn, as far as it is looked at."""
    protocol = SimpleNamespace(ws_protocol_class=ws_protocol_class)

    class RequestResponseCycle:
        transport = SimpleNamespace(get_protocol=lambda: protocol)

        def send(self, message: object) -> None: ...

    RequestResponseCycle.__module__ = "uvicorn.protocols.http.h11_impl"
    return RequestResponseCycle().send


def test_runserver_over_wsgi_is_told_to_have_daphne_first() -> None:
    cause = cause_of(over_wsgi())

    assert (cause.id, cause.is_certain, cause.has_lines) == ("logtail.W020", True, False)
    assert cause.sentence == "This server runs Django over WSGI, which can't keep a live connection open."
    assert cause.remedy == "Add this at the end of tests/settings.py, and start runserver again."
    assert cause.paste == 'INSTALLED_APPS = ["daphne", *INSTALLED_APPS]'


def test_the_lines_for_runserver_set_what_daphne_needs(settings: Any) -> None:
    settings.ASGI_APPLICATION = None
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "daphne"]

    assert cause_of(over_wsgi()).paste == (
        'INSTALLED_APPS = ["daphne", *(app for app in INSTALLED_APPS if app != "daphne")]\n'
        'ASGI_APPLICATION = "tests.asgi.application"'
    )


def test_without_daphne_it_is_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_logtail.causes.find_spec", lambda name: None)

    assert cause_of(over_wsgi()).remedy == (
        "Install daphne (pip install daphne), add this at the end of tests/settings.py, and start runserver again."
    )


def test_another_wsgi_server_is_to_be_replaced() -> None:
    cause = cause_of(over_wsgi("gunicorn/23.0.0"))

    assert cause.id == "logtail.W020"
    assert cause.remedy == "Serve tests/asgi.py with an ASGI server instead, for example like this."
    assert cause.paste == "pip install 'uvicorn[standard]'\nuvicorn tests.asgi:application"


def test_an_application_that_is_not_wrapped_gets_the_lines_for_its_file() -> None:
    cause = cause_of(over_asgi(is_wrapped=False))

    assert (cause.id, cause.is_certain, cause.has_lines) == ("logtail.W022", True, True)
    assert cause.remedy == "Add this at the end of tests/asgi.py, and restart the server."
    assert cause.paste == (
        "from django_logtail.asgi import with_logtail\n\napplication = with_logtail(application)"
    )


def test_a_project_with_routes_of_its_own_is_not_told_to_wrap(arrivals: Arrivals) -> None:
    arrivals.is_routed = True

    assert cause_of(over_asgi(is_wrapped=False)).id == "logtail.E022"


@pytest.mark.parametrize(
    ("found", "remedy", "paste"),
    [
        (
            [],
            "Install a WebSocket library where the web server runs, and restart the server.",
            "pip install 'uvicorn[standard]'",
        ),
        (
            ["websockets"],
            "Start it without the option “--ws none”, for example like this.",
            "uvicorn tests.asgi:application --ws auto",
        ),
        (
            ["wsproto"],
            "Start it without the option “--ws none”, for example like this.",
            "uvicorn tests.asgi:application --ws auto",
        ),
    ],
)
def test_a_uvicorn_without_websockets_is_told_apart_by_its_libraries(
    monkeypatch: pytest.MonkeyPatch, found: list[str], remedy: str, paste: str
) -> None:
    monkeypatch.setattr("django_logtail.causes.find_spec", lambda name: name if name in found else None)
    request = over_asgi()
    request.scope[SEND] = uvicorn(None)

    cause = cause_of(request)

    assert (cause.id, cause.remedy, cause.paste) == ("logtail.E020", remedy, paste)


def test_a_uvicorn_with_websockets_is_not_accused() -> None:
    request = over_asgi()
    request.scope[SEND] = uvicorn(object)

    assert cause_of(request).id == "logtail.E022"


def test_another_server_without_websockets_gives_itself_away_by_a_whole_handshake() -> None:
    answers = [cause_of(over_asgi(headers=WHOLE)), cause_of(over_asgi())]

    assert [cause.id for cause in answers] == ["logtail.E020", "logtail.E020"]
    assert (answers[0].remedy, answers[0].paste) == (
        "Start it with WebSockets turned on: uvicorn with a WebSocket library and without “--ws none”, "
        "granian without “--no-ws”.",
        "",
    )


def test_a_handshake_without_its_upgrade_gives_the_proxy_away() -> None:
    answers = [cause_of(over_asgi(headers=HALF)), cause_of(over_asgi())]

    assert [cause.id for cause in answers] == ["logtail.E021", "logtail.E021"]
    assert answers[0].sentence == "A proxy between you and the server doesn't pass live connections on."
    assert answers[0].paste == (
        "location /logs/ {\n"
        "    proxy_pass http://127.0.0.1:80;\n"
        "    proxy_http_version 1.1;\n"
        "    proxy_set_header Host $http_host;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n"
        '    proxy_set_header Connection "upgrade";\n'
        "    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
        "    proxy_set_header X-Forwarded-Proto $scheme;\n"
        "    proxy_read_timeout 75s;\n"
        "}"
    )


def test_that_proxy_is_named_also_where_it_hides_the_host() -> None:
    """Its block passes the host on as well."""
    headers = {**HALF, "origin": "https://shop.example"}

    assert cause_of(over_asgi(headers=headers)).id == "logtail.E021"


@pytest.mark.parametrize("server", [None, ("/run/web.sock", None)])
def test_a_server_that_listens_on_no_port_is_left_to_fill_in(server: object) -> None:
    request = over_asgi(headers=HALF)
    request.scope["server"] = server

    assert (
        "    proxy_pass http://127.0.0.1:8000;  # where the web server listens\n" in cause_of(request).paste
    )


@pytest.mark.parametrize(
    "name", ["Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP"]
)
def test_a_proxy_that_names_itself_is_suspected(name: str) -> None:
    assert cause_of(over_asgi(headers={name: "http"})).id == "logtail.E021"


def test_so_is_one_that_speaks_http_1_0() -> None:
    request = over_asgi()
    request.scope["http_version"] = "1.0"

    assert cause_of(request).id == "logtail.E021"


def test_where_other_sockets_get_through_it_is_the_network(arrivals: Arrivals) -> None:
    arrivals.last = "socket"

    cause = cause_of(over_asgi("?origin=http://testserver", {"X-Forwarded-For": "10.0.0.9"}))

    assert (cause.id, cause.is_certain) == ("logtail.E022", False)
    assert cause.sentence == "Live updates are blocked on this network."
    assert cause.paste == "python manage.py logtail_doctor --url http://testserver/logs/"


def test_a_socket_of_another_origin_would_be_refused_so_that_is_said() -> None:
    cause = cause_of(over_asgi("?origin=https://shop.example"))

    assert cause.id == "logtail.E023"
    assert cause.remedy == (
        "Browsers open this site as https://shop.example, but Django takes it for http://testserver. "
        "Add this at the end of tests/settings.py, and restart the server."
    )
    assert cause.paste == 'CSRF_TRUSTED_ORIGINS = ["https://shop.example"]'


class TestRefused:
    """The server answered 403 to the page's request for a ticket."""

    def test_behind_a_proxy_that_tells_of_https_the_setting_for_that_is_missing(self) -> None:
        cause = cause_of(
            over_wsgi(query="?refused=1&origin=https://testserver", **{"X-Forwarded-Proto": "https"})
        )

        assert (cause.id, cause.is_certain) == ("logtail.E023", True)
        assert cause.sentence == "The server refused the connection (403)."
        assert cause.paste == 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'

    @pytest.mark.parametrize("origin", ["https://testserver", "https://shop.example"])
    def test_behind_one_that_does_not_the_origin_is_to_be_trusted(self, origin: str, settings: Any) -> None:
        first = cause_of(over_wsgi(query=f"?refused=1&origin={origin}"))
        settings.CSRF_TRUSTED_ORIGINS = ["https://other.example"]
        second = cause_of(over_wsgi(query=f"?refused=1&origin={origin}"))

        assert (first.id, first.paste) == ("logtail.E023", f'CSRF_TRUSTED_ORIGINS = ["{origin}"]')
        assert second.paste == f'CSRF_TRUSTED_ORIGINS = [*CSRF_TRUSTED_ORIGINS, "{origin}"]'

    @pytest.mark.parametrize(
        "origin", ["http://testserver", "https://shop.example", "https://a.shops.example"]
    )
    def test_what_django_accepts_something_else_refuses(self, origin: str, settings: Any) -> None:
        settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example", "https://*.shops.example"]

        cause = cause_of(over_asgi(f"?refused=1&origin={origin}", COOKIE, is_wrapped=False))

        assert (cause.id, cause.paste) == ("logtail.E024", "")
        assert cause.remedy == (
            "Django would accept it, so something in front of Django refuses it, such as a firewall. "
            "Have that allow POST requests and WebSockets to addresses below /logs/."
        )

    @pytest.mark.parametrize(
        "origin", ["", "null", 'https://x"]; evil', "javascript:alert(1)", "https://a b"]
    )
    def test_what_is_no_origin_never_gets_into_code_to_paste(self, origin: str) -> None:
        assert cause_of(over_wsgi(query=f"?refused=1&origin={origin}", **COOKIE)).id == "logtail.E024"

    @pytest.mark.parametrize(
        ("is_secure", "origin", "remedy"),
        [
            (
                True,
                "http://testserver",
                "CSRF_COOKIE_SECURE is set, so browsers send Django's CSRF cookie only over HTTPS. "
                "Open this site over HTTPS, or remove the setting from tests/settings.py.",
            ),
            (
                False,
                "http://testserver",
                "The browser doesn't send Django's CSRF cookie. Correct CSRF_COOKIE_DOMAIN and CSRF_COOKIE_PATH "
                "in tests/settings.py, and allow cookies for this site in the browser.",
            ),
        ],
    )
    def test_a_browser_without_the_cookie_is_not_taken_for_a_firewall(
        self, settings: Any, is_secure: bool, origin: str, remedy: str
    ) -> None:
        settings.CSRF_COOKIE_SECURE = is_secure

        cause = cause_of(over_wsgi(query=f"?refused=1&origin={origin}"))

        assert (cause.id, cause.remedy, cause.paste) == ("logtail.E029", remedy, "")

    def test_where_tokens_are_in_sessions_no_cookie_is_missed(self, settings: Any) -> None:
        settings.CSRF_USE_SESSIONS = True

        assert cause_of(over_wsgi(query="?refused=1&origin=http://testserver")).id == "logtail.E024"
