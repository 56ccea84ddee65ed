"""What a handshake says: whose page it is."""

import pytest

from django_logtail.handshake import is_origin_allowed


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
    scope = {"headers": [(b"origin", origin.encode()), (b"host", host.encode())]}

    assert is_origin_allowed(scope) is is_allowed


def test_allowed_hosts_of_a_star_admit_only_the_pages_own_host(settings):
    settings.ALLOWED_HOSTS = ["*"]

    assert is_origin_allowed({"headers": [(b"origin", b"https://a.example"), (b"host", b"a.example")]})
    assert not is_origin_allowed({"headers": [(b"origin", b"https://b.example"), (b"host", b"a.example")]})
