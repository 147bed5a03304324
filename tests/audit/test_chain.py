"""The chain: any single line that was changed, removed, added, moved or cut off is found."""

import io
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from starter.audit.chain import MAX_LINE, BrokenChainError, Record, Sealer, Verified, verify

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
BEGIN: Record = {"kind": "begin", "format": "podium-audit/v1"}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
bodies = st.lists(st.fixed_dictionaries({"kind": st.just("signal"), "payload": values}), max_size=6)


def sealed(records: list[Record], key: Ed25519PrivateKey | None = None) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out.write, key)
    for record in (BEGIN, *records):
        sealer.add(record)
    sealer.end()
    return out.getvalue()


def read(file: bytes, key: Ed25519PrivateKey | None = None) -> Verified:
    return verify(io.BytesIO(file), key.public_key() if key else None)


def changed(lines: list[bytes], draw: Callable[..., int]) -> list[bytes]:
    at = draw(st.integers(0, len(lines) - 1))
    byte = draw(st.integers(0, len(lines[at]) - 1))
    other = (lines[at][byte] + draw(st.integers(1, 255))) % 256
    return [
        *lines[:at],
        lines[at][:byte] + bytes([other]) + lines[at][byte + 1 :],
        *lines[at + 1 :],
    ]


def removed(lines: list[bytes], draw: Callable[..., int]) -> list[bytes]:
    at = draw(st.integers(0, len(lines) - 1))
    return lines[:at] + lines[at + 1 :]


def added(lines: list[bytes], draw: Callable[..., int]) -> list[bytes]:
    at = draw(st.integers(0, len(lines)))
    new = draw(st.sampled_from([*lines, b"\n", b"{}\n", b"x"]))
    return [*lines[:at], bytes(new), *lines[at:]]


def moved(lines: list[bytes], draw: Callable[..., int]) -> list[bytes]:
    at = draw(st.integers(0, len(lines) - 1))
    to = draw(st.integers(0, len(lines) - 2).filter(lambda n: n != at))
    rest = lines[:at] + lines[at + 1 :]
    return [*rest[:to], lines[at], *rest[to:]]


def cut(lines: list[bytes], draw: Callable[..., int]) -> list[bytes]:
    whole = b"".join(lines)
    return [whole[: draw(st.integers(0, len(whole) - 1))]]


@given(records=bodies)
@settings(max_examples=50)
def test_what_was_written_is_verified(records: list[Record]) -> None:
    file = sealed(records, KEY)

    assert read(file, KEY).lines == len(records) + 2
    assert read(file).head == read(file, KEY).head


@pytest.mark.covers("E6")
@pytest.mark.parametrize("harm", [changed, removed, added, moved, cut])
@pytest.mark.parametrize("key", [None, KEY])
@given(data=st.data(), records=bodies)
@settings(max_examples=50)
def test_any_single_harm_to_a_line_is_found(
    data: st.DataObject, records: list[Record], harm: Callable[..., list[bytes]],
    key: Ed25519PrivateKey | None,
) -> None:  # fmt: skip
    file = sealed(records, key)
    harmed = b"".join(harm(file.splitlines(keepends=True), data.draw))

    assert harmed != file
    with pytest.raises(BrokenChainError, match="line"):
        read(harmed, key)


def test_a_forger_who_computes_all_hashes_anew_is_found_by_head_and_by_key_only() -> None:
    file = sealed([{"kind": "signal", "approver": "alice"}], KEY)
    forged = sealed([{"kind": "signal", "approver": "mallory"}])
    other = sealed([{"kind": "signal", "approver": "mallory"}], Ed25519PrivateKey.generate())

    assert read(forged).lines == read(file).lines, "the chain alone cannot tell"
    assert read(forged).head != read(file).head
    with pytest.raises(BrokenChainError, match="line 3: the file is not signed"):
        read(forged, KEY)
    with pytest.raises(BrokenChainError, match="line 3: the file is signed by another key"):
        read(other, KEY)


def test_a_signature_does_not_fit_another_file() -> None:
    def seal_of(file: bytes) -> bytes:
        return file.splitlines(keepends=True)[-1]

    one, two = sealed([{"n": 1}], KEY), sealed([{"n": 2}], KEY)

    with pytest.raises(BrokenChainError, match="line 3"):
        read(two.removesuffix(seal_of(two)) + seal_of(one), KEY)


@pytest.mark.parametrize(
    "file", [b"", b"\n", b"[]\n", b"\xff\n", b"[" * 100_000 + b"\n", b"1" * 10_000 + b"\n",
             b'{"a":1,"a":1}\n', b"x" * (MAX_LINE + 2)]
)  # fmt: skip
def test_what_is_no_trail_is_refused(file: bytes) -> None:
    with pytest.raises(BrokenChainError, match="line 1"):
        read(file)
