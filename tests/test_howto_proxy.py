"""The proxies of the how-to page pass a log on, below a sub-path and with TLS: the page's text in real programs."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.client import Client
from tests.conftest import absent
from tests.ports import free_port
from tests.proxy import certificate
from tests.stack import CHECKOUT, Running, Stack, Web, is_listening

PAGE = (CHECKOUT / "docs" / "howto" / "proxy.md").read_text()


def snippet(name: str) -> str:
    found = re.search(rf"<!-- proxy: {name} -->\n *```\w+\n(.*?)\n *```", PAGE, re.DOTALL)
    assert found
    return found[1]


def replaced(text: str, **places: str) -> str:
    """The page's text with other places; each one must be there."""
    for old, new in places.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, pem: Path, port: int, behind: int) -> list[str]:
    program = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "")
    if not program:
        absent("nginx")
    server = replaced(
        snippet("nginx"),
        **{
            "listen 443": f"listen 127.0.0.1:{port}",
            "/etc/ssl/logs.pem": str(pem),
            "/etc/ssl/private/logs.key": str(pem),
            ":8000": f":{behind}",
        },
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    http = f"http {{\naccess_log off;\n{temporary}{server}\n}}\n"
    settings = f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(settings + http)
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, pem: Path, port: int, behind: int) -> list[str]:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy is missing")  # not every distribution has it
    site = replaced(
        snippet("caddy"),
        **{"logs.example.com {": f"https://127.0.0.1:{port} {{\n\ttls {pem} {pem}", ":8000": f":{behind}"},
    )
    options = "{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n}\n"
    (folder / "Caddyfile").write_text(options + site)
    return [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web]]:
    (path,) = re.findall(r'FORCE_SCRIPT_NAME = "(.+)"', snippet("settings"))
    folder = tmp_path_factory.mktemp("project")
    with Stack(folder / "stack", logtail={"READER": "local"}, environment={"SCRIPT_NAME": path}) as stack:
        yield stack, stack.start_web()


def ticket(address: str, origin: str, session: str) -> str:
    token = "t" * 32
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={token}",
        "X-CSRFToken": token,
        "Origin": origin,
    }
    request = urllib.request.Request(address, data=b"", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["ticket"])


@pytest.mark.whole
@pytest.mark.parametrize("proxy", [nginx, caddy])
async def test_a_log_is_live_through_the_page_s_proxy(
    proxy: Callable[[Path, Path, int, int], list[str]],
    project: tuple[Stack, Web],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack, web = project
    pem, port = certificate(tmp_path), free_port()
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    session, path = stack.make_user(f"bo-{port}"), stack.add_log(f"django-{port}", b"before\n")
    environment = {**stack.environment, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    running = Running("proxy", proxy(tmp_path, pem, port, web.port), environment, tmp_path / "proxy.out")
    try:
        running.wait_until(lambda: is_listening(port), "listening")
        public = SimpleNamespace(url=f"https://127.0.0.1:{port}")
        address = public.url + stack.reverse("logtail:ticket", path.stem)

        async with Client(
            stack, public, path.stem, session, ticket=ticket(address, public.url, session)
        ) as viewer:
            await viewer.until_live()
            with path.open("ab") as file:
                file.write(b"after\n")
            await viewer.until(lambda: viewer.bytes.endswith(b"after\n"))
    finally:
        running.stop()

    assert address.startswith(f"https://127.0.0.1:{port}/shop/logs/")
    assert bytes(viewer.bytes) == b"before\nafter\n"


def test_traefik_s_example_strips_nothing_and_passes_the_project_s_path_on() -> None:
    http = yaml.safe_load(snippet("traefik"))["http"]

    (router,), (service,) = http["routers"].values(), http["services"].values()
    assert router["rule"].endswith("PathPrefix(`/shop/`)")
    assert "middlewares" not in router
    assert service["loadBalancer"]["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert router["service"] in http["services"]


def test_every_socket_has_more_time_than_its_messages_are_apart() -> None:
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", snippet("nginx"))

    assert int(seconds) > 60
