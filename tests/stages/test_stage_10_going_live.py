"""Stage 10: who may come in, how much is too much, what a page may do, and the website as it goes live."""

import functools
import re
import subprocess
import threading
import time
from contextlib import ExitStack

import pytest

from lessons.engine.harness import forked, project, step_log
from lessons.engine.harness.html import elements, forms
from lessons.engine.harness.live import NAME, Live, MissingProgram, Website, look_for_programs
from lessons.engine.harness.machine import needs_every_program
from lessons.engine.harness.page import BUTTON
from lessons.engine.harness.resilient_client import ResilientClient
from lessons.engine.harness.server import STARTUP, Server
from lessons.engine.harness.tab import NoFrame
from tests.stages import migrations
from tests.stages.rooms import enter, names_in, new_room

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own, on some systems

ORIGIN = {"lesson": "10", "section": "Step 1: whose page is it?", "look": "mywebsite/asgi.py:\"websocket\""}
MEMBERS = {"lesson": "10", "section": "Step 2: members and guests", "look": "chat/members.py:def name_of"}
ROOMS = {"lesson": "10", "section": "Step 3: a room for members", "look": "chat/consumers.py:def refusal"}
LOGOUT = {"lesson": "10", "section": "Step 4: a logout is a logout", "look": "chat/consumers.py:def check_login"}
LIMITS = {"lesson": "10", "section": "Step 5: how much is too much", "look": "chat/consumers.py:def receive"}
POLICY = {"lesson": "10", "section": "Step 6: a page without a script in it", "look": "mywebsite/settings.py:CONTENT"}
ENVIRONMENT = {
    "lesson": "10",
    "section": "Step 7: settings from the environment",
    "look": "mywebsite/settings.py:DEBUG",
}
HEALTH = {"lesson": "10", "section": "Step 8: is it well?", "look": "chat/views.py:def health"}
PLACE = {"lesson": "10", "section": "Step 9: the real place", "look": "mywebsite/settings.py:BEHIND_PROXY"}

KEY = "a key of the checks, long enough, and without any meaning whatsoever"
UNFIT = {
    "DJANGO_SECRET_KEY": ["", "short", "a" * 60],
    "DJANGO_ALLOWED_HOSTS": ["", "*", f"{NAME} *"],
    "DJANGO_ORIGINS": ["", "*", NAME, f"https://{NAME}/", f"https://{NAME} {NAME}"],
}
SECRET = "a secret that belongs into no log"


@pytest.fixture(scope="module")
def live(server):
    """One Daphne as on a real server, with no nginx in front."""
    with Live(CHAT_BURST="10", CHAT_RATE="0") as running:  # nothing fills the bucket, on a slow machine neither
        yield running


class Hasty(Server):
    """A server that lets few frames through at once."""

    def environ(self) -> dict[str, str]:
        return {**super().environ(), "CHAT_BURST": "10", "CHAT_RATE": "20"}


@pytest.fixture(scope="module")
def hasty(server):
    """Another server, to be killed; somebody logs out there, and nowhere else."""
    with Hasty() as running:
        yield running


@pytest.fixture(scope="module")
def whole_website(server):
    """Start the whole of it, once: `whole_website()`. Where something is not installed the check says NOT CHECKED.

    In CI that is a failure.
    """
    try:
        look_for_programs()
    except MissingProgram as error:
        if needs_every_program():
            pytest.fail(f"CI must have nginx. {error}", pytrace=False)
        pytest.skip(str(error))
    with ExitStack() as stack:
        yield functools.cache(lambda: stack.enter_context(Website()))


# Step 1


@pytest.mark.check(**ORIGIN, hint="Are whole origins compared, or only the names of hosts?")
def test_another_port_and_another_scheme_are_another_origin(live):
    origins = [f"http://{NAME}", f"https://{NAME}:8443", f"https://www.{NAME}", f"https://{NAME}.evil.example"]
    for origin in origins:
        status = live.shake_hands(origin)
        assert status == 403, (
            f"DJANGO_ORIGINS is https://{NAME}, and a page of {origin} was answered with HTTP {status}."
        )
    status = live.shake_hands(f"https://{NAME}")
    if status != 101:
        raise live.fault(f"DJANGO_ORIGINS is https://{NAME}, and a page of just that origin got HTTP {status}.")


# Step 2


