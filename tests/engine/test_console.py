"""What a console block asks for, and whether an output has it."""

import re

import pytest

from lessons.engine.author.check.console import Call, Terminal, is_shown_only, missing, read_calls, run_calls
from lessons.engine.errors import LessonError

from .toy import FILE

TAB = "$ make tab\nOpening ws/lobby/ ...\n> hello\n...\n<- hello\n\n$ make test\n"


def test_a_block_is_read_into_its_commands_with_what_is_typed_and_what_is_printed():
    assert read_calls(FILE, TAB, 10) == [
        Call(10, "make tab", ["hello"], [(11, "Opening ws/lobby/ ..."), (12, "> hello"), (14, "<- hello")]),
        Call(16, "make test"),
    ]


def test_typed_lines_keep_their_blanks_and_printed_ones_their_indentation():
    (call,) = read_calls(FILE, "$ make tab\n>   two  blanks \n>  \n    indented  \n", 1)
    assert call.typed == ["  two  blanks ", " "]
    assert call.expected == [(2, ">   two  blanks"), (3, ">"), (4, "    indented")]


def test_an_empty_block_asks_for_nothing():
    assert read_calls(FILE, "", 1) == []


@pytest.mark.parametrize(
    "text", ["output\n$ make test\n", "\n$ make test\n", "$\n", "$ \n", "> typed\n", "...\n", " $ x\n"]
)
def test_output_before_the_first_command_is_a_fault_at_its_line(text):
    with pytest.raises(LessonError, match=f"^{FILE}:10: a console block begins with a command"):
        read_calls(FILE, text, 10)


@pytest.mark.parametrize(
    ("expected", "absent"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(["first", "second", "third"], None, id="every line"),
        pytest.param(["first", "third"], None, id="lines left out between"),
        pytest.param(["eco"], None, id="part of a line"),
        pytest.param(["second", "first"], "first", id="another order"),
        pytest.param(["first", "first"], "first", id="twice what comes once"),
        pytest.param(["same", "same"], None, id="twice what comes twice"),
        pytest.param(["same", "same", "same"], "same", id="three times what comes twice"),
        pytest.param(["f...t", "sec...", "...rd"], None, id="dots within a line"),
        pytest.param(["f...d"], "f...d", id="dots across lines"),
        pytest.param(["HTTP/1.1 200 [0.0...]"], None, id="dots beside signs of patterns"),
        pytest.param(["1x1 200"], "1x1 200", id="a sign of patterns is only itself"),
        pytest.param(["First"], "First", id="capitals"),
        pytest.param(["fourth"], "fourth", id="what does not come"),
    ],
)
def test_the_first_line_that_does_not_come_in_its_turn_is_named(expected, absent):
    output = "first\nsecond\r\nthird\nsame\nsame\nGET HTTP/1.1 200 [0.0123]\n"
    found = missing(list(enumerate(expected, 1)), output)
    assert (found and found[1]) == absent


def test_a_line_of_dots_skips_any_number_of_lines():
    (call,) = read_calls(FILE, "$ make test\nfirst\n...\n   ...\nlast\n", 1)
    assert missing(call.expected, "first\nlast") is None
    assert missing(call.expected, "first\na\nb\nlast") is None
    assert missing(call.expected, "last\nfirst") == (5, "last")


@pytest.mark.parametrize(
    "command",
    ["pip install x", "django-admin startproject x .", "git diff stage-04", "make start N=4", "make setup", "source x"],
)
def test_what_would_install_or_leave_the_folders_git_is_only_shown(command):
    assert is_shown_only(command)


