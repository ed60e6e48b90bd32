"""Verification codes: short enough to type from paper, too many to guess, and no two letters that look alike."""

import secrets
import unicodedata

# Without 0 O Q D, 1 I L, 2 Z, 5 S, 6 G, 8 B, V: 20 characters, so that 12 of them are 4 × 10^15 codes.
ALPHABET = "3479ACEFHJKMNPRTUWXY"
LENGTH = 12
_GROUP = 4


def new_code() -> str:
    """A code that nobody has had."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def spaced(code: str) -> str:
    """The code as it is printed: ACEF-3479-HJKM."""
    return "-".join(code[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def normal(typed: str) -> str | None:
    """The code that somebody typed, with blanks, dashes, in full width or small letters; None where it is none."""
    text = unicodedata.normalize("NFKC", typed).upper()
    code = "".join(letter for letter in text if letter.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