@pytest.mark.check(**MEMBERS, hint="Which routes lead to Django's own views for that, and where do they lead on?")
def test_members_log_in_and_out_by_forms_of_ours(visitor, database, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    database.set_password("pupil", "correct horse")
    somebody = visitor()
    page = somebody.get("/login/")
    form = next((form for form in forms(page.html) if {"username", "password"} <= form.fields.keys()), None)
    assert form, f"The page at /login/ (HTTP {page.status}) has no form with the fields username and password."
    page = somebody.post(form, {**form.fields, "username": "pupil", "password": "wrong"})
    assert page.status < 500 and page.path == "/login/", f"A wrong password led to {page.path}, HTTP {page.status}."
    page = somebody.post(form, {**form.fields, "username": "pupil", "password": "correct horse"})
    assert page.status == 200 and page.path == "/", f"The right password led to {page.path}, HTTP {page.status}."
    assert "pupil" in page.html, "The lobby's page does not say who has logged in."
    log_out(somebody)
    assert somebody.page.path == "/", f"Logging out led to {somebody.page.path}."
    assert "pupil" not in somebody.page.html, "pupil has logged out, and the page still has that name."


@pytest.mark.check(**MEMBERS, hint="Whose name does the consumer take: the user's, or the one in the session?")
def test_a_member_is_called_by_the_username(tab, visitor):
    room = new_room("kitchen")
    ada = visitor("Ada", room=room)
    pupil = visitor(user="pupil")
    member, guest = enter(tab, room, pupil), enter(tab, room, ada)
    assert member.receive("connection_established").get("name") == "pupil", f'The greeting has no "name": {member.seen}'
    guest.receive("people")
    for one, name in ((member, "pupil"), (guest, "Ada")):
        one.send({"message": f"who am I? {name}"})
        called = heard(one, f"who am I? {name}")[-1].get("name")
        assert called == name, f"{name} said something, and it came back as said by {called!r}."


@pytest.mark.check(
    **(MEMBERS | {"look": "chat/members.py:def is_taken"}),
    hint="Who asks whether a member has this name, large or small?",
)
def test_no_guest_takes_the_name_of_a_member(tab, visitor):
    room = new_room("kitchen")
    for name in ("pupil", "PUPIL", "Pupil", "\uff50\uff55\uff50\uff49\uff4c"):  # the last one in wide letters
        eve = visitor()
        eve.choose(name, room)
        assert eve.page.status < 500, f"The choice of a member's name was answered with HTTP {eve.page.status}."
        stranger = enter(tab, room, eve)
        stranger.send({"message": "hello"})
        called = stranger.receive("chat").get("name")
        assert called.casefold() not in ("pupil", name), f"pupil is a member, and a guest is called {called!r} now."
    late = visitor()
    assert late.choose("Pupila", room).path == f"/rooms/{room}/", "No member is called Pupila, and no guest may be."


# Step 3


@pytest.mark.check(**ROOMS, hint="Who is asked before the page is shown, and who before the tab joins?")
def test_a_room_for_members_is_closed_to_guests(tab, visitor, settings):
    settings.CHAT_GUESTS_EVERYWHERE = False
    room = new_room("kitchen")
    guest, member = visitor(), visitor(user="pupil")
    page = guest.get(f"/rooms/{room}/")
    assert not elements(page.html, role="log"), "A guest got the page of the room."
    assert page.path == "/login/", f"A guest asked for the room, and was led to {page.path}, HTTP {page.status}."
    stranger = enter(tab, room, guest)
    code = end_of(stranger, "A guest opened a socket in a room for members.")
    assert 4000 <= code < 5000, f"A guest was sent out of the room with the code {code}: nobody knows why."
    heard = [frame["type"] for frame in stranger.seen if frame["type"] != "connection_established"]
    assert not heard, f"A guest was sent out of the room, and heard this before: {heard}"
    inside = enter(tab, room, member)
    assert names_in(inside.receive("people")) == ["pupil"], (
        f"The list has somebody who may not enter: {inside.seen[-1]}"
    )
    lobby = enter(tab, "lobby", guest)
    lobby.send({"message": "hello"})
    assert lobby.receive("chat").get("message") == "hello", "Guests may always be in the lobby."


# Step 4


@pytest.mark.check(**LOGOUT, hint="Who posts a letter to all tabs of a login, and what do they do with it?")
def test_a_logout_closes_the_sockets_of_that_login(tab, visitor, database):
    room, other = new_room("kitchen"), new_room("garden")
    pupil, teacher = visitor(user="pupil"), visitor(user="teacher")
    mine, elsewhere, hers = enter(tab, room, pupil), enter(tab, other, pupil), enter(tab, room, teacher)
    for one in (mine, elsewhere, hers):
        one.receive("people")
    pupil.get("/")
    log_out(pupil)
    for which, one in (("room", mine), ("other room", elsewhere)):
        code = end_of(one, f"pupil has logged out, and the tab in one {which} is still open.")
        assert 4000 <= code < 5000, (
            f"The tab was closed with the code {code}: the page would come back as if by accident."
        )
    hers.send({"message": "still here"})
    assert hers.receive("chat").get("message") == "still here", "Somebody else has logged out, and it closed this tab."


@pytest.mark.check(**LOGOUT, hint="What could end a login, other than a logout? And when is that looked up?")
@pytest.mark.parametrize("how", ["its session is gone", "the password was changed", "the account was locked"])
def test_a_login_that_has_ended_says_nothing_more(tab, visitor, loop, how):
    room = new_room("kitchen")
    member, listener = enter(tab, room, visitor(user="pupil")), enter(tab, room)
    member.send({"message": "at first"})
    listener.receive("chat")
    step_log.note(f"pupil's login has ended: {how}")
    loop.call(END_OF_A_LOGIN[how])
    for number in range(3):
        member.send({"message": f"psst {number}"})
    end_of(member, f"pupil's login has ended: {how}. The tab went on, and could speak.")
    listener.send({"message": "anything else?"})
    heard = listener.receive("chat").get("message")
    assert heard == "anything else?", f"pupil's login had ended: {how}. And yet this was heard: {heard!r}"


# Step 5


@pytest.mark.check(
    **(LIMITS | {"look": "chat/rooms.py:def read_text"}),
    hint="Which setting has the greatest length, and who compares it with the message?",
)
def test_the_length_of_a_message_is_a_setting(tab, settings):
    settings.CHAT_MAX_LENGTH = 20
    one = enter(tab, new_room("kitchen"))
    one.send({"message": "x" * 21})
    answer = next(frame for frame in iter(one.receive, None) if frame["type"] in ("chat", "error"))
    assert answer["type"] == "error", "CHAT_MAX_LENGTH is 20, and a message of 21 characters came through."
    one.send({"message": "x" * 20})
    assert one.receive("chat").get("message") == "x" * 20


@pytest.mark.check(
    **(LIMITS | {"look": "chat/consumers.py:CHAT_MAX_FRAME"}),
    hint="Who looks at the length of a frame, text or not, before anybody reads what is in it?",
)
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_too_large_a_frame_ends_the_connection(tab, settings, kind):
    settings.CHAT_MAX_FRAME = 1000
    one = enter(tab, new_room("kitchen"))
    one.send({"message": "hello", "client_id": "x" * 900})
    one.receive("error")
    one.send("x" * 1001 if kind == "text" else b"x" * 1001)
    code = end_of(one, f"CHAT_MAX_FRAME is 1000, and a {kind} frame of 1001 did not end the connection.")
    assert code == 4413, f"Too large a frame should end with the code 4413, and it was {code}."


@pytest.mark.check(**LIMITS, hint="What is in the bucket, who takes it out, and what happens below zero?")
def test_whoever_sends_too_fast_is_told_and_then_cut_off(tab, settings):
    settings.CHAT_BURST, settings.CHAT_RATE, settings.CHAT_WARNINGS = 5, 0, 3
    room = new_room("kitchen")
    fast, other = enter(tab, room), enter(tab, room)
    for number in range(5):
        fast.send({"message": f"message {number}"})
        fast.receive("chat")
    for number in range(3):
        fast.send({"message": "too fast", "client_id": f"id-{number}"})
        error = answer_to(fast)
        assert error["type"] == "error", "CHAT_BURST is 5, CHAT_RATE is 0, and the sixth message came through."
        assert error.get("client_id") == f"id-{number}", f"The error does not say which message was meant: {error}"
        assert error.get("again"), f'The message may come again later, and the error does not say so ("again"): {error}'
    fast.send({"message": "too fast"})
    code = end_of(fast, "CHAT_WARNINGS is 3, somebody has ignored three of them, and the connection goes on.")
    assert code == 4429, f"Whoever does not stop should be cut off with the code 4429, and it was {code}."
    other.send({"message": "calm"})
    said = [one["message"] for one in heard(other, "calm")]
    assert said == [f"message {number}" for number in range(5)] + ["calm"], f"What was too fast was said: {said}"


@pytest.mark.check(**(LIMITS | {"look": "chat/limits.py:def take"}), hint="How fast does time fill the bucket?")
def test_whoever_waits_may_go_on(tab, settings):
    settings.CHAT_BURST, settings.CHAT_RATE, settings.CHAT_WARNINGS = 2, 2, 50
    one = enter(tab, new_room("kitchen"))
    answers = []
    while "error" not in answers and len(answers) < 50:
        one.send({"message": "hello"})
        answers.append(answer_to(one)["type"])
    assert "error" in answers, "CHAT_BURST is 2, CHAT_RATE is 2, and 50 messages at once came through."
    step_log.note("waited for 1.1 s")
    time.sleep(1.1)  # what is asked here is what time does: it fills the bucket, with 2 frames by now
    one.send({"message": "hello again"})
    answer = answer_to(one)
    assert answer["type"] == "chat", (
        f"CHAT_RATE is 2 in a second. Somebody has waited, and is still not heard: {answer}"
    )
    waited = [answer_to(one)["type"] for _ in range(20) if one.send({"message": "and again"}) is None]
    assert "error" in waited, "CHAT_BURST is 2. Somebody has waited for a moment, and 20 more came through at once."


@pytest.mark.check(
    **(LIMITS | {"look": "chat/base.py:def read_ahead"}),
    hint="Where do frames wait that come faster than they are read, and how many may that be?",
)
def test_a_flood_is_not_kept_in_memory(tab, settings):
    settings.CHAT_BURST, settings.CHAT_MAX_UNREAD = 100_000, 30
    one = enter(tab, new_room("kitchen"))
    one.receive("people")
    for _ in range(20):
        one.send({"since": 10**6})
    for _ in range(20):
        one.receive("history")
    step_log.note("sent 200 frames at once")
    lines = len(step_log.lines)
    for _ in range(200):
        one.send({"since": 10**6})
    del step_log.lines[lines:]
    code = end_of(one, "CHAT_MAX_UNREAD is 30, somebody sent 200 frames at once, and nobody hung up.")
    assert code == 4429, f"A flood should end with the code 4429, and it was {code}."


@pytest.mark.check(
    **(LIMITS | {"look": "chat/consumers.py:CHAT_MAX_CONNECTIONS"}),
    hint="Who counts the tabs of an address, and from when on does a tab count?",
)
def test_the_connections_of_one_address_are_counted(tab, visitor, settings):
    settings.CHAT_MAX_CONNECTIONS = 2
    room, other = new_room("kitchen"), new_room("garden")
    first, _ = (enter(tab, place, visitor(name, room=place)) for name, place in (("Ada", room), ("Ben", other)))
    code = end_of(enter(tab, room), "CHAT_MAX_CONNECTIONS is 2, and a third tab of the same address came in.")
    assert code == 4429, f"One connection too many should end with the code 4429, and it was {code}."
    lies = {"x-forwarded-for": "203.0.113.5"}
    liar = tab(f"/ws/{room}/", application=project.asgi_application(), headers=lies)
    end_of(liar, "There is no proxy, and whoever writes an address of his own into X-Forwarded-For is believed.")
    first.close()
    third = enter(tab, room, visitor("Cleo", room=room))
    assert "Cleo" in names_in(third.receive("people")), "One of the two has left, and a third may still not come in."


@pytest.mark.check(
    **(PLACE | {"look": "chat/limits.py:def address_of"}),
    hint="Which of the addresses in X-Forwarded-For did our own proxy write?",
)
def test_behind_a_proxy_the_address_is_what_the_proxy_says(tab, visitor, settings):
    settings.CHAT_MAX_CONNECTIONS, settings.BEHIND_PROXY = 1, True
    room = new_room("kitchen")

    def comes(forwarded: str):
        headers = {"x-forwarded-for": forwarded}
        return tab(f"/ws/{room}/", application=project.asgi_application(), headers=headers)

    comes("203.0.113.5").receive("people")
    end_of(
        comes("198.51.100.7, 203.0.113.5"),
        "One tab is open from 203.0.113.5. A second one, with a lie before it, came in.",
    )
    code = None
    try:
        comes("203.0.113.5, 198.51.100.7").receive("people")
    except NoFrame as error:
        code = str(error)
    assert code is None, f"One tab is open from 203.0.113.5. One from 198.51.100.7 should come in, and did not: {code}"


# Step 6


@pytest.mark.check(
    **POLICY, hint="Which header tells the browser what may run, and what stands in the page that may not?"
)
def test_the_page_has_a_policy_and_nothing_that_breaks_it(live):
    for path in ("/", "/login/"):
        status, headers, body = live.ask(path)
        assert status == 200, f"The page at {path} was answered with HTTP {status}."
        policy = re.findall(r"^content-security-policy: (.*)$", headers, re.MULTILINE)
        assert policy, f"The page at {path} comes without the header Content-Security-Policy."
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy[0].split(";"))
        scripts = rules.get("script-src", rules.get("default-src", "*"))
        assert "unsafe" not in policy[0] and "*" not in scripts, f"This policy lets strange scripts run: {policy[0]}"
        own = [e for e in elements(body, "script") if "src" not in e.attributes] + elements(body, "style")
        assert not own, (
            f"In the page at {path} there is a <{own[0].tag}> without a file of its own, and the policy forbids it."
        )
        strange = [e for e in elements(body) if any(name.startswith("on") or name == "style" for name in e.attributes)]
        assert not strange, f"<{strange[0].tag} {strange[0].attributes}> is forbidden by the policy."


