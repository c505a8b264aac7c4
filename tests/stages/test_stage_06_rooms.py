"""Stage 6: a group for each room, who is speaking, and who is here."""

import pytest

from lessons.engine.harness import project, step_log
from lessons.engine.harness.html import elements
from tests.stages.rooms import enter, has_a_socket, new_room, polite, until, who

ROUTE = {"lesson": "06", "section": "Step 1: a socket for each room", "look": "chat/routing.py:ws/"}
PAGES = {"lesson": "06", "section": "Step 2: a page for each room", "look": "mywebsite/urls.py:urlpatterns"}
NAMES = {"lesson": "06", "section": "Step 4: a session for the sockets", "look": 'chat/consumers.py:"session"'}
CHOOSER = {"lesson": "06", "section": "Step 5: choose a name", "look": "chat/views.py:POST"}
ORIGIN = {"lesson": "06", "section": "Step 7: whose page is it?", "look": 'mywebsite/asgi.py:"websocket"'}
PEOPLE = {"lesson": "06", "section": "Step 8: who is here", "look": "chat/consumers.py:def disconnect"}

ROOMS = ("kitchen", "the-other-kitchen", "room-7", "my_room")
ODD_ROOMS = {
    "accents": "Café",
    "a blank": "the kitchen",
    "other letters": "кухня",
    "an emoji": "👋",
    "dots": "a.b..c",
    "a slash": "a/b",
    "markup": "<b id=bold>kitchen</b>",
    "signs": "!$",
    "nothing": "",
    "far too long": "x" * 10_000,
}
ODD_NAMES = {
    "nothing": "",
    "blanks": "  \t ",
    "far too long": "x" * 10_000,
    "an invisible sign": "Ada\x00\x07\u202e",
    "accents and an emoji": "Zoë 👋",
    "markup": "<b id=bold>Ada</b>",
}
FOREIGN_PAGES = {
    "another website": "https://evil.example",
    "a website with a name that begins like ours": "http://localhost.evil.example",
    "a file": "null",
    "no page at all": None,
}
NAME_LIMIT = 200  # characters; a name that is longer fits no list


@pytest.mark.check(**ROUTE, hint="Does the route in chat/routing.py take any room out of the address, ws/<room>/?")
def test_a_room_has_a_socket_that_greets_first(tab):
    for name in ROOMS:
        ada = enter(tab, new_room(name))
        first = ada.receive()
        assert first["type"] == "connection_established", f"The first frame should be the greeting, and is {first}."
        ada.send({"message": "hello"})
        assert ada.receive("chat").get("message") == "hello", ada.story("chat")


@pytest.mark.check(
    **(ROUTE | {"look": "chat/consumers.py:group_add"}),
    hint="Is the group's name made of the room's, in group_add and in group_send?",
)
def test_a_message_stays_in_its_room(tab):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben, cleo, dora = enter(tab, kitchen), enter(tab, kitchen), enter(tab, garden), tab()
    for one in (ada, ben, cleo, dora):
        one.receive("connection_established")
    ada.send({"message": "in the kitchen"})
    for one in (ada, ben):
        assert one.receive("chat").get("message") == "in the kitchen", one.story("chat")
    for one, place in ((cleo, garden), (dora, "lobby")):
        one.send({"message": f"in the {place}"})
        heard = one.receive("chat").get("message")
        assert heard == f"in the {place}", f"What was said in the room {kitchen} was heard in {place}, too: {heard!r}"


@pytest.mark.check(
    **PAGES, hint="Is there a page, or a redirect, for every address below /rooms/, with a link that leads on?"
)
def test_an_odd_address_of_a_room_is_answered_politely(tab, visitor):
    ada = visitor()
    page = ada.get(f"/rooms/{new_room('hall')}/")
    assert page.status == 200 and elements(page.html, role="log"), (
        f"The page of an ordinary room, {page.path}, should be like the lobby's. It came with HTTP {page.status}."
    )
    for kind, room in ODD_ROOMS.items():
        ada.get(f"/rooms/{room}/")
        polite(ada, f"The address of a room ({kind})")
        has_a_socket(tab, ada)


