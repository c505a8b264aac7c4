"""The plots of lesson 11, from what was measured: the same figures give the same file."""

from pathlib import Path

from .race import ASYNC, BARE, OLD, OURS, SYNC, Rates, machine
from .trace import TABS, Trace, trips

COLORS = {SYNC: "#9ecae1", ASYNC: "#3182bd", OLD: "#fdae6b", OURS: "#d94801"}
STYLE = {"svg.hashsalt": "lesson 11", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}


def has_matplotlib() -> bool:
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    matplotlib.rcParams.update(STYLE)
    return True


def save_race(rates: Rates, path: Path) -> None:
    """Draw a group of bars for each size of room. A bare server would be far above: it is left out."""
    from matplotlib import pyplot

    sizes = list(rates[OURS])
    figure, axes = pyplot.subplots(figsize=(6.4, 3))
    for number, (name, color) in enumerate(COLORS.items()):
        places = [place + (number - 1.5) * 0.2 for place in range(len(sizes))]
        bars = axes.bar(places, [rates[name][tabs] for tabs in sizes], 0.19, label=name, color=color)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=6.5)
    axes.set_xticks(range(len(sizes)), [f"{tabs} tabs" for tabs in sizes])
    axes.set_ylabel("deliveries per second")
    bare = ", ".join(f"{rates[BARE][tabs]:,.0f}" for tabs in sizes)
    axes.set_xlabel(f"{machine()}\n{BARE}: {bare}", fontsize=7)
    finish(figure, axes, path)


def save_trace(traces: dict[str, Trace], path: Path) -> None:
    """Draw for each chat what the thread does (bars), and when each tab gets its frame (strokes)."""
    from matplotlib import pyplot

    figure, every = pyplot.subplots(len(traces), sharex=True, figsize=(6.4, 2.6))
    for axes, (name, seen) in zip(every, traces.items(), strict=True):
        color = COLORS[name]
        axes.broken_barh([(began, end - began) for _, began, end, _ in seen["trips"]], (0.1, 0.8), color=color)
        axes.eventplot([when for _, when, _ in seen["frames"]], lineoffsets=1.5, linelengths=0.8, color="black")
        axes.set_yticks([0.5, 1.5], ["the thread", "frames to tabs"])
        axes.set_title(f"{name}: one message to {TABS} tabs, {trips(seen)}", fontsize=9)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    every[-1].set_xlabel("milliseconds since the message came in")
    finish(figure, None, path)


def finish(figure, legend_of, path: Path) -> None:
    if legend_of:
        legend_of.legend(frameon=False, fontsize=7.5, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))
        for side in ("top", "right"):
            legend_of.spines[side].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
