"""Bring one record of the catalogue into its normal form, or say why it cannot be."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

TITLE_LIMIT = 120
EAN_DIGITS = 13
LARGEST_PRICE = Decimal(1_000_000)
LARGEST_GRAMS = Decimal(1_000_000)

_PRICE = re.compile(
    r"(?:(?P<before>[A-Z]{3}) )?(?P<number>-?\d{1,9}(?:[.,]\d{1,2})?)(?: (?P<after>[A-Z]{3}))?"
)
_WEIGHT = re.compile(r"(?P<number>\d{1,9}(?:[.,]\d{1,3})?) ?(?P<unit>\w+)")
_GRAMS = {"g": Decimal(1), "kg": Decimal(1_000)}
_CURRENCIES = frozenset({"EUR", "USD", "GBP"})


class BadRecordError(ValueError):
    """A record that nobody can use as it is; the message says why in a few words."""


def normalise(record: Any) -> dict[str, Any]:
    """Return the record with one spelling for each thing.

    Raises:
        BadRecordError: which field is wrong.
    """
    if not isinstance(record, dict):
        raise BadRecordError("is no record")
    title = " ".join(str(record.get("title") or "").split())
    if not title or len(title) > TITLE_LIMIT:
        raise BadRecordError(f"title must have 1 to {TITLE_LIMIT} characters")
    cents, currency = _price(str(record.get("price") or ""))
    return {
        "title": title,
        "ean": _ean(str(record.get("ean") or "")),
        "price_cents": cents,
        "currency": currency,
        "weight_grams": _grams(str(record.get("weight") or "")),
    }


def check_digit(digits: str) -> str:
    """Compute the last digit of an EAN from the twelve before it."""
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return str(-weighed % 10)


def _ean(text: str) -> str:
    digits = re.sub(r"[ -]", "", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) == EAN_DIGITS):
        raise BadRecordError("ean must have 13 digits")
    if check_digit(digits[:-1]) != digits[-1]:
        raise BadRecordError("ean has a wrong check digit")
    return digits


def _price(text: str) -> tuple[int, str]:
    found = _PRICE.fullmatch(text.strip())
    if not found or bool(found["before"]) == bool(found["after"]):
        raise BadRecordError("price must be a number and a currency")
    currency = found["before"] or found["after"]
    amount = Decimal(found["number"].replace(",", "."))
    if currency not in _CURRENCIES:
        raise BadRecordError("price is in an unknown currency")
    if not 0 < amount < LARGEST_PRICE:
        raise BadRecordError("price is out of bounds")
    return int(amount * 100), currency


def _grams(text: str) -> int:
    found = _WEIGHT.fullmatch(text.strip())
    if not found or found["unit"] not in _GRAMS:
        raise BadRecordError("weight must be a number of g or kg")
    grams = Decimal(found["number"].replace(",", ".")) * _GRAMS[found["unit"]]
    if not 0 < grams < LARGEST_GRAMS:
        raise BadRecordError("weight is out of bounds")
    return int(grams)
