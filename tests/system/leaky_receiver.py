"""A receiver that logs its secret: to see that it would be found."""

from unittest import mock

from starter.cli import main
from starter.webhooks.receiver import Receiver, logger

_is_signed = Receiver._is_signed


def leaky(receiver: Receiver, header: str, body: bytes) -> bool:
    """Tell the secret of each delivery."""
    logger.warning("is it signed?", extra={"reason": receiver._secret.decode()})
    return _is_signed(receiver, header, body)


if __name__ == "__main__":
    with mock.patch.object(Receiver, "_is_signed", leaky):
        main()
