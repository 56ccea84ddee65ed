"""The page and its HTTP requests."""

import gzip
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connections
from django.template import Context, Template
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.utils import translation

import django_logtail
from django_logtail import views
from django_logtail.access import read_ticket
from django_logtail.models import Access, Log
from django_logtail.operating.reports import reports
from django_logtail.rights import Original
from django_logtail.viewing.admission import viewers
from django_logtail.viewing.download import Requester
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    return User.objects.create_user("member", password="member")


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def add_log(slug: str, path: Path | str = "/tmp/no-such.log", **fields: object) -> Log:
    fields = {"name": f"{slug}.log", "access": Access.SIGNED_IN, **fields}
    return Log.objects.create(slug=slug, path=str(path), **fields)


def config_of(html: str) -> dict:
    return json.loads(
        re.search(r'<script id="logtail-config" type="application/json">(.*?)</script>', html)[1]
    )


def test_who_is_signed_out_is_asked_to_sign_in_and_comes_back() -> None:
    answer = Client().get("/logs/django/")

    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=/logs/django/"


def test_the_page_lists_the_logs_one_may_see_and_no_other(client: Client) -> None:
    add_log("open", group="Web")
    add_log("not-for-you", access=Access.STAFF)

    html = client.get("/logs/").content.decode()

    assert [log["slug"] for log in config_of(html)["logs"]] == ["open"]
    assert 'href="/logs/open/"' in html
    assert "not-for-you" not in html


@pytest.mark.parametrize("slug", ["a b", "a/b", "", "..", "журнал", "n\0l"])
def test_a_row_whose_slug_gives_no_address_takes_no_other_log_from_the_list(
    client: Client, caplog: pytest.LogCaptureFixture, slug: str
) -> None:
    add_log("open")
    add_log(slug, "/tmp/no-such-2.log")

    pages = [client.get(reverse(f"logtail:{name}")) for name in ("list", "logs", "logs")]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert [log["slug"] for log in config_of(pages[0].content.decode())["logs"]] == ["open"]
    assert [log["slug"] for log in pages[1].json()["logs"]] == ["open"]
    assert [record.getMessage() for record in caplog.records] == [
        f"log {slug!r} is left out of the list: its slug can't be part of an address. "
        "Give it a slug of letters, digits, - and _"
    ]


def test_the_page_says_something_without_scripts(client: Client) -> None:
    empty = client.get("/logs/").content.decode()
    add_log("open")
    html = client.get("/logs/open/").content.decode()

    assert "No logs to show" in empty
    assert "<title>open.log · Logs</title>" in html
    assert "<noscript>" in html
    assert re.search(r'href="/logs/open/" aria-current="page"', html)


@pytest.mark.parametrize(
    ("options", "logtail", "header", "csp"),
    [
        (None, {}, "DENY", None),
        ("SAMEORIGIN", {}, "SAMEORIGIN", None),
        (None, {"FRAME_ANCESTORS": ["'self'"]}, None, "frame-ancestors 'self'"),
        (
            None,
            {"FRAME_ANCESTORS": ["'self'", "https://a.example:8443"]},
            None,
            "frame-ancestors 'self' https://a.example:8443",
        ),
        (None, {"FRAME_ANCESTORS": ["*"]}, None, None),
    ],
)
@pytest.mark.parametrize("has_middleware", [True, False])
def test_the_page_says_who_may_frame_it(
    client: Client,
    settings: Any,
    options: str | None,
    logtail: dict[str, Any],
    header: str | None,
    csp: str | None,
    has_middleware: bool,
) -> None:
    ours = "tests.host.policy.StrictPolicyMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != ours]
    if has_middleware:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.clickjacking.XFrameOptionsMiddleware"]
    if options is not None:
        settings.X_FRAME_OPTIONS = options
    settings.LOGTAIL = {"ROOTS": ["/tmp"], **logtail}
    add_log("open")

    for address in ("/logs/", "/logs/open/"):
        answer = client.get(address)
        assert (answer.get("X-Frame-Options"), answer.get("Content-Security-Policy")) == (header, csp)


