"""Stage 9: two server processes, one chat. What is shared lies outside of them, and what breaks comes right again."""

import socket
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from importlib.util import find_spec

import pytest

from lessons.engine.harness import forked, project, step_log
from lessons.engine.harness.redis import GET_IT, is_stand_in
from lessons.engine.harness.resilient_client import ResilientClient
from lessons.engine.harness.server import STARTUP, Server
from lessons.engine.harness.tab import NoFrame
from tests import faults
from tests.stages import rooms
from tests.stages.rooms import names_in, new_room, until

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own, on some systems

OFFICE = {"lesson": "09", "section": "Step 2: one post office for all", "look": "mywebsite/settings.py:CHANNEL_LAYERS"}
TABLE = {"lesson": "09", "section": "Step 3: who is here, in a table", "look": "chat/people.py:def names"}
HEART = {"lesson": "09", "section": "Step 4: a heartbeat", "look": "chat/heartbeat.py:def run"}
TIDY = {"lesson": "09", "section": "Step 5: a consumer that breaks", "look": "chat/base.py:__call__"}
JOIN = {"lesson": "09", "section": "Step 6: the page asks now and then", "look": "chat/consumers.py:since"}
BEAT = {"lesson": "09", "section": "Step 6: the page asks now and then", "look": "templates/lobby.html:setInterval"}

PATIENCE = 10.0  # seconds: three processes write into one file
FORGET = 15.0  # seconds in which a killed process has to be forgotten; the lesson's takes 8 at most
HEAL = 30.0  # seconds in which everything has to be right again
POST = """
import django
django.setup()
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
layer = get_channel_layer()
async_to_sync(layer.group_send)("room-lobby", {"type": "chat.announcement", "message": "hello"})
print("in memory" if isinstance(layer, InMemoryChannelLayer) else type(layer).__name__)
"""


@pytest.fixture(scope="module")
def alone(server):
    """A second process of the website, with the same database and no Redis."""
    with Server(beside=server) as running:
        yield running


@pytest.fixture(scope="module")
def three(own_database, redis):
    """Three processes of the website, with one Redis and one database."""
    first = Server(redis_url=redis.url)
    first.copy_website()
    servers = [first, *(Server(beside=first, redis_url=redis.url) for _ in range(2))]
    with ExitStack() as stack:
        with ThreadPoolExecutor() as pool:  # all at once: it is mostly imports
            starts = [pool.submit(one.start) for one in servers]
        for one in servers:
            stack.callback(one.stop)
            stack.callback(one.kill)
        for start in starts:
            start.result()
        yield servers


@pytest.fixture
def pair(three):
    """Two of them."""
    return three[:2]


@pytest.fixture(scope="module")
def killed(three):
    """A tab in a room, with one of another process that was killed. Begun early, as a dead process is noticed late."""
    room, problem = new_room("kitchen"), None
    with ExitStack() as stack:
        guest = enter(stack, three[0], room)
        kim = enter(stack, three[2], room, "Kim")
        try:
            until(guest, ["Guest", "Kim"], "Two tabs are in a room, each at another process.")
        except NoFrame as error:
            problem = error  # for the check to tell
        kim.vanish()
        three[2].kill()
        yield guest, room, problem


@pytest.mark.process
@pytest.mark.check(**OFFICE, hint="Which layer do the settings name where CHANNEL_REDIS_URL is set, and which hosts?")
def test_the_environment_says_where_the_post_office_is():
    if not find_spec("channels_redis"):
        pytest.skip("There is no channels_redis in this Python. To get it: make setup")
    without = post("")
    assert not without.returncode, f"Without CHANNEL_REDIS_URL, a letter was posted: {last_line(without.stderr)}"
    layer = last_line(without.stdout)
    assert layer == "in memory", f"CHANNEL_REDIS_URL is not set, and yet the post office is outside: a {layer}."
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        step_log.note(f"set CHANNEL_REDIS_URL={url.replace(url.split(':')[2], '.../0')}, and posted a letter")
        with ThreadPoolExecutor() as pool:
            posting = pool.submit(post, url)
            reached = asked(listener, posting)
        said = last_line(posting.result().stderr)
    assert reached, f"CHANNEL_REDIS_URL names a Redis, a letter was posted, and nobody came to that Redis. {said}"


@pytest.mark.check(**OFFICE, hint="Which layer do the settings name where CHANNEL_REDIS_URL is set, and which hosts?")
def test_two_processes_are_one_room_with_redis_and_two_without(server, alone, pair):
    without, with_redis = hears_the_other(server, alone), hears_the_other(*pair)
    assert with_redis, "Two processes have one Redis. Ada says something at one, and Ben, at the other, hears nothing."
    assert not without, "Without Redis two processes should not know of each other. Who has carried the message?"


