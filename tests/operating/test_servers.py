"""Which ASGI servers run here, and the longest message each accepts, from command lines as people write them."""

from pathlib import Path

import pytest

from django_logtail.operating.servers import Server, running


@pytest.fixture
def proc(tmp_path):
    """A `/proc` to which processes are added by their command lines."""

    def add(pid, *command, cwd="/srv/mysite"):
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "cmdline").write_text("\0".join(command) + "\0" if command else "")
        (folder / "cwd").symlink_to(cwd)

    add(1)
    (tmp_path / "99").mkdir()  # one that has just ended
    (tmp_path / "self").mkdir()
    add.folder = tmp_path
    return add


@pytest.mark.parametrize(
    ("command", "server", "most_bytes"),
    [
        ("uvicorn mysite.asgi:application", "uvicorn", 16_777_216),
        ("/srv/.venv/bin/python /srv/.venv/bin/uvicorn mysite.asgi:application", "uvicorn", 16_777_216),
        ("python -m uvicorn --ws-max-size 65536 mysite.asgi:application", "uvicorn", 65_536),
        ("uvicorn mysite.asgi:application --ws-max-size=65536 --port 80", "uvicorn", 65_536),
        ("uvicorn mysite.asgi:application --ws-max-size many", "uvicorn", None),
        ("daphne -b 0.0.0.0 mysite.asgi:application", "daphne", 1_048_576),
        ("daphne --websocket-max-message-size 65536 mysite.asgi:application", "daphne", 65_536),
        ("hypercorn mysite.asgi:application", "hypercorn", None),
        ("granian --interface asgi mysite.asgi:application", "granian", 67_108_864),
    ],
)
def test_a_server_of_the_project_is_found_with_its_limit(proc, command, server, most_bytes):
    proc(7, *command.split())

    assert list(running("mysite.asgi.application", {Path("/srv/mysite")}, proc.folder)) == [
        Server(server, 7, most_bytes)
    ]


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn other.asgi:application",
        "vim uvicorn.py",
        "gunicorn mysite.asgi:application",
        "python manage.py runserver",
    ],
)
def test_what_is_no_server_of_the_project_is_left_out(proc, command):
    proc(7, *command.split())

    assert list(running("mysite.asgi.application", {Path("/srv/mysite")}, proc.folder)) == []


def test_a_host_without_proc_shows_nothing(tmp_path):
    assert list(running("mysite.asgi.application", {Path("/srv/mysite")}, tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("cwd", "options", "count"),
    [
        ("/srv/other", "", 0),
        ("/", "--app-dir /srv/mysite", 1),
        ("/srv", "--app-dir=mysite", 1),
        ("/srv", "--app-dir=other", 0),
    ],
)
def test_a_server_of_another_project_with_an_application_of_that_name_is_left_out(proc, cwd, options, count):
    proc(7, *f"uvicorn mysite.asgi:application {options}".split(), cwd=cwd)

    assert len(list(running("mysite.asgi.application", {Path("/srv/mysite")}, proc.folder))) == count
