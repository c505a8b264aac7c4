"""Stage 2: a consumer that speaks first, answers, and outlives what is thrown at it."""

import pytest

ODD_FRAMES = {
    "no JSON": "hello",
    "nothing at all": "",
    "half an object": '{"message": "hel',
    "a list": "[1, 2]",
    "a bare text": '"hello"',
    "null": "null",
    "not a number": "NaN",
    "no message": '{"text": "hello"}',
    "a message that is a number": '{"message": 5}',
    "a message that is a list": '{"message": ["hello"]}',
    "an empty message": '{"message": ""}',
    "a message of blanks": '{"message": "  \\n "}',
    "a message far too long": '{"message": "' + "x" * 100_000 + '"}',
    "a number of 10,000 digits": '{"message": ' + "9" * 10_000 + "}",
    "100,000 brackets": "[" * 100_000,
    "a binary frame": b"\x00\xff",
}


@pytest.mark.check(
    lesson="02",
    section="Step 1: greet",
    look="chat/consumers.py:def connect",
    hint='Does connect() call self.accept(), and then send the greeting, {"type": "connection_established", ...}?',
)
def test_a_tab_is_greeted_before_it_says_a_word(tab):
    ada = tab()
    assert ada.accepted, "The consumer did not accept the connection."
    first = ada.receive()
    assert first["type"] == "connection_established", f"The first frame should be the greeting, and is {first}."
    assert first.get("message"), f'The greeting should have a "message", and is {first}.'


@pytest.mark.check(
    lesson="02",
    section="Step 2: answer",
    look="chat/consumers.py:def receive",
    hint='Does receive(self, text_data=None, bytes_data=None) send {"type": "chat", "message": ...}?',
)
@pytest.mark.parametrize(
    "text", ["hello", "Grüße, 你好 👋", "<b>not bold</b> & so on"], ids=["hello", "letters", "markup"]
)
def test_what_a_tab_says_comes_back_as_it_was_said(tab, text):
    ada = tab()
    ada.send({"message": text})
    assert ada.receive("chat").get("message") == text, f'The tab sent {{"message": {text!r}}}. {ada.story("chat")}'


@pytest.mark.check(
    lesson="02",
    section="Step 2: answer",
    look="chat/consumers.py:def receive",
    hint="Does the consumer stay, ready for the next frame, after it has answered one?",
)
def test_one_connection_carries_many_messages(tab):
    ada = tab()
    for number in range(5):
        ada.send({"message": f"message {number}"})
    heard = [ada.receive("chat").get("message") for _ in range(5)]
    greetings = [frame for frame in ada.seen if frame["type"] == "connection_established"]
    assert len(greetings) == 1, f"A tab should be greeted once. It was greeted {len(greetings)} times."
    assert heard == [f"message {number}" for number in range(5)], f"The tab sent message 0 to 4 and heard {heard}."


@pytest.mark.check(
    lesson="02",
    section="Step 3: break it, then mend it",
    look="chat/consumers.py:def receive",
    hint='What does your code do with this frame, line by line? Where could it answer {"type": "error", ...}?',
)
@pytest.mark.parametrize("kind", ODD_FRAMES)
def test_an_odd_frame_gets_an_error_and_the_connection_lives_on(tab, kind):
    ada = tab()
    ada.send(ODD_FRAMES[kind])
    assert ada.receive("error").get("message"), 'The error frame should say in its "message" what was wrong.'
    ada.send({"message": "still there?"})
    assert ada.receive("chat").get("message") == "still there?", ada.story("chat")


@pytest.mark.check(
    lesson="02",
    section="Step 2: answer",
    look="chat/consumers.py:def receive",
    hint="Is what you send made of the message alone, and not of whatever else the browser has put beside it?",
)
def test_what_else_a_frame_says_changes_nothing(tab):
    ada = tab()
    ada.send({"type": "nonsense", "message": "hello"})
    assert ada.receive("chat").get("message") == "hello", ada.story("chat")
    ada.send({"message": "hello again"})
    ada.receive("chat")
    errors = [frame for frame in ada.seen if frame["type"] == "error"]
    assert not errors, f"The message was answered, and called an error too: {errors[0]}"


@pytest.mark.check(
    lesson="02",
    section="If it does not work",
    look="chat/consumers.py:def disconnect",
    hint="If you have a method disconnect: is it def disconnect(self, code)?",
)
def test_a_tab_can_leave_without_a_crash(tab):
    ada = tab()
    ada.receive("connection_established")
    ada.close()
