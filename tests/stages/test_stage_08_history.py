"""Stage 8: what was said is kept, in order. Whoever comes back gets what was missed, and nothing comes twice."""

import json
from contextlib import ExitStack

import pytest

from lessons.engine.harness import project, step_log
from lessons.engine.harness.resilient_client import ResilientClient
from lessons.engine.harness.server import Server
from tests.stages import migrations
from tests.stages.rooms import enter, new_room

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own, on some systems

TABLE = {"lesson": "08", "section": "Step 1: a table for the messages", "look": "chat/models.py:class "}
NUMBER = {"lesson": "08", "section": "Step 1: a table for the messages", "look": "chat/history.py:seq"}
LAST = {"lesson": "08", "section": "Step 3: the last fifty", "look": "chat/history.py:order_by"}
AT_ONCE = {"lesson": "08", "section": "Step 4: two at once", "look": "chat/history.py:def add"}
SINCE = {"lesson": "08", "section": "Step 5: what was missed", "look": "chat/history.py:since"}
KEPT = {"lesson": "08", "section": "Step 1: a table for the messages", "look": "chat/consumers.py:def say"}
ASK = {"lesson": "08", "section": "Step 5: what was missed", "look": "chat/consumers.py:since"}
COME_BACK = {"lesson": "08", "section": "Step 6: a page that comes back", "look": "templates/lobby.html:close"}
ONCE = {"lesson": "08", "section": "Step 7: send it again, have it once", "look": "chat/history.py:client_id"}

ODD_ADDRESSES = {
    "nothing": "since=",
    "a word": "since=two",
    "below zero": "since=-1",
    "half a number": "since=1.5",
    "not even a digit": "since=%C2%B2",
    "odd bytes": "since=%ff%00&%zz;;=",
    "a number of 5,000 digits": "since=" + "9" * 5_000,
}
ODD_QUESTIONS = {
    "a word": "two",
    "nothing": None,
    "half a number": 1.5,
    "a list": [1],
    "below zero": -(10**30),
    "far beyond the end": 10**30,
}
ODD_IDS = {
    "nothing": None,
    "a number": 5,
    "a list": ["7c9e"],
    "far too long": "x" * 10_000,
    "half a character": "\ud83d",
    "a zero": "7c\0e",
}


@pytest.fixture(scope="module")
def mortal(server):
    """Another server, to be killed, and started again on the same port with the same database."""
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def second(mortal):
    """A second process beside it, with the same database. It writes there, and cannot tell the first one of it."""
    with Server(beside=mortal) as running:
        yield running


@pytest.mark.check(**TABLE, hint="Have you run python manage.py makemigrations chat since the model was changed?")
def test_the_migrations_fit_the_models():
    step_log.note("asked Django what makemigrations would write")
    assert migrations.students_models(), "No app of yours has a model, so there is no table for the messages."
    assert not migrations.missing(), f"No migration makes the tables as the models are: {migrations.missing()}."


@pytest.mark.guards("Lesson 0 sets the zone. From here on times are kept, and the admin shows them.")
@pytest.mark.check(
    lesson="00",
    section="Step 1: the project",
    look="mywebsite/settings.py:TIME_ZONE",
    hint='Is there a line such as TIME_ZONE = "UTC"?',
)
def test_times_are_shown_in_a_zone_that_the_settings_name():
    from django.conf import settings

    named = settings.is_overridden("TIME_ZONE")
    assert named, "The settings name no TIME_ZONE, so the admin and the log show the time of Chicago: Django's default."


@pytest.mark.check(**NUMBER, hint="Where does the number of a message come from, and which messages does it count?")
def test_the_messages_of_each_room_are_numbered_without_gaps(tab):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben, cleo = enter(tab, kitchen), enter(tab, kitchen), enter(tab, garden)
    said = say(ada, "one", "two") + say(ben, "three")
    ada.send({"message": ""})
    ada.receive("error")
    said += say(ada, "four")
    numbers = [frame.get("seq") for frame in said]
    assert numbers == [1, 2, 3, 4], f'The first four messages of a room should have the "seq" 1 to 4. It was {numbers}.'
    elsewhere = say(cleo, "hello")[0].get("seq")
    assert elsewhere == 1, f"The first message of another room should be its number 1, and is {elsewhere}."
    heard = [frame.get("seq") for frame in ben.seen if frame["type"] == "chat"]
    assert heard[:3] == [1, 2, 3], f"Two tabs are in the room. One said the numbers 1 to 3, the other heard {heard}."


