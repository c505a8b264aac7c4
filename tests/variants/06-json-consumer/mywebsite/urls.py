from django.urls import path, re_path

from chat.views import EnterView, RoomView

urlpatterns = [
    path("", RoomView.as_view(), name="lobby"),
    path("chooser/", EnterView.as_view(), name="chooser"),
    path("rooms/<slug:room>/", RoomView.as_view(), name="room"),
    re_path(r"^rooms/(?P<room>.*)$", RoomView.as_view()),
]
