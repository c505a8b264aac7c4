"""The pages of this website: which address leads to which view."""

from django.contrib import admin
from django.urls import path

from chat import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.lobby, name="lobby"),
    path("enter/", views.enter, name="enter"),
    path("rooms/<slug:room>/", views.show_room, name="room"),
    path("rooms/<slug:room>/announce/", views.announce, name="announce"),
    path("rooms/<path:text>", views.no_such_room),  # whatever is no slug
]