#: What a browser says of where a request comes from: Sec-Fetch-Site, -Mode and -Dest.
FETCHES = {
    "an old browser": {},
    "typed": {"site": "none", "mode": "navigate", "dest": "document"},
    "own script": {"site": "same-origin", "mode": "cors", "dest": "empty"},
    "own link": {"site": "same-origin", "mode": "navigate", "dest": "document"},
    "link on the same site": {"site": "same-site", "mode": "navigate", "dest": "document"},
    "frame on the same site": {"site": "same-site", "mode": "navigate", "dest": "iframe"},
    "image on the same site": {"site": "same-site", "mode": "no-cors", "dest": "image"},
    "script on the same site": {"site": "same-site", "mode": "cors", "dest": "empty"},
    "link elsewhere": {"site": "cross-site", "mode": "navigate", "dest": "document"},
    "image elsewhere": {"site": "cross-site", "mode": "no-cors", "dest": "image"},
    "something new": {"site": "cross-planet"},
}
LET_THROUGH = {"an old browser", "typed", "own script", "own link"}


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("name", ["logs", "lines", "download", "hits"])
def test_what_pages_of_other_sites_have_a_browser_ask_for_is_refused(
    client: Client, name: str, fetch: str
) -> None:
    add_log("open")
    address = reverse("logtail:logs") if name == "logs" else reverse(f"logtail:{name}", args=["open"])
    headers = {f"Sec-Fetch-{field.title()}": value for field, value in FETCHES[fetch].items()}

    answer = client.get(address, headers=headers)

    is_let_through = fetch in LET_THROUGH or (
        name in ("download", "hits") and fetch == "link on the same site"
    )
    if is_let_through:
        assert answer.status_code in (200, 503)  # the test client speaks WSGI, which `lines` says
        return
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "error": "cross-site",
            "text": "This request came from a page on another site. Use the log’s own page instead.",
        },
    )


@pytest.mark.parametrize("name", ["lines", "download", "hits"])
async def test_who_has_as_many_logs_open_as_they_may_has_nothing_looked_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "MAX_VIEWERS_PER_USER": 1}
    monkeypatch.setattr(views, "_requester_of", lambda request: Requester("7", "session", ""))
    looked_up = []

    async def admitted(*args: object, **facts: object) -> Log:
        looked_up.append(args)
        raise DatabaseError("gone")

    monkeypatch.setattr(views, "admitted", admitted)
    path = reverse(f"logtail:{name}", args=["open"])

    with await viewers.counted("7"):
        full = await AsyncClient().get(path)
    free = await AsyncClient().get(path)

    assert (full.status_code, free.status_code, len(looked_up)) == (429, 503, 1)


async def test_a_search_takes_a_search_s_place_and_no_viewer_s(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "MAX_VIEWERS_PER_USER": 1, "MAX_SEARCHES_PER_USER": 1}
    monkeypatch.setattr(views, "_requester_of", lambda request: Requester("7", "session", ""))
    looked_up = []

    async def admitted(*args: object, **facts: object) -> Log:
        looked_up.append(args)
        raise DatabaseError("gone")

    monkeypatch.setattr(views, "admitted", admitted)

    with await viewers.counted("7"):
        free = await AsyncClient().post("/logs/open/search/", {})
    with await viewers.searching("7"):
        full = await AsyncClient().post("/logs/open/search/", {}, headers={"Accept-Language": "en"})

    assert (free.status_code, full.status_code, len(looked_up)) == (503, 429, 1)
    assert full.json() == {
        "error": "too-many-searches",
        "text": "you have reached your limit of running searches (1); try again when one ends",
        "limit": 1,
        "retry_after": 5,
    }
    assert full.headers["Retry-After"] == "5"


def test_a_search_is_posted_from_an_own_page(client: Client) -> None:
    add_log("open")

    def answer(method: str = "post", **headers: str) -> int:
        return getattr(client, method)("/logs/open/search/", headers=headers).status_code

    assert [answer("get"), answer("head")] == [405, 405]
    assert answer(**{"Sec-Fetch-Site": "same-origin"}) == 503  # the test client speaks WSGI
    assert answer(**{"Sec-Fetch-Site": "same-site"}) == 403
    assert answer(**{"Sec-Fetch-Site": "cross-site"}) == 403


