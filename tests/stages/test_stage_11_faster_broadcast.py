"""Stage 11: a broadcast passes the consumers' thread by. It is no slower for being right: the order stays."""

import asyncio
import queue
import sqlite3
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from lessons.engine.harness import project, step_log
from lessons.engine.harness.asgi_tab import AsgiTab
from lessons.engine.harness.server import Server
from tests.stages.rooms import enter, names_in, new_room, until

PAST = {"lesson": "11", "section": "Step 3: past the thread", "look": "chat/base.py:def dispatch"}
ONCE = {"lesson": "11", "section": "Step 4: encoded once", "look": "chat/consumers.py:def say"}
WHO = {"lesson": "11", "section": "Step 5: who is here, looked up once", "look": "chat/post.py:def show_people"}
LAYER = {
    "lesson": "11",
    "section": "Step 6: a layer that looks less often",
    "look": "mywebsite/settings.py:InMemoryChannelLayer",
}
THROUGH = "Which method of the consumer does this letter call, and in which thread does that run?"
FEW, MANY, CROWD = 2, 8, 40  # tabs that listen
MAILBOX = 100  # letters, which the layer keeps for one consumer


class Patient(Server):
    """A server that waits for its database as long as a check on a slow machine takes, and not 20 seconds."""

    def copy_website(self) -> None:
        super().copy_website()
        with (self.place / "mywebsite" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write('\nDATABASES["default"].setdefault("OPTIONS", {})["timeout"] = 600\n')


@pytest.fixture
def patient(own_database):
    with Patient() as server:
        yield server


@pytest.mark.process
@pytest.mark.check(**PAST, hint=THROUGH)
def test_a_broadcast_arrives_everywhere_while_another_consumers_handler_blocks(patient, visitor):
    server = patient
    room, elsewhere = new_room("kitchen"), new_room("garden")
    teacher = visitor(user="teacher", server=server)
    teacher.get(f"/rooms/{room}/")
    texts = [f"announcement {number}" for number in range(MAILBOX + 10)]
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener(server, room)) for _ in range(3)]
        ben = stack.enter_context(listener(server, elsewhere))
        with blocked(server, ben, teacher):
            announce(teacher, room, texts[0])
            heard = [[one.receive("announcement")["message"]] for one in listeners]
            for text in texts[1:]:
                announce(teacher, room, text)
            for one, story in zip(listeners, heard, strict=True):
                story += [one.receive("announcement")["message"] for _ in texts[1:]]
        ben.receive("chat")
    for story in heard:
        assert story == texts, f"While a handler blocked, {len(texts)} announcements were made. One tab heard: {story}"


@pytest.mark.check(**ONCE, hint=THROUGH)
@pytest.mark.parametrize("what", ["a message", "an announcement"])
def test_a_broadcast_is_no_trip_to_the_thread_for_each_tab(tab, visitor, trips, what):
    def tell(ada) -> None:
        room = ada.path.split("/")[2]
        teacher.get(f"/rooms/{room}/")
        announce(teacher, room, "Class starts")

    teacher = visitor(user="teacher")
    happen, kind = (tell, "announcement") if "announcement" in what else (lambda ada: say(ada, "hello"), "chat")
    few, many = (trips.of(happen, in_room(tab, size), kind) for size in (FEW, MANY))
    assert many <= few, so_many(few, many, what)


@pytest.mark.check(**WHO, hint=THROUGH)
def test_who_comes_and_goes_is_no_trip_to_the_thread_for_each_tab(tab, visitor, trips):
    ben = visitor("Ben", room=new_room("kitchen"))
    few, many = (trips.of(come_and_go(tab, ben), in_room(tab, size), "people", 2) for size in (FEW, MANY))
    assert many <= few, so_many(few, many, "somebody who comes and goes")


@pytest.mark.check(**WHO, hint="Who asks the database for the names: whoever comes, or each tab that is told?")
def test_who_is_here_is_looked_up_once_and_not_for_each_tab(tab, visitor, queries):
    ben = visitor("Ben", room=new_room("kitchen"))
    few, many = (queries.of(come_and_go(tab, ben), in_room(tab, size), "people", 2) for size in (FEW, MANY))
    assert many <= few, (
        f"Somebody came and went. With {FEW + 1} tabs in the room the database was asked {few} times,"
        f" with {MANY + 1} tabs {many} times."
    )


