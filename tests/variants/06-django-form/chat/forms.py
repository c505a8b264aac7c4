from django import forms
from django.core.validators import RegexValidator


class Chooser(forms.Form):
    name = forms.CharField(label="Your name", max_length=24, validators=[RegexValidator(r"^[^\W_][\w .'-]*$")])
    room = forms.SlugField(label="Room", max_length=32)
