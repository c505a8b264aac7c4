from django.contrib import admin
from django.urls import path

from chat import views

urlpatterns = [
    path("", views.Room.as_view(), name="lobby"),
    path("enter/", views.Enter.as_view(), name="enter"),
    path("rooms/<slug:room>/", views.Room.as_view(), name="room"),
    path("rooms/<slug:room>/announce/", views.Announce.as_view(), name="announce"),
    path("rooms/<path:text>", views.no_such_room),
    path("admin/", admin.site.urls),
]
