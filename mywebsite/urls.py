"""The pages of this website: which address leads to which view."""

from django.urls import path

from chat import views

urlpatterns = [
    path("", views.lobby, name="lobby"),
]
