"""Modules joined into one script do what they do apart."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from django_logtail.page.joined import NotJoined, joined
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
