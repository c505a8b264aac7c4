"""What a browser gets over HTTP: it asks, a view answers, and that is all."""

from django.shortcuts import render


def lobby(request):
    return render(request, "lobby.html")
