"""What the page is told of links."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from django_logtail.page.config import viewer_config


def told(*, is_staff: bool) -> dict[str, Any]:
    request = RequestFactory().get("/")
    request.user = User(is_staff=is_staff)
    return viewer_config(request)


def test_addresses_are_links_and_frames_are_not_unless_the_settings_say_so(settings: Any) -> None:
    settings.LOGTAIL = {}

    config = told(is_staff=True)

    assert (config["links"], config["source"]) == (True, None)


def test_the_settings_turn_links_off(settings: Any) -> None:
    settings.LOGTAIL = {"LINKS": False}

    assert told(is_staff=True)["links"] is False


@pytest.mark.parametrize(
    ("is_staff", "expected"),
    [
        (True, {"url": "https://git.example/{path}#L{line}", "roots": ["/srv/shop"]}),
        (False, None),
    ],
)
def test_only_who_may_know_the_host_is_told_where_the_source_is(
    settings: Any, is_staff: bool, expected: Any
) -> None:
    settings.LOGTAIL = {"SOURCE_URL": "https://git.example/{path}#L{line}", "SOURCE_ROOTS": ["/srv/shop"]}

    assert told(is_staff=is_staff)["source"] == expected


@pytest.mark.parametrize("is_recorded", [True, False])
def test_the_page_knows_whether_access_is_recorded(settings: Any, is_recorded: bool) -> None:
    settings.LOGTAIL = {"AUDIT": is_recorded}

    assert told(is_staff=False)["recorded"] is is_recorded


@pytest.mark.parametrize(("given", "minutes"), [({}, 0), ({"IDLE_MINUTES": 15}, 15)])
def test_the_page_knows_after_how_long_it_stops(settings: Any, given: dict[str, int], minutes: int) -> None:
    settings.LOGTAIL = given

    assert told(is_staff=False)["idle"] == minutes
