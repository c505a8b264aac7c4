"""
ASGI config for mywebsite project.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mywebsite.settings')
django_asgi_app = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from chat.consumers import ChatConsumer, NotFoundConsumer  # noqa: E402

application = ProtocolTypeRouter({
    'http': django_asgi_app,
    'websocket': URLRouter([
        path('ws/lobby/', ChatConsumer.as_asgi()),
        re_path(r'^.*$', NotFoundConsumer.as_asgi()),
    ]),
})
