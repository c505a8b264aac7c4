"""What a terminal shows while the checks run, and a pipe does not get."""

import json

import pytest

from tests import progress, report


@pytest.fixture(autouse=True)
def times(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "drawn", False)
    monkeypatch.setattr(progress, "TIMES", tmp_path / ".course" / "seconds.json")
    return progress.TIMES


def test_the_line_is_drawn_and_gives_way_to_the_next_one(capsys):
    shown = progress.Progress(terminal=True)
    shown.begin(149, slow=60)
    shown.draw(37, stage=4)
    shown.draw(38, stage=4)
    report.say("  ok    the lobby answers")
    report.say("  ok    the lobby has a log")
    first, *lines = capsys.readouterr().out.splitlines(keepends=True)
    assert first == "149 checks. The first time, this may take one to three minutes.\n"
    assert "".join(lines) == (
        "37 of 149 checks, 0 s, stage 4\r\033[K38 of 149 checks, 0 s, stage 4\r\033[K"
        "  ok    the lobby answers\n  ok    the lobby has a log\n"
    )


def test_a_pipe_gets_nothing_of_it(capsys):
    shown = progress.Progress(terminal=False)
    shown.begin(149, slow=60)
    shown.draw(37, stage=4)
    report.say("ok")
    assert capsys.readouterr().out == "ok\n"


def test_the_second_time_it_says_how_long_the_first_one_took(capsys, times):
    first, others = progress.Progress(terminal=True), progress.Progress(terminal=True)
    first.begin(149, slow=60)
    first.began -= 74
    first.remember()
    others.begin(60, slow=3)
    others.remember()
    progress.Progress(terminal=True).begin(149, slow=60)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "60 checks. This may take a minute.",
        "149 checks. The last time they took 74 s.",
    ]
    assert json.loads(times.read_text()) == {"149": 74, "60": 0}


@pytest.mark.parametrize("broken", ["", "{", "\0"])
def test_what_is_remembered_may_be_broken(broken, times, capsys):
    times.parent.mkdir()
    times.write_text(broken)
    progress.Progress(terminal=True).begin(149, slow=60)
    assert "first time" in capsys.readouterr().out
