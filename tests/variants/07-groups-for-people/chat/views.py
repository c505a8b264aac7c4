import random

from django.contrib.auth.mixins import UserPassesTestMixin
from django.core.exceptions import BadRequest
from django.shortcuts import redirect, render
from django.views import View

from chat import people, post
from chat.rooms import MAX_NAME, MAX_ROOM, is_room, read_name, read_room, read_text


class Room(View):
    def get(self, request, room="lobby"):
        if not is_room(room):
            return sorry(request, "This is not the address of a room.", 404)
        name = request.session.setdefault("name", f"Guest {random.randrange(10_000, 100_000)}")
        return render(request, "lobby.html", {"room": room, "name": name, "max_name": MAX_NAME, "max_room": MAX_ROOM})


class Enter(View):
    def post(self, request):
        try:
            name, room = read_name(request.POST.get("name", "")), read_room(request.POST.get("room", ""))
        except ValueError as error:
            return sorry(request, error, 400)
        mine = request.session.get("name") == name
        if people.taken(name) and not mine:
            return sorry(request, f"{name} is taken.", 409)
        request.session["name"] = name
        return redirect("room", room)


class Announce(UserPassesTestMixin, View):
    raise_exception = True
    http_method_names = ["post"]

    def test_func(self):
        return self.request.user.is_staff

    def post(self, request, room):
        if not is_room(room):
            return sorry(request, "There is no such room.", 404)
        try:
            post.announce(room, read_text(request.POST.get("message", "")))
        except ValueError as error:
            raise BadRequest(error) from None
        return redirect("room", room)


def sorry(request, error, status=404):
    return render(request, "sorry.html", {"error": error}, status=status)


def no_such_room(request, text):
    return sorry(request, "This is not the address of a room.")
