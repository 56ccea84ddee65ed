"""The admin's page of rules: which there are, what they hide, and who sees it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from django_logtail.models import Log
from django_logtail.policies import PermissionPolicy
from django_logtail.registering import tried
from django_logtail.registering.asking import Told
from django_logtail.registry import asked, rules
from tests.audit.desk import Desk, desk
from tests.registry.test_answers import staff

__all__ = ["desk"]

pytestmark = pytest.mark.django_db
PAGE = "/admin/logtail/log/rules/"
RULES = [
    "password",
    {"ready": "ip", "logs": ["web"]},
    {"name": "order", "pattern": "ot_[a-z]+"},
    {"name": "mine", "find": "tests.registry.test_rules.digits", "logs": ["nowhere"]},
]


def digits(line: str) -> list[tuple[int, int]]:
    return [found.span() for found in re.finditer(r"\d{5}", line)]


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.LOGTAIL = {"READER": "local", "ROOTS": [tmp_path], "LOGS": {}, "REDACT": RULES}
    monkeypatch.setattr(asked, "_shares", asked.Shares(100))
    return tmp_path


def log(root: Path, slug: str, text: str, **fields: Any) -> Log:
    (root / f"{slug}.log").write_bytes(text.encode(fields.get("encoding", "utf-8")))
    return Log.objects.create(name=slug.title(), slug=slug, path=f"{root}/{slug}.log", **fields)


def shown(client: Client, **given: object) -> str:
    """The text of the page, or of the answer to its form."""
    answer = client.post(PAGE, given) if given else client.get(PAGE)
    assert answer.status_code == 200
    text = re.sub(
        r"(?s).*<div id=\"content-main\">|<textarea.*?</textarea>|<option.*?</option>", "", answer.text
    )
    return " ".join(re.sub(r"<[^>]+>", "", text.replace("</div>", " ")).split())


class TestTheTable:
    def test_it_has_each_rule_with_its_logs_and_its_state(self, client: Client, root: Path) -> None:
        log(root, "web", "")
        client.force_login(staff("ann", "view_log"))

        assert (
            "password ready-made all logs – – in force "
            "ip ready-made Web – – in force "
            "order ot_[a-z]+ all logs – – in force "
            "mine function tests.registry.test_rules.digits nowhere – – no such log: nowhere"
        ) in shown(client)

    def test_it_names_the_logs_of_a_rule_that_do_not_exist_and_none_that_do(
        self, client: Client, root: Path, settings: Any
    ) -> None:
        log(root, "web", "", enabled=False)
        settings.LOGTAIL["REDACT"] = [
            {"ready": "ip", "logs": ["web", "wbe"]},
            {"ready": "iban", "logs": ["web"]},
        ]
        client.force_login(staff("ann", "view_log"))

        assert re.search(
            r"ip ready-made \S+, \S+ – – no such log: wbe iban ready-made web – – in force", shown(client)
        )

    def test_a_function_that_raises_for_any_line_is_not_in_force(self, client: Client, settings: Any) -> None:
        settings.LOGTAIL["REDACT"] = [{"name": "mine", "find": "tests.test_checks.raises"}]
        client.force_login(staff("ann", "view_log"))

        assert "raises all logs – – it raised ValueError; its logs are closed" in shown(client)

    def test_a_rule_that_cannot_be_used_says_why(self, client: Client, settings: Any) -> None:
        settings.LOGTAIL["REDACT"] = ["own", {"name": "till", "pattern": "TILL("}]
        settings.SECRET_KEY = "short"
        client.force_login(staff("ann", "view_log"))

        assert "own ready-made all logs – – nothing to find" in shown(client)
        assert re.search(r"till TILL\( all logs – – .*missing.*; its logs are closed", shown(client))

    def test_without_rules_it_says_so_and_has_nothing_to_try(self, client: Client, settings: Any) -> None:
        settings.LOGTAIL["REDACT"] = []
        client.force_login(staff("ann", "view_log"))

        assert "There are no rules: nothing is hidden." in shown(client)
        assert "Try the rules" not in shown(client)

    def test_settings_that_are_not_valid_are_said(self, client: Client, settings: Any) -> None:
        settings.LOGTAIL["REDACT"] = ["nothing"]
        client.force_login(staff("ann", "view_log"))

        assert "expected a list of ready-made rules" in shown(client)


class TestATrial:
    def test_pasted_lines_are_tried_by_all_rules(self, client: Client) -> None:
        client.force_login(staff("ann", "view_log"))

        said = shown(client, lines="from 203.0.113.41 ot_abc\r\nplain\r\npassword=s3cret 12345")

        assert "from ‹IP address› ‹order› password=‹password› ‹mine›" in said
        assert "plain" not in said
        assert re.search(r"4 places hidden in 53 B, in \d+\.\d ms\.", said)

    def test_what_is_hidden_has_the_names_that_viewers_see(self, client: Client) -> None:
        client.force_login(staff("ann", "view_log"))
        client.cookies["django_language"] = "zh-hans"

        assert "from ‹IP 地址› ‹order›" in shown(client, lines="from 203.0.113.41 ot_abc")

    def test_with_a_log_they_are_tried_by_its_rules(self, client: Client, root: Path) -> None:
        web, other = log(root, "web", ""), log(root, "other", "")
        client.force_login(staff("ann", "view_log"))

        assert "‹IP address› 12345" in shown(client, lines="203.0.113.41 12345 ot_a", log=web.pk)
        assert "203.0.113.41 12345 ‹order›" in shown(client, lines="203.0.113.41 12345 ot_a", log=other.pk)

    def test_each_rule_that_was_tried_has_its_places_and_its_cost(self, client: Client, root: Path) -> None:
        log(root, "web", "")
        client.force_login(staff("ann", "view_log"))

        said = shown(client, lines="203.0.113.41 203.0.113.42 ot_a\n")

        assert re.search(r"ip ready-made Web 2 \d+\.\d in force", said)
        assert re.search(r"order ot_\[a-z\]\+ all logs 1 \d+\.\d in force", said)
        assert re.search(r"password ready-made all logs 0 \d+\.\d in force", said)

    def test_lines_of_a_log_come_without_what_is_hidden(self, client: Client, root: Path) -> None:
        web = log(root, "web", "用户 from 203.0.113.41\npassword=s3cret", encoding="gbk")
        client.force_login(staff("ann", "view_log"))

        answer = client.post(PAGE, {"log": web.pk})

        assert "用户 from ‹IP address› ‹unfinished line›" in shown(client, log=web.pk)
        assert "203.0.113" not in answer.text
        assert "s3cret" not in answer.text

    def test_a_rule_that_fails_shows_no_line(self, client: Client, root: Path, settings: Any) -> None:
        settings.LOGTAIL["REDACT"] = ["ip", {"name": "till", "pattern": "TILL("}]
        web = log(root, "web", "visible from 203.0.113.41\n")
        client.force_login(staff("ann", "view_log"))

        said = shown(client, log=web.pk)

        assert "till" in said.split("As viewers see it")[1]
        assert "visible" not in said

    @pytest.mark.parametrize(("size", "lines"), [(1_048_576, ["first"]), (1_048_576 + 65_536, [])])
    def test_the_last_mebibyte_is_tried_and_secrets_over_its_edge_too(
        self, client: Client, root: Path, size: int, lines: list[str]
    ) -> None:
        text = "first ot_edge\n"
        web = log(root, "web", text + "x" * 99 + "\n" * (size - len(text) - 99))
        client.force_login(staff("ann", "view_log"))

        assert ("first ‹order›" in shown(client, log=web.pk)) == bool(lines)

    def test_a_file_that_cannot_be_read_says_why(self, client: Client, root: Path) -> None:
        web = log(root, "web", "")
        (root / "web.log").unlink()
        client.force_login(staff("ann", "view_log"))

        assert "does not exist" in shown(client, log=web.pk) or "no longer exists" in shown(
            client, log=web.pk
        )

    def test_neither_log_nor_lines_asks_for_one(self, client: Client) -> None:
        client.force_login(staff("ann", "view_log"))

        assert "Choose a log, or paste some lines." in shown(client, lines=" \n ")

    def test_hostile_lines_have_no_effect(self, client: Client) -> None:
        client.force_login(staff("ann", "view_log"))

        answer = client.post(PAGE, {"lines": "<script>alert(1)</script> ot_a \x1b[2J\u202e"})

        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; " in answer.text.split("la-lines")[1]
        assert "\x1b" not in answer.text.split("la-lines")[1]
        assert "\u202e" not in answer.text.split("la-lines")[1]

    def test_it_is_recorded_without_a_word_of_the_lines(self, client: Client, root: Path, desk: Desk) -> None:
        web = log(root, "web", "from 203.0.113.41 unmistakable\n")
        ann = staff("ann", "view_log")
        client.force_login(ann)

        shown(client, log=web.pk)
        shown(client, lines="pasted ot_a")

        (record,) = [one for one in desk.of("event") if one["action"] == "preview"]
        assert (record["user_name"], record["slug"], record["detail"]["path"]) == (
            "ann",
            "web",
            f"{root}/web.log",
        )
        assert "unmistakable" not in str(record)

    def test_what_must_be_recorded_and_cannot_be_is_not_shown(
        self, client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web = log(root, "web", "from 203.0.113.41 unmistakable\n")
        client.force_login(staff("ann", "view_log"))
        monkeypatch.setattr(rules, "keeps_records", lambda: False)

        assert "ecorded" in shown(client, log=web.pk)
        assert "unmistakable" not in shown(client, log=web.pk)

    def test_a_host_that_has_other_rules_or_does_not_answer_says_so(
        self, client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web = log(root, "web", "from 203.0.113.41\n")
        client.force_login(staff("ann", "view_log"))
        found = {**tried.tried_on_log(web.pk), "digest": "other"}

        monkeypatch.setattr(rules, "ask_or_look", lambda queue, asked: Told("web-2", found))
        assert "web-2 has other rules than this web process." in shown(client, log=web.pk)
        monkeypatch.setattr(rules, "ask_or_look", lambda queue, asked: Told("web-2", found, is_reader=False))
        assert "No worker answers for queue “logtail”" in shown(client, log=web.pk)
        monkeypatch.setattr(rules, "ask_or_look", lambda queue, asked: Told("web-2", {}))
        assert "‹IP address›" not in shown(client, log=web.pk)


class TestWhoMayTry:
    def test_only_logs_whose_earlier_lines_somebody_may_see_are_offered(
        self, client: Client, root: Path, settings: Any
    ) -> None:
        settings.LOGTAIL["ACCESS_POLICY"] = "django_logtail.policies.PermissionPolicy"
        web = log(root, "web", "from 203.0.113.41 secret-free\n")
        may, may_not = staff("ann", "view_log", "history_log"), staff("bob", "view_log")
        assert PermissionPolicy  # the rights are permissions of their own

        client.force_login(may)
        assert ">Web</option>" in client.get(PAGE).text
        assert "‹IP address› secret-free" in shown(client, log=web.pk)
        client.force_login(may_not)
        assert ">Web</option>" not in client.get(PAGE).text
        assert "secret-free" not in client.post(PAGE, {"log": web.pk}).text

    def test_a_log_that_somebody_may_not_watch_is_not_read(self, client: Client, root: Path) -> None:
        web = log(root, "web", "from 203.0.113.41 secret-free\n", access="chosen")
        client.force_login(staff("ann", "view_log"))

        assert "secret-free" not in client.post(PAGE, {"log": web.pk}).text

    def test_without_permission_for_the_registry_there_is_no_page(self, client: Client) -> None:
        client.force_login(staff("clerk"))

        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, {"lines": "ot_a"}).status_code == 403

    def test_too_many_trials_are_refused(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asked, "_shares", asked.Shares(1, 1))
        client.force_login(staff("ann", "view_log"))

        assert "‹order›" in shown(client, lines="ot_a")
        assert "Too many trials. Wait a second." in shown(client, lines="ot_a")

    def test_the_page_is_linked_from_the_list_of_logs(self, client: Client) -> None:
        client.force_login(staff("ann", "view_log"))

        assert f'<a href="{PAGE}">Redaction</a>' in client.get("/admin/logtail/log/").text


def test_it_speaks_chinese(client: Client) -> None:
    client.force_login(staff("ann", "view_log"))

    with translation.override("zh-hans"):
        assert "规则" in client.get(PAGE, headers={"Accept-Language": "zh-hans"}).text