@pytest.mark.browser
@pytest.mark.check(
    **(POLICY | {"look": "chat/static/chat/room.js:"}), hint="What does the browser's console say (F12)?"
)
def test_the_page_works_under_its_policy(open_page, server):
    ada = open_page(strict=True)
    status = ada.page.get_by_role("status").filter(has_not_text=ada.plain)
    runs = ada.comes_true(status.first.wait_for)
    assert runs, f'The page still says "{ada.plain}", as before its script has run.{ada.console()}'
    with server.tab("/ws/lobby/") as ben:
        ben.receive("people")
        ada.say("typed under the policy")
        said = ben.receive("chat").get("message")
        assert said == "typed under the policy", f"It was typed, and Ben heard {said!r}.{ada.console()}"
    assert ada.shows("typed under the policy"), f"The log shows: {ada.log()!r}{ada.console()}"
    assert ada.page.evaluate(HAS_STYLE), f"The page has come without its style.{ada.console()}"
    assert not ada.errors, f"The browser complains: {ada.errors[0]}"
    ran = ada.page.evaluate(INJECT)
    assert not ran, "A script that somebody has put into the page runs: is there a policy, and does it forbid that?"


# The page, again


@pytest.mark.browser
@pytest.mark.check(
    **(LOGOUT | {"look": "chat/static/chat/room.js:4401"}), hint="What does the page do at a code that it knows?"
)
def test_the_page_says_that_the_login_has_ended(open_page, hasty, visitor):
    ada, elsewhere = open_page(hasty), visitor(user="pupil", server=hasty)
    url = f"http://{hasty.address}"
    ada.page.context.add_cookies([{"name": n, "value": v, "url": url} for n, v in elsewhere.browse.cookies()])
    ada.page.reload()
    connected = ada.connect().status()
    elsewhere.get("/")
    log_out(elsewhere)
    assert ada.status_leaves(connected), f'pupil has logged out in another window. This one says "{ada.status()}".'
    ended = ada.status()
    assert not can_send(ada), "pupil has logged out, and the button can still be pressed."
    sockets = ada.page.evaluate("new Promise((done) => setTimeout(() => done(courseSocket.readyState), 900))")
    assert sockets == 3 and ada.status() == ended, (
        f'The page has connected again, as nobody knows whom: "{ada.status()}".'
    )


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.guards("The page of stage 9 meets no limit, so it loses nothing.")
@pytest.mark.check(
    **(LIMITS | {"look": "chat/static/chat/room.js:function sendNext"}),
    hint='How many are on their way at a time, and what does the page do with an error that says "again"?',
)
def test_nothing_is_lost_when_a_page_comes_back_with_more_than_the_limit(open_page, hasty):
    room, texts = new_room("kitchen"), [f"line {number}" for number in range(30)]
    ada = open_page(hasty).choose("Zora", room).connect()
    connected = ada.status()
    hasty.kill()
    try:
        assert ada.status_leaves(connected), f'The server is gone, and the page still says "{ada.status()}".'
        step_log.note("typed 30 lines")
        ada.box().evaluate(TYPE_ALL, texts)
    finally:
        hasty.start()
    with ResilientClient(hasty.address, room) as ben:
        few = "30 lines were typed while the server was away. It lets 10 through at once."
        ben.wait(lambda: len(ben.texts) >= 30, few, 15)
        assert ben.texts == texts, f"30 lines were typed, and this came: {ben.texts}"
    assert ada.shows("Zora: line 29"), f"The log shows: {ada.log()[-300:]!r}{ada.console()}"
    assert "Not sent" not in ada.log() and "waiting" not in ada.log(), f"The log: {ada.log()[-300:]!r}"


