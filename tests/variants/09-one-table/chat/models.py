"""What all processes share: the messages, numbered in each room, and who is here."""

from django.db import models

from chat.rooms import MAX_CLIENT_ID, MAX_LENGTH, MAX_NAME, MAX_ROOM


class Message(models.Model):
    room = models.CharField(max_length=MAX_ROOM)
    seq = models.PositiveIntegerField()  # 1, 2, 3 ... in each room, without gaps
    name = models.CharField(max_length=MAX_NAME)
    text = models.CharField(max_length=MAX_LENGTH)
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


class Visit(models.Model):
    """An open tab, and until when it counts as open if nobody says so again."""

    channel_name = models.CharField(max_length=100, primary_key=True)
    process = models.CharField(max_length=36, db_index=True)
    room = models.CharField(max_length=MAX_ROOM)
    name = models.CharField(max_length=MAX_NAME)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["room", "name"], name="who_is_where")]

    def __str__(self):
        return f"{self.name} in {self.room}"
