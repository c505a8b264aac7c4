"""A port of this machine to listen at, and the addresses under which others reach it."""

import errno
import os
import socket
from contextlib import suppress

from ..errors import CourseError


def check_free(host: str, port: int, command: str = "run") -> None:
    """Raise CourseError if the server could not listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):  # UnicodeError: two dots in a row
        raise CourseError(f"run: HOST={host} is no address of this machine. For the room: HOST=0.0.0.0") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name != "nt":  # there, the option would allow a second server on the same port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise CourseError(
                f"Port {port} is reserved by the system. Take one above 1023: make run PORT=8001"
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise CourseError(
                    f"run: HOST={host} is no address of this machine. For the room: HOST=0.0.0.0"
                ) from None
            raise CourseError(
                f"Port {port} at {host} is not free ({error.strerror}). Is a server of yours still running, in another"
                f" window? Stop it there with Ctrl-C, or take another port: make {command} PORT={port % 65535 + 1}"
            ) from None


def own_addresses() -> list[str]:
    """Return the addresses under which the others on the network reach this machine."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): sends nothing, only picks the interface
            found.append(probe.getsockname()[0])
        except OSError:
            print("This machine has no network at the moment: nobody else can reach it.")
    with suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]
