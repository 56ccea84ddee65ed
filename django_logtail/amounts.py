"""Amounts of bytes in words, for the admin: as the page's `Words.size` writes them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.formats import number_format

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_STEP: Final = 1000
#: From this many of a unit on, there are no decimals.
_WHOLE_FROM: Final = 100


def size_in_words(size: int) -> str:
    """In units of a thousand, with one decimal below a hundred; with a space that doesn't break."""
    amount, unit = Decimal(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    decimals = 1 if unit and amount < _WHOLE_FROM else 0
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{number_format(rounded, decimals)}\N{NO-BREAK SPACE}{_UNITS[unit]}"