@pytest.mark.check(**LAYER, hint="What does the layer look through whenever a letter is fetched?")
def test_whoever_fetches_a_letter_does_not_look_through_all_mailboxes(tab, looks):
    few, many = (looks.of(lambda ada: say(ada, "hello"), in_room(tab, size)) / (size + 1) for size in (FEW, CROWD))
    assert many <= 2 * few, (
        f"One message was said, with {FEW + 1} tabs in the room, and with {CROWD + 1}. For each of the letters,"
        f" {few:.0f} looks into a mailbox were needed, and then {many:.0f}."
    )


@pytest.mark.check(**PAST, hint="Is each letter done with before the next one is fetched?")
def test_letters_of_all_kinds_come_in_the_order_in_which_they_were_posted(tab, visitor, loop):
    def meanwhile() -> None:
        announce(teacher, room, "Class starts")
        cleo.receive("announcement")

    room, teacher = new_room("kitchen"), visitor(user="teacher")
    ada, cleo = enter(tab, room, visitor("Ada", room=room)), enter(tab, room)
    teacher.get(f"/rooms/{room}/")
    ben = SlowTab(loop, f"/ws/{room}/", visitor("Ben", room=room).cookies, '"private"', meanwhile)
    try:
        ben.connect()
        until(ada, ["Ada", "Ben", "Guest"], "Ben has come.")
        ada.send({"message": "psst", "to": "Ben"})
        heard = []
        while len(heard) < 2:
            heard += [kind for kind in [ben.receive()["type"]] if kind in ("private", "announcement")]
    finally:
        ben.abandon()
    assert heard == ["private", "announcement"], (
        f"While a whisper was on its way to Ben, something was announced. What he got first: {' and '.join(heard)}."
    )


@pytest.mark.check(**PAST, hint="Can a letter be handed on before connect() has come to its end?")
def test_no_broadcast_overtakes_the_greeting_and_the_history(tab, visitor, loop):
    def meanwhile() -> None:
        announce(teacher, room, "Class starts")
        ada.receive("announcement")

    room, teacher = new_room("kitchen"), visitor(user="teacher")
    ada = enter(tab, room)
    say(ada, "hello")
    teacher.get(f"/rooms/{room}/")
    late = SlowTab(loop, f"/ws/{room}/", "", '"connection_established"', meanwhile)
    try:
        late.connect()
        kinds = []
        while "announcement" not in kinds or "history" not in kinds:
            kinds.append(late.receive()["type"])
    finally:
        late.abandon()
    assert kinds[:2] == ["connection_established", "history"], (
        f"An announcement came while a tab was connecting. It got first {kinds[0]}, and then {kinds[1]}."
    )


@pytest.mark.guards("what lesson 10 promises of a tab that was hung up on")
@pytest.mark.check(**PAST, hint="What may still be sent to a browser after a close?")
def test_no_broadcast_follows_a_goodbye(tab):
    room = new_room("kitchen")
    ada, ben = enter(tab, room), enter(tab, room)
    ben.send({"message": "x" * 200_000})
    while (event := ben.next_event())["type"] != "websocket.close":
        pass
    say(ada, "hello")
    say(ada, "again")  # when this has come, all of the first one has
    later = []
    with suppress(queue.Empty):
        while event := ben.events.get_nowait():
            later.append(event)
    assert not later, f"The server hung up on a tab, and then sent it {later[0]}."


@pytest.mark.guards("what lesson 10 promises of a consumer that breaks")
@pytest.mark.check(**PAST, hint="What becomes of an exception in dispatch, and who else is told?")
def test_a_browser_that_cannot_be_reached_harms_nobody_else(tab, visitor, loop):
    room = new_room("kitchen")
    ada = enter(tab, room, visitor("Ada", room=room))
    ben = GoneTab(loop, f"/ws/{room}/", visitor("Ben", room=room).cookies)
    try:
        ben.connect()
        until(ada, ["Ada", "Ben"], "Ben has come.")
        read_all(ben)
        ben.gone = True
        say(ada, "hello")
        until(ada, ["Ada"], "Nothing can be sent to Ben's browser any more.")
        say(ada, "still here")
    finally:
        ben.abandon()


class SlowTab(AsgiTab):
    """A tab that takes its time over the first event with a certain word in it. Meanwhile something else happens."""

    def __init__(self, loop, path: str, cookies: str, word: str, meanwhile) -> None:
        self.word, self.meanwhile = word, meanwhile
        super().__init__(loop, project.asgi_application(), path, cookies)

    async def from_server(self, event: dict) -> None:
        if self.meanwhile and self.word in f"{event['type']} {event.get('text')}":
            meanwhile, self.meanwhile = self.meanwhile, None
            await apart(meanwhile)
        await super().from_server(event)