@pytest.mark.check(**CHOOSER, hint="Does the view redirect to the page of the room, /rooms/.../?")
def test_the_chooser_leads_into_the_room(visitor):
    room = new_room("kitchen")
    ada = visitor("Ada", room=room)
    assert ada.page.path == f"/rooms/{room}/", f"Ada chose the room {room}, and came to {ada.page.path}."
    assert elements(ada.page.html, role="log"), f"The page {ada.page.path} has no log: it is not like the lobby's."


@pytest.mark.check(
    **NAMES, hint='Does the consumer take the name out of self.scope["session"], and put it into "chat"?'
)
def test_a_message_bears_the_name_of_whoever_said_it(tab, visitor):
    room = new_room("kitchen")
    ada, ben = (enter(tab, room, visitor(name, room=room)) for name in ("Ada", "Ben"))
    for speaker, name in ((ada, "Ada"), (ben, "Ben")):
        speaker.send({"message": f"I am {name}"})
        for listener in (ada, ben):
            said = listener.receive("chat")
            assert said.get("name") == name, f"{name} said it, and the frame is {said}."


@pytest.mark.check(
    **(NAMES | {"section": "Step 6: lie", "look": "chat/consumers.py:def receive"}),
    hint="What does receive take out of the frame? Anything but the message?",
)
def test_what_a_frame_claims_is_not_believed(tab, visitor):
    room, other = new_room("kitchen"), new_room("vault")
    ada, ben = enter(tab, room, visitor("Ada", room=room)), enter(tab, other, visitor("Ben", room=other))
    ada.send({"message": "let me in", "name": "Root", "user": "Root", "room": other, "group": other})
    said = ada.receive("chat")
    assert said.get("name") == "Ada", f'Ada sent a frame with "name": "Root" in it, and it came back as {said}.'
    ben.send({"message": "all quiet"})
    heard = ben.receive("chat")
    assert heard.get("message") == "all quiet", f"Ada claimed to be in another room, and was heard there: {heard}"


@pytest.mark.check(**NAMES, hint='What does .get("name", ...) give where the session has no name?')
@pytest.mark.parametrize("kind", ["has opened the page", "has never opened the page"])
def test_a_visitor_who_has_chosen_no_name_gets_one(tab, visitor, kind):
    somebody = visitor()
    if kind == "has opened the page":
        somebody.get("/")
    guest = enter(tab, "lobby", somebody)
    guest.send({"message": "hello"})
    name = guest.receive("chat").get("name")
    assert isinstance(name, str) and name.strip(), f"A visitor who {kind} speaks, and the name is {name!r}."


@pytest.mark.check(**CHOOSER, hint="Which answer does your view give here, and does it lead on to a page that works?")
def test_odd_rooms_in_the_chooser_are_answered_politely(tab, visitor):
    ada = visitor()
    for kind, room in ODD_ROOMS.items():
        ada.choose("Ada", room)
        polite(ada, f"The form with an odd room ({kind})")
        has_a_socket(tab, ada)


@pytest.mark.check(
    **(CHOOSER | {"look": "chat/rooms.py:def read_name"}),
    hint="What does your code do with a name of no letters, or of 10,000?",
)
def test_odd_names_in_the_chooser_are_answered_politely(tab, visitor):
    for kind, name in ODD_NAMES.items():
        ada = visitor()
        ada.choose(name, new_room("kitchen"))
        polite(ada, f"The form with an odd name ({kind})")
        guest = enter(tab, "lobby", ada)
        guest.send({"message": "hello"})
        called = guest.receive("chat").get("name")
        assert isinstance(called, str) and called.strip(), f"After an odd name ({kind}) a message has none: {called!r}."
        assert len(called) <= NAME_LIMIT, f"A name of {len(name)} characters was let in. It stands in every message."


