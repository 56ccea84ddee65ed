"""The page's styles as a whole: what they name is there, and what has to be read can be told from what is behind it."""

import colorsys
import re
from pathlib import Path

import pytest

import django_logtail

PACKAGE = Path(django_logtail.__file__).parent
STYLES = {
    path.name: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    for path in (PACKAGE / "static" / "logtail" / "styles").glob("*.css")
}
ALL = "\n".join(STYLES.values())
SELECTORS = re.sub(r"\{[^{}]*\}", "{}", ALL)
#: Whatever gives elements their classes and attributes.
SOURCES = "\n".join(
    path.read_text()
    for pattern in (
        "static/logtail/**/*.js",
        "templates/**/*.html",
        "templatetags/*.py",
        "page/*.py",
        "audit/*.py",
        "registry/*.py",
        "*.py",
    )
    for path in PACKAGE.glob(pattern)
    if path.parent.name != "vendor"
)
#: Classes that scripts put together, by what they begin with.
PUT_TOGETHER = {
    "lt-f": range(16),
    "lt-b": range(16),
    "field-": ("file_path",),
    "lt-v-": ("error", "warning", "other", "hit"),
}
#: What the Django admin defines.
OF_THE_ADMIN = {
    *("--body-bg", "--body-fg", "--border-color", "--darkened-bg", "--hairline-color", "--selected-bg"),
    *(
        "--body-quiet-color",
        "--error-fg",
        "--link-fg",
        "--link-hover-color",
        "--font-family-monospace",
        "--font-family-primary",
    ),
}


WORDS = set(re.findall(r"[\w-]+", SOURCES))


def is_named(word: str) -> bool:
    return word in WORDS


def test_each_class_of_the_styles_is_one_that_the_page_gives() -> None:
    classes = set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", SELECTORS))
    given = {f"{begin}{end}" for begin, ends in PUT_TOGETHER.items() for end in ends}

    assert len(classes) > 200
    assert given <= classes
    assert sorted(name for name in classes - given if not is_named(name)) == []
    assert [begin for begin in PUT_TOGETHER if f"{begin}${{" not in SOURCES] == []


def test_the_viewer_s_rules_meet_nothing_else_in_the_admin_s_form() -> None:
    """The form shows found files with the viewer's styles, which hide some classes of its own on phones."""
    of_the_viewer = set(re.findall(r"\.(lt-[\w-]+)", STYLES["viewer.css"]))
    of_the_form = {"lt-long", "lt-proof", "lt-format-preview", "lt-use"}
    of_the_list = {"lt-state", "lt-open", "lt-fact", "lt-number"}

    assert set(re.findall(r"\.(lt-[\w-]+)", STYLES["registry.css"])) == of_the_form | of_the_list
    assert of_the_form & of_the_viewer == set()


def test_each_attribute_of_the_styles_is_one_that_the_page_gives_with_such_a_value() -> None:
    attributes = set(re.findall(r"""\[([\w-]+)(?:[~^|]?=["']?([\w-]+)["']?)?\]""", SELECTORS))

    def is_given(name: str) -> bool:
        short = re.sub(r"-(\w)", lambda found: found[1].upper(), name.removeprefix("data-"))
        return is_named(name) or (name.startswith("data-") and is_named(short))

    assert len(attributes) > 30
    assert sorted(name for name, _ in attributes if not is_given(name)) == []
    assert sorted((name, value) for name, value in attributes if value and not is_named(value)) == []


def test_each_value_of_the_styles_is_defined_and_none_is_left_over() -> None:
    defined = set(re.findall(r"(--[\w-]+)\s*:", ALL))
    by_scripts = set(re.findall(r"--[\w-]+", SOURCES))
    used = set(re.findall(r"var\((--[\w-]+)", ALL))

    assert used - defined - by_scripts == OF_THE_ADMIN
    assert defined - used - by_scripts == set()


# -- colours -----------------------------------------------------------------------------------------------------------

THEMES = ("light", "dark")
MAIN = re.search(r"\.lt-page, \.lt-root \{(.*?)\n\}", STYLES["tokens.css"], re.DOTALL)
assert MAIN is not None
PAIRS = {
    name: dict(zip(THEMES, pair, strict=True))
    for name, *pair in re.findall(r"--lt-([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", MAIN[1])
}
SURFACES = ("canvas", "surface", "raised", "sunken", "hover")


