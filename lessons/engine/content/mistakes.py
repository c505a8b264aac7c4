"""The catalogue of mistakes: tests/mistakes/NN.toml, one entry for each mistake that a learner of stage NN makes.

An entry says how to make the mistake in the finished stage's code, and what `make test` has to say about it. It is the
proof that the checks teach, the stock of the drills, and the source of the lessons' "If it does not work".
"""

import re
import tomllib
from dataclasses import dataclass

from ..errors import CourseError
from ..paths import ROOT
from .stages import Files

FOLDER = ROOT / "tests" / "mistakes"
PAGE = (".html", ".js", ".css")  # what only a browser reads
TABLE = re.compile(r"(## If it does not work\n\n)\| you see .*?\n\n", re.DOTALL)


@dataclass(frozen=True)
class Mistake:
    stage: int
    id: str
    title: str
    check: str  # the test function that has to fail first
    file: str  # the file that the explanation has to name
    says: tuple[str, ...]  # words that it has to contain
    edits: tuple[tuple[str, str, str], ...] = ()  # (file, old text, new text); old "" makes or replaces the file
    remove: tuple[str, ...] = ()  # files that are gone
    base: int | None = None  # the stage whose files it is made in, if not its own
    line: str = ""  # a part of the line that it has to show
    see: str = ""  # the row in the lesson's table: what the learner sees,
    because: str = ""  # why,
    do: str = ""  # and what to do
    drill: bool = True  # whether `make drill` may set it: not if only a long check notices it

    @property
    def is_in_the_page(self) -> bool:
        return bool(self.edits) and all(
            path.endswith(PAGE) for path in [edit[0] for edit in self.edits] + [*self.remove]
        )

    def apply(self, files: Files) -> Files:
        """Return the stage's files with the mistake in them. Raises CourseError where an edit does not fit."""
        made = {path: text for path, text in files.items() if path not in self.remove}
        for path, old, new in self.edits:
            if path.startswith("lessons/"):  # what a lesson brings along, and a student adapts
                made.setdefault(path, (ROOT / path).read_text(encoding="utf-8"))
            if old and made.get(path, "").count(old) != 1:
                times = made.get(path, "").count(old)
                raise CourseError(
                    f"tests/mistakes/{self.stage:02}.toml: {self.id}: {old!r} stands {times} times in {path}"
                )
            made[path] = made[path].replace(old, new) if old else new
        return made


def catalogue() -> list[Mistake]:
    """Read all entries, in the order of their stages. Raises CourseError for one that is not well formed."""
    found = []
    for path in sorted(FOLDER.glob("[0-9][0-9].toml")):
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mistake", [])
        except tomllib.TOMLDecodeError as error:
            raise CourseError(f"tests/mistakes/{path.name}: {error}") from None
        for entry in entries:
            try:
                found.append(Mistake(stage=int(path.stem), **{key: frozen(value) for key, value in entry.items()}))
            except TypeError as error:
                raise CourseError(f"tests/mistakes/{path.name}: {entry.get('id', '?')}: {error}") from None
    if len({mistake.id for mistake in found}) != len(found):
        raise CourseError("tests/mistakes: an id stands twice.")
    return found


def frozen(value: object) -> object:
    """Turn lists into tuples, within lists too."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def with_table(lesson: str, stage: int) -> str:
    """Return a lesson's text with the table of "If it does not work" as the catalogue has it."""
    path = FOLDER / f"{stage:02}.toml"
    entries = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows = [row for kind in ("mistake", "elsewhere") for row in entries.get(kind, []) if "see" in row]
    lines = [f"| {row['see']} | {row['because']} | {row['do']} |" for row in rows]
    table = "\n".join(["| you see | because | do |", "|---|---|---|", *lines]) + "\n\n"
    return TABLE.sub(lambda found: found[1] + table, lesson, count=1) if rows else lesson