@pytest.mark.check(
    **(CHOOSER | {"look": "mywebsite/settings.py:MIDDLEWARE"}),
    hint="Is CsrfViewMiddleware in MIDDLEWARE, and the view without @csrf_exempt?",
)
def test_a_form_without_its_token_is_refused(visitor):
    ada = visitor()
    form = ada.chooser()
    step_log.note("sent the form as another website would, without its hidden field")
    page = ada.post(form, {"name": "Root", "room": "kitchen"})
    assert page.status == 403, f"The form of another website was answered with HTTP {page.status}, not 403."


@pytest.mark.check(**ORIGIN, hint="Who looks at the header Origin before the handshake goes on to the consumer?")
def test_a_page_of_another_website_gets_no_socket(tab):
    for name, origin in FOREIGN_PAGES.items():
        one = tab("/ws/lobby/", application=project.asgi_application(), headers={"origin": origin})
        assert not one.accepted, f"The handshake of {name} (Origin: {origin}) was accepted."
    assert enter(tab, "lobby").accepted


@pytest.mark.check(**ORIGIN, hint="Which hosts may pages come from? Are they those of ALLOWED_HOSTS, and no others?")
def test_the_server_lets_in_its_own_page_and_no_other(server):
    with server.tab("/ws/lobby/") as ada:
        ada.receive("people")
    status = server.handshake("/ws/lobby/", origin="https://evil.example")
    if status != 403:
        raise server.fault(f"A page of https://evil.example asked for a socket. The answer was HTTP {status}, not 403.")


@pytest.mark.check(**PEOPLE, hint="Are all in the room told, each time that somebody comes and each time one leaves?")
def test_the_list_of_people_follows_who_comes_and_goes(tab, visitor):
    room, other = new_room("kitchen"), new_room("garden")
    ada = enter(tab, room, visitor("Ada", room=room))
    assert who(ada) == ["Ada"], f"Ada is alone in a room. Her list: {who(ada)}"
    ben = enter(tab, room, visitor("Ben", room=room))
    cleo = enter(tab, other, visitor("Cleo", room=other))
    until(ada, ["Ada", "Ben"], "Ben has come into the room.")  # without a word from her
    for one in (ada, ben):
        assert who(one) == ["Ada", "Ben"], f"Ada and Ben are in the room, Cleo is in another. The list: {who(one)}"
    assert who(cleo) == ["Cleo"], f"Cleo is alone in her room. Her list: {who(cleo)}"
    ben.close()
    until(ada, ["Ada"], "Ben has left.")
    assert who(ada) == ["Ada"], f"Ben has left, and only Ada is here. Her list: {who(ada)}"


@pytest.mark.check(
    **(PEOPLE | {"look": "chat/people.py"}), hint="Is each mailbox remembered, and not just each name? Who is left?"
)
def test_two_tabs_of_one_person_count_once(tab, visitor):
    room = new_room("kitchen")
    ada, ben = visitor("Ada", room=room), visitor("Ben", room=room)
    watcher = enter(tab, room, ben)
    first, second = enter(tab, room, ada), enter(tab, room, ada)
    second.receive("connection_established")
    both = ["Ada", "Ben"]
    assert who(watcher) == both, f"Ada has two tabs, Ben has one. The list: {who(watcher)}"
    first.close()
    assert who(watcher) == both, f"Ada has closed one of her two tabs. The list: {who(watcher)}"
    assert who(second) == both, f"Ada has closed one of her two tabs. The list that her other one got: {who(second)}"
    second.close()
    assert who(watcher) == ["Ben"], f"Ada has closed both of her tabs. The list: {who(watcher)}"


