"""The tree of the package as its imports make it, for the architecture page: `python -m tests.package_tree` redraws it.

A room is a module or a package at the top of `django_logtail`; its floor is the longest way down to a room that stands
on nothing.
"""

import re
from collections import defaultdict
from graphlib import TopologicalSorter

import grimp

from tests.stack import CHECKOUT

PAGE = CHECKOUT / "docs" / "explanation" / "architecture.md"
#: The block of the page that is drawn here.
BLOCK = re.compile(r"(?<=<!-- python -m tests\.package_tree -->\n\n```text\n).*?(?=```\n)", re.DOTALL)


def drawing() -> str:
    """A room a line, from the top floor down, with those it stands on; what follows from another arrow is left out.

    Raises `graphlib.CycleError`.
    """
    stands_on, packages = _rooms()
    floors: dict[str, int] = {}
    below: dict[str, set[str]] = {}
    for room in TopologicalSorter(stands_on).static_order():
        floors[room] = max((floors[other] + 1 for other in stands_on[room]), default=0)
        below[room] = stands_on[room].union(*(below[other] for other in stands_on[room]))
    lines = []
    for room in sorted(floors, key=lambda room: (-floors[room], room)):
        name = room + "/" if room in packages else room
        others = stands_on[room]
        plain = sorted(other for other in others if not any(other in below[third] for third in others))
        lines.append(f"{floors[room]:2}  {name:<15} {', '.join(plain)}".rstrip())
    return "\n".join(lines) + "\n"


def _rooms() -> tuple[dict[str, set[str]], set[str]]:
    """What each room imports of others, and which of them are packages."""
    graph = grimp.build_graph("django_logtail", cache_dir=None)
    stands_on: dict[str, set[str]] = defaultdict(set)
    packages = set()
    for module in graph.modules - {"django_logtail"}:
        _, room, *inside = module.split(".")
        if inside:
            packages.add(room)
        imported = (other.split(".") for other in graph.find_modules_directly_imported_by(module))
        stands_on[room] |= {other[1] for other in imported if len(other) > 1} - {room}
    return stands_on, packages


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: drawing(), PAGE.read_text()))
