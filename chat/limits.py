"""How much one browser may send, and from which address it comes."""

from django.conf import settings


class Bucket:
    """A bucket of tokens: each frame takes one out, and time puts them back, until it is full.

    It can be overdrawn. Below zero it tells how many frames too many there were.
    """

    def __init__(self, size, per_second):
        self.size = size
        self.per_second = per_second
        self.tokens = size
        self.last = None  # when the last token was taken

    def take(self, now):
        """Take a token out, and return how many are left."""
        if self.last is not None:
            filled = self.tokens + (now - self.last) * self.per_second
            self.tokens = min(self.size, filled)
        self.last = now
        self.tokens -= 1
        return self.tokens


def address_of(scope):
    """Return the address of whoever is connected.

    Behind a proxy of ours it is what the proxy says, last in this header. Anybody can write the rest.
    """
    if settings.BEHIND_PROXY:
        header = dict(scope["headers"]).get(b"x-forwarded-for", b"")
        return header.decode("latin-1").split(",")[-1].strip()
    return scope["client"][0]
