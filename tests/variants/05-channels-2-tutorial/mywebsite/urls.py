from django.urls import re_path

from chat.views import room

urlpatterns = [
    re_path(r'^/?$', room, kwargs={'room_name': 'lobby'}, name='room'),
]
