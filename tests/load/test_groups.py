"""1,000 joins and leaves, in every way in which a connection can end, leave no group and nobody on a list behind."""

import logging

from lessons.engine.harness import project
from tests.load.conftest import NO_LIMITS

ROUNDS, AT_ONCE = 40, 25
HUGE = "x" * 200_000


def leave(tab) -> None:
    tab.close()


def leave_at_once(tab) -> None:
    """With something said that nobody waits for."""
    tab.send({"message": "bye"})
    tab.close()


def be_hung_up_on(tab) -> None:
    tab.send({"message": HUGE})
    expect_close(tab, 4413)


def break_the_consumer(tab) -> None:
    tab.send({"message": "break"})
    while tab.events.get(timeout=10) is not None:  # None: the application has come to its end
        pass
    assert isinstance(tab.task.exception(), ZeroDivisionError)


def expect_close(tab, code: int) -> None:
    while (event := tab.next_event())["type"] != "websocket.close":
        pass
    assert event["code"] == code
    tab.close()


WAYS = [leave, leave, leave_at_once, be_hung_up_on, break_the_consumer]


def test_1000_joins_and_leaves_leave_no_group_behind(tab, loop, settings, monkeypatch):
    from channels.layers import get_channel_layer

    from chat import history
    from chat.models import Tab

    for name, value in NO_LIMITS.items():
        setattr(settings, name, value)
    add = history.add

    def add_or_break(room: str, name: str, text: str, client_id: str | None) -> object:
        return 1 / 0 if text == "break" else add(room, name, text, client_id)

    monkeypatch.setattr(history, "add", add_or_break)
    logging.disable(logging.CRITICAL)
    application, layer = project.asgi_application(), get_channel_layer()
    for turn in range(ROUNDS):
        here = [tab(f"/ws/groups-{turn % 4}/", application=application) for _ in range(AT_ONCE)]
        assert all(one.accepted for one in here)
        if turn == 0:
            assert len(layer.groups) == 1 and len(layer.groups["room-groups-0"]) == AT_ONCE, "Is this the layer?"
        for number, one in enumerate(here):
            WAYS[number % len(WAYS)](one)
        assert not layer.groups, f"After {(turn + 1) * AT_ONCE} joins and leaves there are the groups {layer.groups}."
        left = loop.call(Tab.objects.count)
        assert not left, f"After {(turn + 1) * AT_ONCE} joins and leaves {left} are on the list of people."
    logging.disable(logging.NOTSET)
    print(f"{ROUNDS * AT_ONCE} came and left, in {len(set(WAYS))} ways")
