"""Which checks run, what they have at hand, and the promise that nothing outlives them."""

import os
import subprocess
import sys
import warnings

import pytest

from tests import project, report
from tests.browser import BY_HAND, NoBrowser, Page, open_browser
from tests.server import Server
from tests.tab import Loop, Tab

project.load()


def pytest_addoption(parser):
    group = parser.getgroup("course")
    group.addoption("--stage", type=int, default=None, help="run the checks up to this stage (default: lessons/STAGE)")
    group.addoption("--from-stage", type=int, default=0, help="and only from this one on")
    group.addoption("--browser-from", type=int, default=0, help="open the browser for checks from this stage on")
    group.addoption("--results", default="", help="write what each check did to this file, as JSON")
    group.addoption("--full", action="store_true", help="pytest's own report, with tracebacks")


@pytest.hookimpl(trylast=True)  # after the terminal reporter has come
def pytest_configure(config):
    config.stage = config.getoption("--stage")
    if config.stage is None:
        config.stage = int((project.ROOT / "lessons" / "STAGE").read_text(encoding="utf-8"))
    if config.getoption("--results"):
        config.pluginmanager.register(report.Results(config))
    if not (config.getoption("--full") or config.option.collectonly):
        reporter = report.Report(config)
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(reporter, "terminalreporter")


def pytest_collection_modifyitems(config, items):
    """Leave out the checks of other stages, unless their file is named on the command line."""
    named = [str((config.invocation_params.dir / arg.split("::")[0]).resolve()) for arg in config.args if ".py" in arg]
    for item in items:
        item.stage = int(item.path.name.removeprefix("test_stage_")[:2])
    stages = range(config.getoption("--from-stage"), config.stage + 1)
    first = config.getoption("--browser-from")
    wanted = [item for item in items if item.stage >= first or not item.get_closest_marker("browser")]
    chosen = [item for item in wanted if str(item.path) in named or item.stage in stages]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    if any("fresh_import" in item.fixturenames for item in items) and not project.problem:
        config.fresh_import = start_fresh_import()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run a check; if a coroutine was made and thrown away on the way, that is told, or is the failure itself."""
    if project.problem and "settings_can_be_read" not in item.name:
        pytest.fail(report.WAITS, pytrace=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=".*was never awaited", category=RuntimeWarning)
        try:
            result = yield
        except Exception as error:
            for line in forgotten(caught):
                error.add_note(line)
            raise
    assert not forgotten(caught), forgotten(caught)[0]
    return result


def forgotten(caught) -> list[str]:
    """Return a line for each coroutine that nobody awaited. Daphne hides this warning from whoever learns."""
    return [
        f"Python warns: {warning.message}. (Is an async_to_sync missing, or an async too many?)" for warning in caught
    ]


def pytest_runtest_makereport(item, call):
    item.config.stash.setdefault(report.EXCEPTIONS, {})[item.nodeid, call.when] = call.excinfo and call.excinfo.value


@pytest.fixture(scope="session")
def loop():
    """The event loop under all tabs."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def tab(loop):
    """Open browser tabs without a server: `ada = tab()` or `tab("/ws/kitchen/")`."""
    from channels.layers import channel_layers

    channel_layers.backends.clear()  # what another check left in the layer is not for this one
    opened = []

    def open_tab(path: str = "/ws/lobby/", application=None) -> Tab:
        opened.append(Tab(loop, application or project.chat_application(), path))
        return opened[-1].connect()

    yield open_tab
    for one in opened:
        one.abandon()


@pytest.fixture(scope="session")
def server():
    """The student's server, started once for all checks that need it."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    """A real browser. Where there is none the check says NOT CHECKED; in CI that is a failure."""
    try:
        with open_browser() as browser:
            yield browser
    except NoBrowser:
        if os.environ.get("CI"):
            pytest.fail("There is no browser, and CI must have one.", pytrace=False)
        pytest.skip(BY_HAND)


@pytest.fixture
def open_page(browser, server):
    """Open windows on the lobby: `ada = open_page()`."""
    opened = []

    def open_one(at: Server = server) -> Page:
        opened.append(Page(browser, at))
        return opened[-1]

    yield open_one
    for page in opened:
        page.page.close()


FRESH_IMPORT = """
import sys, traceback
try:
    import mywebsite.asgi
    from channels.routing import ProtocolTypeRouter
    assert isinstance(mywebsite.asgi.application, ProtocolTypeRouter), "application is no ProtocolTypeRouter"
except BaseException as error:
    sys.exit(traceback.format_exception_only(error)[-1].strip())
"""


def start_fresh_import() -> subprocess.Popen:
    environ = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", FRESH_IMPORT]
    return subprocess.Popen(command, cwd=project.ROOT, env=environ, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def fresh_import(request):
    """What Python says of `import mywebsite.asgi` in a process of its own, as the command `daphne` does it.

    "" when all is well. The process was started before the first check, so that it costs no time.
    """
    _, said = request.config.fresh_import.communicate(timeout=30)
    return said.strip()
