"""
URL configuration for mywebsite project.
"""

from django.contrib import admin
from django.urls import path

from chat.views import lobby

urlpatterns = [
    path('admin/', admin.site.urls),
    path('', lobby, name='lobby'),
]
