"""The pages of this website: which address leads to which view."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import path

from chat import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(template_name="login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("health/", views.health, name="health"),
    path("", views.lobby, name="lobby"),
    path("enter/", views.enter, name="enter"),
    path("rooms/<slug:room>/", views.show_room, name="room"),
    path("rooms/<slug:room>/announce/", views.announce, name="announce"),
    path("rooms/<path:text>", views.no_such_room),  # whatever is no slug
    *staticfiles_urlpatterns(),  # with DEBUG only; a real server leaves them to nginx
]
