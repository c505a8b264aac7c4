"""A command for the terminal: python manage.py announce lobby "Class starts"."""

from django.core.management.base import BaseCommand, CommandError

from chat.post import show_room
from chat.rooms import read_room, read_text


class Command(BaseCommand):
    help = "Say something to everyone in a room."

    def add_arguments(self, parser):
        parser.add_argument("room")
        parser.add_argument("message")

    def handle(self, *args, **options):
        try:
            room = read_room(options["room"])
            message = read_text(options["message"])
        except ValueError as error:
            raise CommandError(error) from None
        show_room(room, {"type": "announcement", "message": message})
        self.stdout.write(f"Posted to everyone in {room}.")
