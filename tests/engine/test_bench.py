"""The race and the trace of lesson 11: what can be told without running them. `make check` runs both in the lesson."""

import pytest

from lessons.engine.author.bench import bench, plot, race, trace
from lessons.engine.errors import CourseError
from lessons.engine.harness.raw_frames import read_frame

RATES = {
    race.BARE: {50: 40000.0, 200: 50000.0, 500: 50000.0},
    race.SYNC: {50: 2000.0, 200: 2000.0, 500: 1800.0},
    race.ASYNC: {50: 4000.0, 200: 4000.0, 500: 3000.0},
    race.OLD: {50: 2000.0, 200: 2000.0, 500: 1500.0},
    race.OURS: {50: 5000.0, 200: 7000.0, 500: 3000.0},
}
SEEN = {
    "trips": [["ThreadPoolExecutor-0_0", 0.2, 2.3, "websocket.receive"]],
    "frames": [["MainThread", 2.5, 2], ["MainThread", 2.4, 1]],
}


@pytest.mark.parametrize("length", [0, 5, 125, 126, 65535, 65536])
def test_a_frame_is_read_when_it_is_whole(length):
    size = bytes([length]) if length < 126 else b"\x7e" + length.to_bytes(2) if length < 2**16 else b"\x7f"
    frame = b"\x81" + (size + length.to_bytes(8) if size == b"\x7f" else size) + b"x" * length
    assert read_frame(frame + b"rest", 0) == (1, b"x" * length, len(frame))
    assert read_frame(b"before" + frame, 6) == (1, b"x" * length, 6 + len(frame))
    assert all(read_frame(frame[:end], 0) is None for end in {0, 1, len(frame) - 1})


def test_the_table_has_a_row_for_each_and_the_ratios_are_those_that_are_promised():
    rows = race.table(RATES)
    assert [row for row in rows if row.startswith("this chat")] == [
        f"{'this chat':26}{'5,000':>10}{'7,000':>10}{'3,000':>10}  {'#' * 30}"
    ]
    assert [(round(ratio, 2), limit) for _, ratio, limit in race.ratios(RATES)] == [
        (3.5, 3.0), (3.5, 3.0), (1.75, 1.5), (0.14, 0.0), (0.6, 0.7),
    ]  # fmt: skip


def test_a_race_in_rooms_of_one_size_has_no_ratio_to_other_sizes():
    small = {name: {20: row[50]} for name, row in RATES.items()}
    assert race.ratios(small) == []
    assert any("20 tabs" in row for row in race.table(small))


def test_the_story_is_told_in_the_order_in_which_it_happened():
    told = trace.story("this chat", SEEN)
    assert told[0] == "this chat: a message to 8 tabs takes 1 trip to a thread"
    assert [row.split(maxsplit=1)[1] for row in told[2:]] == [
        "websocket.receive (2.1 ms)", "frame to tab 1", "frame to tab 2",
    ]  # fmt: skip


def test_a_part_that_is_none_is_refused():
    with pytest.raises(CourseError, match="The parts are"):
        bench.bench("everything", "")


@pytest.mark.parametrize("tabs", ["abc", "50,,200", "50, many", "4", "0", "-5", ","])
def test_rooms_of_no_size_or_with_fewer_tabs_than_speak_are_refused(tabs):
    with pytest.raises(CourseError, match=r"^bench: TABS=.* Example: make bench ONLY=broadcast TABS=50,200$"):
        bench.bench("broadcast", tabs)


def test_rooms_of_other_sizes_leave_the_plots_of_the_lesson_alone(monkeypatch):
    drawn = []
    monkeypatch.setattr(bench, "commands", lambda: 0)
    monkeypatch.setattr(bench, "look_inside", lambda plots: 0)
    monkeypatch.setattr(bench, "fan_out", lambda sizes, plots: drawn.append((sizes, plots)) or 0)
    for tabs in ("", "5,20"):
        bench.bench("", tabs)
    assert drawn == [(list(race.ROUNDS), bench.PLOTS), ([5, 20], bench.OWN_PLOTS)]


def test_the_same_figures_make_the_same_plots(tmp_path, monkeypatch):
    if not plot.has_matplotlib():
        pytest.skip("matplotlib is not installed")
    monkeypatch.setattr(plot, "machine", lambda: "some machine")
    pictures = []
    for name in ("one.svg", "two.svg"):
        plot.save_race(RATES, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        plot.save_trace({race.OLD: SEEN, race.OURS: SEEN}, tmp_path / name)
        pictures.append((first, (tmp_path / name).read_bytes()))
    assert pictures[0] == pictures[1]
    assert b"<dc:date>" not in b"".join(pictures[0])
