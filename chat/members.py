"""Members have an account, and their username is their name. Everyone else is a guest."""

import logging
import unicodedata

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.db import SessionStore
from django.dispatch import receiver
from django.http import HttpRequest

from chat.post import tell_session


def name_of(user, session):
    """Return what somebody is called in the chat."""
    if user.is_authenticated:
        return user.get_username()
    name = session.get("name", "Guest")
    return "Guest" if is_taken(name) else name


def is_taken(name):
    """Tell whether a member has this name. "ADA" is the same as "ada", and "ÖZLEM" as "özlem"."""
    usernames = User.objects.values_list("username", flat=True)
    return fold(name) in {fold(username) for username in usernames}


def fold(name):
    return unicodedata.normalize("NFKC", name).casefold()


def may_enter(user, room):
    return user.is_authenticated or room == "lobby" or settings.CHAT_GUESTS_EVERYWHERE


def is_logged_in(user, session_key):
    """Ask the database again: a login ends with a logout, a new password, a locked account."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    return get_user(request) == user


@receiver(user_logged_out)
def close_sockets(sender, request, user, **kwargs):
    """A logout, to the consumers of that login. They would notice anyway, with the next frame."""
    if user is None:
        return
    try:
        tell_session(request.session.session_key, {"type": "chat.logged_out"})
    except Exception:  # no Redis: nobody has to stay logged in for that
        logging.getLogger(__name__).warning("Sockets could not be told of a logout.", exc_info=True)
