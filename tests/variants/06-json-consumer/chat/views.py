"""Class-based views. A room that cannot be is a 404 with a page of our own."""

import re

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.views import View
from django.views.generic import TemplateView

LONGEST_ROOM, LONGEST_NAME = 80, 40


class RoomView(TemplateView):
    template_name = "room.html"

    def get(self, request, *args, **kwargs):
        room = self.kwargs.get("room", "lobby")
        if not re.fullmatch(rf"[\w-]{{1,{LONGEST_ROOM}}}", room, re.ASCII):
            return not_found(request, room)
        request.session.setdefault("name", f"Stranger {get_random_string(5)}")
        return self.render_to_response({"room": room})


class EnterView(View):
    http_method_names = ["post"]

    def post(self, request):
        name = "".join(sign for sign in request.POST["name"] if sign.isprintable()).strip()[:LONGEST_NAME]
        room = slugify(request.POST["room"])[:LONGEST_ROOM].strip("-_")
        if name:
            request.session["name"] = name
        if not room:
            return not_found(request, request.POST["room"])
        return HttpResponseRedirect(reverse("room", kwargs={"room": room}))


def not_found(request, room):
    return render(request, "no-room.html", {"room": room[:40]}, status=404)