# Steps 7 and 8


@pytest.mark.process
@pytest.mark.check(**ENVIRONMENT, hint="What does manage.py check --deploy say, with DJANGO_DEBUG=0?")
def test_the_check_for_deployment_finds_nothing():
    told = {
        "DJANGO_DEBUG": "0",
        "DJANGO_SECRET_KEY": KEY,
        "DJANGO_ALLOWED_HOSTS": NAME,
        "DJANGO_ORIGINS": f"https://{NAME}",
    }
    done = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", told=told)
    warnings = re.findall(r"^\?: \(([\w.]+)\) (.*)", done.stderr, re.MULTILINE)
    assert not warnings, f"manage.py check --deploy warns of {len(warnings)}: {warnings[0][0]}, {warnings[0][1]}"
    assert not done.returncode, f"manage.py check --deploy says: {done.stderr.strip().splitlines()[-1]}"


@pytest.mark.process
@pytest.mark.check(**ENVIRONMENT, hint="What do the settings do when nobody has told them a key?")
def test_a_real_server_does_not_begin_with_the_key_of_the_course():
    for missing in ("DJANGO_SECRET_KEY", "DJANGO_ALLOWED_HOSTS", "DJANGO_ORIGINS"):
        told = {"DJANGO_SECRET_KEY": KEY, "DJANGO_ALLOWED_HOSTS": NAME, "DJANGO_ORIGINS": f"https://{NAME}"}
        del told[missing]
        done = python("-c", "import mywebsite.settings", told={**told, "DJANGO_DEBUG": "0"})
        assert done.returncode, (
            f"DJANGO_DEBUG is 0, nobody has told {missing}, and the settings were read without a word."
        )
        last = done.stderr.strip().splitlines()[-1]
        assert missing in last, (
            f"DJANGO_DEBUG is 0, nobody has told {missing}, and what was said does not name it: {last}"
        )


