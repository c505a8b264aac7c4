"""Stage 5: a group for everyone, by way of the channel layer."""

import pytest

from lessons.engine.harness import step_log

GROUPS = {"lesson": "05", "section": "Step 1: join a group", "look": "chat/consumers.py:def disconnect"}
EVERYONE = {"lesson": "05", "section": "Step 3: tell everyone", "look": "chat/consumers.py:def receive"}

PAGE = {"look": 'templates/lobby.html:case "chat"'}


@pytest.mark.check(
    lesson="05",
    section="Step 2: open a post office",
    look="mywebsite/settings.py:CHANNEL_LAYERS",
    hint='Does mywebsite/settings.py have CHANNEL_LAYERS = {"default": {"BACKEND": ...}}?',
)
def test_there_is_a_channel_layer():
    channel_layer()


@pytest.mark.check(
    **EVERYONE, hint="Is it async_to_sync(...)(...) each time, with the same group in group_add and in group_send?"
)
def test_a_message_is_seen_by_everyone(tab):
    ada, ben, cleo = lobby(tab, 3)
    ada.send({"message": "hello, all"})
    for listener in (ada, ben, cleo):
        assert listener.receive("chat").get("message") == "hello, all", listener.story("chat")


@pytest.mark.check(**EVERYONE, hint="Does receive() still send the message to its own tab, beside the group_send?")
def test_nobody_sees_a_message_twice(tab):
    ada, ben = lobby(tab, 2)
    ada.send({"message": "first"})
    ben.receive("chat")
    ben.send({"message": "second"})
    for listener, due in ((ada, 2), (ben, 1)):
        heard = [listener.receive("chat").get("message") for _ in range(due)]
        assert heard == ["first", "second"][-due:], f"Each message was sent once. A tab heard {heard} in this order."


@pytest.mark.check(**EVERYONE, hint="Does every message go through the group, its sender's own copy too?")
def test_all_see_the_messages_in_the_same_order(tab):
    ada, ben, cleo = lobby(tab, 3)
    for number in range(5):
        ada.send({"message": f"Ada {number}"})
        ben.send({"message": f"Ben {number}"})
    stories = [[listener.receive("chat").get("message") for _ in range(10)] for listener in (ada, ben, cleo)]
    assert stories[0] == stories[1] == stories[2], "Three tabs saw the same ten messages in different orders."


@pytest.mark.check(**EVERYONE, hint="Are errors answered with self.send_json, to the one who made them?")
def test_an_error_is_told_only_to_the_one_who_made_it(tab):
    ada, ben = lobby(tab, 2)
    ada.send("no JSON")
    ada.receive("error")
    ada.send({"message": "now it is right"})
    assert ben.receive("chat").get("message") == "now it is right", ben.story("chat")
    errors = [frame for frame in ben.seen if frame["type"] == "error"]
    assert not errors, f"Ada sent a bad frame, and Ben was told: {errors[0]}"


@pytest.mark.check(**GROUPS, hint="Does disconnect(self, code) call async_to_sync(...group_discard)(...)?")
def test_whoever_leaves_is_taken_out_of_the_group(tab):
    groups = channel_layer().groups  # of InMemoryChannelLayer: {group: {channel: when it joined}}
    ada, ben = lobby(tab, 2)
    ben.send({"message": "I am here"})
    for listener in (ada, ben):  # whoever hears it has joined, though the greeting may come before that
        listener.receive("chat")
    ben.send("no JSON")
    ben.receive("error")
    before = {mailbox for group in groups.values() for mailbox in group}
    assert before, "Two tabs are connected, and no group has anybody in it: group_add was not called."
    ben.close()
    after = {mailbox for group in groups.values() for mailbox in group}
    assert len(before - after) == 1, f"A tab has left, and its mailbox is still in one of the groups {sorted(groups)}."
    ada.send({"message": "anybody there?"})
    ada.receive("chat")


@pytest.mark.check(**EVERYONE, hint="Does every connection join the same group, wherever it comes from?")
def test_a_message_crosses_the_network_to_everyone(server):
    with server.tab() as ada, server.tab() as ben:
        for listener in (ada, ben):
            listener.receive("connection_established")
        ada.send({"message": "hello, Ben"})
        for listener in (ada, ben):
            assert listener.receive("chat").get("message") == "hello, Ben", listener.story("chat")


@pytest.mark.browser
@pytest.mark.check(**(EVERYONE | PAGE), hint='Does the page show every frame of type "chat", whoever sent it?')
def test_what_one_window_sends_the_other_shows(open_page):
    ada, ben = open_page().connect(), open_page().connect()
    ada.say("Hello, Ben!")
    assert ben.shows("Hello, Ben!"), f"Ada's window sent it. Ben's window shows: {ben.log()!r}{ben.console()}"
    ben.say("<i id=slanted>Hello, Ada!</i>")
    assert ada.shows("<i id=slanted>Hello, Ada!</i>"), f"Ada's window should show the letters. It shows: {ada.log()!r}"
    assert not ada.page.locator("#slanted").count(), "Ben's message became a part of Ada's page."


def channel_layer():
    """Return the channel layer, as the consumers see it."""
    from channels.layers import get_channel_layer

    step_log.note("asked for the channel layer of the settings")
    layer = get_channel_layer()
    assert layer is not None, "There is no channel layer: CHANNEL_LAYERS is missing or has no default."
    return layer


def lobby(tab, number: int) -> list:
    """Open so many tabs in the lobby, each of them greeted."""
    tabs = [tab() for _ in range(number)]
    for one in tabs:
        one.receive("connection_established")
    return tabs
