"""Texts that others wrote, as they may stand on a terminal."""


def visible(text: str) -> str:
    """The text with its control characters spelled out, so that they do nothing."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
