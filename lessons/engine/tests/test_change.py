"""A change fits in exactly one place, or it is refused."""

import difflib
import random
import re

import pytest

from ..change import ChangeError, apply_change

TEXT = "a\nb\nc\n\nd\na\nb\nx\n"


@pytest.mark.parametrize(
    ("text", "change", "result"),
    [
        pytest.param("a\nb\nc\n", " a\n-b\n+B\n c\n", "a\nB\nc\n", id="a line replaced"),
        pytest.param("a\n", "+z\n a\n", "z\na\n", id="a line before the first"),
        pytest.param("a\n", " a\n+z\n", "a\nz\n", id="a line after the last"),
        pytest.param("a\nb\n", "-a\n", "b\n", id="the first line removed"),
        pytest.param("a\nb\n", "-b\n", "a\n", id="the last line removed"),
        pytest.param("a\n", "-a\n", "", id="every line removed"),
        pytest.param("a\n\nb\n", " a\n\n-b\n+c\n", "a\n\nc\n", id="empty line as context"),
        pytest.param("a\n\nb\n", " a\n-\n b\n", "a\nb\n", id="empty line removed"),
        pytest.param("a\n\n", " a\n+b\n\n", "a\nb\n\n", id="empty line at the end as context"),
        pytest.param("\ta\n\tb\n", " \ta\n-\tb\n+\t\tb\n", "\ta\n\t\tb\n", id="tabs"),
        pytest.param("@@\n- a\n+ b\n", " @@\n-- a\n ++ b\n".replace(" ++", " +"), "@@\n+ b\n", id="signs in the text"),
        pytest.param("a\nb\nc\n", "-a\n@@\n-b\n@@\n-c\n+C\n", "C\n", id="hunks without a gap"),
        pytest.param("a\nb\n", "+z\n a\n@@ \n b\n+c\n", "z\na\nb\nc\n", id="blanks after the sign of a hunk"),
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
        pytest.param(" c\n-\n-D\n", 0, "there is no line 'D'", id="one line of several is not there"),
        pytest.param(" c\n-d\n", 0, "not one after the other", id="lines that are not neighbours"),
        pytest.param("-a\n", 0, "more than once, at lines 1 and 6", id="matches twice"),
        pytest.param("-x\n@@\n-c\n", 2, "begins above the end", id="out of order"),
        pytest.param(" b\n-c\n@@\n c\n-\n", 3, "begins above the end", id="overlapping"),
        pytest.param("-c\n@@\n-c\n", 2, "begins above the end", id="the same place twice"),
        pytest.param("+new\n", 0, "Add a line of context", id="without context"),
        pytest.param(" c\n+C\n@@\n\n+new\n", 3, "Add a line of context", id="with empty lines as its only context"),
        pytest.param(" a\n b\n", 0, "changes nothing", id="only context"),
        pytest.param("-c\n+c\n", 0, "changes nothing", id="a line replaced by itself"),
        pytest.param("", 0, "changes nothing", id="empty"),
        pytest.param("@@\n-c\n", 0, "changes nothing", id="nothing before the first @@"),
        pytest.param("-c\n@@\n", 2, "changes nothing", id="nothing after the last @@"),
        pytest.param(" c\nd\n", 1, "not with 'd'", id="bad first character"),
        pytest.param("\tc\n", 0, "not with '\\t'", id="tab as first character"),
        pytest.param("@@ -1,2 +1,2 @@\n-c\n", 0, "not with '@'", id="line numbers as git writes them"),
        pytest.param("-x\n\\ No newline at end of file\n", 1, "not with '\\\\'", id="git's word about the last line"),
        pytest.param(" x\n\n+y\n", 0, "there is no", id="an empty line after the last"),
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
    rng, outcomes = random.Random(8), []
    for _ in range(3000):
        old = rng.choices(["", "a", "b", " c", "\td", "-e", "+f", "@@"], k=rng.randint(1, 9))
        new = [line for line in old for line in rng.choice([[line]] * 4 + [[], ["g"], [line, ""], ["", line]])]
        outcomes.append(outcome(old, new, context=rng.randint(0, 3)))
    assert set(outcomes) == {"applied", "refused"}
    assert outcomes.count("applied") > 500


def outcome(old: list[str], new: list[str], context: int) -> str:
    hunks = list(difflib.unified_diff(old, new, n=context, lineterm=""))[3:]  # without ---, +++ and the first @@
    change = "".join("@@\n" if line.startswith("@@ -") else line + "\n" for line in hunks)
    try:
        result = apply_change("".join(line + "\n" for line in old), change)
    except ChangeError:
        return "refused"
    assert result == "".join(line + "\n" for line in new), change
    return "applied"
