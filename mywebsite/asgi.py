"""The entrance for every connection: which protocol leads to which application."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from twisted.internet import tcp

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")

# This wakes Django up. Imports of your own code belong below it: above,
# they may end in AppRegistryNotReady.
django_application = get_asgi_application()

from chat.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
            settings.ORIGINS,
        ),
    }
)

# Whoever floods us makes the others wait while Daphne reads: by default, 65536 bytes at once.
tcp.Connection.bufferSize = 4096
