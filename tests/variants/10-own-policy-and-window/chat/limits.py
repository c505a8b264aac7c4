"""How much one browser may send, and from which address it comes."""

from collections import deque

from django.conf import settings


class Debt:
    """What somebody owes: each frame makes one second's share more of it, and time pays it off."""

    def __init__(self):
        self.frames = deque()
        self.paid_at = None

    def grow(self, now):
        """Note a frame. Return how many are over the limit; 0 or less is fine."""
        if self.paid_at is None:
            self.paid_at = now
        paid = int((now - self.paid_at) * settings.CHAT_RATE)
        if paid:
            self.paid_at = now
            for _ in range(min(paid, len(self.frames))):
                self.frames.popleft()
        self.frames.append(now)
        return len(self.frames) - settings.CHAT_BURST


def address_of(scope):
    """Return the address of whoever is connected.

    Behind a proxy of ours it is what the proxy says, last in this header. Anybody can write the rest.
    """
    if settings.BEHIND_PROXY:
        header = dict(scope["headers"]).get(b"x-forwarded-for", b"")
        return header.decode("latin-1").split(",")[-1].strip()
    return scope["client"][0]
