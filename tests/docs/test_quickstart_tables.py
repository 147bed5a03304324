"""The quickstart's tables: settings are those that the code reads, refusals those that it says."""

import ast
import re
from pathlib import Path

import pytest
from temporalio.envconfig import ClientConfig

from activities.settings import settings_from
from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "quickstart.md"
PRODUCT = ("contracts", "activities", "workflows", "starter")
_SETTING = re.compile(r"(PODIUM|GITHUB|TEMPORAL|OTEL)_[A-Z_]*[A-Z]")


def product() -> list[Path]:
    found = [file for room in PRODUCT for file in sorted((ROOT / room).rglob("*.py"))]
    return [ROOT / "worker_main.py", *found]


def literals(file: Path) -> list[str]:
    """All strings of a module; what is put into one shows as an ellipsis."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def settings_read() -> set[str]:
    return {text for file in product() for text in literals(file) if _SETTING.fullmatch(text)}


def settings_told() -> dict[str, list[str]]:
    rows = [row for row in tables(PAGE, "## Settings") if row[0] != "variable"]
    return {code_in(row[0])[0]: row for row in rows}


def test_every_setting_that_the_code_reads_is_told() -> None:
    assert {"GITHUB_TOKEN", "PODIUM_MARKER_KEY", "PODIUM_LOG_LEVEL"} <= settings_read()

    assert settings_read() - set(settings_told()) == set()


def test_every_setting_that_is_told_is_read() -> None:
    """Those of Temporal are read by its SDK."""
    ours = {name for name in settings_told() if not name.startswith("TEMPORAL_")}

    assert ours - settings_read() == set()


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("TEMPORAL_ADDRESS", "somewhere:1", "target_host"),
        ("TEMPORAL_NAMESPACE", "mine", "namespace"),
        ("TEMPORAL_API_KEY", "secret", "api_key"),
    ],
)
def test_temporals_own_settings_are_understood(variable: str, value: str, key: str) -> None:
    read = ClientConfig.load_client_connect_config(
        override_env_vars={variable: value}, disable_file=True
    )

    assert variable in settings_told()
    assert dict(read)[key] == value
    assert variable != "TEMPORAL_API_KEY" or read.get("tls")


def test_a_profile_of_a_file_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.mine]\naddress = "somewhere:1"\n')
    given = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "mine"}

    read = ClientConfig.load_client_connect_config(override_env_vars=given)

    assert set(given) <= set(settings_told())
    assert dict(read)["target_host"] == "somewhere:1"


def test_the_defaults_that_are_told_are_those_of_the_code() -> None:
    told = {name: code_in(row[2]) for name, row in settings_told().items()}
    seconds = settings_from({"GITHUB_TOKEN": "t"}).settle.total_seconds()
    texts = {text for file in product() for text in literals(file)}

    assert told["PODIUM_SETTLE_SECONDS"] == [f"{seconds:g}"]
    for name in ("GITHUB_API_URL", "PODIUM_LOG_LEVEL", "OTEL_SERVICE_NAME", "TEMPORAL_ADDRESS"):
        assert told[name][0] in texts, name


def refusals() -> list[str]:
    rows = tables(PAGE, "## If something is refused")[1:]
    return [code_in(row[0])[0] for row in rows]


@pytest.mark.parametrize("message", refusals())
def test_a_refusal_is_told_in_the_words_of_the_code(message: str) -> None:
    """All of it in one message of the code, whatever stands in place of the ellipses."""
    pieces = [re.escape(piece.strip()) for piece in message.split("…")]
    said = re.compile(".*".join(pieces), re.DOTALL)

    assert len("".join(pieces)) > 10, "anything would match"
    assert [file for file in product() if any(said.search(text) for text in literals(file))]


def test_who_has_to_share_the_marker_key_is_told() -> None:
    """Without it a dry run takes the reports of earlier runs for items."""
    row = settings_told()["PODIUM_MARKER_KEY"]

    assert row[1].strip() == "W, C, R"
    assert "Command line and Temporal Worker must share it" in row[3]
    assert "dry run" in row[3]
