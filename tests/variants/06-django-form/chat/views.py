"""One view for every room; its form is sent to the page itself, and comes back with what is wrong."""

from django.shortcuts import redirect, render

from chat.forms import Chooser

LONGEST = 32


def room(request, room="lobby"):
    if len(room) > LONGEST:
        return nowhere(request)
    chosen = request.session.get("chosen", {})
    form = Chooser(request.POST or None, initial={"name": chosen.get("name", ""), "room": room})
    if request.method == "POST" and form.is_valid():
        request.session["chosen"] = {"name": form.cleaned_data["name"]}
        return redirect("chat:room", room=form.cleaned_data["room"])
    return render(request, "lobby.html", {"room": room, "form": form})


def nowhere(request, rest=""):
    return render(request, "nowhere.html", status=404)
