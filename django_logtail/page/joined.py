"""Joins scripts that import one another into one. Knows neither files nor Django.

A page that loads sixty modules requests them in as many rounds as the longest chain of imports, and over HTTP/1.1 six
at a time. Joined, they take one request, and each keeps its own scope:

    const m0 = (() => { …; return { el }; })();
    const m1 = (() => { const { el } = m0; …; return { icon }; })();

Lines remain lines, so that the source map traces each to its own file. Only what our scripts use is supported: imports
and exports at the beginning of a line, no circular imports, and no export that changes after its module has run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from posixpath import dirname, join, normpath, relpath

_IMPORT = re.compile(r"^import (?:(\{[^}]*\}|\w+) from )?'([^']+)';", re.MULTILINE)
_DECLARED = re.compile(r"^export (?=(?:(?:async )?function\*?|class|const) (\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_PASSED_ON = re.compile(r"^export \{ ([\w, ]+) \};", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class NotJoined(ValueError):
    """A script uses unsupported syntax; the message quotes it."""


def joined(entry: str, scripts: Mapping[str, str], name: str) -> tuple[str, str]:
    """`entry` with everything it imports, to be served as `name`; and its source map, to be served as `name` +
    ".map".
    """
    order: list[str] = []
    _follow(entry, scripts, order, ())
    number = {module: f"m{index}" for index, module in enumerate(order)}
    parts = []
    lines: list[tuple[int, int]] = []
    for index, module in enumerate(order):
        text = _scope(module, scripts[module], number, name)
        parts.append(text)
        count = text.count("\n")
        lines += [(index, line) for line in range(count)]
    text = "".join(parts)
    sources = [relpath(module, dirname(name)) for module in order]
    source_map = {"version": 3, "sources": sources, "names": [], "mappings": _mappings(lines)}
    return f"{text}//# sourceMappingURL={name.rpartition('/')[2]}.map\n", json.dumps(source_map)


def imports_of(module: str, text: str) -> list[str]:
    """The modules that `module` imports, by their names in the folder."""
    return [_target(module, match[2]) for match in _IMPORT.finditer(text)]


def _target(module: str, path: str) -> str:
    return normpath(join(dirname(module), path))


def _follow(module: str, scripts: Mapping[str, str], order: list[str], way: tuple[str, ...]) -> None:
    if module in way:
        raise NotJoined(f"{' imports '.join([*way[way.index(module) :], module])}")
    if module in order:
        return
    for target in imports_of(module, scripts[module]):
        _follow(target, scripts, order, (*way, module))
    order.append(module)


def _scope(module: str, text: str, number: Mapping[str, str], name: str) -> str:
    """A module as a constant that holds its exports; one line longer than the module."""
    exports = [match[1] for match in _DECLARED.finditer(text)]
    for match in _PASSED_ON.finditer(text):
        exports += match[1].split(", ")
    if _DEFAULT.search(text):
        exports.append("default: whole")

    def imported(match: re.Match[str]) -> str:
        names, path = match[1], match[2]
        if names is None:
            return "\n" * match[0].count("\n")
        source = number[_target(module, path)]
        if names.startswith("{"):
            return f"const {names.replace(' as ', ': ')} = {source};"
        return f"const {{ default: {names} }} = {source};"

    replacements: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
        (_IMPORT, imported),
        (_DECLARED, ""),
        (_DEFAULT, "const whole = "),
        (_PASSED_ON, ""),
        (
            re.compile(r"\bimport\.meta\.url\b"),
            f"new URL('{relpath(module, dirname(name))}', import.meta.url).href",
        ),
    ]
    for pattern, replacement in replacements:
        text = pattern.sub(replacement, text)
    if left := _LEFT.search(text):
        raise NotJoined(f"{module}: {left[0]}")
    return f"const {number[module]} = (() => {{ {text.rstrip()}\nreturn {{ {', '.join(exports)} }}; }})();\n"


def _mappings(lines: list[tuple[int, int]]) -> str:
    """For each line, its source and the line there, relative to the previous ones: "AACA" is the next line."""
    found = []
    source, line = 0, 0
    for place in lines:
        found.append(f"A{_vlq(place[0] - source)}{_vlq(place[1] - line)}A")
        source, line = place
    return ";".join(found)


def _vlq(number: int) -> str:
    """A number as source maps write it: five bits a digit, the lowest first, below them the sign."""
    left = -number << 1 | 1 if number < 0 else number << 1
    text = ""
    while True:
        left, digit = left >> 5, left & 31
        text += _DIGITS[digit | 32 if left else digit]
        if not left:
            return text
