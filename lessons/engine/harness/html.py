"""A look at a page's HTML: which elements it has, with their attributes and their text, and which forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FIELDS = {"input", "select", "textarea"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = ()  # the tags around it


@dataclass
class Form:
    """`fields` are those that have a name, with what stands in them before anybody types."""

    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[Element] = []
        self.open: list[Element] = []
        self.forms: list[Form] = []

    def handle_starttag(self, tag, attrs) -> None:
        attributes = {key: value or "" for key, value in attrs}
        self.all.append(Element(tag, attributes, "", tuple(e.tag for e in self.open)))
        if tag == "form":
            self.forms.append(Form(attributes))
        elif tag in FIELDS and attributes.get("name") and "form" in self.all[-1].inside:
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
        if tag not in VOID:
            self.open.append(self.all[-1])

    def handle_endtag(self, tag) -> None:
        if tag in [element.tag for element in self.open]:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data) -> None:
        for element in self.open:
            element.text += data


def elements(html: str, tag: str | None = None, **attributes: str) -> list[Element]:
    """Return the elements with this tag (or any) and these attributes, in the order of the page."""
    reader = Reader()
    reader.feed(html)
    return [
        Element(e.tag, e.attributes, " ".join(e.text.split()), e.inside)
        for e in reader.all
        if tag in (None, e.tag) and attributes.items() <= e.attributes.items()
    ]


def forms(html: str) -> list[Form]:
    """Return the forms of a page, with their fields."""
    reader = Reader()
    reader.feed(html)
    return reader.forms
