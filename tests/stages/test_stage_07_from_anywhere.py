"""Stage 7: a letter to one person, and a view and a command that speak to a room."""

import io
from urllib.parse import urljoin

import pytest

from lessons.engine.harness import step_log
from lessons.engine.harness.html import forms
from lessons.engine.harness.tab import NoFrame
from tests.stages.rooms import enter, new_room, numbers, until

WHISPER = {
    "lesson": "07",
    "section": "Step 2: one letter, one mailbox",
    "look": "chat/post.py:def tell_person",
}
FRAME = {"lesson": "07", "section": "Step 1: a mailbox has an address", "look": "chat/consumers.py:def receive"}
CHOICE = {"lesson": "07", "section": "Step 3: to whom?", "look": 'templates/lobby.html:case "private"'}
NAMES = {"lesson": "07", "section": "Step 4: one name, one person", "look": "chat/views.py:def enter"}
USERS = {"lesson": "07", "section": "Step 5: people with a password", "look": "mywebsite/settings.py:INSTALLED_APPS"}
VIEW = {"lesson": "07", "section": "Step 6: a view speaks to the room", "look": "chat/views.py:def announce"}
COMMAND = {
    "lesson": "07",
    "section": "Step 7: a command speaks to the room",
    "look": "chat/management/commands/announce.py:def handle",
}

ODD_RECEIVERS = {
    "a number": 5,
    "a list": ["Ben"],
    "an object": {"name": "Ben"},
    "true": True,
    "far too long": "x" * 10_000,
    "half a character": "\ud83d",
}
ODD_MESSAGES = {"nothing": "", "blanks": " \t ", "far too long": "x" * 100_000}
ODD_ROOMS = {"nothing": "", "signs": "!?", "far too long": "x" * 300}


@pytest.mark.check(
    **(WHISPER | {"look": "chat/consumers.py:def whisper"}),
    hint='Where does "to" come out of the frame, and to whose mailboxes is the letter posted then?',
)
def test_a_private_message_reaches_only_the_one_it_is_for(tab, visitor):
    room = new_room("kitchen")
    ada, ben, cleo = (enter(tab, room, visitor(name, room=room)) for name in ("Ada", "Ben", "Cleo"))
    ben.receive("connection_established")
    ada.send({"message": "psst", "to": "Ben"})
    for who, one in (("Ada has said it", ada), ("It is for Ben", ben)):
        letter = private(one, who)
        assert (letter.get("name"), letter.get("message")) == ("Ada", "psst"), f"{who}, and the tab got {letter}."
    for kind in ("private", "chat"):
        overheard = told(cleo, kind, "psst")
        assert not overheard, f"Ada wrote to Ben alone, and Cleo got {overheard[0]}."
    for who, one in (("Ada", ada), ("Ben", ben)):
        assert len(told(one, "private")) == 1, f"Ada has sent it once, and a tab of {who} got it more often."


@pytest.mark.check(
    **(FRAME | {"look": "chat/people.py:def mailboxes"}),
    hint="Which mailboxes are found: all of that person's, and only those in this room?",
)
def test_a_private_message_comes_to_all_tabs_of_that_person_in_the_room(tab, visitor):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben = (visitor(name, room=kitchen) for name in ("Ada", "Ben"))
    sender, first, second = enter(tab, kitchen, ada), enter(tab, kitchen, ben), enter(tab, kitchen, ben)
    elsewhere = enter(tab, garden, ben)
    for one in (second, elsewhere):
        one.receive("people")
    sender.send({"message": "psst", "to": "Ben"})
    for which, one in (("first", first), ("second", second)):
        letter = private(one, f"This is Ben's {which} tab in the room")
        assert letter.get("message") == "psst", f"Ben's {which} tab got {letter}."
    overheard = told(elsewhere, "private")
    assert not overheard, f"Ada wrote to Ben in {kitchen}, and it came to his tab in {garden}, too: {overheard[0]}"