@pytest.mark.check(
    **LAST, hint='Which end of the table are the fifty taken from, and in which order? Do they come as "history"?'
)
def test_whoever_joins_gets_the_last_fifty_in_order(tab):
    room = new_room("kitchen")
    speakers = [enter(tab, room, None) for _ in range(3)]
    texts = [f"message {number}" for number in range(1, 54)]
    for number, text in enumerate(texts):
        say(speakers[number % 3], text)
    late = enter(tab, room)
    first = late.receive()
    assert first["type"] == "connection_established", f"The first frame should be the greeting, and is {first}."
    got = history(late)
    heard = [one.get("message") for one in got]
    assert heard == texts[-50:], (
        f"53 messages were said. Whoever joins should get message 4 to 53, in order: {summary(heard)}."
    )
    assert [one.get("seq") for one in got] == list(range(4, 54)), f"They should have their numbers: {got[0]}"
    old = [frame for frame in late.seen if frame["type"] == "chat"]
    assert not old, f'What is old should come as "history", and not as "chat": {old[0]}'


@pytest.mark.check(**SINCE, hint="What does the table give for seq greater than the number, and in which order?")
def test_whoever_comes_back_gets_exactly_what_was_missed(tab):
    room = new_room("kitchen")
    speakers = [enter(tab, room) for _ in range(3)]
    for number in range(1, 61):
        say(speakers[number % 3], f"message {number}")
    for since in (0, 3, 57, 60, 99):
        got = [one.get("seq") for one in history(come_back(tab, room, f"since={since}"))]
        due = list(range(since + 1, 61))
        assert got == due, (
            f"There are 60 messages. Whoever has seen {since} should get {summary(due)}, and got {summary(got)}."
        )


@pytest.mark.check(**ASK, hint="What may stand behind ?since= that int() does not like, or the database?")
def test_an_odd_since_in_the_address_does_no_harm(tab):
    room = new_room("kitchen")
    say(enter(tab, room), "hello")
    for kind, query in ODD_ADDRESSES.items():
        ada = come_back(tab, room, query)
        history(ada, f"In the address stood something odd ({kind}).")
        say(ada, f"after {kind}")


@pytest.mark.check(**ASK, hint='What does receive do with {"since": 41}?')
def test_a_page_may_ask_at_any_time_for_what_it_has_missed(tab):
    room = new_room("kitchen")
    ada = enter(tab, room)
    say(ada, "one", "two", "three")
    known = len(history(ada))
    ada.send({"since": 1})
    got = [one.get("message") for one in history(ada)[known:]]
    assert got == ["two", "three"], f'There are three messages. Asked {{"since": 1}}, the server should send two: {got}'
    for odd in ODD_QUESTIONS.values():
        ada.send({"since": odd})
    ada.send({"message": "and still here", "since": 2})
    while ada.receive("chat").get("message") != "and still here":
        pass


@pytest.mark.check(
    **(LAST | {"look": "chat/consumers.py:def receive"}), hint="Which messages go into the table, and which do not?"
)
def test_whispers_and_announcements_are_in_no_history(tab, visitor):
    room = new_room("kitchen")
    ada, teacher = enter(tab, room, visitor("Ada", room=room)), visitor(user="teacher")
    say(ada, "for all")
    ada.send({"message": "psst", "to": "Ada"})
    ada.receive("private")
    teacher.get(f"/rooms/{room}/")
    teacher.post_to(f"/rooms/{room}/announce/", {"message": "Class starts"})
    ada.receive("announcement")
    kept = [one.get("message") for one in history(enter(tab, room))]
    assert kept == ["for all"], f"One message was for all, one was whispered, one announced. The history has: {kept}"


