# ruff: noqa: PT009 - these tests need nothing but Python
"""The pages of one release, named by the variable RELEASE, with settings of the test's own."""

from __future__ import annotations

import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.render import render

SETTINGS = {"environment": "test", "phone": "+47 5550 0100", "currency": "NOK", "orders_url": "x"}
RELEASE = os.environ.get("RELEASE", "1.5.0")


class Pages(unittest.TestCase):
    """What is true of every release."""

    def setUp(self) -> None:
        """Render the release."""
        self.pages = render(RELEASE, SETTINGS)

    def test_no_place_is_left_open(self) -> None:
        """All that is written in double braces was filled in."""
        for name, text in self.pages.items():
            self.assertNotIn("{{", text, name)

    def test_the_first_page_names_the_house_and_the_version(self) -> None:
        """People and validators find both."""
        self.assertIn("<h1>Tea house</h1>", self.pages["index.html"])
        self.assertIn(f"Release {RELEASE}", self.pages["index.html"])

    def test_every_tea_has_a_name_and_a_price(self) -> None:
        """A price is a whole number above zero."""
        menu = json.loads(self.pages["menu.json"])
        self.assertGreater(len(menu["teas"]), 0)
        for tea in menu["teas"]:
            self.assertTrue(tea["name"])
            self.assertIsInstance(tea["price"], int, tea["name"])
            self.assertGreater(tea["price"], 0, tea["name"])

    def test_unknown_settings_become_empty(self) -> None:
        """A page is shown without them."""
        self.assertNotIn("+47", render(RELEASE, {})["index.html"])


if __name__ == "__main__":
    unittest.main()