def test_a_search_needs_the_page_s_csrf_token(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert strict.post("/logs/open/search/").status_code == 403


@pytest.mark.parametrize("slug", ["closed", "disabled", "missing"])
def test_a_log_that_is_not_for_one_is_not_there(client: Client, slug: str) -> None:
    add_log("closed", access=Access.STAFF)
    add_log("disabled", enabled=False)

    assert client.get(f"/logs/{slug}/").status_code == 404
    answer = client.post(f"/logs/{slug}/ticket/")
    assert (answer.status_code, answer.json()) == (404, {"error": "no-such-log"})


def test_a_ticket_is_for_this_user_log_and_session(client: Client, member: User) -> None:
    add_log("open")

    answer = client.post("/logs/open/ticket/")

    key = client.session.session_key
    assert answer["Cache-Control"].startswith("max-age=0")
    assert read_ticket(answer.json()["ticket"], slug="open", session_key=key).user_id == str(member.pk)


def test_a_ticket_is_only_given_to_the_page_itself(member: User) -> None:
    add_log("open")
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    config = config_of(client.get("/logs/").content.decode())

    without = client.post("/logs/open/ticket/")
    with_token = client.post(
        "/logs/open/ticket/", headers={config["csrf"]["header"]: config["csrf"]["token"]}
    )

    assert (without.status_code, with_token.status_code) == (403, 200)
    assert client.get("/logs/open/ticket/").status_code == 405


@pytest.mark.parametrize(
    ("rights", "fields", "status", "error"),
    [
        (("see_unredacted_log",), {"reason": "order 48213", "minutes": "15"}, 200, None),
        (("see_unredacted_log",), {"reason": " ", "minutes": "15"}, 400, "no-reason"),
        (("see_unredacted_log",), {"reason": "x", "minutes": "99"}, 400, "bad-minutes"),
        ((), {"reason": "order 48213", "minutes": "15"}, 403, "not-allowed"),
        ((), {}, 200, None),
    ],
)
def test_a_ticket_for_the_original_is_for_who_may_and_says_why(
    client: Client,
    member: User,
    settings: Any,
    desk: Desk,
    rights: tuple[str, ...],
    fields: dict[str, str],
    status: int,
    error: str | None,
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": True, "REDACT": ["email"]}
    add_log("open")
    member.is_staff = True
    member.save()
    member.user_permissions.set(Permission.objects.filter(codename__in=rights))
    desk.pump()

    answer = client.post("/logs/open/ticket/", fields)

    assert (answer.status_code, answer.json().get("error")) == (status, error)
    if error is not None:
        assert answer.json()["text"]
    else:
        ticket = read_ticket(answer.json()["ticket"], slug="open", session_key=client.session.session_key)
        assert ticket.original == (Original("order 48213", 15) if fields else None)
    refused = [event["detail"] for event in desk.of("event") if event["action"] == "refused"]
    assert refused == ([{"what": "see_unredacted"}] if error == "not-allowed" else [])


def test_scripts_of_who_is_signed_out_are_told_where_to_sign_in() -> None:
    add_log("open")

    ticket = Client().post("/logs/open/ticket/")
    logs = Client().get(reverse("logtail:logs"))

    assert (ticket.status_code, logs.status_code) == (401, 401)
    assert ticket.json() == {"error": "signed-out", "login": "/accounts/login/"}


def test_the_list_says_sizes_and_what_is_being_written(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 1234)
    add_log("here", path)
    add_log("gone", tmp_path / "gone.log")
    add_log("elsewhere", path, queue="web-2")
    add_log("outside", "/etc/hostname")

    with override_settings(LOGTAIL={"ROOTS": [tmp_path]}):
        found = {log["slug"]: log for log in client.get(reverse("logtail:logs")).json()["logs"]}

    assert (found["here"]["size"], found["here"]["writing"]) == (1234, True)
    for slug in ("gone", "elsewhere", "outside"):
        assert (found[slug]["size"], found[slug]["writing"]) == (None, False)


def test_the_size_of_a_file_that_is_not_here_is_what_its_reader_reports(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = {("logtail", "gone"): 10, ("web-2", "far"): 20, ("logtail", "here"): 30}
    (tmp_path / "here.log").write_bytes(b"x" * 1234)
    rows = {
        str(add_log("here", tmp_path / "here.log").pk): "here",
        str(add_log("gone", tmp_path / "gone.log").pk): "gone",
        str(add_log("far", tmp_path / "here.log", queue="web-2").pk): "far",
    }
    monkeypatch.setattr(reports, "size", lambda queue, log: reported[queue, rows[log]])

    with override_settings(LOGTAIL={"ROOTS": [tmp_path]}):
        found = client.get(reverse("logtail:logs")).json()["logs"]

    assert {log["slug"]: log["size"] for log in found} == {"here": 1234, "gone": 10, "far": 20}


def test_folders_are_shown_to_staff_only(client: Client, member: User) -> None:
    add_log("open", "/srv/shop/logs/open.log")
    before = client.get(reverse("logtail:logs")).json()["logs"][0]["folder"]
    User.objects.filter(pk=member.pk).update(is_staff=True)

    after = client.get(reverse("logtail:logs")).json()["logs"][0]["folder"]

    assert (before, after) == ("", "/srv/shop/logs")


@pytest.mark.parametrize("is_staff", [False, True])
def test_all_that_the_list_says_of_a_log_and_what_of_it_is_for_staff(
    client: Client, member: User, is_staff: bool
) -> None:
    log = add_log("open", "/srv/shop/logs/open.log")
    Log.objects.filter(pk=log.pk).update(
        name="Shop", group="web", description="What is sold", format="nginx", queue="web-2", follow="newest"
    )
    User.objects.filter(pk=member.pk).update(is_staff=is_staff)

    [said] = client.get(reverse("logtail:logs")).json()["logs"]

    own = {
        "folder": "/srv/shop/logs",
        "path": "/srv/shop/logs/open.log",
        "follow": "newest",
        "queue": "web-2",
    }
    assert said == {
        "slug": "open",
        "name": "Shop",
        "group": "web",
        "description": "What is sold",
        "format": "nginx",
        **(own if is_staff else dict.fromkeys(own, "")),
        "size": None,
        "writing": False,
        "page": "/logs/open/",
        "ticket": "/logs/open/ticket/",
        "socket": "/logs/open/socket/",
        "lines": "/logs/open/lines/",
        "download": "/logs/open/download/",
        "hits": "/logs/open/hits/",
        "search": "/logs/open/search/",
        "save": "/logs/open/views/",
        "views": [],
    }


def test_the_socket_says_over_http_why_there_is_no_websocket() -> None:
    answer = Client().get("/logs/any/socket/", headers={"Accept-Language": "en"})

    # Under WSGI neither 426 nor its header may be sent.
    assert (answer.status_code, "Upgrade" in answer, "Connection" in answer) == (501, False, False)
    assert answer.json() == {
        "id": "logtail.W020",
        "cause": "This server runs Django over WSGI, which can't keep a live connection open.",
        "fix": "An administrator sees here what to do.",
        "paste": "",
        "certain": True,
        "lines": False,
    }


def test_staff_get_what_mends_it_in_their_language(client: Client, member: User) -> None:
    member.is_staff = True
    member.save()

    english = client.get("/logs/any/socket/", headers={"Accept-Language": "en"}).json()
    chinese = client.get("/logs/any/socket/", headers={"Accept-Language": "zh-hans"}).json()

    assert english["fix"] == "Serve tests/asgi.py with an ASGI server instead, for example like this."
    assert english["paste"] == "pip install 'uvicorn[standard]'\nuvicorn tests.asgi:application"
    assert (chinese["id"], chinese["paste"]) == (english["id"], english["paste"])
    assert chinese["cause"] != english["cause"]


async def test_under_an_asgi_server_it_answers_426() -> None:
    answer = await AsyncClient().get("/logs/any/socket/", headers={"Accept-Language": "en"})

    assert (answer.status_code, answer["Upgrade"], answer["Connection"]) == (426, "websocket", "Upgrade")
    assert answer.json()["lines"] is True


@pytest.mark.parametrize("route", ["lines", "download", "hits"])
def test_what_needs_a_reader_says_under_wsgi_what_mends_it(client: Client, route: str) -> None:
    add_log("open")

    answer = client.get(f"/logs/open/{route}/", headers={"Accept-Language": "en"})

    assert answer.status_code == 503
    assert answer.json()["certain"] is True
    assert "WSGI" in answer.json()["cause"]


@pytest.mark.parametrize("route", ["lines", "download", "hits"])
def test_what_needs_a_reader_is_only_fetched(client: Client, route: str) -> None:
    add_log("open")

    assert client.post(f"/logs/open/{route}/").status_code == 405
    assert client.head(f"/logs/open/{route}/").status_code == 405


def test_the_page_is_in_the_language_of_the_reader(client: Client) -> None:
    html = client.get("/logs/", headers={"Accept-Language": "zh-hans"}).content.decode()

    assert '<html lang="zh-hans"' in html
    assert config_of(html)["texts"]["state.live"] == "实时"


@pytest.mark.parametrize(
    ("languages", "offered"),
    [
        ([("en", ""), ("zh-hans", ""), ("de", "")], ["en", "zh-hans"]),
        ([("de", ""), ("en-gb", ""), ("zh-hans", "")], ["en-gb", "zh-hans"]),
        ([("en", ""), ("en-gb", ""), ("de", "")], []),
        ([("zh-hans", ""), ("zh-hant", "")], []),
    ],
)
def test_of_the_project_s_languages_those_that_the_page_speaks_are_offered(
    client: Client, languages: list[tuple[str, str]], offered: list[str]
) -> None:
    with override_settings(LANGUAGES=languages):
        config = config_of(client.get("/logs/").content.decode())

    assert [language["code"] for language in config["languages"]] == offered


def test_languages_have_their_own_names(client: Client) -> None:
    config = config_of(client.get("/logs/").content.decode())

    assert [language["name"] for language in config["languages"]] == ["English", "简体中文"]


@pytest.mark.parametrize(
    "settings",
    [
        {"USE_I18N": False},
        {"MIDDLEWARE": [path for path in settings.MIDDLEWARE if "Locale" not in path]},
    ],
)
def test_no_language_is_offered_where_django_would_not_take_it(
    client: Client, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Django keeps, for as long as the process lives, the functions that it finds while USE_I18N is off.
    monkeypatch.setattr(translation, "_trans", type(translation._trans)())
    with override_settings(**settings):
        config = config_of(client.get("/logs/").content.decode())

    assert config["languages"] == []


def test_a_chosen_language_is_remembered_as_django_does(client: Client) -> None:
    answer = client.post("/logs/-/language/", {"language": "zh-hans", "next": "/logs/"})

    assert (answer.status_code, answer.url) == (302, "/logs/")
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    assert '<html lang="zh-hans"' in client.get("/logs/").content.decode()


@override_settings(ROOT_URLCONF="tests.mounts.translated")
def test_a_language_that_is_in_the_address_is_chosen_there_too(client: Client) -> None:
    answer = client.post("/en/logs/-/language/", {"language": "zh-hans", "next": "/en/logs/"})

    assert answer.url == "/zh-hans/logs/"


def test_a_name_cannot_break_out_of_the_page(client: Client) -> None:
    add_log("open", name="</script><img src=x onerror=alert(1)>")

    html = client.get("/logs/").content.decode()

    assert "<img" not in html
    assert config_of(html)["logs"][0]["name"] == "</script><img src=x onerror=alert(1)>"


def test_addresses_are_right_below_a_prefix(client: Client) -> None:
    add_log("open")
    set_script_prefix("/sub/")
    try:
        config = config_of(client.get("/logs/").content.decode())
    finally:
        clear_script_prefix()

    assert config["logs"][0]["socket"] == "/sub/logs/open/socket/"
    assert config["urls"]["logs"] == "/sub/logs/-/logs/"


def test_a_log_may_have_any_slug(client: Client) -> None:
    for slug in ("logs", "assets", "ticket", "-", "socket"):
        add_log(slug)
        assert client.get(f"/logs/{slug}/").status_code == 200
        assert client.post(f"/logs/{slug}/ticket/").status_code == 200


def assets_of(html: str) -> list[str]:
    """The addresses of a page's scripts, styles and icon."""
    return re.findall(r'<(?:script type="module" src|link rel="[a-z]+" href)="([^"]+)"', html)


def folder_of(html: str) -> str:
    """Where the page has its scripts from, up to and with the version."""
    return re.search(r'src="([^"]*/-/assets/[0-9a-f]{16}/)', html)[1]


@pytest.fixture
def assets_folder(client: Client) -> str:
    return folder_of(client.get("/logs/").content.decode())


def test_the_page_has_its_scripts_and_styles_from_its_own_route(client: Client) -> None:
    html = client.get("/logs/").content.decode()

    asked = assets_of(html)

    folder = folder_of(html)
    assert asked == [
        f"{folder}styles/icon.svg",
        f"{folder}styles/tokens.css",
        f"{folder}styles/viewer.css",
        f"{folder}joined/page/logs-page.js",
    ]
    assert folder.startswith("/logs/-/assets/")
    assert [client.get(address).status_code for address in asked] == [200] * 4


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("log-tail.js", "text/javascript; charset=utf-8"),
        ("joined/define.js", "text/javascript; charset=utf-8"),
        ("joined/define.js.map", "application/json"),
        ("styles/tokens.css", "text/css; charset=utf-8"),
        ("styles/icon.svg", "image/svg+xml"),
    ],
)
def test_an_asset_says_what_it_is_and_may_be_kept_for_ever(
    client: Client, assets_folder: str, name: str, content_type: str
) -> None:
    answer = client.get(assets_folder + name)

    assert answer["Content-Type"] == content_type
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Accept-Encoding" in answer["Vary"]
    assert re.fullmatch(r'"[0-9a-f]{16}"', answer["ETag"])
    assert "Content-Encoding" not in answer


def test_an_asset_is_the_file_of_the_package(client: Client, assets_folder: str) -> None:
    file = Path(django_logtail.__file__).parent / "static" / "logtail" / "ui" / "dom.js"

    assert client.get(f"{assets_folder}ui/dom.js").content == file.read_bytes()


@pytest.mark.parametrize(
    ("accepted", "encoding", "decoded"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("GZIP;q=0.5", "gzip", gzip.decompress),
        ("br;q=0, gzip;q=0.0, identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_an_asset_is_compressed_for_those_who_take_it(
    client: Client, assets_folder: str, accepted: str, encoding: str | None, decoded: Any
) -> None:
    plain = client.get(f"{assets_folder}styles/viewer.css")

    answer = client.get(f"{assets_folder}styles/viewer.css", headers={"Accept-Encoding": accepted})

    assert answer.get("Content-Encoding") == encoding
    assert decoded(answer.content) == plain.content
    assert answer["Content-Length"] == str(len(answer.content))
    assert (answer["ETag"] == plain["ETag"]) is (encoding is None)


def test_an_asset_that_is_kept_already_is_not_sent_again(client: Client, assets_folder: str) -> None:
    address = f"{assets_folder}styles/viewer.css"
    kept = client.get(address, headers={"Accept-Encoding": "gzip"})["ETag"]

    again = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": kept})
    plain = client.get(address, headers={"If-None-Match": kept})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", kept)
    assert "immutable" in again["Cache-Control"]
    assert plain.status_code == 200


def test_an_asset_needs_nobody_to_be_signed_in(assets_folder: str) -> None:
    assert Client().get(f"{assets_folder}define.js").status_code == 200
    assert Client().head(f"{assets_folder}define.js").status_code == 200
    assert Client().post(f"{assets_folder}define.js").status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "views.py",
        "../../views.py",
        "..%2f..%2fviews.py",
        "styles/../../../views.py",
        "/etc/passwd",
        "//etc/passwd",
        "styles",
        "styles/",
        "no-such.js",
        "joined/log-tail.js",
        "styles/tokens.css/",
        "ui\\dom.js",
        "ui/dom.js%00",
    ],
)
def test_whatever_is_no_asset_is_not_found(client: Client, assets_folder: str, name: str) -> None:
    assert client.get(assets_folder + name).status_code == 404


@pytest.mark.parametrize("version", [django_logtail.__version__, "0" * 16, "..", "%2e%2e"])
def test_an_asset_of_another_version_is_not_found(client: Client, version: str) -> None:
    answer = client.get(f"/logs/-/assets/{version}/define.js")

    assert answer.status_code == 404
    assert "immutable" not in answer.get("Cache-Control", "")


def test_under_a_prefix_assets_are_found_there(client: Client) -> None:
    set_script_prefix("/sub/")
    try:
        html = client.get("/logs/", SCRIPT_NAME="/sub").content.decode()
    finally:
        clear_script_prefix()

    assert folder_of(html).startswith("/sub/logs/-/assets/")


@pytest.mark.parametrize("address", ["https://cdn.example/static/", "/static/"])
def test_where_static_files_are_is_no_matter(client: Client, settings: Any, address: str) -> None:
    settings.STATIC_URL = address
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"]

    html = client.get("/logs/").content.decode()

    assert all(asset.startswith("/logs/-/assets/") for asset in assets_of(html))
    assert "static/" not in html.replace("<link", "")


class WithNonce:
    """As django-csp has it: made when it is first written, and false until then."""

    written = False

    def __bool__(self) -> bool:
        return self.written

    def __str__(self) -> str:
        self.written = True
        return "r4nd0m"


@pytest.mark.parametrize("attribute", ["csp_nonce", "_csp_nonce"])
def test_tags_have_the_nonce_of_a_policy(member: User, rf: RequestFactory, attribute: str) -> None:
    add_log("open")
    request = rf.get("/logs/")
    request.user = member
    setattr(request, attribute, WithNonce())

    page = views.page(request).content.decode()
    embedded = Template("{% load logtail %}{% logtail 'open' %}").render(Context({"request": request}))

    for html in (page, embedded):
        tags = re.findall(r'<(?:script type="module"|link rel="stylesheet")[^>]*>', html)
        assert len(tags) == 3
        assert [tag for tag in tags if 'nonce="r4nd0m"' not in tag] == []


def test_without_a_policy_no_tag_has_a_nonce(client: Client) -> None:
    assert "nonce" not in client.get("/logs/").content.decode()


@pytest.mark.parametrize("is_staff", [True, False])
def test_the_page_says_what_is_missing_and_to_staff_what_to_do(
    client: Client, member: User, is_staff: bool
) -> None:
    member.is_staff = is_staff
    member.save()
    add_log("open")

    page = client.get("/logs/").content.decode()
    embedded = rendered("{% logtail 'open' %}", member)

    for html in (page, embedded):
        assert html.count("The log viewer has not loaded.") == 1
        assert html.count("Reload the page.") == 1
        assert ("pass on every path that contains <code>/-/assets/</code>" in html) is is_staff
        assert ("logtail.E027" in html) is is_staff
    assert (f'<a href="{folder_of(page)}joined/page/logs-page.js">' in page) is is_staff


def rendered(text: str, user: object, **context: object) -> str:
    request = RequestFactory().get("/")
    request.user = user
    with translation.override("en"):
        return Template("{% load logtail %}" + text).render(Context({"request": request, **context}))


def test_a_page_of_the_host_shows_a_log_with_one_tag(member: User) -> None:
    html = rendered("{% logtail log %}", member, log=add_log("open"))

    assert '<log-tail log="open" name="open.log"' in html
    assert 'socket="/logs/open/socket/" lines="/logs/open/lines/" download="/logs/open/download/"' in html
    assert config_of(html)["texts"]["state.live"] == "Live"
    assert "logs" not in config_of(html)


def test_several_viewers_on_a_page_share_words_and_script(member: User) -> None:
    add_log("one")
    add_log("two")

    html = rendered("{% logtail 'one' %}{% logtail 'two' height='30rem' %}", member)

    assert html.count("<log-tail") == 2
    assert html.count('<script type="module"') == 1
    assert html.count('id="logtail-config"') == 1
    assert 'height="30rem"' in html


@pytest.mark.parametrize("slug", ["hidden", "missing"])
def test_the_tag_shows_nothing_of_a_log_that_is_not_for_one(member: User, slug: str) -> None:
    add_log("hidden", access=Access.STAFF)

    html = rendered("{% logtail slug %}", member, slug=slug)

    assert "<log-tail" not in html
    assert "This log doesn't exist, or you don't have access to it." in html


def test_the_admin_shows_the_log_below_its_row() -> None:
    User.objects.create_superuser("root", password="root")
    client = Client()
    client.login(username="root", password="root")
    log = add_log("open")

    html = client.get(reverse("admin:logtail_log_change", args=[log.pk])).content.decode()

    assert html.index("</form>") < html.index('<section class="lt-in-admin">') < html.index("<log-tail")


@pytest.mark.parametrize("name", ["lines", "download"])
async def test_a_project_with_atomic_requests_is_answered_as_well(monkeypatch: Any, name: str) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)

    answer = await AsyncClient().get(f"/logs/app/{name}/")

    assert (answer.status_code, answer.json()["error"]) == (401, "signed-out")


def test_a_sign_in_page_on_another_host_is_told_the_whole_address_to_come_back_to(settings: Any) -> None:
    settings.LOGIN_URL = "https://sso.example/login/"

    answer = Client().get("/logs/django/")

    assert answer.url == "https://sso.example/login/?next=http%3A//testserver/logs/django/"


KEPT_BY_NO_CACHE = {"max-age=0", "no-cache", "no-store", "must-revalidate", "private"}


def cache_control(answer: Any) -> set[str]:
    return {part.strip() for part in answer["Cache-Control"].split(",")}


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/logs/", 200),
        ("get", "/logs/open/", 200),
        ("get", "/logs/closed/", 404),
        ("get", "/logs/-/logs/", 200),
        ("post", "/logs/open/ticket/", 200),
        ("post", "/logs/closed/ticket/", 404),
        ("get", "/logs/open/socket/", 501),
        ("get", "/logs/open/lines/", 503),
        ("get", "/logs/open/download/", 503),
    ],
)
def test_no_answer_is_kept_by_a_cache(client: Client, method: str, address: str, status: int) -> None:
    add_log("open")
    add_log("closed", access=Access.STAFF)

    answer = getattr(client, method)(address)
    signed_out = getattr(Client(), method)(address)

    assert answer.status_code == status
    assert cache_control(answer) == KEPT_BY_NO_CACHE
    assert cache_control(signed_out) == KEPT_BY_NO_CACHE


