"""The consumers of the chat, one module for each."""

from .echo import EchoConsumer

__all__ = ["EchoConsumer"]
