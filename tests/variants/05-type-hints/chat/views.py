"""The pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def lobby(request: HttpRequest) -> HttpResponse:
    """The lobby: the only page so far."""
    return render(request, "lobby.html")