@pytest.mark.check(**ENVIRONMENT, hint="With which of these values would everybody be let in, or nobody?")
def test_a_real_server_does_not_start_with_settings_that_cannot_work():
    for name, values in UNFIT.items():
        for value in values:
            told = {"DJANGO_SECRET_KEY": KEY, "DJANGO_ALLOWED_HOSTS": NAME, "DJANGO_ORIGINS": f"https://{NAME}"}
            done = python("-c", "import mywebsite.settings", told={**told, name: value, "DJANGO_DEBUG": "0"})
            assert done.returncode, f"DJANGO_DEBUG is 0, {name} is {value!r}, and the settings say nothing against it."
            last = done.stderr.strip().splitlines()[-1]
            assert name in last, f"DJANGO_DEBUG is 0, {name} is {value!r}, and what was said does not name it: {last}"


@pytest.mark.check(**ENVIRONMENT, hint="Which settings of Django keep a visitor at https, and a cookie to itself?")
def test_a_real_server_shows_no_insides_and_keeps_to_https(live):
    status, headers, body = live.ask("/rooms/kitchen/", scheme="http")
    assert status == 301 and f"location: https://{NAME}/rooms/kitchen/" in headers, (
        f"Somebody asked by http:, and was not led to https: but answered with HTTP {status}."
    )
    status, headers, body = live.ask("/nowhere/")
    assert status == 404 and "urlpatterns" not in body and "DEBUG" not in body, (
        f"An address that does not exist shows the website's insides (HTTP {status})."
    )
    status, headers, body = live.ask("/")
    assert "strict-transport-security:" in headers, "The browser is not told to keep to https: (HSTS)."
    cookies = re.findall(r"^set-cookie: (.*)$", headers, re.MULTILINE)
    assert cookies, "No cookie came with the lobby's page."
    for cookie in cookies:
        for word in ("secure", "samesite="):
            assert word in cookie, f"The cookie {cookie.partition('=')[0]} comes without {word}."
    session = next((cookie for cookie in cookies if cookie.startswith("sessionid=")), "")
    assert "httponly" in session, "A script may read the cookie of the session."


