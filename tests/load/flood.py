"""Somebody who floods, in a process of their own: python -m tests.load.flood HOST:PORT ROOM SECONDS

Sends messages as fast as the wire takes them, reads nothing, and comes back at once when the server hangs up.
"""

import json
import sys
import time

from lessons.engine.harness.raw_frames import frame, shake_hands


def flood(address: str, room: str, seconds: float) -> int:
    """Return how often the server has hung up."""
    wave = b"".join(frame(json.dumps({"message": f"flood {number}"}).encode()) for number in range(500))
    end, ends = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            with shake_hands(address, f"/ws/{room}/") as wire:
                while time.monotonic() < end:
                    wire.sendall(wave)
        except (OSError, AssertionError):
            ends += 1
    return ends


if __name__ == "__main__":
    print(flood(sys.argv[1], sys.argv[2], float(sys.argv[3])))
