from pathlib import Path

import pytest

from django_logtail.tailing.member_names import is_member_name, members_among, mistake_in_pattern


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.log", ["a.log", "b.log", "x\n.log"]),
        ("?.log", ["a.log", "b.log"]),
        ("[!a].log", ["b.log"]),
        (".*", [".hidden.log"]),
        ("*", ["a.log", "b.log", "c.txt", "x\n.log"]),
    ],
)
def test_a_pattern_matches_as_in_a_shell_without_hidden_and_compressed_files(
    pattern: str, found: list[str]
) -> None:
    names = ["a.log", "b.log", "c.txt", ".hidden.log", "d.log.gz", "x\n.log"]

    assert members_among(pattern, names, [], "") == found


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("app-2026-11-30.log", True),
        ("app-2026-13-30.log", False),
        ("app-2026-11-32.log", False),
        ("app-26-11-30.log", False),
        ("app-2026-11-30.log.1", False),
        ("app-٢٠٢٦-11-30.log", False),
    ],
)
def test_codes_of_a_date_match_dates(name: str, is_one: bool) -> None:
    assert is_member_name(Path("/logs/app-%Y-%m-%d.log"), Path("/logs") / name) is is_one
    assert is_member_name(Path("/logs/app-%F.log"), Path("/logs") / name) is is_one


def test_a_file_of_another_directory_is_no_member() -> None:
    pattern = Path("/logs/*.log")

    assert is_member_name(pattern, Path("/logs/a.log"))
    assert not is_member_name(pattern, Path("/logs/below/a.log"))
    assert not is_member_name(pattern, Path("/other/a.log"))


def test_a_path_that_is_no_pattern_has_no_members() -> None:
    assert not is_member_name(Path("/logs/a.log"), Path("/logs/a.log"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/logs/*.log", None),
        ("/logs/100%%-%Y.log", None),
        ("/logs/app.log", "'app.log' names only one file."),
        ("/logs/100%%.log", "'100%%.log' names only one file."),
        ("/logs/*-%Y.log", "'*-%Y.log' mixes the codes of a date with *, ? or [...]."),
        ("/logs/*.log.gz", "'*.log.gz' names compressed files, which nobody writes to."),
        ("/logs/app-%Q.log", "The path has an unknown code %Q."),
        ("/logs/app-%", "The path has an unknown code %."),
        ("/logs/*/app-*.log", "The path '/logs/*/app-*.log' has *, ? or [...] in a directory."),
    ],
)
def test_a_pattern_that_can_t_be_followed_is_refused_with_a_sentence(path: str, said: str | None) -> None:
    mistake = mistake_in_pattern(Path(path))

    assert (mistake and str(mistake).partition(". ")[0].removesuffix(".")) == (
        said and said.removesuffix(".")
    )


@pytest.mark.parametrize(
    ("names", "others", "found"),
    [
        (["app.log", "app.log.1", "app.1.log", "app-20261128.log"], [], ["app.log"]),
        # Without the log that they were made of, they are files of their own.
        (["app-20261128.log", "app-20261129.log"], [], ["app-20261128.log", "app-20261129.log"]),
        (["app-20261128.log", "b.log"], ["app.log"], ["b.log"]),
        (["app.log", "app-2.log", "app2.log"], [], ["app.log", "app-2.log", "app2.log"]),
        (["current", "@400000006543210f0c8e1b2a.s"], [], ["current"]),
    ],
)
def test_rotated_copies_are_not_members(names: list[str], others: list[str], found: list[str]) -> None:
    assert members_among("*", names, others, "") == found


def test_nor_are_those_with_the_names_that_the_row_gives() -> None:
    names = ["app.log", "app_old_1.log", "b_old_1.log"]

    assert members_among("*.log", names, [], "{stem}_old_{number}{ext}") == ["app.log", "b_old_1.log"]


def test_three_hundred_files_and_many_signs_take_no_time_to_speak_of() -> None:
    names = [f"{'a' * 200}{number}.log" for number in range(300)]

    assert members_among("*a*a*a*a*a*a*a*b", names, [], "") == []
