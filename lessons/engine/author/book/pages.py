"""Which pages the book has: the front page, the lessons, their changes and notebooks, and whatever these link to.

Nothing is listed by hand. A page comes in because a page that is in links to it.
"""

import json
import posixpath
from pathlib import Path

from ...content.lesson import Lesson
from ...content.notebook import notebook_stage
from ...content.stages import Files
from ...errors import CourseError
from .changes import changes_page, fenced
from .markdown import to_book

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"}
LANGUAGES = {".conf": "nginx", ".service": "ini", ".env": "ini"}  # of files that are neither page nor picture
FRONT = "README.md"  # of the course, of a lesson, of any folder


def page_of(path: str) -> str:
    """Return where a file of the course stands in the book: `lessons/03-a/README.md` is `lessons/03-a.md`."""
    folder, name = posixpath.split(path)
    if name == FRONT:
        return f"{folder}.md" if folder else "index.md"
    if posixpath.splitext(name)[1].lower() in {".md", ".ipynb", *PICTURES}:
        return path
    return f"files/{path}.md"


class Book:
    """The pages as they are gathered: `files` is the source of the site, by path."""

    def __init__(self, root: Path, lessons: list[Lesson], stages: list[Files], notebooks: dict[str, str]) -> None:
        """`notebooks` are those with outputs, by path."""
        self.root, self.lessons, self.stages, self.notebooks = root, lessons, stages, notebooks
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []  # paths of the course that some page links to

    def gather(self) -> dict[str, bytes]:
        for lesson, before, after in zip(self.lessons, [{}, *self.stages], self.stages, strict=False):
            self.add_lesson(lesson, before, after)
        front = self.translate(FRONT, self.read(FRONT))
        for path in self.asked:  # which grows meanwhile
            self.add(path)
        known = {page_of(lesson.file) for lesson in self.lessons} | set(self.notebooks) | {"index.md"}
        others = sorted(
            page for page in map(self.page, self.asked) if page not in known and page.endswith((".md", ".ipynb"))
        )
        front += toctree("Lessons", [page_of(lesson.file) for lesson in self.lessons]) + toctree("More", others)
        return self.files | {"index.md": front.encode()}

    def add_lesson(self, lesson: Lesson, before: Files, after: Files) -> None:
        """Add a lesson; below its title stands the way to its changes, and in the navigation its notebooks too."""
        page = page_of(lesson.file)
        changes = page.removesuffix(".md") + "-changes.md"
        since = f"stage {lesson.number - 1}" if lesson.number else "the empty folder"
        own = [path for path in self.notebooks if notebook_stage(self.root / path) == lesson.number]
        ways = f"[All that changes since {since}]({posixpath.basename(changes)})."
        if own:
            titles = ", ".join(f"[]({self.link(lesson.file, '/' + path)})" for path in own)  # Sphinx puts them in
            ways += f" {'Notebook' if len(own) == 1 else 'Notebooks'}: {titles}."
        title, _, rest = self.translate(lesson.file, self.read(lesson.file)).partition("\n")
        inside = [posixpath.basename(changes), *(self.link(lesson.file, "/" + path) for path in own)]
        text = f"{title}\n\nThe tag `{lesson.tag}`. {ways}\n{rest}{toctree('', inside)}"
        self.files[page] = text.encode()
        self.files[changes] = changes_page(lesson, before, after, posixpath.basename(page)).encode()

    def add(self, path: str) -> None:
        """Add whatever a page has linked to."""
        page = self.page(path)
        if page in self.files or page == "index.md":
            return
        if page.endswith(".ipynb"):
            self.files[page] = self.notebook(path).encode()
        elif Path(page).suffix != ".md":
            self.files[page] = (self.root / path).read_bytes()
        elif (self.root / path).is_dir():
            self.files[page] = self.folder(path).encode()
        elif path.endswith(".md"):
            self.files[page] = self.translate(path, self.read(path)).encode()
        else:
            language = LANGUAGES.get(Path(path).suffix, "text")
            text = f"# {path}\n\n" + fenced(language, self.read(path).splitlines()) + "\n"
            self.files[page] = text.encode()

    def folder(self, path: str) -> str:
        """A folder without a README.md gets a page with its files, each by its title."""
        names = sorted(one.name for one in (self.root / path).iterdir() if one.is_file() and one.name[0] != ".")
        links = [f"- []({self.link(posixpath.join(path, FRONT), name)})" for name in names]
        return "\n".join([f"# {path}", "", *links, ""])

    def notebook(self, path: str) -> str:
        content = json.loads(self.notebooks.get(path) or self.read(path))  # not run yet: its lesson is to come
        for cell in content["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = self.translate(path, "".join(cell["source"]))
        return json.dumps(content)

    def translate(self, path: str, text: str) -> str:
        return to_book(text, lambda target: self.link(path, target), lambda code: self.mention(path, code))

    def mention(self, here: str, code: str) -> str:
        """A notebook that is named in code becomes a link."""
        return self.link(here, "/" + code) if code in self.notebooks else ""

    def link(self, here: str, target: str) -> str:
        """Return the target of a link, which stands in the file `here`, for the page that is made of it.

        Raises CourseError if there is no such file.
        """
        target, hash_, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join("/", posixpath.dirname(here), target)).lstrip("/") or "."
        if not (self.root / path).exists():
            rows = enumerate(self.read(here).splitlines(), 1)
            line = next((number for number, row in rows if target in row), 1)
            raise CourseError(f"{here}:{line}: the link {target} leads nowhere. Is it spelt as the file is?")
        if path not in self.asked:
            self.asked.append(path)
        return posixpath.relpath(self.page(path), posixpath.dirname(self.page(here)) or ".") + hash_ + anchor

    def page(self, path: str) -> str:
        return page_of(posixpath.normpath(f"{path}/{FRONT}") if (self.root / path).is_dir() else path)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")


def toctree(caption: str, pages: list[str]) -> str:
    """Return a part of the navigation; it stands beside the pages, and not on one."""
    lines = ["", "", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *pages, "```", ""]
    return "\n".join(lines) if pages else ""
