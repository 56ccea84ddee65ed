"""Which encoding bytes look like; each is made by Python's own codec."""

import pytest

from django_logtail.registering.encodings import Detected, decoding, detected

CHINESE = "订单已提交，等待支付。库存不足，请稍后重试。用户登录成功，来源地址正常。连接数据库失败，重新尝试。"
TAIWANESE = (
    "訂單已提交，等待付款。庫存不足，請稍後重試。使用者登入成功，來源位址正常。資料庫連線失敗，重新嘗試。"
)
JAPANESE = (
    "注文を受け付けました。在庫が足りません。ユーザーがログインしました。データベースに接続できません。"
)
KOREAN = (
    "주문이 접수되었습니다. 재고가 부족합니다. 사용자가 로그인했습니다. 데이터베이스에 연결할 수 없습니다."
)
RUSSIAN = "Заказ принят. На складе не хватает товара. Пользователь вошёл. Нет соединения с базой данных."
GERMAN = "Bestellung über 3 Stück bestätigt. Nächster Versuch für Müller später."


def sample(text: str, encoding: str) -> bytes:
    """40 lines: every second one has nothing beyond ASCII."""
    return "".join(
        f"12:00:{second:02} INFO {text}\n12:00:{second:02} INFO ok\n" for second in range(20)
    ).encode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "gbk", "gbk"),
        (CHINESE, "gb18030", "gbk"),
        (TAIWANESE, "big5", "big5"),
        (JAPANESE, "shift_jis", "shift_jis"),
        (JAPANESE, "euc-jp", "euc-jp"),
        (JAPANESE, "utf-8", "utf-8"),
        (KOREAN, "euc-kr", "euc-kr"),
        (RUSSIAN, "windows-1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (GERMAN, "windows-1252", "windows-1252"),
        (GERMAN, "utf-8", "utf-8"),
    ],
)
def test_text_is_taken_for_what_it_is_written_in(text: str, encoding: str, named: str) -> None:
    assert detected(b"", sample(text, encoding)) == Detected(named, 20, 20)


def test_some_lines_may_be_damaged_and_are_counted() -> None:
    damaged = b"".join(line + b"\n" for line in [*["价格".encode("gbk")] * 38, b"\xff\xff", b"\x80"])

    assert detected(b"", damaged + CHINESE.encode("gbk")) == Detected("gbk", 39, 41)


@pytest.mark.parametrize(("bad", "named"), [(1, "utf-8"), (2, "windows-1252")])
def test_nine_lines_of_ten_are_enough_for_utf_8(bad: int, named: str) -> None:
    assert detected(b"", b"\xc3\xa4\n" * (10 - bad) + b"\xe4x\n" * bad).encoding == named


def test_nothing_beyond_ascii_is_utf_8_and_proves_nothing() -> None:
    assert detected(b"12", b"12:00 INFO ok\n") == Detected("utf-8", 0, 0, "ascii")
    assert detected(b"", b"") == Detected("utf-8", 0, 0, "ascii")


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_is_known_by_its_mark_or_by_its_zeros(order: str) -> None:
    text = "INFO ok\n" * 9
    mark = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[order]

    assert detected(mark + b"a\0", b"") == Detected(f"utf-16-{order}", sign="bom")
    assert detected(b"", text.encode(f"utf-16-{order}")) == Detected(f"utf-16-{order}", sign="zeros")


def test_the_lines_are_counted_for_an_encoding_that_somebody_chose() -> None:
    assert decoding(sample(CHINESE, "gbk"), "utf-8") == Detected("utf-8", 0, 20)
    assert decoding(sample(CHINESE, "gbk"), "gb18030") == Detected("gb18030", 20, 20)
