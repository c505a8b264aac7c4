"""The set-up with an index of a folder: no command is ever locked out, whatever becomes of pip, network or disk."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from lessons.engine.student.environment import install, packages, place, stamps

from .test_full_disk import small_disk
from .toy import ROOT, Course, copy_of, make_course

REAL = ["iniconfig", "markdown-it-py", "mdurl", "packaging", "pluggy", "pygments", "pytest"]
BIN = "Scripts" if os.name == "nt" else "bin"
NO_NETWORK = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
GOES_ON = [  # and the exit code
    (("work",), 0),
    (("stages",), 0),
    (("show", "N=1"), 0),
    (("start", "N=1"), 0),
    (("update",), 0),
    (("test", "V=1"), 5),  # pytest's own: a toy has no checks
]
CONFTEST = b"""\
def pytest_addoption(parser):
    parser.addoption("--full", action="store_true")
"""


class Index:
    """A folder of wheels, and the locks that ask for them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hashes = folder, {}
        folder.mkdir()

    def add(self, name: str, version: str, files: dict[str, bytes]) -> None:
        """Make a wheel."""
        bare = name.replace("-", "_")
        info = f"{bare}-{version}.dist-info"
        told = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        files = {f"{info}/METADATA": told, **files, f"{info}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"}
        rows = [f"{path},sha256=x,{len(data)}\n" for path, data in files.items()]
        path = self.folder / f"{bare}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name_in, data in (files | {f"{info}/RECORD": "".join([*rows, f"{info}/RECORD,,\n"]).encode()}).items():
                wheel.writestr(name_in, data)
        self.hashes[name, version] = hashlib.sha256(path.read_bytes()).hexdigest()

    def repack(self, name: str) -> str:
        """Make a wheel of a package that is installed here; return its version."""
        package = metadata.distribution(name)
        used = [file for file in package.files if ".." not in file.parts and file.suffix != ".pyc"]
        own = {file.as_posix(): file.locate().read_bytes() for file in used if "dist-info" not in file.parts[0]}
        points = {
            f"{name.replace('-', '_')}-{package.version}.dist-info/{file.name}": file.locate().read_bytes()
            for file in used
            if file.name == "entry_points.txt"
        }
        self.add(name, package.version, own | points)
        return package.version

    def lock(self, **pins: str) -> bytes:
        """Return a lock of packages; one that is not in the index gets a hash of nothing."""
        names = {name.replace("_", "-"): version for name, version in pins.items()}
        return "".join(
            f"{name}=={version} \\\n    --hash=sha256:{self.hashes.get((name, version), '0' * 64)}\n"
            for name, version in names.items()
        ).encode()


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    index = Index(tmp_path_factory.mktemp("index") / "wheels")
    index.real = {name: index.repack(name) for name in REAL}
    for version, files in (("1.0", 3), ("2.0", 2000)):
        index.add("toy-core", version, {f"toy_core/m{number}.py": b"x = 1\n" * number for number in range(files)})
    index.add("toy-core", "3.0", {"toy_core/__init__.py": b"", "toy_core/data": os.urandom(9_000_000)})
    index.add("toy-browser", "1.0", {"toy_browser.py": b"x = 1\n"})
    index.add("toy-redis", "1.0", {"toy_redis.py": b"x = 1\n"})
    return index


@pytest.fixture(scope="session", autouse=True)
def pip_asks_the_folder(index, home):
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_") or name == "VIRTUAL_ENV"]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", index.folder.as_uri())
        yield


