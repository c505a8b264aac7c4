from django.urls import path

from . import views

app_name = "chat"

urlpatterns = [
    path("", views.room, name="lobby"),
    path("rooms/<slug:room>/", views.room, name="room"),
    path("rooms/", views.nowhere),
    path("rooms/<path:rest>", views.nowhere),
]
