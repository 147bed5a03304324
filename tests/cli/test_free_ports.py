"""Ports that are found free are still free when a server that was told to use one begins to."""

import socket

import pytest

from starter.children import LOCALHOST, free_ports


def test_a_free_port_is_kept_for_a_server() -> None:
    ports = free_ports(3)

    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOCALHOST, port))
        socket.create_server((LOCALHOST, port)).close()
