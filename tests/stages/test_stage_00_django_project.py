"""Stage 0: the lobby page, over plain HTTP."""

import pytest

from lessons.engine.harness import project, step_log
from lessons.engine.harness.html import elements


@pytest.mark.check(
    lesson="00",
    section="Step 1: the project",
    look="mywebsite/settings.py",
    hint="Does the file named above say what step 1 shows?",
)
def test_the_settings_can_be_read():
    step_log.note("read mywebsite/settings.py")
    if project.problem:
        raise project.problem


@pytest.mark.check(
    lesson="00",
    section="Step 2: a view",
    look="mywebsite/urls.py:urlpatterns",
    hint="The message is Django's own. Which name in which file does it speak of?",
)
def test_django_finds_no_mistake():
    from django.core.checks import ERROR, run_checks

    step_log.note("asked Django to look over the whole project, as python manage.py check does")
    mistakes = [message for message in run_checks() if message.level >= ERROR]
    assert not mistakes, str(mistakes[0])


@pytest.mark.check(
    lesson="00",
    section="Step 2: a view",
    look="mywebsite/urls.py:urlpatterns",
    hint='Does mywebsite/urls.py lead "" to a view that returns render(request, "lobby.html")?',
)
def test_the_lobby_answers_at_the_address_slash(database):
    html = lobby()
    assert "The install worked successfully" not in html, "The page at / is Django's own welcome, the rocket."
    assert elements(html, "form"), "The page at / came, but it is not the lobby: it has no form."


@pytest.mark.check(
    lesson="00",
    section="Step 3: the page",
    look="templates/lobby.html:<label",
    hint='Does templates/lobby.html have a <form> with a <label for="...">, an <input> with that id, and a <button>?',
)
def test_the_lobby_has_a_form_with_a_labelled_field_and_a_button(database):
    html = lobby()
    assert elements(html, "form"), "The page at / has no <form>."
    fields = [f for f in (*elements(html, "input"), *elements(html, "textarea")) if "form" in f.inside]
    assert fields, "The form has no <input> to type a message into."
    labels = {label.attributes.get("for") for label in elements(html, "label")}
    named = [
        f
        for f in fields
        if f.attributes.get("id", "") in labels - {None, ""}
        or "label" in f.inside
        or {"aria-label", "aria-labelledby"} & f.attributes.keys()
    ]
    assert named, "The <input> has no <label> that belongs to it."
    assert elements(html, "button") or elements(html, "input", type="submit"), "The form has no <button>."


@pytest.mark.check(
    lesson="00",
    section="Step 3: the page",
    look="templates/lobby.html:<main",
    hint='Does templates/lobby.html have elements with role="log" and role="status"?',
)
@pytest.mark.parametrize("role", ["log", "status"])
def test_a_screen_reader_is_told_what_changes(database, role):
    found = elements(lobby(), role=role) or (role == "status" and elements(lobby(), "output"))
    assert found, f'The page at / has no element with role="{role}".'


def lobby() -> str:
    """Return the HTML of the page at /."""
    from django.test import Client

    step_log.note("asked for the page /")
    response = Client().get("/")
    assert response.status_code == 200, f"The page at / answered with HTTP {response.status_code}, not 200."
    return response.content.decode()
