from django import forms


class MessageForm(forms.Form):
    """What is shown on the page, and what is asked of a frame: one place for both."""

    message = forms.CharField(label="Your message", max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)

    @property
    def complaint(self):
        return " ".join(error for errors in self.errors.values() for error in errors)