@pytest.mark.check(
    **(OFFICE | {"look": "chat/management/commands/announce.py:tell_room"}), hint="Does the command post by tell_room?"
)
def test_the_command_is_heard_by_everyone(pair):
    room = new_room("kitchen")
    with ExitStack() as stack:
        tabs = [enter(stack, one, room) for one in pair]
        done = pair[0].manage("announce", room, "Class starts")
        assert not done.returncode, f"The command ended with: {last_line(done.stderr)}"
        for one in tabs:
            heard = one.receive("announcement")
            assert heard.get("message") == "Class starts", f'"Class starts" was announced, and heard was: {heard}'


@pytest.mark.check(**TABLE, hint="Where is the list kept, and can every process look there?")
def test_the_list_of_people_is_one_for_all_processes(pair, killed):
    room = new_room("kitchen")
    with ExitStack() as stack:
        ada = enter(stack, pair[0], room, "Ada")
        until(ada, ["Ada"], "Ada has entered.")
        with ExitStack() as bens:
            ben = enter(bens, pair[1], room, "Ben")
            for one in (ada, ben):
                until(one, ["Ada", "Ben"], "Ada has entered at one process, and Ben at another.")
            twice = enter(bens, pair[0], room, "Ben", cookies=ben.cookies)
            until(twice, ["Ada", "Ben"], "Ben has opened a second tab, at Ada's process.")
            twice.socket.close()
            with ExitStack() as cleos:
                cleo = enter(cleos, pair[0], room, "Cleo")
                for one in (cleo, ada):
                    sees(one, ["Ada", "Ben", "Cleo"], "One of Ben's two tabs has left, and Cleo has come.")
                said(cleo, "Cleo goes")  # no letter may come to somebody who is just leaving: this is the last one
            for one in (ada, ben):
                sees(one, ["Ada", "Ben"], "Cleo has left.")
            said(ben, "Ben goes")
        sees(ada, ["Ada"], "Ben has left.")


@pytest.mark.check(**(TABLE | {"look": "chat/people.py:def mailboxes"}), hint="Where does the post look up mailboxes?")
def test_a_private_message_reaches_another_process(pair):
    room = new_room("kitchen")
    with ExitStack() as stack:
        ella, finn, gina = (enter(stack, pair[n], room, name) for n, name in ((0, "Ella"), (1, "Finn"), (0, "Gina")))
        finn.send({"message": "psst", "to": "Ella"})
        for one in (finn, ella):
            heard = one.receive("private")
            assert heard.get("message") == "psst", f'"psst" was whispered, and heard was: {heard}'
        ella.send({"message": "aloud"})
        gina.receive("chat")
        heard = [frame for frame in gina.seen if frame["type"] == "private"]
        assert not heard, f"Finn whispered to Ella. Gina, at Ella's process, got {heard}."


@pytest.mark.check(**(TABLE | {"look": "chat/people.py:def is_anywhere"}), hint="Who is asked whether a name is taken?")
def test_a_name_is_taken_in_all_processes(pair, visitor):
    with ExitStack() as stack:
        enter(stack, pair[0], new_room("kitchen"), "Mia")
        page = visitor(server=pair[1]).choose("Mia", new_room("garden"))
    assert page.status == 400, (
        f"Mia is in a room at one process. Somebody else chose her name at the other: HTTP {page.status}, and not 400."
    )


@pytest.mark.long
@pytest.mark.check(**HEART, hint="Who notices that a process is dead, who takes its tabs off, and who tells the rooms?")
def test_a_killed_process_is_forgotten_within_seconds(killed, three, visitor):
    guest, room, problem = killed
    if problem:
        raise problem
    guest.patience = FORGET
    until(guest, ["Guest"], "Kim's process was killed. A tab at another one has said nothing since.")
    with ExitStack() as stack:
        leo = enter(stack, three[1], room, "Leo")
        until(leo, ["Guest", "Leo"], "Kim's process was killed, and a guest has been here all the time.")
        leo.send({"message": "psst", "to": "Kim"})
        leo.receive("error")


