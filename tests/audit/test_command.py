"""`podium audit`: a file that is whole or not there, a head to keep, and exit codes."""

from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from starter.commands import audit
from starter.exits import CliError
from tests.audit.archive import Archive, recorded


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """What the command connects to."""
    found = Archive(recorded("plain.1"))

    async def connect(*_: Any) -> Any:
        return found

    monkeypatch.setattr("starter.connection.connect", connect)
    monkeypatch.delenv("PODIUM_AUDIT_KEY_FILE", raising=False)
    return found


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "audit.pem", tmp_path / "audit.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def export(archive: Archive, file: Path) -> int:
    (history,) = archive.histories.values()
    with pytest.raises(typer.Exit) as done:
        audit.export(history.workflow_id, file, None)
    return done.value.exit_code


def test_what_is_exported_with_a_key_is_verified_by_head_and_public_key(
    archive: Archive, keys: tuple[Path, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    private, public = keys
    monkeypatch.setenv("PODIUM_AUDIT_KEY_FILE", str(private))
    file = tmp_path / "trail.jsonl"

    assert export(archive, file) == 0
    head = capsys.readouterr().err.split()[-1]
    audit.verify(file, str(public), head)

    assert head in capsys.readouterr().out
    with pytest.raises(CliError, match="its head is") as other:
        audit.verify(file, None, "0" * 64)
    assert other.value.code == 1
    file.write_bytes(file.read_bytes().replace(b'"completed"', b'"cancelled"', 1))
    with pytest.raises(CliError, match="is not as it was written") as broken:
        audit.verify(file, str(public), None)
    assert broken.value.code == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "audit.pem", "audit.pub.pem", "trail.jsonl",
    ]  # fmt: skip


def test_without_key_or_head_it_says_what_that_proves(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trail.jsonl"
    export(archive, file)

    audit.verify(file, None, None)

    assert "made all of it anew" in " ".join(capsys.readouterr().err.split())


def test_an_export_that_fails_leaves_what_was_there(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_text("older")

    with pytest.raises(CliError, match="no workflow"):
        audit.export("podium/no/such", file, None)

    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("trail.jsonl", "older")]


@pytest.mark.parametrize("wrong", ["public", "text", "gone"])
def test_a_key_that_is_none_is_refused_and_not_told(
    archive: Archive, keys: tuple[Path, Path], tmp_path: Path, wrong: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    files = {"public": keys[1], "text": tmp_path / "text", "gone": tmp_path / "gone"}
    files["text"].write_text("a password, perhaps")
    monkeypatch.setenv("PODIUM_AUDIT_KEY_FILE", str(files[wrong]))

    with pytest.raises(CliError) as refused:
        audit.export("podium/x/y", tmp_path / "trail.jsonl", None)

    assert "perhaps" not in str(refused.value)
    with pytest.raises(CliError):
        audit.verify(keys[0], str(keys[0]), None)
