"""What each ready-made rule hides in a line, and what it leaves."""

import sys
from types import SimpleNamespace

import pytest

from django_logtail.redaction.redactor import Redactor
from django_logtail.redaction.rules import NAMES, ready_made_rule

OWN = ('django-insecure-%x/"y', "pg-p4ss!word", "short")
HIDES = {
    "token": [
        (
            "Authorization: Bearer sk_test_51Jx9fQ and more",
            "Authorization: Bearer «sk_test_51Jx9fQ» and more",
        ),
        ('{"Authorization": "Basic YTpi", "x": 1}', '{"Authorization": "Basic «YTpi»", "x": 1}'),
        ("authorization=Token 0123 x", "authorization=Token «0123» x"),
        (
            "Authorization: AWS4-HMAC Credential=a, Signature=b",
            "Authorization: «AWS4-HMAC Credential=a, Signature=b»",
        ),
        ("curl -H 'Bearer abcdefghijklmnopqrst'", "curl -H 'Bearer «abcdefghijklmnopqrst»'"),
        ("basic YWxhZGRpbjpvcGVuc2VzYW1l", "basic «YWxhZGRpbjpvcGVuc2VzYW1l»"),
        ("[b'authorization', b'Bearer x1y2z3']", "[b'authorization', b'Bearer «x1y2z3»']"),
        ("jwt eyJhbGciOiJI.eyJzdWIi.abc-_d end", "jwt «eyJhbGciOiJI.eyJzdWIi.abc-_d» end"),
        ("(b'authorization', b'Token 0123'), x", "(b'authorization', b'Token «0123»'), x"),
        ("{'Authorization': ['Token 0123']}", "{'Authorization': ['Token «0123»']}"),
        (
            'Authorization: Digest username="x", realm="a b", response="0123" GET /',
            'Authorization: «Digest username="x", realm="a b", response="0123"» GET /',
        ),
        (
            "curl -H 'Authorization: Digest username=\"x\"' http://h",
            "curl -H 'Authorization: «Digest username=\"x\"»' http://h",
        ),
        (
            "\x1b[36mAuthorization\x1b[39;49m:\x1b[37m Token 0123\x1b[0m",
            "\x1b[36mAuthorization\x1b[39;49m:\x1b[37m Token «0123\x1b[0m»",
        ),
        ("allowed: ['authorization', 'accept', 'a b']", "allowed: ['authorization', 'accept', 'a b']"),
        (
            "bearer authentication failed: basic configuration",
            "bearer authentication failed: basic configuration",
        ),
    ],
    "cookie": [
        ("Cookie: sid=abc; b=d", "Cookie: «sid=abc; b=d»"),
        (
            "< Set-Cookie: sid=7c; Path=/; Expires=Wed, 09 Jun 2021 10:18:14 GMT; HttpOnly Content-Length: 7",
            "< Set-Cookie: «sid=7c; Path=/; Expires=Wed, 09 Jun 2021 10:18:14 GMT; HttpOnly» Content-Length: 7",
        ),
        ("{'Cookie': 'sid=abc; b=d', 'Host': 'x'}", "{'Cookie': '«sid=abc; b=d»', 'Host': 'x'}"),
        (r'{"h": "{\"cookie\": \"a=b\", \"x\": 1}"}', r'{"h": "{\"cookie\": \"«a=b»\", \"x\": 1}"}'),
        ("cookies are disabled", "cookies are disabled"),
        ("[(b'cookie', b'sid=abc; b=d'), (b'x', b'y')]", "[(b'cookie', b'«sid=abc; b=d»'), (b'x', b'y')]"),
        (
            '{"set-cookie": ["a=b; Path=/", "c=d"], "x": 1}',
            '{"set-cookie": ["«a=b; Path=/»", "«c=d»"], "x": 1}',
        ),
        ("COOKIES={'sid': 'abc'} GET={'q': 'x'}", "COOKIES={'«sid»': '«abc»'} GET={'q': 'x'}"),
        ("\x1b[1mCookie\x1b[0m: \x1b[32msid=abc", "\x1b[1mCookie\x1b[0m: \x1b[32m«sid=abc»"),
        ("headers 'cookie', 'accept'", "headers 'cookie', 'accept'"),
    ],
    "password": [
        ("postgresql://shop:correct-horse@db:5432/x", "postgresql://shop:«correct-horse»@db:5432/x"),
        ("redis://:12345@h/0 amqp://u:p@ss@h", "redis://:«12345»@h/0 amqp://u:«p@ss»@h"),
        ("https://h:8000/x?mail=a@b.example", "https://h:8000/x?mail=a@b.example"),
        ('{"password": "a\\"b,c", "user": "x"}', '{"password": "«a\\"b,c»", "user": "x"}'),
        ("api_key=abc&x=1 DB_PASS=hunter2", "api_key=«abc»&x=1 DB_PASS=«hunter2»"),
        (r'"{\"secret\": \"in ner\", \"o\": 1}"', r'"{\"secret\": \"«in ner»\", \"o\": 1}"'),
        ("password%3Dxyz%26a%3Db", "password%3D«xyz»%26a%3Db"),
        ("PASSWD: hunter2, sessionid='a b'", "PASSWD: «hunter2», sessionid='«a b»'"),
        ("password: None tokens=512 bypass=1", "password: None tokens=512 bypass=1"),
        (
            "<QueryDict: {'password': ['hun ter2', 'b'], 'user': ['x']}>",
            "<QueryDict: {'password': ['«hun ter2»', '«b»'], 'user': ['x']}>",
        ),
        (
            '{"secret": {"v": "a]b", "n": [1, 22]}, "user": "x"}',
            '{"secret": {"«v»": "«a]b»", "«n»": [«1», «22»]}, "user": "x"}',
        ),
        (r'"{\"token\": [\"a b\"], \"o\": 1}"', r'"{\"token\": [\"«a b»\"], \"o\": 1}"'),
        ("secret=['a, b=c", "secret=['«a, b=c»"),
        ('"secret": {', '"secret": {'),
        ("pwd=bear skin, pwd=b'x' pwd: Ultra", "pwd=«bear» skin, pwd=b'«x»' pwd: «Ultra»"),
        ("pwd=(a)b pwd=[ab]", "pwd=«(a»)b pwd=«[ab»]"),
        ("[('user', 'x'), ('password', 'hun ter2')]", "[('user', 'x'), ('password', '«hun ter2»')]"),
        ("missing: ['password', 'e-mail']", "missing: ['password', 'e-mail']"),
        ("user%5Bpassword%5D=a&password%5B%5D=b", "user%5Bpassword%5D=«a»&password%5B%5D=«b»"),
        ("user[password]=a&password[]=b&password[0]=c", "user[password]=«a»&password[]=«b»&password[0]=«c»"),
        (
            "\x1b[36mpassword\x1b[0m=\x1b[35mhunter2\x1b[0m \x1b[36muser\x1b[0m=\x1b[35mx\x1b[0m",
            "\x1b[36mpassword\x1b[0m=\x1b[35m«hunter2»\x1b[0m \x1b[36muser\x1b[0m=\x1b[35mx\x1b[0m",
        ),
        (
            "\x1b[32m'password'\x1b[0m: \x1b[32m'hun ter2'\x1b[0m, 1",
            "\x1b[32m'password'\x1b[0m: \x1b[32m'«hun ter2»'\x1b[0m, 1",
        ),
        ("password=a\x1b[1mb\x1bc\x1b[0m\x1b[K x", "password=«a\x1b[1mb\x1bc\x1b[0m\x1b[K» x"),
    ],
    "email": [
        ("to lina.li@shop.example, ok", "to «lina.li@shop.example», ok"),
        ("q=a%40b.com&x", "q=«a%40b.com»&x"),
        ("<陈杰@例子.公司>", "<«陈杰@例子.公司»>"),
        ("@decorator root@localhost a @ b.com", "@decorator root@localhost a @ b.com"),
    ],
    "card": [
        ("card 4242 4242 4242 4242.", "card «4242 4242 4242 4242»."),
        ("order 48213 4242-4242-4242-4242", "order 48213 «4242-4242-4242-4242»"),
        ("378282246310005 5555555555554444", "«378282246310005» «5555555555554444»"),
        ("4242424242424243 0.4242424242424242", "4242424242424243 0.4242424242424242"),
        ("1764491234567890 20261130083016", "1764491234567890 20261130083016"),
    ],
    "iban": [
        ("DE89 3704 0044 0532 0130 00 from x", "«DE89 3704 0044 0532 0130 00» from x"),
        ("iban=GB82WEST12345698765432", "iban=«GB82WEST12345698765432»"),
        ("NO9386011117947", "«NO9386011117947»"),
        ("DE89370400440532013001 ZZ12345678901234", "DE89370400440532013001 ZZ12345678901234"),
    ],
    "ip": [
        ("from 203.0.113.41:80", "from «203.0.113.41»:80"),
        ("ip:2001:db8::2 [::1]:80 fe80::1%eth0", "ip:«2001:db8::2» [«::1»]:80 «fe80::1»%eth0"),
        ("2001:db8:0:1:2:3:4:5,", "«2001:db8:0:1:2:3:4:5»,"),
        ("1.2.3 256.1.1.1 1.2.3.4.5 12:30:05 std::add", "1.2.3 256.1.1.1 1.2.3.4.5 12:30:05 std::add"),
        ("0.0.0.0 255.255.255.255 01.20.3.004", "«0.0.0.0» «255.255.255.255» «01.20.3.004»"),
        ("1.2.3.256 1.2.260.4 1.300.3.4 260.2.3.4", "1.2.3.256 1.2.260.4 1.300.3.4 260.2.3.4"),
        ("1000.2.3.4 1.20.3.4.5 7.100.2.3.4 1.2.3.4444", "1000.2.3.4 1.20.3.4.5 7.100.2.3.4 1.2.3.4444"),
        ("v10.2.3.4, x.100.2.3.4", "v«10.2.3.4», x.«100.2.3.4»"),
        (":::1 y:::8000 Net::HTTP ::ffff:10.1.2.3 ::", ":«::1» y:::8000 Net::HTTP «::ffff:10.1.2.3» ::"),
    ],
    "ip-ending": [
        ("203.0.113.41 x", "203.0.113.«41» x"),
        ("2001:db8::2 2001:db8:0:1:2:3:4:5", "2001:db8::«2» 2001:db8:0:1:«2:3:4:5»"),
    ],
    "own": [
        ('k=django-insecure-%x/"y.', 'k=«django-insecure-%x/"y».'),
        ("django-insecure-%25x%2F%22y", "«django-insecure-%25x%2F%22y»"),
        ('"django-insecure-%x/\\"y"', '"«django-insecure-%x/\\"y»"'),
        ("x pg-p4ss!word short", "x «pg-p4ss!word» short"),
    ],
    "key": [
        (
            r'{"k": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "by": "x"}',
            r'{"k": "«-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----»\n", "by": "x"}',
        ),
        ("PRIVATE KEY", "PRIVATE KEY"),
    ],
}


