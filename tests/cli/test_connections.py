"""Connections by Temporal's own settings: certificates both ways, and API keys."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.client import Client

from starter.connection import CannotConnectError, connect
from starter.exits import CliError


class Authority:
    """Signs certificates, into files."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        certificate = self._sign(self._name, self._key, authority=True)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, authority=False)
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.DNSName("temporal.test")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )


class Endpoint:
    """A server's end of TLS; it takes nobody whom the authority did not sign, and then hangs up."""

    def __init__(self) -> None:
        self.port = 0
        self.met: list[str] = []

    def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = dict(pair[0] for pair in writer.get_extra_info("peercert")["subject"])
        self.met.append(subject["commonName"])
        writer.close()


@asynccontextmanager
async def served(authority: Authority) -> AsyncIterator[Endpoint]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.load_cert_chain(*authority.issue("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.take, "127.0.0.1", 0, ssl=context)
    endpoint.port = server.sockets[0].getsockname()[1]
    async with server:
        yield endpoint


def profile(
    folder: Path, endpoint: Endpoint, authority: Authority, **client: Path
) -> dict[str, str]:
    """Settings that name a profile file, as Temporal's own tools read it."""
    lines = "\n".join(f'client_{name}_path = "{path}"' for name, path in client.items())
    file = folder / "temporal.toml"
    file.write_text(f"""
[profile.production]
address = "127.0.0.1:{endpoint.port}"
namespace = "podium"
[profile.production.tls]
server_name = "temporal.test"
server_ca_cert_path = "{authority.file}"
{lines}
""")
    return {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "production"}


async def test_a_profiles_certificate_is_shown_to_the_server(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    cert, key = authority.issue("podium-worker")
    async with served(authority) as endpoint:
        environment = profile(tmp_path, endpoint, authority, cert=cert, key=key)
        with pytest.raises(CannotConnectError):  # it hangs up once it knows who came
            await connect(environment=environment)

    assert set(endpoint.met) == {"podium-worker"}


async def test_nobody_is_met_without_a_certificate_or_with_anothers(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path, "authority"), Authority(tmp_path, "stranger")
    cert, key = stranger.issue("mallory")
    async with served(authority) as endpoint:
        for environment in (
            profile(tmp_path, endpoint, authority),
            profile(tmp_path, endpoint, authority, cert=cert, key=key),
            profile(tmp_path, endpoint, stranger, cert=cert, key=key),
        ):
            with pytest.raises(CannotConnectError):
                await connect(environment=environment)

    assert endpoint.met == []


async def test_an_api_key_of_a_profile_is_used_with_tls_and_the_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    async def remember(*_: Any, **settings: Any) -> None:
        asked.append(settings)

    monkeypatch.setattr(Client, "connect", remember)
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.cloud]\naddress = "a.tmprl.cloud:7233"\napi_key = "of-the-profile"\n')
    environment = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "cloud"}

    await connect(environment=environment)
    await connect(environment=environment | {"TEMPORAL_API_KEY": "of-the-environment"})

    assert [one["api_key"] for one in asked] == ["of-the-profile", "of-the-environment"]
    assert all(one["tls"] and one["target_host"] == "a.tmprl.cloud:7233" for one in asked)


async def test_a_profile_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text("[profile.production]\n")
    environment = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "staging"}

    with pytest.raises(CliError, match=r"profile file"):
        await connect(environment=environment)
