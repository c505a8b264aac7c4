import os
from collections.abc import Callable

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
pages: Callable = get_asgi_application()

from chat.routing import websocket_urlpatterns

sockets: Callable = URLRouter(websocket_urlpatterns)
router = ProtocolTypeRouter({"http": pages, "websocket": sockets})
application: Callable = router
