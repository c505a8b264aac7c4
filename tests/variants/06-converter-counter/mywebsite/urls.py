from django.urls import path, re_path

from chat import rooms, views  # noqa: F401 - rooms registers <room:...>

urlpatterns = [
    path("", views.lobby, name="lobby"),
    path("enter/", views.enter, name="enter"),
    path("rooms/<room:name>/", views.room, name="room"),
    re_path(r"^rooms/(?P<text>.*)", views.odd),
]