def test_two_users_are_each_named_their_own_logs_and_what_is_for_everybody(client: Client) -> None:
    ann, ben = (User.objects.create_user(name, password=name) for name in ("ann", "ben"))
    add_log("all")
    add_log("staff", access=Access.STAFF)
    for user in (ann, ben):
        add_log(user.username, access=Access.CHOSEN).users.add(user)

    named = {}
    for user in (ann, ben):
        client.force_login(user)
        listed = [log["slug"] for log in client.get("/logs/-/logs/").json()["logs"]]
        on_page = [log["slug"] for log in config_of(client.get("/logs/").content.decode())["logs"]]
        named[user.username] = sorted(listed), sorted(on_page)

    assert named == {"ann": (["all", "ann"], ["all", "ann"]), "ben": (["all", "ben"], ["all", "ben"])}


@pytest.mark.parametrize(("age", "is_written"), [(8, True), (12, False)])
def test_a_file_is_being_written_when_it_changed_in_the_last_ten_seconds(
    client: Client, tmp_path: Path, age: int, is_written: bool
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"12345")
    os.utime(path, (time.time() - age, time.time() - age))
    add_log("open", path)
    add_log("none", tmp_path / "missing.log")

    found = {log["slug"]: (log["size"], log["writing"]) for log in client.get("/logs/-/logs/").json()["logs"]}

    assert found == {"open": (5, is_written), "none": (None, False)}


