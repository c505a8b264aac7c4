from django.shortcuts import render


def index(request):
    context = {"title": "Lobby"}
    return render(request, "lobby.html", context)
