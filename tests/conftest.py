"""Which checks run, what they have at hand, and the promise that nothing outlives them."""

import functools
import os
import re
import subprocess
import warnings
from contextlib import suppress

import pytest

from lessons.engine.harness import forked, import_check, limit, project, step_log
from lessons.engine.harness.asgi_tab import AsgiTab, Loop
from lessons.engine.harness.browser import BY_HAND, NoBrowser, open_browser, process_of
from lessons.engine.harness.database import Database
from lessons.engine.harness.machine import needs_every_program
from lessons.engine.harness.page import Page
from lessons.engine.harness.redis import STAND_IN, WITH_STAND_IN, NoRedis, Redis, is_stand_in
from lessons.engine.harness.server import Server
from lessons.engine.harness.visitor import InProcess, OverNetwork, Visitor
from lessons.engine.harness.window import Windows
from tests import entry, report, watched
from tests.order import Postponing, schedule
from tests.plan import IN_PROCESS, Check, Plan, kind_of, waits

FAILED = pytest.StashKey[list]()


def pytest_addoption(parser):
    group = parser.getgroup("course")
    group.addoption("--stage", type=int, default=None, help="run the checks up to this stage (default: lessons/STAGE)")
    group.addoption("--from-stage", type=int, default=0, help="and only from this one on")
    group.addoption("--browser-from", type=int, default=0, help="open the browser for checks from this stage on")
    group.addoption("--server-from", type=int, default=0, help="start a server for checks from this stage on")
    group.addoption("--long-from", type=int, default=99, help="run the long checks of stages from this one on")
    group.addoption(
        "--until", default="", help="run the check of this name, and what it needs before it: tests/entry.py"
    )
    group.addoption("--page", action="store_true", help="what --until looks for is wrong in the page alone")
    group.addoption("--results", default="", help="write what each check did to this file, as JSON")
    group.addoption("--all", action="store_true", help="run also what waits for a failed check, and explain each")
    group.addoption("--first-cause", action="store_true", help="leave out what may be red beside the first cause")
    group.addoption("--full", action="store_true", help="pytest's own report, with tracebacks")
    group.addoption(
        "--watch", action="store_true", help="for make watch: the quick checks first, the map at the bottom"
    )


@pytest.hookimpl(tryfirst=True)  # before pytest-django looks whether there are settings
def pytest_cmdline_main(config):
    def told(place: str) -> None:
        speak(config)
        lines = report.settings_never_end(place)
        if lane := lane_of(config):
            lane.give_up(lines)
        for line in [] if lane else lines:
            report.say(line)

    with limit.limit(limit.SECONDS, told, project.is_students):
        project.load()


def lane_of(config):
    """Return what `make test` has put into this process, one of two: see tests/lanes.py. None where all is one."""
    return config.pluginmanager.get_plugin("lane")


def speak(config) -> None:
    """Let what is printed from now on be seen, in the middle of a check too."""
    config.pluginmanager.get_plugin("capturemanager").suspend_global_capture(in_=False)


@pytest.hookimpl(trylast=True)  # after the terminal reporter has come
def pytest_configure(config):
    config.stage = config.getoption("--stage")
    if config.stage is None:
        text = (project.ROOT / "lessons" / "STAGE").read_text(encoding="utf-8").strip()
        if not text.isdecimal():
            raise pytest.UsageError(f"lessons/STAGE:1: {text!r} is no stage. The file holds one number, such as 4.")
        config.stage = int(text)
    lane = lane_of(config)
    if config.getoption("--results") and not lane:
        config.pluginmanager.register(report.WriteResults(config, config.getoption("--results")))
    if not (config.getoption("--full") or config.option.collectonly):
        printed = lane or (watched.Watched() if config.getoption("--watch") else report.InOrder())
        hooks = report.Hooks(config, printed)
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(hooks, "terminalreporter")


def is_the_courses(path) -> re.Match | None:
    return re.match(r"test_stage_(\d\d)", path.name)


def stage_of(path, config) -> int:
    """Return the stage of a file of checks; of a test of the student's own the one that the student is at."""
    found = is_the_courses(path)
    return int(found[1]) if found else config.stage


def is_named(path, config) -> bool:
    """Tell whether a file is named on the command line."""
    folder = config.invocation_params.dir
    return path in [(folder / arg.split("::")[0]).resolve() for arg in config.args if ".py" in arg]


def pytest_ignore_collect(collection_path, config):
    """Do not even read the checks of later stages."""
    return stage_of(collection_path, config) > config.stage and not is_named(collection_path, config) or None


