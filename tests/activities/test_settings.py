"""Settings of a Temporal Worker: what is wrong is told with its name, and secrets are not told."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from activities.settings import SettingsError, settings_from

TOKEN = {"GITHUB_TOKEN": "a-token"}
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()
RSA = rsa.generate_private_key(65_537, 2_048)


def app(key_file: Path, **more: str) -> dict[str, str]:
    """The settings of an App."""
    return {
        "PODIUM_GITHUB_APP_ID": "1",
        "PODIUM_GITHUB_APP_PRIVATE_KEY_FILE": str(key_file),
        "PODIUM_GITHUB_APP_INSTALLATION_ID": "2",
        **more,
    }


@pytest.mark.parametrize(
    ("value", "seconds"), [("", 60), ("0.5", 0.5), ("20", 20), ("3600", 3_600), ("1e2", 100)]
)
def test_the_time_to_settle_is_read_as_seconds(value: str, seconds: float) -> None:
    settings = settings_from({**TOKEN, "PODIUM_SETTLE_SECONDS": value})

    assert settings.settle == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["soon", "nan", "inf", "-inf", "1e999", "0", "-1", "3600.1", "1m"]
)
def test_a_time_to_settle_that_nobody_can_wait_is_refused(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from({**TOKEN, "PODIUM_SETTLE_SECONDS": value})

    assert str(refused.value) == (
        f"PODIUM_SETTLE_SECONDS={value!r} is no number of seconds that can be waited: "
        "write one above 0, and at most 3600"
    )


@pytest.mark.parametrize(
    "url",
    [
        "github",
        "api.github.com",
        "ftp://api.github.com",
        "file:///etc/passwd",
        "https://",
        "https://:443",
        "https://api.github.com:99999",
        "https://api.github.com:0",
        "https://api github.com",
        "https://api.github.com\n",
        "http://[::1",
    ],
)
def test_an_api_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from({**TOKEN, "GITHUB_API_URL": url})

    assert f"GITHUB_API_URL={url}: no URL; write for example" in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://github.example.com/api/v3"])
def test_an_api_url_of_ones_own_is_taken(url: str) -> None:
    assert settings_from({**TOKEN, "GITHUB_API_URL": url}).github.client.api_url == url


def test_an_apps_private_key_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(RSA.private_bytes(PEM, PKCS8, PLAIN))

    settings_from(app(file))


KEYS = {
    "empty": b"",
    "no key": b"secret words",
    "a half": RSA.private_bytes(PEM, PKCS8, PLAIN)[:600],
    "the public key": RSA.public_key().public_bytes(
        PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "of another kind": ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, PLAIN),
    "with a password": RSA.private_bytes(
        PEM, PKCS8, serialization.BestAvailableEncryption(b"password")
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_file_without_a_usable_key_is_named_and_its_content_is_not(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(KEYS[name])

    with pytest.raises(SettingsError) as refused:
        settings_from(app(file))

    told = str(refused.value)
    assert f"PODIUM_GITHUB_APP_PRIVATE_KEY_FILE={file}: holds no private key that can sign" in told
    assert [line for line in KEYS[name].decode().splitlines() if line and line in told] == []
    assert refused.value.__suppress_context__, "nor in a traceback"


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.der").write_bytes(b"\x30\x82\xff")

    with pytest.raises(SettingsError, match=r"no\.pem: cannot be read: No such file"):
        settings_from(app(tmp_path / "no.pem"))
    with pytest.raises(SettingsError, match=r"app\.der: cannot be read: no text"):
        settings_from(app(tmp_path / "app.der"))


@pytest.mark.parametrize("number", ["x", "²", "-1", "9" * 5_000])
def test_an_installation_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(SettingsError, match="is no installation id"):
        settings_from(app(tmp_path / "x", PODIUM_GITHUB_APP_INSTALLATION_ID=number))


def test_a_command_may_give_the_key(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(RSA.private_bytes(PEM, PKCS8, PLAIN))
    asked = {"PODIUM_GITHUB_APP_ID": "1", "PODIUM_GITHUB_APP_PRIVATE_KEY_COMMAND": f"cat {file}"}

    settings_from(asked)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "ended with 1"),
        ("/no/such/program", "cannot be run: No such file or directory"),
        ("echo 'half", "cannot be run: No closing quotation"),
        ("echo secret words", "holds no private key that can sign"),
    ],
)
def test_a_command_that_gives_no_key_is_named_and_its_output_is_not(
    command: str, said: str
) -> None:
    asked = {"PODIUM_GITHUB_APP_ID": "1", "PODIUM_GITHUB_APP_PRIVATE_KEY_COMMAND": command}
    with pytest.raises(SettingsError) as refused:
        settings_from(asked)

    told = str(refused.value)
    assert told.startswith(f"PODIUM_GITHUB_APP_PRIVATE_KEY_COMMAND={command}: {said}")
    assert told.count("secret words") == command.count("secret words")
