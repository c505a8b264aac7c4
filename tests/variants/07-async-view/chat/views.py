"""What a browser gets over HTTP: it asks, a view answers, and that is all."""

import random

from channels.layers import get_channel_layer
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from chat import people
from chat.rooms import MAX_NAME, MAX_ROOM, group_of, is_room, read_name, read_room, read_text


def lobby(request):
    return show_room(request, "lobby")


def show_room(request, room):
    """Every room has a page like the lobby's."""
    if not is_room(room):
        return no_such_room(request, room)
    if "name" not in request.session:
        request.session["name"] = f"Guest {random.randrange(10_000, 100_000)}"
    context = {
        "room": room,
        "name": request.session["name"],
        "max_name": MAX_NAME,
        "max_room": MAX_ROOM,
    }
    return render(request, "lobby.html", context)


@require_POST
def enter(request):
    """Keep the name that was chosen in the session, and lead into the room."""
    try:
        name = read_name(request.POST.get("name", ""))
        room = read_room(request.POST.get("room", ""))
        if name != request.session.get("name") and people.is_anywhere(name):
            raise ValueError(f"Somebody here is called {name} already.")
    except ValueError as error:
        return render(request, "sorry.html", {"error": error}, status=400)
    request.session["name"] = name
    return redirect("room", room)


@require_POST
async def announce(request, room):
    user = await request.auser()
    if not user.is_staff:
        return redirect_to_login(f"/rooms/{room}/")
    if not is_room(room):
        return no_such_room(request, room)
    try:
        message = read_text(request.POST.get("message", ""))
    except ValueError as error:
        return render(request, "sorry.html", {"error": error}, status=400)
    event = {"type": "chat.announcement", "message": message}
    await get_channel_layer().group_send(group_of(room), event)
    return HttpResponse(status=204)  # "no content": the browser stays where it is


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