@pytest.mark.check(**HEALTH, hint="What does the page try out, and what does it answer when that fails?")
def test_the_health_page_tells_whether_the_website_can_work(visitor, monkeypatch):
    from channels.layers import get_channel_layer
    from django.db import connection

    somebody = visitor()
    page = somebody.get("/health/")
    assert page.status == 200, f"All is well, and the page at /health/ says HTTP {page.status}."
    with monkeypatch.context() as patch:
        patch.setattr(type(get_channel_layer()), "send", broken)
        status = somebody.get("/health/").status
        assert status == 503, f"No letter can be posted, and the page at /health/ says HTTP {status}."
    for table in {model._meta.db_table for model in migrations.students_models()}:
        rename = f'ALTER TABLE "{table}" RENAME TO "gone_{table}"'
        somebody.browse.loop.call(lambda rename=rename: connection.cursor().execute(rename))
    status = somebody.get("/health/").status
    assert status == 503, f"The table of the messages is gone, and the page at /health/ says HTTP {status}."


@pytest.mark.check(
    **(HEALTH | {"look": "chat/base.py:def log_end"}), hint="What does whoever watches over the server have to know?"
)
def test_the_log_says_who_was_cut_off_and_not_what_was_said(live):
    room = new_room("kitchen")
    before = len(live.log())
    with live.tab(f"/ws/{room}/") as ada:
        ada.send({"message": SECRET, "client_id": "a"})
        ada.receive("chat")
        ada.send({"message": SECRET * 100, "client_id": "b"})
        ada.receive("error")
        for _ in range(40):
            ada.send({"message": SECRET})
        end_of(ada, "CHAT_BURST is 10, somebody sent 42 frames at once, and was not cut off.")
    said = live.log()[before:]
    assert SECRET not in said, "What somebody wrote stands in the log of the server."
    assert f"/ws/{room}/" in said and "4429" in said, (
        f"Somebody was cut off in {room} with the code 4429, and the log does not say so. It says: {said[-300:]!r}"
    )


