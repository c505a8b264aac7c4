"""`make pictures`: an author's edit is not lost by it, and what it meets is told in words."""

from types import SimpleNamespace

import pytest

from lessons.engine.author.pictures import diagrams, make
from lessons.engine.errors import CourseError
from lessons.engine.harness.redis import NoRedis

LESSON = SimpleNamespace(file="lessons/04-websockets/README.md", number=4)
TEXT = f"# Lesson 4\n\n{diagrams.MARKER}\n\n```mermaid\nold\n```\n"


def test_what_an_author_saves_while_a_diagram_is_recorded_stays(tmp_path, monkeypatch):
    file = tmp_path / LESSON.file
    file.parent.mkdir(parents=True)
    file.write_text(TEXT, encoding="utf-8")

    def record_for_seconds(number, place) -> str:
        file.write_text(TEXT + "Saved meanwhile.\n", encoding="utf-8")
        return "new\n"

    monkeypatch.setattr(make, "ROOT", tmp_path)
    monkeypatch.setattr(make, "recorded", record_for_seconds)
    make.renew_diagram(SimpleNamespace(stages=[{}] * 5, lay_out=lambda *_: tmp_path), LESSON)
    assert file.read_text(encoding="utf-8") == TEXT.replace("old", "new") + "Saved meanwhile.\n"


@pytest.mark.parametrize("error", [NoRedis("There is none."), AssertionError("It was not refused."), TimeoutError()])
def test_what_a_scene_meets_is_told_with_its_lesson(error):
    with pytest.raises(CourseError, match=r"^lessons/04-websockets/README\.md:1: its scene "), make.in_words(LESSON):
        raise error
