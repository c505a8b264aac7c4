"""A change fits in exactly one place, or it is refused."""

import contextlib
import difflib
import random
import re

import pytest

from lessons.engine.content.patch import ChangeError, apply_change

TEXT = "a\nb\nc\n\nd\na\nb\nx\n"


@pytest.mark.parametrize(
    ("text", "change", "result"),
    [
        pytest.param("a\nb\nc\n", " a\n-b\n+B\n c\n", "a\nB\nc\n", id="a line replaced"),
        pytest.param("a\n", "+z\n a\n", "z\na\n", id="a line before the first"),
        pytest.param("a\nb\n", "-b\n", "a\n", id="the last line removed"),
        pytest.param("a\n", "-a\n", "", id="every line removed"),
        pytest.param("a\n\nb\n", " a\n\n-b\n+c\n", "a\n\nc\n", id="empty line as context"),
        pytest.param("a\n\n", " a\n+b\n\n", "a\nb\n\n", id="empty line at the end as context"),
        pytest.param("\ta\n\tb\n", " \ta\n-\tb\n+\t\tb\n", "\ta\n\t\tb\n", id="tabs"),
        pytest.param("@@\n- a\n+ b\n", " @@\n-- a\n + b\n", "@@\n+ b\n", id="signs in the text"),
        pytest.param("a\nb\nc\n", "-a\n@@\n-b\n@@\n-c\n+C\n", "C\n", id="hunks without a gap"),
        pytest.param("a\nb\n", " b\n+c", "a\nb\nc\n", id="change without a final newline"),
        pytest.param("a\nb", "-a\n", "b", id="text without a final newline"),
        pytest.param("a\x0cb\u2028c\n", "-a\x0cb\u2028c\n+d\n", "d\n", id="only a newline ends a line"),
    ],
)
def test_a_change_is_applied(text, change, result):
    assert apply_change(text, change) == result


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        pytest.param("-print('hello')\n", 0, "there is no line \"print('hello')\"", id="matches nowhere"),
        pytest.param("-a\n", 0, "more than once, at lines 1 and 6", id="matches twice"),
        pytest.param("-x\n@@\n-c\n", 2, "begins above the end", id="out of order"),
        pytest.param(" b\n-c\n@@\n c\n-\n", 3, "begins above the end", id="overlapping"),
        pytest.param("+new\n", 0, "Add a line of context", id="without context"),
        pytest.param(" c\n+C\n@@\n\n+new\n", 3, "Add a line of context", id="with empty lines as its only context"),
        pytest.param("-c\n+c\n", 0, "changes nothing", id="a line replaced by itself"),
        pytest.param("", 0, "changes nothing", id="empty"),
        pytest.param("@@\n-c\n", 0, "changes nothing", id="nothing before the first @@"),
        pytest.param("-c\n@@\n", 2, "changes nothing", id="nothing after the last @@"),
        pytest.param(" c\nd\n", 1, "not with 'd'", id="bad first character"),
        pytest.param("\tc\n", 0, "not with '\\t'", id="tab as first character"),
        pytest.param("@@ -1,2 +1,2 @@\n-c\n", 0, "not with '@'", id="line numbers as git writes them"),
        pytest.param(" x\n\n+y\n", 0, "not one after the other", id="an empty line after the last"),
        pytest.param("-b\n-x\n-\n", 0, "not one after the other", id="the final newline removed"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_at_its_hunk(change, line, words):
    with pytest.raises(ChangeError, match=re.escape(words)) as caught:
        apply_change(TEXT, change)
    assert caught.value.line == line


def test_the_nearest_line_is_named_with_its_blanks():
    with pytest.raises(ChangeError, match="no line '  return x'; the nearest is line 2: '    return x'"):
        apply_change("def f():\n    return x\n", "-  return x\n")


def test_an_edit_written_as_a_change_gives_the_new_text_or_is_refused():
    rng, applied = random.Random(8), 0
    for _ in range(3000):
        old = rng.choices(["", "a", "b", " c", "\td", "-e", "+f", "@@"], k=rng.randint(1, 9))
        new = [line for kept in old for line in rng.choice([[kept]] * 4 + [[], ["g"], [kept, ""], ["", kept]])]
        hunks = list(difflib.unified_diff(old, new, n=rng.randint(0, 3), lineterm=""))[3:]  # without ---, +++, first @@
        change = joined("@@" if line.startswith("@@ -") else line for line in hunks)
        with contextlib.suppress(ChangeError):
            assert apply_change(joined(old), change) == joined(new)
            applied += 1
    assert 500 < applied < 2500


def joined(lines) -> str:
    return "".join(line + "\n" for line in lines)