def pytest_collection_modifyitems(config, items):
    """Leave out the checks of other stages, unless their file is named on the command line; and put them in order."""
    for item in items:
        item.stage = stage_of(item.path, config)
    stages = range(config.getoption("--from-stage"), config.stage + 1)
    chosen = [item for item in items if is_named(item.path, config) or item.stage in stages and is_wanted(item, config)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    chosen.sort(key=lambda item: (item.stage, not is_the_courses(item.path)))
    left = watched.quick_first(chosen, config.stage) if config.getoption("--watch") else chosen
    if named := config.getoption("--until"):
        left = entry.needed(chosen, named, config.getoption("--page"))
    for number, item in enumerate(left):
        first = next(other for other in left if other.stage == item.stage)
        item.check = check_of(item, number, item.function is first.function)
    checks = [item.check for item in left]
    config.checks = {check.nodeid: check for check in checks}
    config.plan = Plan(
        config.stage,
        checks,
        chosen=config.getoption("--stage") is not None,
        selected=bool(config.option.keyword),
        everything=config.getoption("--all"),
        left_out=len(chosen) - len(left),
        results=config.getoption("--results"),
    )
    if not any(map(config.getoption, ("--watch", "--full", "--collect-only"))):
        left = schedule(left, config.stage, again=not config.getoption("--first-cause"))
        failed = config.stash.setdefault(FAILED, [])
        config.pluginmanager.register(Postponing(config.stage, failed))
    lane = lane_of(config)
    items[:] = [item for item in left if not lane or lane.has(item.check)]
    if any("fresh_import" in item.fixturenames for item in items) and not project.problem:
        config.fresh_import = import_check.start()


def check_of(item, number: int, foundation: bool) -> Check:
    mark, guards = item.get_closest_marker("check"), item.get_closest_marker("guards")
    return Check(
        number=number,
        nodeid=item.nodeid,
        stage=item.stage,
        name=report.sentence(item),
        function=item.nodeid.partition("[")[0],
        kind=kind_of(item.fixturenames, [mark.name for mark in item.iter_markers()]),
        foundation=foundation,
        slow=watched.is_slow(item.fixturenames),
        asked=dict(mark.kwargs) if mark else {},
        guards=guards.args[0] if guards else "",
    )


def is_wanted(item, config) -> bool:
    """Tell whether a check may have the processes, and the time, that it needs."""
    if item.get_closest_marker("long") and item.stage < config.getoption("--long-from"):
        return False
    needs = {"browser": "--browser-from"} | dict.fromkeys(("server", "redis", "fresh_import"), "--server-from")
    return all(item.stage >= config.getoption(needs[name]) for name in needs.keys() & set(item.fixturenames))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """End a check that does not come to its end: an endless loop in the student's code."""
    slow = {"server", "redis", "browser", "fresh_import"} & set(item.fixturenames)
    seconds = limit.LONG * (3 if item.get_closest_marker("long") else 1) if slow else limit.SECONDS
    with limit.limit(seconds, lambda place: out_of_time(item, place), project.is_students):
        return (yield)


def out_of_time(item, place: str) -> None:
    error = report.NeverEnds(place)
    note_stand_in(item, error)
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    speak(item.config)
    if isinstance(reporter, report.Hooks):
        reporter.report.take(report.failure(item.check, item.config.stage, error))
        reporter.report.end()
    for process in Server.processes:
        process.kill()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Begin the step log anew. A check that cannot pass before an earlier one does waits, and costs no time."""
    step_log.lines.clear()
    let_wait(item)


def let_wait(item) -> None:
    failed = item.config.stash.setdefault(FAILED, [])
    if lane := lane_of(item.config):
        failed += lane.failed_elsewhere()
    if project.problem:
        wait = "settings_can_be_read" not in item.name
    elif item.config.getoption("--all"):
        wait = False
    else:
        too_slow = failed and item.config.getoption("--watch") and item.check.slow
        wait = too_slow or waits(item.check, failed, item.config.stage)
    if wait:
        pytest.fail(report.WAITS, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run a check; if a coroutine was made and thrown away on the way, that is told, or is the failure itself."""
    if lane := lane_of(item.config):
        lane.wait_for_its_turn()
        let_wait(item)
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=".*was never awaited", category=RuntimeWarning)
        try:
            result = yield
        except Exception as error:
            if passes_alone(item):
                return None
            for line in forgotten(caught):
                error.add_note(line)
            raise
    if forgotten(caught):
        pytest.fail(forgotten(caught)[0], pytrace=False)
    return result


def passes_alone(item) -> bool:
    """Tell whether a check of an earlier lesson has failed only for what a later lesson's failure has left behind.

    A consumer that raises an exception does not disconnect: its name, say, stays in a list of this process. So the
    check is run once more in a new process, where nothing has failed before.
    """
    failed = item.config.stash.setdefault(FAILED, [])
    if item.check.kind != IN_PROCESS or not any(other.stage > item.check.stage for other in failed):
        return False
    words = ["-m", "pytest", "--full", "-q", f"--stage={item.config.stage}", item.nodeid]
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    with suppress(subprocess.TimeoutExpired):
        return forked.run(words, cwd=project.ROOT, env=environ, timeout=limit.SECONDS).returncode == 0
    return False


def forgotten(caught) -> list[str]:
    """Return a line for each coroutine that nobody awaited. Daphne hides this warning from whoever learns."""
    return [f"Python warns: {warning.message}." for warning in caught]


def pytest_runtest_makereport(item, call):
    if call.excinfo:
        note_stand_in(item, call.excinfo.value)
    exception = call.excinfo and call.excinfo.value
    item.config.stash.setdefault(report.EXCEPTIONS, {})[item.nodeid, call.when] = exception
    if exception and not isinstance(exception, pytest.skip.Exception) and str(exception) != report.WAITS:
        item.config.stash.setdefault(FAILED, []).append(item.check)