class GoneTab(AsgiTab):
    """A tab to which nothing can be sent as soon as it is `gone`: some servers say so by an exception."""

    gone = False

    def __init__(self, loop, path: str, cookies: str) -> None:
        super().__init__(loop, project.asgi_application(), path, cookies)

    async def from_server(self, event: dict) -> None:
        if self.gone:
            raise OSError("The connection is gone.")
        await super().from_server(event)


async def apart(function) -> object:
    """Call a function as a server calls a view: in a thread that is not the consumers'."""
    from asgiref.sync import ThreadSensitiveContext, sync_to_async
    from django.db import connections

    def work() -> object:
        try:
            return function()
        finally:
            connections.close_all()

    async with ThreadSensitiveContext():
        return await sync_to_async(work)()


class Counter:
    """Counts something while `of` lets it happen; what happens is over when everybody has heard of it."""

    number = 0

    def of(self, happen, tabs: list, kind: str = "chat", frames: int = 1) -> int:
        self.number = 0
        happen(tabs[0])
        for one in tabs[1:]:
            for _ in range(frames):
                one.receive(kind)
        return self.number


@pytest.fixture
def trips(monkeypatch):
    """Count how often something is sent to a thread, by whomever."""
    from asgiref.sync import SyncToAsync

    counter, handler = Counter(), SyncToAsync.thread_handler

    def counting(self, *args, **kwargs):
        counter.number += 1
        return handler(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "thread_handler", counting)
    return counter


@pytest.fixture
def looks(monkeypatch):
    """Count how often somebody asks whether a queue is empty, such as the mailboxes of the layer in memory."""
    counter, empty = Counter(), asyncio.Queue.empty

    def counting(self):
        counter.number += 1
        return empty(self)

    monkeypatch.setattr(asyncio.Queue, "empty", counting)
    return counter


@pytest.fixture
def queries(loop, database):
    """Count how often the database is asked, in the thread of the consumers."""
    from django.db import connection

    counter = Counter()

    def counting(execute, *args):
        counter.number += 1
        return execute(*args)

    loop.call(lambda: connection.execute_wrappers.append(counting))  # the connection of that thread
    yield counter
    loop.call(lambda: connection.execute_wrappers.remove(counting))


def in_room(tab, listeners: int) -> list:
    """Open a tab that acts, and so many that listen, in a room of their own; all have read what came at first."""
    room = new_room("kitchen")
    tabs = [enter(tab, room) for _ in range(1 + listeners)]
    for one in tabs:
        read_all(one)
    return tabs


def read_all(one) -> None:
    """Read what is on its way: the answer to something odd comes after it."""
    one.send({})
    one.receive("error")


def come_and_go(tab, ben):
    """Return what Ben does: come into the room of a tab, and leave it."""

    def act(ada) -> None:
        own = enter(tab, ada.path.split("/")[2], ben)
        listed(ada, True)
        own.close()
        listed(ada, False)

    return act


def listed(ada, there: bool) -> None:
    """Read what comes, until Ben is on the list, or is not."""
    while ("Ben" in names_in(ada.receive("people"))) != there:
        pass


def say(ada, text: str) -> None:
    ada.send({"message": text})
    while ada.receive("chat").get("message") != text:
        pass


def announce(teacher, room: str, text: str) -> None:
    """Announce something from the page of the room, which stays open."""
    opened = teacher.page
    page = teacher.post_to(f"/rooms/{room}/announce/", {"message": text})
    assert page.status < 400, f"The teacher announced something, and the answer was HTTP {page.status}."
    teacher.page = opened


@contextmanager
def listener(server, room: str):
    """Open a tab in a room of a real server, and wait until it is in."""
    with server.tab(f"/ws/{room}/") as one:
        one.receive("people")
        yield one


@contextmanager
def blocked(server, ben, teacher):
    """Let the handler of one tab block: it wants to write a message, and somebody else has the database."""
    with closing(sqlite3.connect(server.place / server.database.students, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        step_log.note("took the database, so that nobody else can write")
        ben.send({"message": "this has to wait"})
        teacher.get(teacher.page.path)  # whoever has answered this has had the frame before
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            step_log.note("gave the database back")


def so_many(few: int, many: int, what: str) -> str:
    return (
        f"With {FEW + 1} tabs in the room, {what} was {few} trips to a thread, with {MANY + 1} tabs {many} trips."
        " A broadcast should need none for each tab."
    )
