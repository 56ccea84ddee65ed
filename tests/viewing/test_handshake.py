"""What a handshake reveals about the page behind it."""

import pytest

from django_logtail.viewing.handshake import is_origin_allowed, peer_address


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        ("", "testserver", True),
        ("http://testserver", "testserver", True),
        ("https://testserver", "testserver:443", True),
        ("http://testserver:8000", "testserver:8000", True),
        ("http://testserver:8000", "testserver", False),
        ("http://TESTSERVER", "testserver", True),
        ("https://trusted.example", "testserver", True),
        ("https://a.sub.example", "testserver", True),
        ("https://sub.example", "testserver", True),
        ("https://notsub.example", "testserver", False),
        ("http://a.sub.example", "testserver", False),
        ("https://sub.example.evil", "testserver", False),
        ("https://evil.example", "testserver", False),
        ("https://evil.example", "evil.example", False),
        ("null", "testserver", False),
        ("file://", "testserver", False),
        ("http://[", "testserver", False),
    ],
)
def test_origins_follow_the_csrf_rule(settings, origin, host, is_allowed):
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.sub.example"]
    scheme = "wss" if origin.startswith("https:") else "ws"
    scope = {"scheme": scheme, "headers": [(b"origin", origin.encode()), (b"host", host.encode())]}

    assert is_origin_allowed(scope) is is_allowed


def test_allowed_hosts_of_a_star_admit_only_the_pages_own_host(settings):
    settings.ALLOWED_HOSTS = ["*"]

    assert is_origin_allowed({"headers": [(b"origin", b"http://a.example"), (b"host", b"a.example")]})
    assert not is_origin_allowed({"headers": [(b"origin", b"http://b.example"), (b"host", b"a.example")]})


@pytest.mark.parametrize(
    ("scheme", "headers", "setting", "origin_scheme"),
    [
        ("ws", {}, None, "http"),
        ("wss", {}, None, "https"),
        ("ws", {"x-forwarded-proto": "https"}, None, "https"),
        ("ws", {"x-forwarded-proto": "https, http"}, None, "https"),
        ("wss", {"x-forwarded-proto": "http"}, None, "http"),
        ("ws", {"x-forwarded-protocol": "ssl"}, ("HTTP_X_FORWARDED_PROTOCOL", "ssl"), "https"),
        ("ws", {"x-forwarded-protocol": "none"}, ("HTTP_X_FORWARDED_PROTOCOL", "ssl"), "http"),
        ("wss", {}, ("HTTP_X_FORWARDED_PROTOCOL", "ssl"), "https"),
    ],
)
def test_a_page_of_the_other_scheme_is_a_foreign_one(settings, scheme, headers, setting, origin_scheme):
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_PROXY_SSL_HEADER = setting
    sent = [(b"host", b"testserver"), *((name.encode(), value.encode()) for name, value in headers.items())]

    allowed = {
        other
        for other in ("http", "https")
        if is_origin_allowed(
            {"scheme": scheme, "headers": [*sent, (b"origin", f"{other}://testserver".encode())]}
        )
    }

    assert allowed == {origin_scheme}


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.1", 1), "192.0.2.1"),
        (("fe80::1%eth0", 1), "fe80::1%eth0"),
        (("a" * 101, 1), ""),
        (("1.2.3.4\nforged", 1), ""),
        (("\x1b[2J", 1), ""),
        (None, ""),
        (("", 0), ""),
    ],
)
def test_an_address_is_one_or_none(client, address):
    assert peer_address({"client": client}) == address
