"""The compose file and the Dockerfile: valid, pinned, without default passwords, and true."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import binary
from tests.deploy.composed import FILE, OURS, SECRETS, environment_of, filled, services
from tests.docs.pages import ROOT, code_in, tables

DOCKERFILE = ROOT / "Dockerfile"
EXAMPLE = ROOT / "deploy" / "example.env"


def ran(*command: str) -> str:
    """Run a program that is to succeed; what it printed."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_compose_file_fits_the_compose_specification(tmp_path: Path) -> None:
    check = [binary("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    wrong = tmp_path / "compose.yml"
    wrong.write_text(FILE.read_text().replace("restart: unless-stopped", "restarts: always"))

    ran(*check, str(FILE))
    with pytest.raises(AssertionError, match="restarts"):
        ran(*check, str(wrong))


def test_the_dockerfile_has_nothing_that_its_linter_finds() -> None:
    ran(binary("hadolint"), str(DOCKERFILE))


def test_images_are_pinned_to_a_version() -> None:
    images = [one["image"] for one in services().values() if "build" not in one]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)

    assert len(images) > 6, "the guard would be vacuous"
    assert [one for one in images if not re.search(r":v?\d+\.\d+[.\d]*(-\w+)*$", one)] == []


def test_no_secret_has_a_default() -> None:
    text = FILE.read_text()
    secret = re.compile(r"\$\{(\w*(?:PASSWORD|TOKEN|SECRET|KEY)\w*)([^}]*)\}")

    assert {name for name, _ in secret.findall(text)} == set(SECRETS)
    assert {rest[:2] for _, rest in secret.findall(text)} == {":?"}
    for name in SECRETS:
        with pytest.raises(AssertionError, match=name):
            filled(f"${{{name}:?set it}}", {})
    told = dict(line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if "=" in line)
    assert {name: told[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_every_setting_that_podium_is_given_is_one_that_it_has() -> None:
    known = {
        code_in(row[0])[0] for row in tables(ROOT / "docs" / "quickstart.md", "## Settings")[1:]
    }
    given = {name for service in OURS for name in environment_of(service)} - {"PATH"}

    assert len(given) > 8, "the guard would be vacuous"
    assert given - known == set()


def test_nothing_is_open_to_other_machines() -> None:
    ports = [port for one in services().values() for port in one.get("ports", [])]

    assert len(ports) > 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_files_that_are_mounted_and_copied_are_there() -> None:
    text = FILE.read_text()
    mounted = set(re.findall(r"/deploy/([\w.-]+)", text))
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)

    assert mounted == {p.name for p in (ROOT / "deploy").iterdir()} - {EXAMPLE.name}
    assert all((ROOT / name).exists() for line in copied for name in line.split())


def test_the_image_holds_every_room_that_the_worker_and_the_commands_import() -> None:
    copied = set(re.findall(r"^COPY (\w+) \./\1$", DOCKERFILE.read_text(), re.MULTILINE))

    assert copied == {"contracts", "activities", "workflows", "starter"}


@pytest.mark.parametrize("name", ["otel-collector.yaml", "prometheus.yaml", "temporal.yaml"])
def test_configuration_is_yaml(name: str) -> None:
    assert yaml.safe_load((ROOT / "deploy" / name).read_text())
