"""Numbers that prove themselves: payment cards and bank accounts."""

from __future__ import annotations

from typing import Final

#: Each digit doubled, and its digits added.
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_PLAIN: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
#: Digits of a card number by its first digit (ISO/IEC 7812): 3 American Express, Diners Club and JCB; 4 Visa;
#: 2 and 5 Mastercard; 6 Discover, Maestro and UnionPay.
_CARD_DIGITS: Final = {
    ord("2"): (16,),
    ord("3"): (14, 15, 16),
    ord("4"): (13, 16, 19),
    ord("5"): (16,),
    ord("6"): (16, 17, 18, 19),
}
#: Characters of an IBAN by country, from the registry of ISO 13616.
IBAN_CHARACTERS: Final = {
    code: int(length)
    for length, codes in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FK FO GL NL SD",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for code in codes.split()
}


def is_card(digits: bytes) -> bool:
    """Whether these digits have the length of a card number of their kind, and a Luhn check digit."""
    if len(digits) not in _CARD_DIGITS.get(digits[0], ()):
        return False
    return (
        sum(digits[-1::-2].translate(_PLAIN)) + sum(digits[-2::-2].translate(_DOUBLED))
    ) % 10 == 0 and digits.count(digits[:1]) < len(digits)


def is_iban(text: bytes) -> bool:
    """Whether `text`, without spaces and in upper case, is an IBAN: its length, and 1 as the remainder by 97."""
    if IBAN_CHARACTERS.get(text[:2].decode("ascii", "replace")) != len(text):
        return False
    moved = (text[4:] + text[:4]).decode("ascii")
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
