"""Modules joined into one script do what they do apart."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from django_logtail.page.joined import NotJoined, imports_of, joined
from tests.conftest import absent

SCRIPTS = {
    "entry.js": "/** Begins. */\n\nimport { add as plus, TEN } from './deep/sums.js';\nimport './deep/effect.js';\n"
    "import table from './table.js';\nexport const answer = plus(TEN, table.two) + globalThis.effects;\n"
    "console.log(JSON.stringify([answer, import.meta.url.split('/').slice(-2)]));\n",
    "deep/sums.js": "import table from '../table.js';\nconst own = table.two;\nexport const TEN = own * 5;\n"
    "export function add(a, b) { return a + b; }\nexport async function later() {}\nexport function* each() {}\n"
    "export class Sum {}\n",
    "deep/effect.js": "import { TEN } from './sums.js';\nconst own = TEN;\n"
    "globalThis.effects = (globalThis.effects ?? 0) + own;\n"
    "export { own };\n",
    "table.js": '/** A table. */\n\nexport default {\n  "two": 2\n};\n',
}


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        absent("node")
    return found


def said_by(node: str, script: Path) -> str:
    return subprocess.run(
        [node, "--enable-source-maps", str(script)], capture_output=True, text=True, check=True
    ).stdout


def test_a_joined_script_does_what_its_modules_do(node: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, text in SCRIPTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "joined").mkdir()
    (tmp_path / "joined" / "entry.js").write_text(joined("entry.js", SCRIPTS, "joined/entry.js")[0])

    apart = said_by(node, tmp_path / "entry.js")
    together = said_by(node, tmp_path / "joined" / "entry.js")

    assert apart == together
    assert json.loads(together) == [22, [tmp_path.name, "entry.js"]]


def test_each_module_is_in_it_once_behind_those_that_it_imports() -> None:
    text, _ = joined("entry.js", SCRIPTS, "joined/entry.js")

    order = [
        text.index(part) for part in ('"two": 2', "const own = ", "globalThis.effects = ", "const answer")
    ]
    assert order == sorted(order)
    assert text.count('"two": 2') == 1


def test_its_source_map_names_each_line_by_its_own_file(node: str, tmp_path: Path) -> None:
    scripts = {
        "first.js": "import { fail } from './second.js';\n\n\nfail();\n",
        "second.js": "\n\n\n\nexport function fail() { throw new Error('here'); }\n",
    }
    (tmp_path / "joined").mkdir()
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    script, source_map = joined("first.js", scripts, "joined/first.js")
    (tmp_path / "joined" / "first.js").write_text(script)
    (tmp_path / "joined" / "first.js.map").write_text(source_map)

    done = subprocess.run(
        [node, "--enable-source-maps", str(tmp_path / "joined" / "first.js")], capture_output=True, text=True
    )

    assert f"{tmp_path}/second.js:5" in done.stderr
    assert f"{tmp_path}/first.js:4" in done.stderr


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        (
            {"a.js": "import { b } from './b.js';\n", "b.js": "import { a } from './a.js';\n"},
            "a.js imports b.js imports a.js",
        ),
        ({"a.js": "export * from './b.js';\n", "b.js": ""}, "a.js: export * from './b.js';"),
        ({"a.js": "export let changing = 1;\n"}, "a.js: export let changing = 1;"),
    ],
)
def test_what_it_does_not_understand_is_refused(scripts: dict[str, str], said: str) -> None:
    with pytest.raises(NotJoined) as refused:
        joined("a.js", scripts, "joined/a.js")

    assert str(refused.value) == said


def test_a_joined_script_line_by_line() -> None:
    text, source_map = joined("a/one.js", {"a/one.js": ONE, "b/two.js": TWO}, "joined/a/one.js")

    assert text == (
        "const m0 = (() => { const two = 2;\nconst whole = 3;\nreturn { two, default: whole }; })();\n"
        "const m1 = (() => { const { two: deux } = m0;\nconst { default: three } = m0;\n\n"
        "const here = new URL('../../a/one.js', import.meta.url).href;\nreturn { here }; })();\n"
        "//# sourceMappingURL=one.js.map\n"
    )
    assert json.loads(source_map) == {
        "version": 3,
        "sources": ["../../b/two.js", "../../a/one.js"],
        "names": [],
        "mappings": "AAAA;AACA;AACA;ACFA;AACA;AACA;AACA;AACA",
    }


ONE = (
    "import { two as deux } from '../b/two.js';\nimport three from '../b/two.js';\nimport '../b/two.js';\n"
    "export const here = import.meta.url;\n"
)
TWO = "export const two = 2;\nexport default 3;\n"


def test_long_steps_in_a_source_map_take_more_digits() -> None:
    scripts = {"a.js": "import './b.js';\n", "b.js": "const b = 1;\n" * 20 + "b();\n"}

    mappings = json.loads(joined("a.js", scripts, "a.joined.js")[1])["mappings"].split(";")

    assert mappings == ["AAAA", *["AACA"] * 21, "ACrBA", "AACA"]


def test_modules_are_named_by_what_they_import() -> None:
    text = (
        "import { a } from './a.js';\nimport b from '../b.js';\nimport '../deep/c.js';\n// import './d.js';\n"
    )

    assert imports_of("deep/one.js", text) == ["deep/a.js", "b.js", "deep/c.js"]
