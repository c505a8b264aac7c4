"""What the staff sees at /admin/."""

from django.contrib import admin

from chat.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """To look at only: one message more or less by hand, and the numbers are wrong."""

    list_display = ["room", "seq", "name", "text", "created"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