@pytest.mark.check(**WHISPER, hint="What happens when the list knows no mailbox of that name in this room?")
def test_a_private_message_to_somebody_who_is_not_here_gets_an_error(tab, visitor):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben = (enter(tab, kitchen, visitor(name, room=kitchen)) for name in ("Ada", "Ben"))
    cleo = enter(tab, garden, visitor("Cleo", room=garden))
    cleo.receive("people")
    ben.close()
    until(ada, ["Ada"], "Ben has left.")
    for name in ("Nobody", "Cleo", "Ben"):
        ada.send({"message": f"psst, {name}", "to": name})
        answer = next(frame for frame in iter(ada.receive, None) if frame["type"] in ("error", "chat", "private"))
        assert answer["type"] != "chat", f"Ada wrote to {name}, who is not in her room. It was said to everyone."
        assert answer["type"] == "error", f"Ada wrote to {name}, who is not in her room. The answer was {answer}."
        assert answer.get("message"), f'The error should say in its "message" that {name} is not here.'
    ada.send({"message": "still here"})
    assert ada.receive("chat").get("message") == "still here", ada.story("chat")
    assert not told(cleo, "private"), "Ada wrote to Cleo, who is in another room, and there it came."


@pytest.mark.check(**FRAME, hint='What else than a name may stand in "to", and what does your code do with it?')
def test_an_odd_receiver_gets_an_error_and_the_connection_lives_on(tab, visitor):
    room = new_room("kitchen")
    ada, ben = (enter(tab, room, visitor(name, room=room)) for name in ("Ada", "Ben"))
    for kind, odd in ODD_RECEIVERS.items():
        ada.send({"message": "psst", "to": odd})
        assert ada.receive("error").get("message"), f'In "to" stood something odd ({kind}).'
    ada.send({"message": "psst", "to": "Ben"})
    assert ben.receive("private").get("message") == "psst", ben.story("private")
    overheard = told(ben, "chat", "psst")
    assert not overheard, f'With something odd in "to" it came to everyone: {overheard[0]}'


@pytest.mark.check(**NAMES, hint="Who is asked whether the name is free, before it goes into the session?")
def test_a_name_that_somebody_is_using_is_refused_politely(tab, visitor):
    room, other = new_room("kitchen"), new_room("garden")
    ada, eve = visitor("Ada", room=room), visitor()
    first = enter(tab, room, ada)
    first.receive("people")
    eve.choose("Ada", other)
    assert eve.page.status < 500, f"The choice of a name that is taken was answered with HTTP {eve.page.status}."
    assert eve.leads_on(), f"The page that came (HTTP {eve.page.status}) has no link that leads on."
    stranger = enter(tab, other, eve)
    stranger.send({"message": "who am I?"})
    called = stranger.receive("chat").get("name")
    assert called != "Ada", "Two visitors are called Ada now. To whom goes a letter to Ada?"
    ada.choose("Ada", other)
    assert ada.page.path == f"/rooms/{other}/", f"Ada may keep her name; she was answered HTTP {ada.page.status}."
    first.close()
    eve.choose("Ada", room)
    assert eve.page.path == f"/rooms/{room}/", "Ada has left, and nobody else may take her name."


