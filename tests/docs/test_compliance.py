"""The page of controls names all that are promised, with evidence that exists."""

import re

import pytest

from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "compliance.md"
CONTROLS = {
    "ISO/IEC 27001:2022, Annex A": ("A.8.25", "A.8.32", "A.5.37"),
    "NIST Cybersecurity Framework": ("PR.IP-02", "PR.MA-01", "DE.AE-03"),
    "CIS Controls v8.1": ("16", "16.1", "16.14"),
    "The three policies": ("Secure", "Change", "Information"),
}


@pytest.mark.covers("M5")
def test_every_control_has_evidence_and_older_ids_stand_beside() -> None:
    for heading, ids in CONTROLS.items():
        _, *rows = tables(PAGE, f"## {heading}")
        assert tuple(row[0].split()[0] for row in rows) == ids
        assert all(all(row) for row in rows), "no cell is empty"
    (_, iso, *_) = zip(*tables(PAGE, "## ISO/IEC 27001:2022, Annex A")[1:], strict=True)
    assert all(one.startswith("A.1") for one in iso)


def test_files_and_kinds_of_lines_that_are_named_exist() -> None:
    code = code_in(PAGE.read_text().split("```")[0])
    files = [one for one in code if re.search(r"\.md$", one)]
    lines = {row[0] for row in tables(ROOT / "docs" / "audit.md", "## Lines")[1:]}
    kinds = {kind for cell in lines for kind in code_in(cell)}
    named = {"started", "decision", "signal", "update", "output", "ended"}

    assert len(files) > 3, "the guard would be vacuous"
    assert [one for one in files if not (ROOT / one).exists()] == []
    assert named <= kinds & set(code)
