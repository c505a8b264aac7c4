"""Members have an account, and their username is their name. Everyone else is a guest."""

import logging
import unicodedata

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.db import SessionStore
from django.dispatch import receiver
from django.utils.crypto import constant_time_compare

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
    """Look the session and the account up again, by hand."""
    now = User.objects.filter(pk=user.pk, is_active=True).first()
    session = SessionStore(session_key).load()
    return bool(now) and constant_time_compare(session.get(HASH_SESSION_KEY, ""), now.get_session_auth_hash())


@receiver(user_logged_out)
def close_sockets(sender, request, user, **kwargs):
    """A logout, to the consumers of that login. They would notice anyway, with the next frame."""
    if user is None:
        return
    try:
        tell_session(request.session.session_key, {"type": "chat.logged_out"})
    except Exception:  # no Redis: nobody has to stay logged in for that
        logging.getLogger(__name__).warning("Sockets could not be told of a logout.", exc_info=True)
