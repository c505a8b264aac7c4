"""The clients of the harness: what needs no website to be told."""

import pytest

from lessons.engine.harness.raw_frames import PING, frame, read_frame
from lessons.engine.harness.room_log import RoomLog
from lessons.engine.harness.tab import NoFrame, Tab
from lessons.engine.harness.tab import read_frame as read_json
from lessons.engine.harness.ws_client import options


class Scripted(Tab):
    """A tab that gets these frames, and then a code."""

    def __init__(self, *frames: dict | int) -> None:
        super().__init__("/ws/lobby/")
        self.coming, self.accepted = iter(frames), True

    def next_frame(self, kind):
        return next(self.coming)


def chat(number: int) -> dict:
    return {"type": "chat", "seq": number, "message": f"message {number}"}


def test_a_tab_passes_over_what_it_does_not_wait_for_and_remembers_it():
    ada = Scripted({"type": "people"}, chat(1), 4401)
    assert ada.receive("chat") == chat(1)
    assert ada.seen == [{"type": "people"}, chat(1)]


def test_a_tab_that_waits_says_with_which_code_the_server_closed_the_connection():
    with pytest.raises(NoFrame, match=r"closed the connection \(code 4401\).*waited for a frame of type \"chat\""):
        Scripted({"type": "people"}, 4401).receive("chat")
    ada = Scripted({"type": "people"}, 4401)
    assert ada.ended() == 4401 and ada.seen == [{"type": "people"}]


@pytest.mark.parametrize("text", [b"{}", None, "hello", "[]", '{"type": 1}'])
def test_a_frame_that_is_no_object_with_a_type_is_refused(text):
    with pytest.raises(NoFrame, match="^The server sent "):
        read_json(text)


def test_a_connection_is_opened_by_a_page_of_the_server_itself_or_of_another_or_of_none():
    origins = [options("ws://a:1/ws/", origin=origin)["origin"] for origin in ("", "https://b", None)]
    assert origins == ["http://a:1", "https://b", None]
    assert options("wss://a:1/ws/")["origin"] == "https://a:1"


def test_a_gap_is_seen_once_and_what_fills_it_is_kept_in_order():
    log = RoomLog()
    assert not log.misses(chat(3))  # before the first history nothing is known
    assert not log.misses({"type": "history", "messages": [chat(1)]})
    assert log.misses(chat(3)) and log.seen == 1
    log.asked = log.seen
    assert not log.misses(chat(4))
    assert not log.misses({"type": "history", "messages": [chat(number) for number in (1, 2, 3, 4)]})
    assert [message["seq"] for message in log.messages] == [1, 2, 3, 4] and log.questions == 1


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_made_by_hand_has_a_mask_and_says_how_long_it_is(size):
    made = frame(b"x" * size, PING)
    mask, masked = made[len(made) - size - 4 : len(made) - size], made[len(made) - size :]
    assert made[0] == 128 | PING and made[1] & 128
    assert bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)) == b"x" * size
    assert as_of_a_server(made, size) == (PING, b"x" * size, len(made) - 4)


def as_of_a_server(made: bytes, size: int) -> tuple[int, bytes, int] | None:
    """Read a frame of a browser with its mask taken off."""
    head = made[: len(made) - size - 4]
    return read_frame(bytes([head[0], head[1] & 127]) + head[2:] + b"x" * size, 0)