@pytest.mark.check(**JOIN, hint='What does receive do with {"since": 41}, beside sending the history?')
def test_whoever_was_forgotten_joins_again_by_asking(pair, redis):
    room = new_room("kitchen")
    with ExitStack() as stack:
        hanna, ivo = enter(stack, pair[0], room, "Hanna"), enter(stack, pair[1], room, "Ivo")
        with ExitStack() as jules:
            jule = enter(jules, pair[1], room, "Jule")
            until(hanna, ["Hanna", "Ivo", "Jule"], "Three have entered, at two processes.")
            seq = said(hanna, "before")
            hears(jule, "before", "Hanna has said something, and Jule hears nothing.")
            redis.command("flushall")
        lena = enter(stack, pair[1], room, "Lena")
        until(lena, ["Hanna", "Ivo", "Lena"], "Jule has left.")
        said(lena, "missed")
        for one in (hanna, ivo):
            one.send({"since": seq})
            missed = [message.get("message") for message in one.receive("history").get("messages", [])]
            assert missed == ["missed"], f'Redis has forgotten everything. Asked {{"since": {seq}}}, came {missed}.'
        said(lena, "after")
        for one in (hanna, ivo):
            hears(one, "after", "Redis had forgotten the groups. A tab has asked, and it is still deaf.")
            told = [names_in(frame) for frame in one.seen if frame["type"] == "people"][-1]
            assert told == ["Hanna", "Ivo", "Lena"], (
                f"Redis had forgotten everything, Jule left, Lena came. A tab has asked, and still believes: {told}"
            )


@pytest.mark.check(**TIDY, hint="Who takes a tab off the list when its consumer has ended by an exception?")
def test_a_consumer_that_breaks_says_goodbye(pair, redis):
    room = new_room("kitchen")
    with ExitStack() as stack:
        olli, pia = (enter(stack, one, room, name) for one, name in zip(pair, ("Olli", "Pia"), strict=True))
        until(olli, ["Olli", "Pia"], "Olli has entered at one process, and Pia at another.")
        redis.kill()
        try:
            for one in (olli, pia):
                wait_for_the_end(one)
        finally:
            redis.start()
        nora = enter(stack, pair[0], room, "Nora")
        until(nora, ["Nora"], "Redis was killed, and with it Olli's consumer and Pia's. Redis is back, they are not.")


@pytest.mark.check(**TIDY, hint="Is a CancelledError an Exception?")
def test_a_consumer_that_is_cancelled_says_goodbye(tab, visitor):
    room = new_room("kitchen")
    ada, rosa = (rooms.enter(tab, room, visitor(name, room=room)) for name in ("Ada", "Rosa"))
    until(ada, ["Ada", "Rosa"], "Ada and Rosa have entered.")
    rooms.who(rosa)  # she says something, and so all that was under way has come
    rosa.cancel()
    until(ada, ["Ada"], "Rosa's page has gone, and Daphne has cancelled her consumer.")


@pytest.mark.browser
@pytest.mark.check(**BEAT, hint="What does the page send now and then, without a reason?")
def test_the_page_asks_by_itself_now_and_then(open_page, server, alone):
    room = new_room("kitchen")
    window = open_page(server)
    window.stop_the_clock()
    ada = window.choose("Zoe", room).connect()
    with server.tab(f"/ws/{room}/") as ben:
        ben.receive("connection_established")
        said(ben, "heard by all")
    assert ada.shows("heard by all"), f"The log does not show a message. It shows: {ada.log()!r}{ada.console()}"
    with alone.tab(f"/ws/{room}/") as cleo:
        cleo.receive("connection_established")
        said(cleo, "the last word")
    step_log.note("another process wrote a message, and could tell nobody; half a minute went by")
    for _ in range(3):
        ada.page.clock.fast_forward(10_500)
    assert ada.shows("the last word"), (
        "The last message of a room was dropped on its way. Half a minute later the page has not asked for it."
        f" Its log: {ada.log()!r}{ada.console()}"
    )


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.check(**BEAT, hint="What does the page do when its socket closes? (Lesson 8, step 6.)")
def test_the_page_says_so_and_comes_back_when_redis_is_killed(open_page, pair, redis):
    room = new_room("kitchen")
    ada = open_page(pair[0]).choose("Zara", room).connect()
    connected = ada.status()
    redis.kill()
    try:
        ada.say("typed meanwhile")
        assert ada.status_leaves(connected), f'Redis is gone, and the page still says "{ada.status()}".{ada.console()}'
    finally:
        redis.start()
    ada.be_patient(HEAL)
    with ResilientClient(pair[1].address, room, beat=2) as ben:
        ben.wait(lambda: "typed meanwhile" in ben.texts, "What was typed in the meantime did not come.")
        ben.say("said by another process")
        assert ada.shows("said by another process"), (
            f"Redis is back, and the page does not hear the other process. Its status: {ada.status()!r}."
            f" Its log: {ada.log()!r}{ada.console()}"
        )
    assert ada.log().count("typed meanwhile") == 1, f"It was typed once, and the log shows: {ada.log()!r}"