@pytest.mark.check(**USERS, hint="Which apps, middleware, context processors and route does step 5 list?")
def test_a_superuser_can_log_in_at_the_admin(visitor, database, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    teacher = visitor()
    page = teacher.get("/admin/")
    assert page.status == 200, f"The page at /admin/ was answered with HTTP {page.status}."
    login = [form for form in forms(page.html) if {"username", "password"} <= form.fields.keys()]
    assert login, "The page at /admin/ has no form with the fields username and password."
    database.set_password("teacher", "correct horse")
    page = teacher.post(login[0], {**login[0].fields, "username": "teacher", "password": "correct horse"})
    inside = page.status == 200 and page.path == "/admin/" and not any("password" in f.fields for f in forms(page.html))
    assert inside, f"A superuser with the right password has not come in. Logging in led to {page.path}."


@pytest.mark.check(**VIEW, hint="Does the view post to the group of its room, by async_to_sync(...)(...)?")
def test_staff_announce_to_everyone_in_one_room(tab, visitor):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben, cleo = enter(tab, kitchen), enter(tab, kitchen), enter(tab, garden)
    for one in (ada, ben, cleo):
        one.receive("connection_established")
    page = announce(visitor(user="teacher"), kitchen, "Class starts")
    assert page.status < 400, f"The teacher announced something, and the answer was HTTP {page.status}."
    for one in (ada, ben):
        assert one.receive("announcement").get("message") == "Class starts", one.story("announcement")
    for one in (ada, ben):
        assert len(told(one, "announcement")) == 1, "It was announced once, and came more often."
    assert not told(cleo, "announcement"), f"It was announced in {kitchen}, and heard in {garden}, too."


@pytest.mark.check(**VIEW, hint="Who is asked first of all in the view, and which answer do the others get?")
@pytest.mark.parametrize("kind", ["a guest", "a user who is not staff", "staff without the token"])
def test_nobody_else_may_announce(tab, visitor, kind):
    room = new_room("kitchen")
    listener = enter(tab, room)
    page = announce(visitor(user="teacher"), room, "from the teacher")
    assert page.status < 400, f"The teacher announced something, and the answer was HTTP {page.status}."
    somebody = visitor(user={"a guest": "", "a user who is not staff": "pupil"}.get(kind, "teacher"))
    page = announce(somebody, room, "free beer", token="without" not in kind)
    to_a_login = "token" not in kind and page.path != f"/rooms/{room}/announce/"
    assert page.status == 403 or to_a_login, f"An announcement of {kind} was answered with HTTP {page.status}, not 403."
    heard = told(listener, "announcement", "free beer")
    assert not heard, f"An announcement of {kind} was heard: {heard[0]}"


@pytest.mark.check(
    **(VIEW | {"look": "templates/lobby.html:is_staff"}),
    hint='Is there a form with a field "message" and a token, and does it stand inside of {% if user.is_staff %}?',
)
def test_the_page_offers_the_form_to_staff_alone(tab, visitor):
    room = new_room("kitchen")
    listener, teacher = enter(tab, room), visitor(user="teacher")
    form = form_to_announce(teacher, room)
    assert form, f"The teacher is staff, and /rooms/{room}/ has no form that leads to /rooms/{room}/announce/."
    assert "message" in form.fields, f'The form has no field "message". Its fields: {sorted(form.fields)}'
    page = teacher.post(form, {**form.fields, "message": "from the page"})
    assert page.status < 400, f"The teacher sent the form as it stands on the page, and got HTTP {page.status}."
    assert listener.receive("announcement").get("message") == "from the page", listener.story("announcement")
    for kind, somebody in (("A guest", visitor()), ("A user who is not staff", visitor(user="pupil"))):
        assert not form_to_announce(somebody, room), f"{kind} sees the form, too."


@pytest.mark.check(**VIEW, hint="Which rule of the house says no, and who makes a page of it? And may GET announce?")
def test_an_odd_announcement_is_answered_politely_and_not_heard(tab, visitor):
    room = new_room("kitchen")
    listener, teacher = enter(tab, room), visitor(user="teacher")
    for kind, message in ODD_MESSAGES.items():
        announce(teacher, room, message)
        assert 400 <= teacher.page.status < 500 or teacher.leads_on(), (
            f"An odd announcement ({kind}) was answered with HTTP {teacher.page.status}."
        )
    for odd in ("x" * 60, "x" * 300, "KITCHEN", "_"):
        teacher.get(f"/rooms/{room}/")  # where the token is
        page = teacher.post_to(f"/rooms/{odd}/announce/", {"message": "hello"})
        assert page.status < 500, f"An announcement for an odd room ({odd[:10]}) was answered with HTTP {page.status}."
    teacher.get(f"/rooms/{room}/announce/?message=hello")
    heard = told(listener, "announcement")
    assert not heard, f"Nothing of that should be announced, and a tab heard {str(heard[0])[:100]}."
    announce(teacher, room, "at last")
    assert listener.receive("announcement").get("message") == "at last", listener.story("announcement")


@pytest.mark.check(**COMMAND, hint="Does handle() post to the group of the room, by async_to_sync(...)(...)?")
def test_a_command_speaks_to_a_room(tab, loop):
    kitchen, garden = new_room("kitchen"), new_room("garden")
    ada, ben, cleo = enter(tab, kitchen), enter(tab, kitchen), enter(tab, garden)
    command(loop, kitchen, "Class starts")
    for one in (ada, ben):
        assert one.receive("announcement").get("message") == "Class starts", one.story("announcement")
    assert not told(cleo, "announcement"), f"It was announced in {kitchen}, and heard in {garden}, too."


@pytest.mark.check(**COMMAND, hint="Which exception makes of a message a plain sentence in the terminal?")
def test_the_command_refuses_odd_input_in_words(tab, loop):
    from django.core.management import CommandError

    room = new_room("kitchen")
    listener = enter(tab, room)
    command(loop, room, "at first")
    listener.receive("announcement")
    odd = [(room, message) for message in ODD_MESSAGES.values()] + [(odd, "hello") for odd in ODD_ROOMS.values()]
    for where, what in odd:
        case = f"announce {where[:10]!r} {what[:10]!r}"
        try:
            command(loop, where, what)
        except CommandError as refusal:
            assert str(refusal).strip(), f"The command {case} was refused without a word."
            assert refusal.returncode, f"The command {case} was refused, and ends with the exit code 0."
        else:
            raise AssertionError(f"The command {case} has not refused this.")
    heard = told(listener, "announcement")[1:]
    assert not heard, f"The command has refused something, and a tab heard {heard[0]}."


@pytest.mark.check(**VIEW, hint="Does the view run in the server, and post to the group that the tabs have joined?")
def test_an_announcement_crosses_the_network(server, visitor):
    room = new_room("kitchen")
    with server.tab(f"/ws/{room}/") as listener:
        listener.receive("connection_established")
        page = announce(visitor(user="teacher", server=server), room, "Class starts")
        if page.status >= 400:
            raise server.fault(f"The teacher announced something, and the server answered with HTTP {page.status}.")
        assert listener.receive("announcement").get("message") == "Class starts", listener.story("announcement")


@pytest.mark.browser
@pytest.mark.check(**CHOICE, hint="Is there a select with everyone who is here, and is what is chosen sent along?")
def test_the_page_whispers_to_the_one_who_was_chosen(open_page):
    room, secret = new_room("kitchen"), "<i id=slanted>psst</i>"
    ada, ben, cleo = (open_page(name=name, room=room).connect() for name in ("Ann", "Bob", "Cy"))
    ada.whisper("Bob", secret)
    for who, page in (("Bob", ben), ("Ann, who wrote it,", ada)):
        assert page.shows(secret), f"Ann wrote to Bob alone. {who} should see it: {page.log()!r}{page.console()}"
        assert not page.page.locator("#slanted").count(), "The message became a part of the page."
    ben.leave()
    assert ada.lists("Bob", there=False), f"Bob has left, and Ann's page still lists him.{ada.console()}"
    ada.say("and another secret")  # the choice is as she left it
    cleo.say("anybody here?")
    assert ada.shows("anybody here?"), f"Cy said it to everyone. Ann's page shows: {ada.log()!r}{ada.console()}"
    assert "secret" not in cleo.log(), "Bob had been chosen, and has left. Ann's next message went to everyone."
    assert "psst" not in cleo.log(), f"Ann wrote to Bob alone, and Cy's page shows it: {cleo.log()!r}"


@pytest.mark.browser
@pytest.mark.check(
    **(VIEW | {"look": 'templates/lobby.html:case "announcement"'}),
    hint='Is there a case "announcement" in the page, and does it show frame.message as text?',
)
def test_the_page_shows_an_announcement(open_page, server, visitor):
    text = "<b id=bold>Class starts</b>"
    ada = open_page().connect()
    announce(visitor(user="teacher", server=server), "lobby", text)
    assert ada.shows(text), f"It was announced in the lobby, and the page shows: {ada.log()!r}{ada.console()}"
    assert not ada.page.locator("#bold").count(), "The announcement became a part of the page."


def private(tab, story: str) -> dict:
    """Return the next private message that a tab gets; `story` says whose tab it is, for when none comes."""
    try:
        return tab.receive("private")
    except NoFrame as error:
        error.args = (f"Ada has written to Ben. {story}. {error}",)
        raise


def told(tab, kind: str, text: str = "") -> list[dict]:
    """Return the frames of a type (with this message) that have come up to now."""
    word = f"word {next(numbers)}"
    tab.send({"message": word})
    while tab.receive("chat").get("message") != word:
        pass
    return [frame for frame in tab.seen if frame["type"] == kind and text in ("", frame.get("message"))]


def announce(visitor, room: str, message: str, token: bool = True):
    """Announce something as the page of the room would; return the page that comes."""
    visitor.get(f"/rooms/{room}/")
    return visitor.post_to(f"/rooms/{room}/announce/", {"message": message}, token)


def form_to_announce(visitor, room: str):
    """Return the form of the room's page that leads to its announcements, if there is one."""
    page = visitor.get(f"/rooms/{room}/")
    leads_to = {urljoin(page.path, form.attributes.get("action", "")): form for form in forms(page.html)}
    return leads_to.get(f"/rooms/{room}/announce/")


def command(loop, room: str, message: str) -> None:
    """Do what `python manage.py announce ROOM MESSAGE` does, in this process."""
    from django.core.management import call_command, get_commands

    step_log.note(f"called the command announce {room[:20]!r} {step_log.shortened(message)}")
    assert "announce" in get_commands(), "manage.py knows no command announce."
    loop.call(call_command, "announce", room, message, stdout=io.StringIO())
