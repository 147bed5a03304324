#!/usr/bin/env python3
"""Make a catalogue of any size, and the spec that processes it; the same arguments, the same files.

    make_catalogue.py --items 40                       what is committed here, in place
    make_catalogue.py --items 1000 --folder /tmp/pool  a copy of this example with 1,000 records

Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RECORDS = Path("repository", "catalogue", "records.json")
SPEC = Path("orchestration.yml")

sys.path.insert(0, str(HERE / "repository" / ".github" / "scripts"))
from catalogue_record import check_digit  # noqa: E402 - it lives in the sample repository

THINGS = ("Hinge", "Spring washer", "Door handle", "Cable gland", "Ball bearing", "Wall plug")
FINISHES = ("brass", "stainless steel", "black", "nickel", "zinc plated")

Record = dict[str, Any]


def key_of(number: int) -> str:
    """Name the record with a number, from 1."""
    return f"W-{number:04d}"


def good_record(number: int) -> Record:
    """Make a record that can be used, in one of the spellings that people use."""
    digits = f"40{number:010d}"
    ean = digits + check_digit(digits)
    cents = 99 + number * 37 % 9_000
    grams = 5 + number * 13 % 4_000
    return {
        "title": f"  {THINGS[number % 6]},  {FINISHES[number % 5]} no. {number} ",
        "ean": f"{ean[0]} {ean[1:7]} {ean[7:]}" if number % 4 == 0 else ean,
        "price": (
            f"{cents // 100},{cents % 100:02d} EUR",
            f"EUR {cents // 100}.{cents % 100:02d}",
            f"{cents // 100 + 1} USD",
        )[number % 3],
        "weight": f"{grams / 1_000:.3f} kg" if number % 2 else f"{grams} g",
    }


def _wrong_digit(record: Record) -> Record:
    last = str((int(record["ean"][-1]) + 1) % 10)
    return record | {"ean": record["ean"][:-1] + last}


POISONS: tuple[Callable[[Record], Record], ...] = (
    _wrong_digit,
    lambda record: record | {"title": " "},
    lambda record: record | {"price": "-4,00 EUR"},
    lambda record: record | {"weight": "3 stone"},
    lambda record: record | {"price": "12.00 XYZ"},
)


def catalogue(
    items: int, poison: float = 0.05, dies_once: int = 0, dies_always: int = 0
) -> dict[str, Record]:
    """Make the records by key.

    Args:
        items: How many.
        poison: Share of records that are wrong, spread evenly.
        dies_once: Records whose run dies just after their effect was recorded for the first time.
        dies_always: Records that kill each run they are part of.
    """
    records = {key_of(number): good_record(number) for number in range(1, items + 1)}
    poisoned = [
        number
        for number in range(1, items + 1)
        if round(number * poison, 9) // 1 > round((number - 1) * poison, 9) // 1
    ]
    for count, number in enumerate(poisoned):
        records[key_of(number)] = POISONS[count % len(POISONS)](good_record(number))
    healthy = [number for number in range(1, items + 1) if number not in set(poisoned)]
    drills = ["dies-once"] * dies_once + ["dies-always"] * dies_always
    for count, drill in enumerate(drills):
        number = healthy[(2 * count + 1) * len(healthy) // (2 * len(drills))]
        records[key_of(number)]["drill"] = drill
    return records


def spec_of(keys: list[str], text: str) -> str:
    """Put the items into the text of a spec, in place of those that it has."""
    head, mark, rest = text.partition("  items:")
    if not mark:
        raise ValueError("the spec has no list of items")
    _, _, tail = rest.partition("]\n")
    listed = textwrap.fill(
        ", ".join(keys), 96, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return f"{head}  items: [\n{listed}\n  ]\n{tail}"


def write(folder: Path, records: dict[str, Record]) -> None:
    """Write catalogue and spec into `folder`, a copy of this example where it is another one."""
    if folder.resolve() != HERE:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=ignored)
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(one)}" for k, one in records.items())
    (folder / RECORDS).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    spec = (HERE / SPEC).read_text(encoding="utf-8")
    (folder / SPEC).write_text(spec_of(list(records), spec), encoding="utf-8")


def main() -> None:
    """Make what the options say."""
    parser = argparse.ArgumentParser(description="Make a catalogue and the spec for it.")
    parser.add_argument("--items", type=int, default=40, help="how many (%(default)s)")
    parser.add_argument("--poison", type=float, default=0.05, help="wrong share (%(default)s)")
    parser.add_argument("--dies-once", type=int, default=2, help="runs lost once (%(default)s)")
    parser.add_argument("--dies-always", type=int, default=0, help="deadly items (%(default)s)")
    parser.add_argument("--folder", type=Path, default=HERE, help="where (in place)")
    given = parser.parse_args()
    write(given.folder, catalogue(given.items, given.poison, given.dies_once, given.dies_always))


if __name__ == "__main__":
    main()
