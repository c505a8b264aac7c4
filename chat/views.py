"""What a browser gets over HTTP: it asks, a view answers, and that is all."""

import logging
import random

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from chat import members, people, post
from chat.models import Message
from chat.rooms import MAX_NAME, MAX_ROOM, is_room, read_name, read_room, read_text


def lobby(request):
    return show_room(request, "lobby")


def show_room(request, room):
    """Every room has a page like the lobby's."""
    if not is_room(room):
        return no_such_room(request, room)
    if not members.may_enter(request.user, room):
        return redirect_to_login(request.get_full_path())
    if request.user.is_anonymous and "name" not in request.session:
        request.session["name"] = f"Guest {random.randrange(10_000, 100_000)}"
    context = {
        "room": room,
        "name": members.name_of(request.user, request.session),
        "max_length": settings.CHAT_MAX_LENGTH,
        "max_name": MAX_NAME,
        "max_room": MAX_ROOM,
    }
    return render(request, "lobby.html", context)


@require_POST
def enter(request):
    """Keep the name that a guest has chosen in the session, and lead into the room."""
    try:
        room = read_room(request.POST.get("room", ""))
        if request.user.is_anonymous:
            request.session["name"] = choose_name(request)
    except ValueError as error:
        return render(request, "sorry.html", {"error": error}, status=400)
    return redirect("room", room)


def choose_name(request):
    """Return the name that a guest wants. Raise ValueError if it is none, or somebody else's."""
    name = read_name(request.POST.get("name", ""))
    if members.is_taken(name):
        raise ValueError(f"{name} is the name of a member.")
    if name != request.session.get("name") and people.is_anywhere(name):
        raise ValueError(f"Somebody here is called {name} already.")
    return name


@require_POST
def announce(request, room):
    """Somebody of the staff to everyone in a room."""
    if not request.user.is_staff:
        raise PermissionDenied
    if not is_room(room):
        return no_such_room(request, room)
    try:
        message = read_text(request.POST.get("message", ""))
    except ValueError as error:
        return render(request, "sorry.html", {"error": error}, status=400)
    post.show_room(room, {"type": "announcement", "message": message})
    return HttpResponse(status=204)  # "no content": the browser stays where it is


def too_old(request, reason=""):
    """A form from before a login in another window: its token is no good any more."""
    error = "That page was too old. Go back, load it again, and try once more."
    return render(request, "sorry.html", {"error": error}, status=403)


def no_such_room(request, text):
    """Say what is wrong with the address of a room, and where a good one is."""
    try:
        context = {
            "error": "This is not the address of a room.",
            "room": read_room(text),
        }
    except ValueError as error:
        context = {"error": error}
    return render(request, "sorry.html", context, status=404)


def health(request):
    """Tell whoever watches over this server whether it can do its work."""
    try:
        Message.objects.exists()
        post.try_out()
    except Exception:  # whatever it is: the log says more
        logging.getLogger(__name__).warning("This server is not healthy.", exc_info=True)
        return HttpResponse("not ok", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
