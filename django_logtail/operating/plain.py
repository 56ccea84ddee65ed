"""Makes text from others safe to print on a terminal."""


def visible(text: str) -> str:
    """The text with its control characters escaped, so that they have no effect."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