@pytest.mark.parametrize(("rights", "folder", "queue"), [
    ({}, "", ""), ({"is_staff": True}, "/tmp", "web-7"), ({"is_superuser": True}, "/tmp", "web-7"),
])  # fmt: skip
def test_where_a_log_is_read_is_told_to_those_who_look_after_the_host(
    client: Client, rights: dict[str, bool], folder: str, queue: str
) -> None:
    client.force_login(User.objects.create_user("other", password="other", **rights))
    add_log("open", queue="web-7")

    [log] = client.get("/logs/-/logs/").json()["logs"]

    assert (log["folder"], log["queue"]) == (folder, queue)


@pytest.mark.parametrize("address", ["/logs/-/logs/", "/logs/open/lines/", "/logs/open/download/"])
@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "something new"}, True),
    ],
)
def test_who_may_have_a_browser_ask(
    client: Client, address: str, headers: dict[str, str], is_refused: bool
) -> None:
    add_log("open")

    answer = client.get(address, headers=headers)

    assert (answer.status_code == 403) is is_refused
    if is_refused:
        assert answer.json()["error"] == "cross-site"


@pytest.mark.parametrize(
    ("address", "mode", "dest", "is_refused"),
    [
        ("/logs/open/download/", "navigate", "document", False),
        ("/logs/open/download/", "navigate", "iframe", True),
        ("/logs/open/download/", "no-cors", "document", True),
        ("/logs/open/lines/", "navigate", "document", True),
        ("/logs/-/logs/", "navigate", "document", True),
    ],
)
def test_a_link_on_a_page_of_the_same_site_leads_to_a_download_and_to_nothing_else(
    client: Client, address: str, mode: str, dest: str, is_refused: bool
) -> None:
    add_log("open")
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}

    assert (client.get(address, headers=headers).status_code == 403) is is_refused
    headers["Sec-Fetch-Site"] = "cross-site"
    assert client.get(address, headers=headers).status_code == 403