@pytest.mark.check(**ONCE, hint="Who looks whether a message of this room, name and client_id is there already?")
def test_the_same_client_id_is_the_same_message(tab, visitor):
    room = new_room("kitchen")
    ada = visitor("Ada", room=room)
    first = enter(tab, room, ada)
    first.send({"message": "once", "client_id": "7c9e"})
    number = of_id(first, "7c9e")
    again = enter(tab, room, ada)
    for one in (first, again):
        one.send({"message": "once", "client_id": "7c9e"})
        assert of_id(one, "7c9e") == number, "A message was sent again, and has come back with another number."
    kept = [one.get("message") for one in history(enter(tab, room))]
    assert kept == ["once"], f"The same message was sent three times, with the same client_id. The history has: {kept}"
    following = say(first, "the next")[0]["seq"]
    assert following == number + 1, f"Message {number} was sent three times. The next one has the number {following}."


@pytest.mark.check(**ONCE, hint="Whose client_id is it? And is no client_id a mark, too?")
def test_other_people_and_no_client_id_are_other_messages(tab, visitor):
    room = new_room("kitchen")
    ada, ben = (enter(tab, room, visitor(name, room=room)) for name in ("Ada", "Ben"))
    for one, name in ((ada, "Ada"), (ben, "Ben")):
        one.send({"message": f"I am {name}", "client_id": "7c9e"})
        one.receive("chat")
    say(ada, "ping", "ping")
    for _ in range(2):
        ada.send({"message": "ping", "client_id": ""})
    say(ada, "done")
    kept = [one.get("message") for one in history(come_back(tab, room, "since=0"))]
    due = ["I am Ada", "I am Ben", "ping", "ping"]
    assert kept[:4] == due, f"These are four messages, {due}, and the history has {kept}."
    assert kept[4:-1] in ([], ["ping"] * 2), f'Two more had the client_id "". Of these the history has {kept[4:-1]}.'


@pytest.mark.check(
    **(ONCE | {"look": "chat/consumers.py:error"}), hint='Does the frame of type "error" carry the client_id?'
)
def test_a_refused_message_is_told_with_its_client_id(tab, visitor):
    room = new_room("kitchen")
    ada = enter(tab, room, visitor("Ada", room=room))
    refused = ({"message": " "}, {"message": "x" * 100_000}, {"message": "psst", "to": "Nobody"})
    for number, frame in enumerate(refused):
        ada.send({**frame, "client_id": f"id-{number}"})
        error = ada.receive("error")
        told = error.get("client_id")
        assert told == f"id-{number}", f'A message with the client_id "id-{number}" was refused with {error}.'
    for odd in ODD_IDS.values():
        ada.send({"message": "hello", "client_id": odd})
    ada.send({"message": "at last", "client_id": "good"})
    of_id(ada, "good")


@pytest.mark.check(**KEPT, hint="Is a message written down before anybody is told of it?")
def test_nothing_is_lost_and_nothing_doubled_when_the_server_is_killed(mortal):
    room = new_room("kitchen")
    with ResilientClient(mortal.address, room) as ada, ResilientClient(mortal.address, room) as ben:
        for one in (ada, ben):
            has_history(one)
        due = [f"{name} {number}" for number in range(20) for name in ("Ada", "Ben")]
        for text in due[:20]:
            (ada if "Ada" in text else ben).say(text)
        heard_by(ada, 8)
        mortal.kill()
        for text in due[20:]:
            (ada if "Ada" in text else ben).say(text)
        mortal.start()
        for one in (ada, ben):
            heard_by(one, len(due))
        assert sorted(ada.texts) == sorted(due), f"40 messages were sent, and these were heard: {summary(ada.texts)}."
        assert ada.texts == ben.texts, "Two tabs have all messages, and in different orders."
        for name in ("Ada", "Ben"):
            own = [text for text in ada.texts if name in text]
            assert own == [text for text in due if name in text], f"{name}'s messages are not in order: {own}"


