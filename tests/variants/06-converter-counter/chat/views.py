"""Whatever is wrong with a name or a room is put right or passed over: there is always a room that one comes to."""

import re

from django.shortcuts import redirect, render
from django.utils.text import slugify


def lobby(request):
    return room(request, "lobby")


def room(request, name):
    context = {"room": name, "name": request.session.get("nick", ""), "max_name": 20, "max_room": 40}
    return render(request, "lobby.html", context)


def enter(request):
    if request.method == "POST":
        nick = re.sub(r"[^\w .-]", "", request.POST.get("name", ""))[:20].strip()
        request.session["nick"] = nick or "somebody"
        return odd(request, request.POST.get("room", ""))
    return redirect("lobby")


def odd(request, text):
    """Lead to the room that is meant, or to the lobby."""
    name = slugify(text)[:40].strip("-_")
    return redirect("room", name) if name else redirect("lobby")