@pytest.mark.parametrize("command", ["make test", "make stages", "make tab", "python manage.py runserver", "gitk"])
def test_anything_else_is_run(command):
    assert not is_shown_only(command)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ls -l", "`ls -l` cannot be run|make check cannot run 'ls'. It knows python, make, redis-cli and export."),
        ("python -c 'x", "`python -c 'x` is no command: No closing quotation."),
        ('python -c "print(1)"', "`python -c \"print(1)\"` did not print 'two'. It printed:\n    1"),
        ("python -c 'raise SystemExit(3)'", "did not print 'two'"),
        ("python manage.py runserver 8001", "make check does not see its port. Write make run PORT=8001."),
        ("python manage.py runserver --noreload", "make check does not see its port."),
    ],
)
def test_a_command_that_does_not_do_what_the_lesson_shows_is_a_fault_at_its_line(tmp_path, command, words):
    calls = read_calls(FILE, f"$ {command}\n...\ntwo\n", 10)
    with pytest.raises(LessonError, match="|".join(re.escape(word) for word in words.split("|"))) as caught:
        list(run_calls(Terminal(FILE, tmp_path), calls))
    assert caught.value.line == (12 if "print 'two'" in words else 10)


def test_commands_are_run_one_after_the_other_with_what_is_typed_into_them(tmp_path):
    keep, tell = "open('a', 'w').write(input())", "print(open('a').read())"
    text = f'$ pip install x\n$ python -c "{keep}"\n> typed\n$ python -c "{tell}"\ntyped\n'
    calls = read_calls(FILE, text, 1)
    calls[1].expected.clear()  # what is typed is shown by a terminal, which this is not
    done = [line.split()[0] for line in run_calls(Terminal(FILE, tmp_path), calls)]
    assert done == ["shown", "run", "run"]


@pytest.mark.parametrize(
    ("command", "port"),
    [
        ("make run", "8000"),
        ("make tab WHERE=ws/lobby/", "8000"),
        ("make run PORT=8001", "8001"),
        ("make redis", "6379"),
        ("python manage.py runserver", "8000"),
    ],
)
def test_a_server_gets_a_port_of_its_own_that_reads_as_the_lessons(tmp_path, command, port):
    terminal = Terminal(FILE, tmp_path)
    words = terminal.words(Call(1, command))
    assert words[-1].endswith(str(terminal.ports[port])) and not words[-1].endswith(port)
    assert terminal.with_written_ports(f"at http://127.0.0.1:{terminal.ports[port]}/") == f"at http://127.0.0.1:{port}/"


@pytest.mark.parametrize("command", ["make", "make test", "python manage.py check"])
def test_any_other_command_gets_no_port(tmp_path, command):
    terminal = Terminal(FILE, tmp_path)
    assert terminal.words(Call(1, command))[-1] == command.split()[-1].replace("make", "lessons")


def test_what_is_exported_holds_for_the_commands_after_it_in_the_next_folder_too(tmp_path):
    show = "python -c 'import os; print(os.environ[\"CHANNEL_REDIS_URL\"])'"
    first = Terminal(FILE, tmp_path)
    list(run_calls(first, read_calls(FILE, "$ export CHANNEL_REDIS_URL=redis://127.0.0.1:6379/0\n", 1)))
    assert first.exported["CHANNEL_REDIS_URL"] == f"redis://127.0.0.1:{first.ports['6379']}/0"
    second = Terminal(FILE, tmp_path, first)
    list(run_calls(second, read_calls(FILE, f"$ {show}\nredis://127.0.0.1:6379/0\n", 2)))


def test_what_stands_before_a_command_is_told_to_its_environment_alone(tmp_path):
    show = "import os; print(os.environ.get('CHAT_GREETING'))"
    terminal = Terminal("README.md", tmp_path)
    terminal.run(Call(1, f'CHAT_GREETING=hi CHAT_EMPTY= python -c "{show}"', expected=[(2, "hi")]))
    terminal.run(Call(3, f'python -c "{show}"', expected=[(4, "None")]))


def test_a_port_that_stands_before_a_command_is_the_one_that_the_server_really_has(tmp_path):
    terminal = Terminal("README.md", tmp_path)
    show = "import os; print(os.environ['DJANGO_ORIGINS'])"
    call = Call(1, f'DJANGO_ORIGINS=http://127.0.0.1:8000 python -c "{show}"', expected=[(2, "http://127.0.0.1:8000")])
    terminal.run(call)
    assert list(terminal.ports) == ["8000"]