# Step 9


@pytest.mark.long
@pytest.mark.check(
    **(PLACE | {"look": "lessons/10-going-live/deploy/nginx.conf:proxy_http_version"}),
    hint="Which headers does nginx set, and who believes them?",
)
def test_the_website_works_behind_nginx(whole_website):
    website = whole_website()
    room, pupil = new_room("kitchen"), cookies_of("pupil")
    status = website.shake_hands()
    assert status == 101, f"A page of the website itself asked for a socket, and the answer was HTTP {status}."
    with website.socket(f"/ws/{room}/", cookies=pupil) as ada, website.socket(f"/ws/{room}/", cookies=pupil) as ben:
        ada.send('{"message": "over wss"}')
        said = next((text for text in ben if '"chat"' in text), "")
        assert '"over wss"' in said, "Ada said something over wss://, and Ben did not hear it."
    for origin in (f"https://{NAME}", f"http://{website.address}", "https://evil.example"):
        status = website.shake_hands(origin)
        assert status == 403, f"A page of {origin} asked for a socket, and the answer was HTTP {status}."
    status, headers, body = website.ask("/")
    assert status == 200 and "content-security-policy" in headers and "secure" in headers, f"HTTP {status}: {headers}"
    for path in (*re.findall(r'(?:src|href)="(/static/[^"]+)"', body), "/static/admin/css/base.css"):
        status, headers, _ = website.ask(path)
        assert status == 200 and "nosniff" in headers, f"nginx answered {path} with HTTP {status}."
    status, headers, _ = website.ask("/login/", scheme="http")
    assert status == 301 and f"location: https://{NAME}/login/" in headers, f"http: was answered with HTTP {status}."
    assert website.ask("/health/")[0] == 200, "The page at /health/ does not answer whoever asks from this machine."
    guessed = any(website.ask("/%6Cogin/")[0] == 429 for _ in range(200))
    assert guessed, "Somebody asked for the login 200 times, and nginx let all of it through. (/%6Cogin/ is /login/.)"
    guessed = any(website.ask("/login", method="POST")[0] == 429 for _ in range(5))
    assert guessed, (
        "Nobody could guess any more at /login/, and nginx let five forms for /login, without the slash, in."
    )


@pytest.mark.long
@pytest.mark.check(
    **(PLACE | {"look": "lessons/10-going-live/deploy/nginx.conf:upstream"}),
    hint="Is one worker there all the time, and does every page come back to it?",
)
def test_a_rolling_restart_under_load_loses_nothing(whole_website):
    website = whole_website()
    room = new_room("kitchen")
    with ExitStack() as stack:
        pages = [stack.enter_context(ThroughNginx(website, room)) for _ in range(9)]
        for page in pages:
            page.wait(lambda page=page: page.seen is not None, "A tab has got no history.")
        over = threading.Event()
        stack.callback(over.set)
        talkers = [threading.Thread(target=talk, args=(page, number, over)) for number, page in enumerate(pages[:8])]
        asked: list[int] = []
        talkers.append(threading.Thread(target=look_at_pages, args=(website, asked, over)))
        for talker in talkers:
            talker.start()
        pages[8].wait(lambda: len(pages[8].messages) >= 40, "40 messages have not come.")
        for worker in website.workers:
            worker.stop()
            worker.start()
            already = len(pages[8].messages)
            pages[8].wait(
                lambda already=already: len(pages[8].messages) >= already + 40, "After a restart nothing comes."
            )
        over.set()
        for talker in talkers:
            talker.join()
        due = [text for page in pages for text in page.said]
        for page in pages:
            page.wait(lambda page=page: len(page.messages) >= len(due), f"Of {len(due)} messages one did not get all.")
    stories = [page.texts for page in pages]
    assert sorted(stories[0]) == sorted(due), f"{len(due)} messages were sent, and {len(stories[0])} came."
    assert all(texts == stories[0] for texts in stories), "All have the same messages, and in different orders."
    assert not any(page.errors for page in pages), f"Somebody got an error: {[page.errors for page in pages]}"
    assert set(asked) == {200}, f"While the workers were restarted, the page / was answered with {sorted(set(asked))}."


