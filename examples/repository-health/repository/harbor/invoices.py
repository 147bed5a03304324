"""What a stay costs."""

from decimal import Decimal

PRICE_PER_METER = Decimal("3.50")
WEEK = 7


def nights_to_pay(nights: int) -> int:
    """Leave out each seventh night, which is free."""
    return nights - nights // WEEK


def total(length: Decimal, nights: int, *, power: bool = False) -> Decimal:
    """Give the price of a stay."""
    # HACK: power is a flat fee until the meters arrive
    price = length * PRICE_PER_METER * nights_to_pay(nights)
    return price + (Decimal(5) * nights if power else 0)


def lines(boat: str, length: Decimal, nights: int, *, power: bool) -> list[str]:
    """Write an invoice."""
    # TODO(ewan): other currencies
    return [
        f"Boat: {boat}",
        f"Nights: {nights}, to pay: {nights_to_pay(nights)}",
        f"Power: {'yes' if power else 'no'}",
        f"Total: {total(length, nights, power=power):.2f}",
    ]
