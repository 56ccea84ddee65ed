"""The text encodings that a log may have, and browsers' names for them. Depends only on the standard library.

The page decodes a log's bytes with `TextDecoder`, so browsers must support the encoding. In all of them except UTF-16,
a newline is the single byte 0x0A and no other character contains that byte, which splitting into lines relies on;
UTF-16 is recognised by its label.
"""

from __future__ import annotations

import codecs

from django_logtail.tailing.mistakes import Mistake

#: Shown in messages: common encodings of logs, under their familiar names.
EXAMPLES = ("utf-8", "utf-16-le", "latin-1", "cp1252", "gbk", "gb18030", "big5", "shift_jis", "euc-kr")

#: Python's canonical codec name -> the label in https://encoding.spec.whatwg.org/ that decodes the same.
#: If browsers have no narrower codec, it is the wider one: windows-1252 for latin-1, shift_jis for cp932.
LABELS = {
    "ascii": "windows-1252",
    "big5": "big5",
    "big5hkscs": "big5",
    "cp866": "ibm866",
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp950": "big5",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "gb18030": "gb18030",
    "gb2312": "gbk",
    "gbk": "gbk",
    "iso2022_jp": "iso-2022-jp",
    "iso8859-1": "windows-1252",
    "iso8859-9": "windows-1254",
    "iso8859-11": "windows-874",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "mac-cyrillic": "x-mac-cyrillic",
    "mac-roman": "macintosh",
    "shift_jis": "shift_jis",
    "tis-620": "windows-874",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16-be": "utf-16be",
    "utf-16-le": "utf-16le",
    **{f"iso8859-{part}": f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"cp{page}": f"windows-{page}" for page in range(1250, 1259)},
}

#: Python's canonical codec name -> the one that decodes like browsers (the label's own), if different.
WIDER = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}


class UnknownEncoding(Mistake):
    """Python and browsers do not both have a text encoding of this name."""


def browser_label(name: str) -> str:
    """`TextDecoder`'s label for the encoding with Python's `name`. Raises `UnknownEncoding`."""
    examples = ", ".join(EXAMPLES)
    try:
        canonical = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UnknownEncoding("encoding-unknown", encoding=repr(name), examples=examples) from None
    if canonical == "utf-16":
        raise UnknownEncoding("encoding-byte-order")
    if canonical not in LABELS:
        raise UnknownEncoding("encoding-browsers", encoding=repr(name), examples=examples)
    return LABELS[canonical]


def shown_as(name: str) -> str:
    """The codec that decodes like a browser, for the encoding with Python's `name`; `name` itself if there is no
    other.
    """
    try:
        canonical = codecs.lookup(name).name
    except (LookupError, ValueError):
        return name
    return WIDER.get(canonical, canonical)
