"""The page's own scripts, run by node with the texts of the server."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

import django_logtail
from django_logtail.page.texts import plural_samples, texts

[FORMAT] = (Path(django_logtail.__file__).parent / "static" / "logtail").rglob("format.js")
PROLOGUE = """
const { Words } = await import(process.argv[1]);
const { texts, language, plurals, given } = JSON.parse(await new Promise((taken) => {
  let all = '';
  process.stdin.on('data', (part) => { all += part; });
  process.stdin.on('end', () => taken(all));
}));
const words = new Words(texts, language, plurals);
"""


def run_with_words(program: str, language: str, given: Any) -> Any:
    """What the program prints as JSON. It has `words`, the page's texts in the language, and `given`."""
    node = shutil.which("node")
    if node is None and "CI" not in os.environ:
        pytest.skip("node is missing")
    with translation.override(language):
        data = {"texts": texts(), "plurals": plural_samples(), "language": language, "given": given}
    done = subprocess.run(
        [node or "node", "--input-type=module", "-e", PROLOGUE + program, FORMAT.as_uri()],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)