@pytest.mark.check(**AT_ONCE, hint="Are looking up the number and writing one transaction, and is it IMMEDIATE?")
def test_two_processes_that_write_at_once_leave_no_gap(mortal, second):
    room, texts = new_room("kitchen"), []
    with ExitStack() as stack:
        tabs = [stack.enter_context(one.tab(f"/ws/{room}/")) for _ in range(5) for one in (mortal, second)]
        for one in tabs:
            one.receive("connection_established")
        for turn in range(10):
            for number, one in enumerate(tabs):
                texts.append(f"tab {number}, message {turn}")
                one.send({"message": texts[-1]})
        step_log.note("wrote 50 messages in each of two server processes, at once")
        for number, one in enumerate(tabs):  # whose consumer has broken is told so
            while one.receive("chat").get("message") != f"tab {number}, message 9":
                pass
        reader = stack.enter_context(mortal.tab(f"/ws/{room}/?since=0"))
        kept = history(reader)
    numbers = [one.get("seq") for one in kept]
    assert sorted(one.get("message") for one in kept) == sorted(texts), (
        f"Two processes wrote 50 messages each, and {len(set(texts) & {one.get('message') for one in kept})} are there."
    )
    assert numbers == list(range(1, 101)), f"100 messages should have the numbers 1 to 100: {summary(numbers)}."


@pytest.mark.browser
@pytest.mark.check(
    **COME_BACK, hint='What does the page do at "close", what does it send along, and what is kept in waiting?'
)
def test_the_page_comes_back_with_what_was_missed_and_what_was_typed(open_page, mortal, second):
    room = new_room("kitchen")
    ada = open_page(mortal, name="Una", room=room).connect()
    connected = ada.status()
    ada.say("said before")
    assert ada.shows("said before"), f"The log does not show the message. It shows: {ada.log()!r}{ada.console()}"
    with ResilientClient(second.address, room, beat=0.2) as ben:
        ben.wait(lambda: "said before" in ben.texts, "What was said did not come into the table.")
        mortal.kill()
        try:
            assert ada.status_leaves(connected), f'The server is gone, and the page still says "{ada.status()}".'
            ada.say("typed meanwhile")
            ben.say("said meanwhile")
            ben.wait(lambda: "said meanwhile" in ben.texts)
        finally:
            mortal.start()
    ada.be_patient(30)
    assert ada.shows("said meanwhile"), (
        f"The server is back, and the page has not come back with what was missed. Its status: {ada.status()!r}."
        f" Its log: {ada.log()!r}{ada.console()}"
    )
    with ResilientClient(mortal.address, room) as ben:
        ben.wait(lambda: "typed meanwhile" in ben.texts, "What was typed in the meantime did not come.", 10)
        assert ben.texts.count("typed meanwhile") == 1, f"It was typed once, and everyone has: {ben.texts}"
    log = ada.log()
    for text in ("said before", "said meanwhile", "typed meanwhile"):
        assert log.count(text) == 1, f"{text!r} should stand in the log once. The log: {log!r}"
    assert log.index("before") < log.index("said meanwhile") < log.index("typed meanwhile"), f"Not in order: {log!r}"


@pytest.mark.browser
@pytest.mark.check(
    **(COME_BACK | {"look": 'templates/lobby.html:case "chat"'}),
    hint="How does the page see that a number is missing, and what does it send then?",
)
def test_the_page_notices_a_gap_and_fills_it(open_page, mortal, second):
    room = new_room("kitchen")
    ada = open_page(mortal, name="Vera", room=room).connect()
    with mortal.tab(f"/ws/{room}/") as ben, second.tab(f"/ws/{room}/") as cleo:
        ben.receive("connection_established")
        say(ben, "the first")
        say(cleo, "nobody was told")
        say(ben, "the third")
    assert ada.shows("the third"), f"The log does not show the message. It shows: {ada.log()!r}{ada.console()}"
    assert ada.shows("nobody was told"), (
        "Three messages were written, the second one by another process, which could tell nobody here."
        f" The log: {ada.log()!r}{ada.console()}"
    )
    log = ada.log()
    places = [log.index(text) for text in ("the first", "nobody was told", "the third")]
    assert places == sorted(places), f"The three messages are not in order: {log!r}"
    assert all(log.count(text) == 1 for text in ("the first", "the third")), f"Something stands there twice: {log!r}"


