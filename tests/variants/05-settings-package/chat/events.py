"""What travels between the consumers, and the helpers that send it on its way. They work from any thread."""

from dataclasses import asdict, dataclass

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings


@dataclass(frozen=True)
class Said:
    """Somebody said something."""

    message: str
    type: str = "said"


def join(channel_name: str) -> None:
    async_to_sync(get_channel_layer().group_add)(settings.CHAT_GROUP, channel_name)


def leave(channel_name: str) -> None:
    async_to_sync(get_channel_layer().group_discard)(settings.CHAT_GROUP, channel_name)


def tell_everyone(event: Said) -> None:
    async_to_sync(get_channel_layer().group_send)(settings.CHAT_GROUP, asdict(event))
