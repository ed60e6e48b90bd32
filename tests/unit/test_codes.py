"""Verification codes, as they are made, printed and typed."""

from hypothesis import given
from hypothesis import strategies as st

from backend.codes import ALPHABET, LENGTH, new_code, normal, spaced

CODES = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_no_two_letters_look_alike() -> None:
    for group in ("0OQD", "1IL", "2Z", "5S", "6G", "8B", "UV"):
        assert sum(letter in ALPHABET for letter in group) <= 1
    assert len(set(ALPHABET)) == len(ALPHABET) == 20


def test_codes_are_new() -> None:
    assert len({new_code() for _ in range(1000)}) == 1000


@given(CODES)
def test_what_is_printed_is_read_again(code: str) -> None:
    for typed in (code, spaced(code), spaced(code).lower().replace("-", " "), f" {spaced(code)}\n"):
        assert normal(typed) == code
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    assert normal(wide) == code


@given(st.text())
def test_what_is_no_code_is_told(typed: str) -> None:
    code = normal(typed)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


def test_letters_that_are_in_no_code() -> None:
    assert normal("ACEF-3479-HJK0") is None
    assert normal("ACEF-3479-HJK") is None
    assert normal("") is None