@pytest.mark.browser
@pytest.mark.check(
    **(ONCE | {"look": 'templates/lobby.html:case "error"'}),
    hint="What becomes of the text of a message that was refused?",
)
def test_a_refused_message_is_not_lost_for_whoever_typed_it(open_page):
    room = new_room("kitchen")
    ada, ben = (open_page(name=name, room=room).connect() for name in ("Wanda", "Xaver"))
    ada.whisper("Xaver", "to be heard")
    assert ben.shows("to be heard"), f"Wanda wrote to Xaver, and his page shows: {ben.log()!r}{ben.console()}"
    ben.leave()
    assert ada.lists("Xaver", there=False), f"Xaver has left, and Wanda's page still lists him.{ada.console()}"
    ada.say("a long letter")
    kept = ada.keeps("a long letter")
    assert kept, f"Xaver has left, the message was refused, and its text is gone. The log: {ada.log()!r}{ada.console()}"


@pytest.mark.browser
@pytest.mark.check(
    **(LAST | {"look": "templates/lobby.html:scrollIntoView"}), hint="Is the reader at the end when a message comes?"
)
def test_whoever_reads_further_up_is_left_there(open_page, server):
    room = new_room("kitchen")
    ada = open_page(name="Yvonne", room=room).connect()
    with server.tab(f"/ws/{room}/") as ben:
        ben.receive("connection_established")
        for turn in range(4):
            say(ben, *(f"message {turn * 10 + number}" for number in range(10)))
        assert ada.shows("message 39"), f"The log does not show the last message: {ada.log()!r}{ada.console()}"
        ada.read_at_the_top()
        say(ben, "news")
    assert ada.shows("news"), f"The log does not show a new message.{ada.console()}"
    pixels = ada.moved_down()
    assert pixels < 50, f"Somebody was reading at the top of the log, and a new message moved it by {pixels} pixels."


def say(tab, *texts: str) -> list[dict]:
    """Say each text; return the frames with which they came back."""
    came_back = []
    for text in texts:
        tab.send({"message": text})
        while (frame := tab.receive("chat")).get("message") != text:
            pass
        came_back.append(frame)
    return came_back


def come_back(tab, room: str, query: str):
    """Open a tab in a room with something behind the question mark."""
    one = tab(f"/ws/{room}/?{query}", application=project.asgi_application())
    assert one.accepted, f"The handshake at ws/{room}/?{query[:20]} was refused."
    first = one.receive()
    assert first["type"] == "connection_established", f"The first frame should be the greeting, and is {first}."
    return one


def history(tab, story: str = "") -> list[dict]:
    """Return the messages of all history frames that have come up to now."""
    tab.send("no JSON")
    tab.receive("error")
    frames = [frame for frame in tab.seen if frame["type"] == "history"]
    assert frames, f'{story} A tab at {tab.path[1:60]} has not got a frame of type "history".'.strip()
    for frame in frames:
        messages = frame.get("messages")
        right = isinstance(messages, list) and all(isinstance(one, dict) for one in messages)
        assert right, f'A frame of type "history" should have a list "messages" of objects: {json.dumps(frame)[:200]}'
    return [one for frame in frames for one in frame["messages"]]


def of_id(tab, client_id: str) -> int:
    """Wait for the message with this client_id to come back, and return its number."""
    while (frame := tab.receive("chat")).get("client_id") != client_id:
        pass
    return frame.get("seq")


def has_history(one: ResilientClient) -> None:
    one.wait(lambda: one.seen is not None, 'A tab has not got a frame of type "history".', 10)


def heard_by(one: ResilientClient, number: int) -> None:
    one.wait(
        lambda: len(one.messages) >= number,
        f"Of {number} messages this one did not get all. The last number that it saw: {one.seen}.",
    )


def summary(things: list) -> str:
    """Return a list as it is, its middle left out if it is long."""
    shown = [str(thing) for thing in things]
    return ", ".join(shown if len(shown) < 8 else [*shown[:3], "...", *shown[-3:]]) or "nothing"