def note_stand_in(item, error: BaseException) -> None:
    """Add to the failure of a check that used the stand-in for Redis that it did."""
    with suppress(NoRedis):
        if "redis" in item.fixturenames and is_stand_in() and not isinstance(error, pytest.skip.Exception):
            error.add_note(WITH_STAND_IN)


@pytest.fixture(scope="session")
def loop():
    """The event loop under all tabs."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def own_database(loop, django_db_blocker):
    """The checks' own database, not made yet."""
    database = Server.database = Database(loop, django_db_blocker)
    yield database
    database.close()


@pytest.fixture
def database(own_database):
    """That database, as good as new, where the settings name one."""
    if project.has_database():
        own_database.make()
        own_database.reset()
    return own_database


@pytest.fixture
def tab(loop, database):
    """Open browser tabs without a server: `ada = tab()` or `tab("/ws/kitchen/", cookies=...)`."""
    from channels.layers import channel_layers

    for layer in channel_layers.backends.values():  # emptied, not replaced: a module of the student's may hold it
        loop.run(layer.flush())
    opened = []

    def open_tab(path: str = "/ws/lobby/", application=None, cookies: str = "", headers=None) -> AsgiTab:
        opened.append(AsgiTab(loop, application or chat_application(loop), path, cookies, headers))
        return opened[-1].connect()

    yield open_tab
    for one in opened:
        one.abandon()


@pytest.fixture
def visitor(loop, database):
    """Let somebody enter a room by the page: `ada = visitor("Ada", room="kitchen")`. Without a name: a new visitor.

    `visitor("Ada", room="kitchen", server=server)` goes over the network. `visitor(user="teacher")` has logged in, as
    one of the users in lessons/engine/harness/database.py.
    """

    def enter(name: str = "", room: str = "lobby", server: Server | None = None, user: str = "") -> Visitor:
        cookies = database.cookies_of(user) if user else {}
        somebody = Visitor(OverNetwork(server.address, cookies) if server else InProcess(loop, cookies))
        if name:
            page = somebody.choose(name, room)
            assert page.status == 200, f"The form with the name and the room was answered with HTTP {page.status}."
        return somebody

    return enter


@functools.cache
def chat_application(loop: Loop):
    """Return what a tab talks to: the whole application where it leads ws/lobby/ to somebody, else the consumer alone.

    So a fault in the routes is told by the checks of stage 3, and not by those of the consumer.
    """
    try:
        application = project.router()
        assert not project.shares_one_consumer(application)  # a probe would leave its traces in it
        probe = AsgiTab(loop, application, "/ws/lobby/")
        try:
            routed = probe.connect().accepted
        finally:
            probe.abandon()
    except Exception:
        routed = False
    step_log.lines.clear()
    return application if routed else project.lone_consumer()


@pytest.fixture(scope="session")
def server(own_database, request):
    """The student's server, started once for all checks that need it, by the command that the student types.

    (Beside the browser's lane another one runs, with a server that is.)
    """
    lane = lane_of(request.config)
    one = Server()
    one.anew = not lane or lane.starts_servers
    with one:
        yield one


@pytest.fixture(scope="session")
def redis(request):
    """A Redis of the checks' own. Where it cannot be, the check says NOT CHECKED; in CI that is a failure."""
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        try:
            if is_stand_in():
                (lane_of(request.config) or report).say(f"        {STAND_IN}")
        except NoRedis as error:
            if needs_every_program():
                pytest.fail(f"CI must have a Redis. {error}", pytrace=False)
            pytest.skip(str(error))
    with Redis() as running:
        yield running


@pytest.fixture(scope="session")
def browser(request):
    """The windows of a real browser. Where there is none the check says NOT CHECKED; in CI that is a failure."""
    try:
        with open_browser() as browser:
            if lane := lane_of(request.config):
                lane.has_begun(process_of(browser))
            yield Windows(browser)
    except NoBrowser:
        if needs_every_program():
            pytest.fail("There is no browser, and CI must have one.", pytrace=False)
        pytest.skip(BY_HAND)


@pytest.fixture
def open_page(browser, server):
    """Open windows on the lobby, `ada = open_page()`, or on a room: `ada = open_page(name="Ada", room="kitchen")`.

    Who enters a room so has chosen the name and the room before, without a browser: that is quicker.
    """
    windows = []

    def open_one(at: Server = server, strict: bool = False, name: str = "", room: str = "") -> Page:
        somebody = Visitor(OverNetwork(at.address))
        if name:
            page = somebody.choose(name, room)
            assert page.status == 200, f"{name} entered the room {room}, and the answer was HTTP {page.status}."
        windows.append(browser.open(strict))
        return Page(windows[-1], at, somebody.page.path if name else "/", somebody.browse.cookies())

    yield open_one
    for window in windows:
        browser.take_back(window)


@pytest.fixture
def fresh_import(request):
    """What Python says of `import mywebsite.asgi` in a process of its own; "" when all is well."""
    return request.config.fresh_import()
