import os

from django.core.asgi import get_asgi_application
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mywebsite.settings')

http_application = get_asgi_application()

import chat.routing

application = ProtocolTypeRouter({
	'http': http_application,
	'websocket': URLRouter(
		chat.routing.websocket_urlpatterns
	)
})
