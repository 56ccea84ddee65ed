"""Write `reference/settings.md` below its introduction from the blocks of `django_logtail.conf`.

Run it after a change there: `python docs/settings_page.py`. A test fails if you forget.
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from django_logtail.conf import SETTINGS, Setting

PAGE = Path(__file__).parent / "reference" / "settings.md"


def page() -> str:
    """The page: the introduction as it is written, and a section for each key."""
    introduction = PAGE.read_text().partition("\n## ")[0]
    return "\n".join([introduction, *(section(name, key) for name, key in SETTINGS.items())])


def section(name: str, key: Setting[Any]) -> str:
    facts = {
        "Value": key.unit,
        "Limits": key.limits,
        "Default": f"`{key.default!r}`",
        "Read in": ", ".join(f"`{module}`" for module in key.read_in),
    }
    told = "".join(f"- {fact}: {value}\n" for fact, value in facts.items() if value)
    return f"## {name}\n\n{one_sentence_a_line(f'{key.why} {key.more}'.strip())}\n\n{told}"


def one_sentence_a_line(text: str) -> str:
    return re.sub(r"(?<=[.?!]) (?=[A-Z`])", "\n", text)


if __name__ == "__main__":
    PAGE.write_text(page())
