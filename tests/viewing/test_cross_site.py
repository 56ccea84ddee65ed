"""Which requests come from other sites' pages, as browsers report it."""

import json

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from django_logtail.viewing.cross_site import is_from_elsewhere, own_pages_only, say_who_may_frame


def request(site=None, mode=None, dest=None):
    given = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    return RequestFactory().get("/", headers={name: value for name, value in given.items() if value})


@pytest.mark.parametrize(
    ("fields", "bytes_", "links"),
    [
        ((), False, False),
        (("none",), False, False),
        (("same-origin", "cors", "empty"), False, False),
        (("same-site", "navigate", "document"), True, False),
        (("same-site", "navigate", "iframe"), True, True),
        (("same-site", "no-cors", "document"), True, True),
        (("same-site", "cors", "empty"), True, True),
        (("same-site",), True, True),
        (("cross-site", "navigate", "document"), True, True),
        (("something-new",), True, True),
    ],
)
def test_only_a_link_on_a_page_of_the_same_site_is_accepted_where_links_are(fields, bytes_, links):
    asked = request(*fields)

    assert (is_from_elsewhere(asked, links=False), is_from_elsewhere(asked, links=True)) == (bytes_, links)


async def test_a_view_for_our_own_pages_answers_others_with_the_reason():
    calls = []

    @own_pages_only()
    def view(request, slug):
        calls.append(("view", slug))
        return HttpResponse("lines")

    @own_pages_only()
    async def streamed(request, slug):
        calls.append(("streamed", slug))
        return HttpResponse("lines")

    @own_pages_only(links=True)
    def page(request, slug):
        return HttpResponse("lines")

    link = request("same-site", "navigate", "document")
    ours = [view(request(), slug="a"), await streamed(request("none"), slug="b"), page(link, slug="c")]
    refused = [view(link, slug="a"), await streamed(link, slug="b"), page(request("cross-site"), slug="c")]

    assert [answer.status_code for answer in ours] == [200, 200, 200]
    assert [(answer.status_code, json.loads(answer.content)["error"]) for answer in refused] == [
        (403, "cross-site")
    ] * 3
    assert calls == [("view", "a"), ("streamed", "b")]


@pytest.mark.parametrize(
    ("ancestors", "frame", "policy", "is_exempt"),
    [
        ([], "DENY", None, False),
        (["'self'", "https://wiki.example"], None, "frame-ancestors 'self' https://wiki.example", True),
        (["*"], None, None, True),
    ],
)
def test_who_may_frame_a_page_is_said_in_its_headers(ancestors, frame, policy, is_exempt):
    response = HttpResponse()
    with override_settings(LOGTAIL={"FRAME_ANCESTORS": ancestors}, X_FRAME_OPTIONS="deny"):
        say_who_may_frame(response)

    assert response.headers.get("X-Frame-Options") == frame
    assert response.headers.get("Content-Security-Policy") == policy
    assert getattr(response, "xframe_options_exempt", False) is is_exempt
