"""The bytes of RFC 6455, made and read by hand: for what no library would send, leave unread, or count fast enough."""

import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PATIENCE = 10.0  # seconds


def request(address: str, path: str, cookies: str = "") -> bytes:
    """Return the request for a socket, as a page of this server makes it (RFC 6455, 4.1)."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address}",
        f"Origin: http://{address}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *([f"Cookie: {cookies}"] if cookies else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def shake_hands(address: str, path: str, buffer: int | None = None) -> socket.socket:
    """Return a socket on which the handshake is done; `buffer` is how many bytes the system may hold unread for it."""
    host, _, port = address.partition(":")
    wire = socket.socket()
    wire.settimeout(PATIENCE)
    if buffer:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    wire.connect((host, int(port)))
    wire.sendall(request(address, path))
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = wire.recv(1)  # not a byte of the frames that follow
        assert more, f"The server hung up in the middle of the handshake at {path!r}: {answer!r}"
        answer += more
    assert answer.startswith(b"HTTP/1.1 101 "), f"The handshake at {path!r} was answered with {answer!r}."
    return wire


def frame(payload: bytes, opcode: int = TEXT, last: bool = True) -> bytes:
    """Return a frame as a browser sends it: with a mask (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        length = struct.pack("!B", 128 | size)
    elif size < 65536:
        length = struct.pack("!BH", 128 | 126, size)
    else:
        length = struct.pack("!BQ", 128 | 127, size)
    mask = os.urandom(4)
    stream = mask * (size // 4 + 1)
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")
    return bytes([128 * last | opcode]) + length + mask + masked


def read_frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Return the opcode and the payload of the frame that begins here, and where it ends; None if it is not whole."""
    if len(data) < at + 2:
        return None
    length, begin = data[at + 1] & 127, at + 2
    if length > 125:
        begin += 2 if length == 126 else 8
        length = int.from_bytes(data[at + 2 : begin], "big")
    end = begin + length
    return (data[at] & 15, data[begin:end], end) if len(data) >= end else None
