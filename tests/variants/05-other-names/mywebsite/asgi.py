import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from chat import routing

pages = get_asgi_application()
sockets = URLRouter(routing.urls)

entrance = ProtocolTypeRouter({"http": pages, "websocket": sockets})
application = entrance