def rgb(name: str, theme: str) -> list[float]:
    text = PAIRS[name][theme]
    return [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def contrast(one: str, other: str, theme: str) -> float:
    """As WCAG defines it."""

    def luminance(name: str) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(name, theme)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("texts", "surfaces", "least"),
    [
        (["text"], [*SURFACES, "error-row", "warning-row", "select", "target"], 7.0),
        (["text-2", "text-3"], SURFACES, 4.5),
        (["text-2", "text-3"], ["error-row", "warning-row"], 4.5),
        (["error", "warning", "accent", "ok", "caution", "danger", "idle"], ["surface", "canvas", "raised"], 4.5),
        (["error"], ["error-row"], 4.5),
        (["warning"], ["warning-row"], 4.5),
        (["ok"], ["ok-soft"], 4.5),
        (["caution"], ["caution-soft"], 4.5),
        (["danger"], ["danger-soft"], 4.5),
        (["idle"], ["idle-soft"], 4.5),
        (["accent"], ["accent-soft"], 4.5),
        (["on-accent"], ["accent", "accent-hover"], 4.5),
        (["match-on"], ["match"], 4.5),
        (["match-current-on"], ["match-current"], 4.5),
        (["control-char", *(f"ansi-{number}" for number in range(16))], ["surface"], 4.5),
        (["focus", "error-bar", "danger-dot", "ok-dot"], ["surface"], 3.0),
    ],
)  # fmt: skip
def test_what_is_read_can_be_told_from_what_is_behind_it(theme, texts, surfaces, least) -> None:
    found = {(one, other): round(contrast(one, other, theme), 2) for one in texts for other in surfaces}

    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("names", "least", "most"),
    [
        (["error", "error-bar", "danger", "danger-soft", "danger-dot", "ansi-1", "ansi-9"], 0, 10),
        (["warning", "warning-bar", "caution", "caution-soft", "caution-dot", "ansi-3", "ansi-11"], 35, 50),
        (["ok", "ok-soft", "ok-dot", "ansi-2", "ansi-10"], 140, 165),
        (["accent", "accent-hover", "accent-soft", "focus", "select"], 195, 205),
        (["ansi-4", "ansi-12"], 210, 220),
        (["control-char", "ansi-5", "ansi-13"], 280, 300),
        (["ansi-6", "ansi-14"], 180, 190),
        (["match", "match-current", "ruler-match", "target"], 35, 55),
    ],
)
def test_a_colour_is_of_the_hue_that_its_name_says(theme, names, least, most) -> None:
    hues = {name: round(colorsys.rgb_to_hls(*rgb(name, theme))[0] * 360) for name in names}

    assert {name: hue for name, hue in hues.items() if not least <= hue <= most} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_a_dark_page_has_light_text_and_a_light_page_dark_text(theme) -> None:
    def light(name: str) -> float:
        return colorsys.rgb_to_hls(*rgb(name, theme))[1]

    grounds = [light(name) for name in PAIRS if name in SURFACES or name.endswith(("-row", "-soft"))]
    texts = [light(name) for name in ("text", "text-2", "text-3", "error", "warning", "ok", "danger", "idle")]
    assert (min(grounds) > max(texts)) if theme == "light" else (max(grounds) < min(texts))


# -- kinds of values ---------------------------------------------------------------------------------------------------


def kind_of(name: str) -> str:
    """What a token is: a colour, a length, a duration, a weight, a font, a curve or a shadow; "" if it is no token."""
    found = re.search(rf"\n\s+{re.escape(name)}: ([^;]+);", STYLES["tokens.css"])
    if found is None:
        return ""
    for kind, sign in (
        ("shadow", r"\d+px \d+px"),
        ("colour", r"light-dark\(|color-mix\(|rgb\("),
        ("length", r"[\d.]+px$"),
        ("duration", r"\d+ms$"),
        ("weight", r"\d+$"),
        ("curve", r"cubic-bezier"),
    ):
        if re.search(sign, found[1]):
            return kind
    return "font"


#: What a property takes, by the end of its name.
TAKES = {
    r"color|fill|stroke": {"colour"},
    r"background": {"colour"},
    r"border(-\w+)*|outline": {"colour", "length"},
    r"box-shadow": {"shadow", "colour", "length"},
    r"font-weight": {"weight"},
    r"font-family": {"font"},
    r"transition|animation": {"duration", "curve"},
    r"((padding|margin|inset|gap|(min-|max-)?(width|height|block-size|inline-size)|top|left|right|bottom|flex-basis"
    r"|font-size|line-height|border-radius|outline-offset|grid-template-columns|text-indent))(-\w+)*": {
        "length"
    },
}


def test_each_value_is_of_a_kind_that_its_property_takes() -> None:
    wrong, seen = [], 0
    for name, value in re.findall(
        r"(?<=[\s{;])([a-z][a-z-]*): ([^;{}]+);", STYLES["viewer.css"] + STYLES["status.css"]
    ):
        takes = next(
            (kinds for sign, kinds in TAKES.items() if re.fullmatch(rf"{sign}|[\w-]+-({sign})", name)), None
        )
        for token in re.findall(r"var\((--[\w-]+)", value):
            kind = kind_of(token)
            if takes and kind:
                seen += 1
                if kind not in takes:
                    wrong.append((name, token, kind))

    assert seen > 400
    assert wrong == []
