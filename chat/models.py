"""What all processes share: the messages, numbered in each room, and who is here."""

from django.db import models

from chat.rooms import MAX_CLIENT_ID, MAX_ROOM

MAX_NAME = 150  # characters; a username may be that long


class Message(models.Model):
    room = models.CharField(max_length=MAX_ROOM)
    seq = models.PositiveIntegerField()  # 1, 2, 3 ... in each room, without gaps
    name = models.CharField(max_length=MAX_NAME)
    text = models.TextField()
    client_id = models.CharField(max_length=MAX_CLIENT_ID, null=True)  # its page's mark
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["room", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="each_number_once"),
            models.UniqueConstraint(
                fields=["room", "name", "client_id"],
                name="each_message_once",
            ),
        ]

    def __str__(self):
        return f"{self.room} {self.seq}, {self.name}: {self.text}"

    def as_frame(self):
        """Return what a browser gets of it."""
        return {
            "seq": self.seq,
            "name": self.name,
            "message": self.text,
            "client_id": self.client_id,
        }


class Process(models.Model):
    """A server process, and when its heart beat last."""

    id = models.CharField(max_length=16, primary_key=True)
    beat = models.DateTimeField()

    def __str__(self):
        return self.id


class Tab(models.Model):
    """An open tab: in which room, whose, its mailbox, from where. It is gone with its process."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE)
    room = models.CharField(max_length=MAX_ROOM)
    name = models.CharField(max_length=MAX_NAME)
    channel_name = models.CharField(max_length=100, unique=True)
    address = models.CharField(max_length=50, default="")

    def __str__(self):
        return f"{self.name} in {self.room}"