def marked(redactor: Redactor, line: str) -> str:
    data = line.encode()
    parts, at = [], 0
    for start, end, _ in redactor.spans(data, 0, 0, len(data)):
        parts += [data[at:start], "«".encode(), data[start:end], "»".encode()]
        at = end
    return b"".join([*parts, data[at:]]).decode()


def redactor_of(*names: str, encoding: str = "utf-8") -> Redactor:
    rules = [ready_made_rule(name, OWN) for name in names]
    return Redactor([rule for rule in rules if rule is not None], encoding)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_hides_its_secrets_and_nothing_else(name: str) -> None:
    redactor = redactor_of(name)

    assert [marked(redactor, line) for line, _ in HIDES[name]] == [expected for _, expected in HIDES[name]]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_hidden_without_re2(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    redactor = redactor_of(name)

    assert [marked(redactor, line) for line, _ in HIDES[name]] == [expected for _, expected in HIDES[name]]


def test_each_secret_is_found_among_others_by_all_rules_together() -> None:
    together = redactor_of(*(name for name in NAMES if name != "ip-ending"))
    text = "\n".join(line for lines in HIDES.values() for line, _ in lines).encode()
    alone = {name: redactor_of(name) for name in NAMES if name != "ip-ending"}
    hidden = {at for start, end, _ in together.spans(text, 0, 0, len(text)) for at in range(start, end)}

    for redactor in alone.values():
        for start, end, _ in redactor.spans(text, 0, 0, len(text)):
            assert hidden >= set(range(start, end))


def test_rules_hide_their_secrets_though_re2_finds_no_memory_to_tell_which_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redactor = redactor_of("email", "card")
    monkeypatch.setattr(redactor._gates, "_set", SimpleNamespace(Match=lambda text: None))

    assert marked(redactor, "card 4242424242424242") == "card «4242424242424242»"


@pytest.mark.parametrize(
    ("name", "secret"), [("iban", "DE89370400440532013000"), ("ip", "::1"), ("ip", "10.2.3.4")]
)
def test_a_secret_that_is_a_line_is_found_among_lines(name: str, secret: str) -> None:
    text = f"one\n{secret}\n\n{secret}\ntwo"

    assert marked(redactor_of(name), text) == f"one\n«{secret}»\n\n«{secret}»\ntwo"


HOSTILE = [
    "://" * 20_000,
    "password" * 8_000,
    "password=" * 7_000,
    'password="' + '\\"' * 30_000,
    "cookie=a=b;" * 5_000,
    "cookie:" + "a=b," * 15_000,
    "authorization:" * 4_000,
    "@a.1" * 16_000,
    "@" * 65_000,
    "a.b" * 20_000 + "@x",
    "4444 " * 13_000,
    "4" * 65_000,
    "ab12" * 16_000,
    "AB12 CD34 " * 6_500,
    "1.2." * 16_000,
    "a:" * 32_000,
    "::" * 32_000,
    "-----BEGIN PRIVATE KEY-----" * 2_400,
    "A" * 65_000 + " PRIVATE KEY",
    "bearer " * 9_000,
    "basic" + " " * 65_000,
    "eyJ" * 21_000,
    "eyJabcdef." * 6_500,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:16])
def test_no_line_keeps_a_rule_busy(text: str) -> None:
    """In more than linear time, one of these would take minutes."""
    redactor = redactor_of(*(name for name in NAMES if name != "ip-ending"))
    data = text.encode()

    assert len(redactor.hide(data, 0, redactor.spans(data, 0, 0, len(data)))) == len(data)
