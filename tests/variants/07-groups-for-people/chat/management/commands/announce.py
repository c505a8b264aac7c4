from argparse import ArgumentTypeError

from django.core.management.base import BaseCommand

from chat.post import announce
from chat.rooms import read_room, read_text


def checked(read):
    def parse(text):
        try:
            return read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return parse


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("room", type=checked(read_room))
        parser.add_argument("message", type=checked(read_text))

    def handle(self, room, message, **options):
        announce(room, message)