class Student(Course):
    """A course with an environment of its own, and a remote that the teacher pushes to."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.python = root / ".venv" / BIN / "python"
        self.teacher = Course(root.parent / "teacher")
        self.log = root.parent / "pip.log"  # pip writes into it whenever it runs

    def make(self, *words: str, **options):
        options = {"PIP_LOG": str(self.log), **options}
        return super().make(*words, **({"python": str(self.python)} | options))

    def said(self, *words: str, code: int = 0, **options) -> str:
        done = self.make(*words, **options)
        assert done.returncode == code, done.stdout
        return done.stdout

    def pip_ran(self) -> bool:
        ran = self.log.exists()
        self.log.unlink(missing_ok=True)
        return ran

    def version(self, name: str = "toy-core") -> str:
        """Return the version that its Python finds."""
        code = f"from importlib import metadata; print(metadata.version({name!r}))"
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True)
        return done.stdout.strip()

    def package(self, name: str = "toy_core") -> Path:
        return next((self.root / ".venv").rglob(f"site-packages/{name}"))


@pytest.fixture(scope="session")
def bare(index, tmp_path_factory):
    """A course whose locks ask for toys, and its clone: nothing is installed."""
    folder = tmp_path_factory.mktemp("bare")
    teacher = make_course(folder / "teacher")
    teacher.commit(
        {
            "requirements.txt": index.lock(**index.real, toy_core="1.0"),
            "requirements-browser.txt": index.lock(toy_browser="1.0"),
            "requirements-redis.txt": index.lock(toy_redis="1.0"),
            "tests/conftest.py": CONFTEST,
        }
    )
    teacher.git("repack", "-a", "-d", "-q")
    teacher.git("clone", "-q", str(folder / "teacher"), str(folder / "course"))
    return folder


@pytest.fixture(scope="session")
def set_up(bare, tmp_path_factory):
    folder = tmp_path_factory.mktemp("set-up")
    student = copy_to(folder, bare)
    student.first_words = student.said("setup", python=sys._base_executable)
    return student


def copy_to(folder: Path, source: Path) -> Student:
    copy_of(Course(source / "teacher"), folder / "teacher")
    student = Student(copy_of(Course(source / "course"), folder / "course").root)
    student.git("remote", "set-url", "origin", str(folder / "teacher"))
    return student


@pytest.fixture
def student(set_up, tmp_path):
    """A student who has set up, at the end of the course."""
    student = copy_to(tmp_path, set_up.root.parent)
    student.said("work")  # which sees that the folder was copied
    student.pip_ran()
    return student


def correct(student: Student, index: Index, **pins: str) -> None:
    """The teacher pushes other pins, and the student gets them."""
    student.teacher.commit({"requirements.txt": index.lock(**(index.real | pins))})
    student.said("update")


# The first time


def test_the_first_set_up_shows_each_package_and_ends_with_the_next_step(set_up):
    lines = set_up.first_words.splitlines()
    assert lines[0] == "Making a virtual environment in .venv ..."
    shown = [line for line in lines if " of 8: " in line]
    assert shown, set_up.first_words
    assert [line.split()[0] for line in shown] == [f"{number}" for number in range(1, 9)]
    assert "  8 of 8: toy-core 1.0" in shown and "  putting 8 packages into .venv" in lines
    assert lines[-2].startswith("Ready: Python ") and "activate" in lines[-1].lower()


def test_a_first_set_up_without_a_network_ends_with_the_package_and_the_reason(bare, tmp_path):
    student = copy_to(tmp_path, bare)
    said = student.said("work", code=1, python=sys._base_executable, **NO_NETWORK, PIP_RETRIES="0")
    last = said.splitlines()[-1]
    assert last.startswith("Not installed: iniconfig==") and "no network" in last and last.endswith("make setup")
    page = student.said("doctor", code=1, **NO_NETWORK)
    assert "iniconfig missing" in page and "the clock says" in page
    shutil.rmtree(student.root / ".venv")
    assert "the clock says" in student.said("doctor", code=1, python=sys._base_executable, **NO_NETWORK)
    assert "Ready: " in student.said("setup", python=sys._base_executable)


# Nobody is locked out


@pytest.mark.parametrize(
    ("pins", "environ", "why"),
    [
        ({"toy_core": "2.0"}, NO_NETWORK, "no network"),
        ({"toy_core": "9.9"}, {}, "has no such version"),
        ({"toy_core": "2.0", "toy_new": "1.0"}, {}, "no network, or"),
        ({"toy_core": "wrong hash"}, {}, "another hash"),
    ],
    ids=["network cut", "wrong version", "a package that is not there", "wrong hash"],
)
def test_what_cannot_be_brought_up_to_date_is_said_in_a_line_and_every_command_goes_on(
    student, index, monkeypatch, pins, environ, why
):
    if pins["toy_core"] == "wrong hash":
        monkeypatch.setitem(index.hashes, ("toy-core", "2.0"), "1" * 64)
        pins = {"toy_core": "2.0"}
    student.start(1)
    student.put({"chat/a.py": b"half a line ("})
    correct(student, index, **pins)
    monkeypatch.undo()
    assert not student.pip_ran()
    begun = time.monotonic()
    said = student.said("test", "V=1", code=5, **environ)
    assert student.pip_ran() and time.monotonic() - begun < 30
    assert f"toy-core 1.0 (the course has {pins['toy_core']})" in said and why in said
    for words, code in GOES_ON:
        said = student.said(*words, code=code, **environ)
        lines = [line for line in said.splitlines() if line.startswith("Not up to date: toy-core 1.0 ")]
        assert len(lines) == 1 and lines[0].endswith("To bring it up to date: make setup"), said
    page = student.said("doctor", code=1, **environ)
    assert f"toy-core 1.0 (not {pins['toy_core']})" in page and why in page
    assert not student.pip_ran() and student.version() == "1.0"
    assert any(data == b"half a line (" for data in student.kept())
    said = student.said("setup", code=1 if why != "no network" else 0)
    assert ("What was installed before goes on working." in said) == (why != "no network")
    if why != "no network":
        assert said.splitlines()[-1].startswith("Not installed: toy-") and why in said.splitlines()[-1]
        correct(student, index, toy_core="2.0")
        assert "  1 of 1: toy-core 2.0" in student.said("test", "V=1", code=5)
    assert student.version() == "2.0" and "Not up to date" not in student.said("work")


def test_after_an_hour_a_try_that_failed_is_made_again(student, index):
    correct(student, index, toy_core="2.0")
    student.said("test", "V=1", code=5, **NO_NETWORK)
    failed = student.root / ".venv" / "course-core.failed"
    os.utime(failed, (time.time() - stamps.AGAIN - 1,) * 2)
    assert "  1 of 1: toy-core 2.0" in student.said("test", "V=1", code=5)
    assert student.version() == "2.0" and not failed.exists()


@pytest.mark.skipif(os.name == "nt", reason="NOT CHECKED: Windows has no process groups to kill")
@pytest.mark.parametrize("moment", [0, 0.4, 0.8])
def test_pip_killed_at_any_moment_does_no_harm_and_the_next_command_goes_on_without_a_network(student, index, moment):
    correct(student, index, toy_core="2.0", **{"markdown-it-py": index.real["markdown-it-py"]})
    shutil.rmtree(student.package("markdown_it"))  # so that it is put in once more, too
    command = [student.python, "-B", "-m", "lessons", "setup"]
    with subprocess.Popen(command, cwd=student.root, stdout=-1, start_new_session=True) as setup:
        for line in setup.stdout:
            if b"putting" in line:
                break
        time.sleep(moment)  # not to wait for anything: the moments are the cases
        os.killpg(setup.pid, signal.SIGKILL)
    said = student.said("work", **NO_NETWORK)
    assert "Not up to date" not in said and student.version() == "2.0"
    assert left_over(student) == []
    student.said("start", "N=1", **NO_NETWORK)


def left_over(student: Student) -> list[str]:
    return [path.name for path in (student.root / ".venv").glob("course-wheels*")]


def test_a_set_up_killed_while_it_fetches_has_touched_nothing(student, index):
    correct(student, index, toy_core="2.0")
    (student.root / ".venv" / "course-wheels").mkdir()
    (student.root / ".venv" / "course-wheels" / "half.whl").write_bytes(b"PK")
    assert "Not up to date: toy-core 1.0" in student.said("work")
    assert student.said("setup").count("putting 1 package into .venv") == 1 and left_over(student) == []


def test_a_full_disk_is_named_and_stops_nothing(set_up, index, tmp_path):
    with small_disk(tmp_path / "disk", "120m") as disk:
        student = copy_to(disk, set_up.root.parent)
        student.said("work")
        correct(student, index, toy_core="3.0")
        room = {"TMPDIR": str(disk)}
        free = shutil.disk_usage(disk).free
        for left in (1_000_000, 5_000_000, 12_000_000):  # too little to write, to fetch, to put in
            (disk / "filler").write_bytes(b"\0" * (free - left))
            said = student.said("setup", code=1, **room)
            assert "the disk is full" in said.splitlines()[-1] or "The disk is full" in said.splitlines()[-1], said
            assert student.version() == "1.0" and left_over(student) == []
            assert "Not up to date: toy-core 1.0" in student.said("work", **room)
            (disk / "filler").unlink()
        assert "Ready: " in student.said("setup", **room) and student.version() == "3.0"


def test_the_network_is_looked_for_once_and_not_for_each_file(student, index):
    student.teacher.commit(
        {f"requirements-{name}.txt": index.lock(**{f"toy_{name}": "2.0"}) for name in stamps.OPTIONAL}
    )
    correct(student, index, toy_core="2.0")
    student.git("reset", "-q", "--hard", "main")
    said = student.said("test", "V=1", code=5, **NO_NETWORK)
    assert said.count("Installing what has changed") == 1 and "toy-redis 1.0 (the course has 2.0)" not in said
    assert "toy-core 1.0 (the course has 2.0), toy-browser 1.0 (the course has 2.0) and 1 more" in said
    assert "Installing" not in student.said("test", "V=1", code=5, **NO_NETWORK)


# What somebody did by hand


def test_set_up_installs_what_is_missing_damaged_or_of_another_version(student, index):
    shutil.rmtree(student.package())
    shutil.rmtree(student.package("toy_core-1.0.dist-info"))
    student.package("toy_browser.py").write_bytes(b"")
    own = [student.python, "-m", "pip", "install", "-q", "--force-reinstall", "mdurl", "toy-redis"]
    subprocess.run(own, check=True)
    page = student.said("doctor", code=1)
    assert "toy-core missing (not 1.0)" in page and "toy-browser damaged (not 1.0)" in page
    said = student.said("setup")
    assert "  1 of 1: toy-core 1.0" in said and "  1 of 1: toy-browser 1.0" in said and "Ready: " in said
    assert student.version() == "1.0" and student.package("toy_browser.py").read_bytes()
    assert student.said("setup").startswith("Ready: ")


def test_a_package_that_is_missing_is_installed_by_the_next_command_or_named(student):
    for name in ("pytest", "_pytest"):
        shutil.rmtree(student.package(name))
    said = student.said("test", "V=1", code=1)
    assert "No module named 'pytest'" in said or "No module named '_pytest'" in said
    assert said.splitlines()[-1].endswith("To install it anew: make setup")
    student.said("setup")
    student.said("test", "V=1", code=5)
    shutil.rmtree(student.package("markdown_it"))
    assert "No module named 'markdown_it'" in student.said("start", "N=1", code=1)


def test_without_pip_it_is_taken_from_python_itself(student):
    for left in ("pip", next(path.name for path in student.package("pip").parent.glob("pip-*.dist-info"))):
        shutil.rmtree(student.package(left))
    shutil.rmtree(student.package())
    assert "Ready: " in student.said("setup") and student.package().exists()


# A folder that was copied or moved


def test_a_copied_folder_gets_scripts_that_lead_to_itself(set_up, tmp_path):
    student = copy_to(tmp_path / "Über uns", set_up.root.parent)
    assert place.moved(student.root / ".venv")
    assert student.said("work", **NO_NETWORK).startswith("This folder was copied or moved: the scripts in .venv now")
    assert "copied or moved" not in student.said("work")
    scripts = student.root / ".venv" / BIN
    assert str(set_up.root) not in (scripts / "activate").read_text(encoding="utf-8")
    if os.name != "nt":
        shell = f". '{scripts}/activate' && which pytest && pytest --version && pip --version"
        done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.count(str(student.root)) == 2, done


@pytest.mark.skipif(
    os.name == "nt", reason="NOT CHECKED: on Windows an environment has a Python of its own, not a link"
)
def test_an_environment_whose_python_is_gone_keeps_its_packages(student):
    for link in (student.root / ".venv" / "bin").glob("python*"):
        link.unlink()
    (student.root / ".venv" / "bin" / "python").symlink_to("/no/such/python")
    said = student.said("work", python=sys._base_executable, **NO_NETWORK)
    assert "Making a virtual environment" in said and student.version() == "1.0"


# Locks and markers


@pytest.mark.parametrize(
    ("marker", "true"),
    [
        (f"sys_platform == '{sys.platform}'", True),
        ("sys_platform == 'another' or os_name != 'another'", True),
        ("sys_platform == 'another' and os_name != 'another'", False),
        ("(sys_platform == 'another' or os_name != 'another') and python_version >= '3.9'", True),
        ("python_full_version < '3.11.3'", sys.version_info < (3, 11, 3)),
        ("python_version < '3.100'", True),
        ("platform_python_implementation in 'CPython PyPy'", True),
    ],
)
def test_a_marker_is_true_or_not(marker, true):
    assert packages.holds(marker) is true


def test_a_marker_that_is_not_understood_is_an_error():
    with pytest.raises(ValueError, match="a marker that is not understood: print"):
        packages.holds("print('x')")


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_every_lock_is_read_whole(path):
    text = path.read_text(encoding="utf-8")
    found = packages.pins(text)
    assert len(packages.PIN.findall(text)) == text.count("==") - text.count(" == '") >= len(found) > 1
    for name in found:
        assert packages.blocks(text, [name]).count("==") - packages.blocks(text, [name]).count(" == '") >= 1


def test_a_part_of_a_lock_has_the_hashes(index):
    lock = index.lock(toy_core="1.0", mdurl=index.real["mdurl"]).decode()
    assert packages.blocks(lock, ["toy-core"]) == index.lock(toy_core="1.0").decode()


# Progress


def test_a_silent_pip_is_said_to_go_on(monkeypatch, capsys):
    monkeypatch.setattr(install, "PATIENT", 0.1)
    code = "print('Collecting toy==1.0 (from x)', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as pip:
        said = []

        def answer(line):
            said.append(line)
            if "still" in line and not pip.stdin.closed:
                pip.stdin.close()

        monkeypatch.setattr(install, "say", answer)
        install.follow(pip, 3)
    assert said[0] == "  1 of 3: toy 1.0" and said[1].startswith("  still at toy 1.0, for ")