# What the checks above need


TYPE_ALL = """
(field, texts) => {
  for (const text of texts) {
    field.value = text;
    field.form.requestSubmit();
  }
}
"""
HAS_STYLE = """
() => [...document.querySelectorAll('link[rel~="stylesheet"], style')].every((one) => one.sheet?.cssRules.length)
"""
INJECT = """
() => {
  const script = document.createElement("script");
  script.textContent = "window.injected = true";
  document.body.append(script);
  return window.injected === true;
}
"""


class ThroughNginx(ResilientClient):
    """A tab that loses nothing, at the address of the whole website."""

    def __init__(self, website: Website, room: str) -> None:
        super().__init__(website.address, room)
        self.website, self.cookies, self.said = website, cookies_of("pupil"), []

    def connect(self, query: str):
        return self.website.socket(f"/ws/{self.room}/{query}", cookies=self.cookies)


def drop_sessions() -> None:
    from django.apps import apps

    kept = apps.is_installed("django.contrib.sessions")
    assert kept, "There is no table of sessions. What lies in a cookie alone, only the browser can end."
    from django.contrib.sessions.models import Session

    Session.objects.all().delete()


def change_password() -> None:
    user = pupil()
    user.set_password("another one")
    user.save()


def lock_account() -> None:
    user = pupil()
    user.is_active = False
    user.save()


def pupil():
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get_by_natural_key("pupil")


END_OF_A_LOGIN = {
    "its session is gone": drop_sessions,
    "the password was changed": change_password,
    "the account was locked": lock_account,
}


def can_send(window) -> bool:
    """Tell whether a page has a field for messages, with a button that can be pressed."""
    button = window.box().evaluate_handle(BUTTON).as_element() if window.box().count() else None
    return bool(button and button.is_visible() and button.is_enabled())


def log_out(visitor) -> None:
    """Press the button for it on the page that is open."""
    step_log.note("pressed Log out")
    form = next((form for form in forms(visitor.page.html) if "logout" in form.attributes.get("action", "")), None)
    assert form, "Somebody has logged in, and the page has no form that leads to /logout/."
    page = visitor.post(form, form.fields)
    assert page.status == 200, f"Logging out was answered with HTTP {page.status}."


def end_of(tab, story: str) -> int:
    """Wait until the server closes the connection; return the code. `story` is told if it does not."""
    try:
        return tab.ended()
    except NoFrame:
        raise NoFrame(story) from None


def answer_to(tab) -> dict:
    """Return what a tab is told of its message: that it was said, or why not."""
    return next(frame for frame in iter(tab.receive, None) if frame["type"] in ("chat", "error"))


def heard(tab, last: str) -> list[dict]:
    """Return the messages that a tab has heard, up to this one."""
    while tab.receive("chat").get("message") != last:
        pass
    return [frame for frame in tab.seen if frame["type"] == "chat"]


async def broken(*args, **kwargs) -> None:
    raise RuntimeError("This channel layer is broken, for a check.")


def python(*words: str, told: dict[str, str]) -> subprocess.CompletedProcess:
    """Run a new Python at the top of the project, told only this by the environment."""
    step_log.note(f"set {', '.join(told)}, and ran python {' '.join(words)}")
    return forked.run(list(words), project.ROOT, {**project.own_environ(), **told}, STARTUP)


def cookies_of(name: str) -> str:
    return "; ".join(f"{key}={value}" for key, value in Server.database.cookies_of(name).items())


def talk(page: "ThroughNginx", number: int, over: threading.Event) -> None:
    """Say something four times in a second, until it is over."""
    while not over.wait(0.25):
        page.said.append(f"{number}: {len(page.said)}")
        page.say(page.said[-1])


def look_at_pages(website: Website, asked: list[int], over: threading.Event) -> None:
    while not over.wait(0.1):
        asked.append(website.ask("/")[0])
