"""The page, and a log of who asks for it."""

import logging

from django.template.response import TemplateResponse
from django.views import View

from .forms import MessageForm

logger = logging.getLogger(__name__)


def note(request):
    logger.info("%s asks for %s", request.META.get("REMOTE_ADDR"), request.path)


class LobbyView(View):
    http_method_names = ["get", "head"]

    def get(self, request):
        note(request)
        return TemplateResponse(request, "lobby.html", {"form": MessageForm(), "thumbs": ["👍", "👎"]})