@pytest.mark.long
@pytest.mark.check(**OFFICE, hint="Is it redis<8, as in requirements-redis.txt? And how long does a group last?")
def test_a_silent_room_stays_connected(pair):
    room = new_room("kitchen")
    with ExitStack() as stack:
        ada, ben = (enter(stack, one, room) for one in pair)
        assert quiet((ada, ben), 12), "Nobody said anything for 12 seconds, and the server closed the connection."
        said(ada, "still here")
        hears(ben, "still here", "Nobody said anything for 12 seconds. Then somebody did.")


@pytest.mark.long
@pytest.mark.check(**JOIN, hint="Is everything written down before anybody is told, and who asks when nobody is told?")
def test_nothing_is_lost_and_all_comes_right_whatever_happens_to_redis(pair, redis):
    if is_stand_in():
        pytest.skip(f"This takes a real Redis. {GET_IT}")
    with ExitStack() as stack:
        two = faults.ServerPair(stack, *pair, new_room("kitchen"))
        for fault in faults.FAULTS:
            seconds = two.suffer(redis, fault)
            assert not list(two.faults()), f"{fault.__doc__}, and {next(two.faults())}."
            assert seconds < HEAL, f"{fault.__doc__}. It took {seconds:.0f} s until everything was right again."


def enter(stack: ExitStack, server: Server, room: str, name: str = "", cookies: str = ""):
    """Open a tab over the network, as somebody with a name or as a guest; it stays open until the stack ends."""
    from lessons.engine.harness.visitor import OverNetwork, Visitor

    if name and not cookies:
        visitor = Visitor(OverNetwork(server.address))
        page = visitor.choose(name, room)
        assert page.status == 200, f"{name} entered the room {room}, and the answer was HTTP {page.status}."
        cookies = visitor.cookies
    one = stack.enter_context(server.tab(f"/ws/{room}/", cookies))
    one.patience = PATIENCE
    one.receive("history")
    return one


def sees(one, names: list[str], story: str) -> None:
    """Wait until the list that a tab was told last is right, if it is not: a process that is late counts as dead."""
    told = [names_in(frame) for frame in one.seen if frame["type"] == "people"]
    if told[-1:] != [names]:
        until(one, names, story)


def said(one, text: str) -> int:
    """Say something and wait until it has come back; return its number."""
    one.send({"message": text})
    while (frame := one.receive("chat")).get("message") != text:
        pass
    return frame["seq"]


def hears(one, text: str, story: str) -> None:
    """Wait until a tab hears a message."""
    try:
        while one.receive("chat").get("message") != text:
            pass
    except NoFrame as error:
        raise NoFrame(f"{story}\n{error}") from None


def hears_the_other(first: Server, second: Server) -> bool:
    """Tell whether Ben, at the second server, hears what Ada says at the first, before what is said at his own."""
    room = new_room("kitchen")
    with ExitStack() as stack:
        ada, ben = enter(stack, first, room), enter(stack, second, room)
        said(ada, "from the first process")
        said(ben, "from the second process")
        return "from the first process" in [frame.get("message") for frame in ben.seen if frame["type"] == "chat"]


def wait_for_the_end(one) -> None:
    """Read until the server has closed the connection."""
    from websockets.exceptions import ConnectionClosed

    with suppress(ConnectionClosed, TimeoutError):
        one.send({"message": "into the void"})
        while True:
            one.socket.recv(timeout=HEAL)
    assert one.socket.close_code, "Redis was killed, and a tab was not told: its connection is still open."


def quiet(tabs, seconds: float) -> bool:
    """Wait so long, or until a connection is closed; tell whether all are still open."""
    from websockets.exceptions import ConnectionClosed

    end = time.monotonic() + seconds
    for one in tabs:
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                one.socket.recv(timeout=max(0, end - time.monotonic()))
    return all(one.socket.close_code is None for one in tabs)


def post(url: str) -> subprocess.CompletedProcess:
    """Post a letter from a process of its own, with this Redis in its environment, or with none."""
    environ = {**project.own_environ(), "DJANGO_SETTINGS_MODULE": "mywebsite.settings"}
    environ |= {"CHANNEL_REDIS_URL": url} if url else {}
    return forked.run(["-c", POST], project.ROOT, environ, STARTUP)


def asked(listener: socket.socket, posting: Future) -> bool:
    """Tell whether somebody comes and speaks as one does to Redis, while a letter is being posted; hang up."""
    listener.settimeout(0.1)  # until the next look at the one who is posting
    with listener:  # nobody may try again
        over = False
        while not over:
            over = posting.done()
            with suppress(TimeoutError):
                wire, _ = listener.accept()
                with wire:
                    wire.settimeout(HEAL)
                    return wire.recv(100).startswith(b"*")
    return False


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""