@pytest.mark.check(**PEOPLE, hint="Does disconnect strike the tab out, and tell the room?")
def test_a_tab_that_crashes_leaves_the_list(server, visitor):
    room = new_room("kitchen")
    ada, ben = (visitor(name, room=room, server=server) for name in ("Ada", "Ben"))
    with server.tab(f"/ws/{room}/", ada.cookies) as here, server.tab(f"/ws/{room}/", ben.cookies) as gone:
        until(here, ["Ada", "Ben"], "Ada and Ben are in the room.")
        gone.vanish()
        until(here, ["Ada"], "Ben's tab has crashed.")


@pytest.mark.check(
    **ROUTE, hint="Does the route fit only what may be in a group's name: short, ASCII letters, digits, - and _?"
)
def test_an_odd_socket_is_refused_with_403_and_no_traceback(server):
    room, before = new_room("kitchen"), len(server.log())
    with server.tab(f"/ws/{room}/") as ada:  # who is refused: that means something only where others are not
        ada.receive("people")  # the last that comes: who leaves earlier leaves a traceback
    for odd in ("caf%C3%A9", "the%20kitchen", "%F0%9F%91%8B", "a%00b", "x" * 10_000):
        status = server.handshake(f"/ws/{odd}/")
        if status != 403:
            raise server.fault(f"The handshake at ws/{odd[:20]}/ was answered with HTTP {status}, not 403.")
    if "Traceback" in server.log()[before:]:
        raise server.fault("There is a traceback in the server's log.")


@pytest.mark.browser
@pytest.mark.check(
    **(CHOOSER | {"look": 'templates/lobby.html:case "chat"'}),
    hint="Does the page open the socket of its own room, and show frame.name beside frame.message, as text?",
)
def test_the_page_leads_into_another_room_and_shows_names(open_page):
    room = new_room("kitchen")
    ada, name = somebody(open_page, room, "<b id=bold>Ada</b>", "Ada")
    assert ada.path() == f"/rooms/{room}/", f"Ada chose the room {room}, and came to {ada.path()}."
    ada.connect().say("anybody here?")
    assert ada.shows("anybody here?"), f"Ada's log does not show her message: {ada.log()!r}{ada.console()}"
    assert ada.shows(name), f"Ada calls herself {name}, and her message should stand beside it. The log: {ada.log()!r}"
    assert not ada.page.locator("#bold").count(), (
        f"The name {name} became a part of the page: whoever has it, programs."
    )
    ben = open_page().connect()
    ada.say("nobody?")
    assert ada.shows("nobody?"), f"Ada's log does not show her second message: {ada.log()!r}{ada.console()}"
    ben.say("in the lobby")
    assert ben.shows("in the lobby"), f"Ben's log does not show his message: {ben.log()!r}{ben.console()}"
    assert "nobody?" not in ben.log(), (
        f"Ada spoke in another room, and the lobby shows it. Her page has opened {ada.socket()}."
    )


@pytest.mark.browser
@pytest.mark.check(
    **(PEOPLE | {"look": 'templates/lobby.html:case "people"'}),
    hint='Is there a case "people" in the page, and does it show frame.names as text?',
)
def test_the_page_shows_who_is_here(open_page):
    room = new_room("kitchen")
    ada = open_page(name="Ada", room=room).connect()
    ben, name = somebody(open_page, room, "<i id=slanted>Ben</i>", "Ben")
    ben.connect()
    assert ada.lists(name), f"{name} has come, and Ada's page does not show it.{ada.console()}"
    assert not ada.page.locator("#slanted").count(), f"The name {name} became a part of Ada's page."
    assert ben.lists("Ada"), f"Ada is here, and the page of {name} does not show it.{ben.console()}"
    ben.leave()
    assert ada.lists(name, there=False), f"{name} has closed the window, and Ada's page still shows the name."


def somebody(open_page, room: str, *names: str):
    """Open a window in a room under the first of these names that the website takes; return both."""
    for name in names:
        window = open_page().choose(name, room)
        if window.path() == f"/rooms/{room}/":
            break
    return window, name
