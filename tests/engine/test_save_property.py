"""`make start` after anything that a student may do, in any order, and killed at any moment: nothing is ever lost.

What there was when a command was called can be found afterwards, in the work tree or on a branch, by whoever reads the
README. COURSE_EXAMPLES=2000 looks for longer, and at other things each time.
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

from lessons.engine.repository.merge import SUBJECT

from .test_save import git_that, posix
from .toy import Course, as_a_user, block, copy_of, lesson, seen

pytest.importorskip("hypothesis", reason="NOT CHECKED: hypothesis is not installed. It comes with: make check")

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

EXAMPLES = int(os.environ.get("COURSE_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 20,
    stateful_step_count=25 if EXAMPLES else 15,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=[Phase.generate],  # a failure is found in seconds, and its few steps can be read; to shrink it takes minutes
    suppress_health_check=list(HealthCheck),
)
PATHS = [
    *(
        "chat/a.py",
        "chat/a.py",
        "chat/deep/b.py",
        "chat/deep",
        "chat",
        "chat/__init__.py",
        "templates/a.html",
        "templates",
    ),
    *("manage.py", "notes", "notes/a b.txt", "notes/\xfcber/\xdf.txt", "notes/u\u0308", "chat/a.py/x", "README.md"),
    *("new\nline", "tab\t\"'\\", "-z", ":(top)*", "\udcff", ".gitattributes", ".env", "chat/.env", "chat/deep/.env/x"),
]
IGNORING = [b"", b"*.py\n", b"chat\n", b"notes\n", b"*.txt\n!\xc3\x9f.txt\n", b"chat/deep/\n", b".env\n!chat/.env\n"]
TEXTS = [b"", b"one = 1\n", b"two = 2\n", b"<p>\n", b"b = 1\n"]  # of some stage, or of all
ENDINGS = [b"", b"\n", b"\r\n", b"\r\nb\nc\r\n", bytes(range(256)), b"\x00" * 5000, b"long\n" * 9000]
PLACES = ["stage-00", "stage-01", "stage-01", "main", "work/from-main", "work/00-toy", "work/01-toy", "work/02-toy"]
WAYS = ["switch", "switch", "switch --detach", "switch -c"]

paths, endings = st.sampled_from(PATHS), st.sampled_from(ENDINGS)
numbers = st.integers(0, 2)
commands = st.sampled_from(["start N=0", "start N=1", "start N=2", "update"])
moments = st.one_of(
    st.tuples(st.just("file"), st.integers(1, 4)),
    st.tuples(st.just("call"), st.integers(8, 60)),
    st.tuples(st.just("part"), st.floats(0.2, 1)),
)

FORKS = """
import json, os, sys, traceback
sys.path.insert(0, sys.argv[1])
from lessons.engine import cli
from lessons.engine.repository import databases, git
from lessons.engine.student import update
print("ready", flush=True)
for line in sys.stdin:
    words, environ, output = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        for stream in (1, 2):
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        os.environ.update(environ)
        code = 1
        try:
            code = databases.sync(git.Git(databases.ROOT)) if words == ["SYNC"] else cli.main(words)
            code = code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Python:
    """A Python that has read the engine, and forks for each command: that takes half the time of starting it anew."""

    def __init__(self, course: Path) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        self.course, self.output = course, course.with_name("output")
        command = [sys.executable, "-B", "-c", FORKS, str(course)]
        self.process = subprocess.Popen(command, cwd=course.parent, preexec_fn=as_a_user, **pipes)
        assert self.process.stdout.readline() == "ready\n"

    def call(self, words: list[str], environ: dict[str, str], seconds: float = 0) -> tuple[int, str]:
        """Run a command, kill it after some seconds if any are given, and return its exit code and what it said."""
        self.output.write_bytes(b"")
        self.process.stdin.write(json.dumps([words, environ, str(self.output)]) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if seconds:
            time.sleep(seconds)
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        return int(self.process.stdout.readline()), self.output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Student(RuleBasedStateMachine):
    """One student's clone. Each rule is something that a person does; those that call a command look at what it did."""

    usual = 0.3  # seconds that a command takes here

    def __init__(self, tagged: Course, folder: Path, python: Python) -> None:
        super().__init__()
        self.python = python
        self.course, self.teacher = copy_of(tagged, folder / "course"), copy_of(tagged, folder / "teacher")
        self.folder, self.root, self.numbers = folder, self.course.root, count()
        self.note = self.root / ".git/course-move"
        self.git("remote", "add", "origin", str(self.teacher.root))
        self.typed: dict[str, set[str]] = {}  # what was typed into the database on each branch

    def teardown(self) -> None:
        self.clear(self.root)
        self.clear(self.teacher.root)

    # What a student does

    @rule(path=paths, how=st.sampled_from(["write", "write", "write", "folder", "delete"]), ending=endings)
    def edit(self, path, how, ending):
        if how == "write":
            self.put(path, f"{next(self.numbers)}".encode() + ending)
        elif how == "folder":
            self.room_for(path).mkdir()
        else:
            self.clear(self.root / path)

    @rule(path=paths, data=st.sampled_from(TEXTS))
    def write_what_a_lesson_has(self, path, data):
        self.put(path, data)

    @rule(path=st.sampled_from([".gitignore", "chat/.gitignore"]), data=st.sampled_from(IGNORING))
    def ignore(self, path, data):
        self.put(path, data)

    @rule(old=paths, new=paths, how=st.sampled_from(["rename", "link"]))
    def move(self, old, new, how):
        apart = not f"{new}/".startswith(f"{old}/") and not old.startswith(f"{new}/")
        if how == "link":
            self.room_for(new).symlink_to(old)
        elif apart and os.path.lexists(self.root / old):
            (self.root / old).rename(self.room_for(new))

    @rule(path=paths, mode=st.sampled_from([0o755, 0o644, 0o444, 0o200, 0o000]))
    def change_mode(self, path, mode):
        is_folder = (self.root / path).is_dir() and not os.getuid()  # who is not root could not look for what is in it
        if not (self.root / path).is_symlink() and ((self.root / path).is_file() or is_folder):
            (self.root / path).chmod(mode)

    @rule(path=paths, command=st.sampled_from(["add --all", "add --force", "add --intent-to-add", "rm -q -r --cached"]))
    def stage(self, path, command):
        self.git(*command.split(), "--", f":(literal){path}")

    @rule(what=st.sampled_from(["everything", "all that git knows", "what is staged"]))
    def commit(self, what="everything"):
        if what == "everything":
            self.git("add", "--all")
        ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        self.git(*ada, "commit", "-q", "-m", "By hand", *(["--all"] if what == "all that git knows" else []))

    @rule(place=st.sampled_from(PLACES), how=st.sampled_from(WAYS), then=st.sampled_from(["commit", "commit", ""]))
    def go_elsewhere(self, place, how, then):
        how += " --detach" if place.startswith("stage-") and how == "switch" else ""
        command, *option = how.split()
        self.git(command, "-q", "--no-overwrite-ignore", *option, f"mine/{place}" if "-c" in option else place)
        if then:
            self.put("chat/a.py", f"{next(self.numbers)}".encode())
            self.commit()

    @rule()
    def type_into_the_database(self):
        """As the website does, which `make run` has served: that looks whose database is there."""
        branch = self.git("symbolic-ref", "-q", "HEAD")
        if (self.root / "db.sqlite3").is_dir() or not branch or self.note.exists():
            return
        assert self.python.call(["SYNC"], dict(os.environ))[0] == 0
        text = f"{next(self.numbers)}"
        with closing(sqlite3.connect(self.root / "db.sqlite3")) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS said (text)")
            database.execute("INSERT INTO said VALUES (?)", (text,))
        self.typed.setdefault(branch, set()).add(text)
        self.look_into_the_database()

    def look_into_the_database(self) -> None:
        """What was typed on this branch is here; after `git switch` by hand, as soon as a command has looked."""
        branch = self.git("symbolic-ref", "-q", "HEAD")
        if self.typed.get(branch):
            with closing(sqlite3.connect(self.root / "db.sqlite3")) as database:
                assert {text for (text,) in database.execute("SELECT text FROM said")} >= self.typed[branch]

    @rule()
    def tidy(self):
        """What only git's memory of the last weeks holds is not kept: throw that away."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "-q", "--prune=now")

    # What a teacher does

    @rule()
    def publish(self):
        number = next(self.numbers)
        code = block(f"one = 1\n\n\n\nupdated = {number}\n")
        zero = lesson(0, block("", path="manage.py"), block("", path="chat/__init__.py"), code)
        self.teacher.commit({"lessons/00-toy/README.md": zero, "README.md": f"{number}\n".encode()})

    # What a student calls

    @rule(n=numbers, types=st.booleans())
    def start(self, n, types):
        before, is_mixture = Snapshot(self.course), self.note.exists()
        done = self.call(f"start N={n}")
        after = self.look_for(before, done)
        if done.returncode:
            self.cure(done.stdout)
            return
        self.look_into_the_database()
        heads, branch = "refs/heads/", f"work/{n:02}-toy"
        assert after.place == heads + branch
        was_ignored = {path: file for path, file in after.files.items() if path in before.ignored}  # and stays
        after.files.pop("db.sqlite3", None)  # where a student's own .gitignore does not name it
        assert after.files == after.at("HEAD") | was_ignored
        saved = re.search(r"^Your work is saved on the branch (.*)\.$", done.stdout, re.MULTILINE)
        assert is_mixture or after.has(before.files, saved[1] if saved else before.head)
        assert saved or self.git("for-each-ref", "--contains", before.head)
        if types:
            self.type_into_the_database()

    @rule()
    def update(self):
        before = Snapshot(self.course)
        done = self.call("update")
        after = self.look_for(before, done)
        if done.returncode and not re.search("^You stand on main|^Your main has commits", done.stdout, re.MULTILINE):
            self.cure(done.stdout)
        assert before.place == after.place or before.place == "HEAD"

    @rule(command=commands, moment=moments, then=st.none() | numbers)
    def be_killed(self, command, moment, then):
        before, is_mixture = Snapshot(self.course), self.note.exists()
        done = self.call(command, *moment)
        self.look_for(before, done)
        if done.returncode < 0 and then is not None and not is_mixture:
            after = self.start_until_it_works(then)
            tips = self.course.lines("for-each-ref", "--format=%(refname)", "refs/heads/work")
            own = [before.place] if before.place in tips else [before.head, *tips]
            assert any(after.has(before.files, tip) for tip in own)
        elif done.returncode > 0 and command != "update":
            self.cure(done.stdout)

    # How it is done

    def git(self, *args: str) -> str:
        """Run git, which may well refuse: what matters is what it leaves."""
        return self.course.git(*args, ok=tuple(range(256)))

    def put(self, path: str, data: bytes) -> None:
        self.room_for(path).write_bytes(data)

    def room_for(self, path: str) -> Path:
        """Return the path, with nothing there, and with folders above it even where there was a file."""
        place = self.root
        for part in path.split("/"):
            if place.is_symlink() or not place.is_dir():
                self.clear(place)
                place.mkdir()
            place /= part
        self.clear(place)
        return place

    @staticmethod
    def clear(path: Path) -> None:
        if os.path.lexists(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def call(self, words: str, what: str = "", when: float = 0) -> subprocess.CompletedProcess:
        """Run a command and kill it, with the git it is running, when it says so; return what it said until then."""
        counter, attributes = self.folder / "counter", self.root / ".git/info/attributes"
        environ = {**os.environ, "TMPDIR": str(self.folder)}  # whoever is killed leaves things behind
        counter.write_bytes(b"")
        do = f'printf x >> "{counter}"; read -r n < "{counter}"; [ ${{#n}} -ne {when} ] || kill -9 0'
        if what == "call":
            environ["PATH"] = git_that(self.folder, do)
        if what == "file":  # while git writes the files of the other lesson
            self.course.put({".git/info/attributes": b"* filter=killer\n"})
            self.git("config", "filter.killer.smudge", f"{do}; cat")
        began = time.monotonic()
        code, said = self.python.call(words.split(), environ, when * self.usual if what == "part" else 0)
        self.usual = self.usual if what else time.monotonic() - began
        attributes.unlink(missing_ok=True)
        note(f"# {code}: {said}")
        return subprocess.CompletedProcess(words, code, said)

    def start_until_it_works(self, n: int) -> "Snapshot":
        for _ in range(8):
            before = Snapshot(self.course)
            done = self.call(f"start N={n}")
            after = self.look_for(before, done)
            if done.returncode == 0:
                return after
            self.cure(done.stdout)
        raise AssertionError(f"It never works: {done.stdout}")

    def look_for(self, before: "Snapshot", done: subprocess.CompletedProcess) -> "Snapshot":
        """Look for all that there was, and for the soundness of all that there is."""
        assert "Traceback" not in done.stdout, done.stdout
        after = Snapshot(self.course)
        gone = before.contents - after.contents
        assert gone <= after.reachable("--tags"), f"lost: {gone}"
        ignored = {
            path: file
            for path, file in before.ignored.items()
            if not re.search(r"__pycache__|^\.course/|^db\.sqlite3", path)
        }
        assert ignored.items() <= (after.ignored | after.files).items()
        assert self.git("rev-parse", "-q", "--verify", "HEAD^{commit}")
        self.course.git("fsck", "--strict", "--no-dangling")
        return after

    def cure(self, said: str) -> None:
        """Do what a refusal tells to do, and know no other refusal."""
        if "delete .git/index.lock" in said:
            self.clear(self.root / ".git/index.lock")
        elif lock := re.search(r"Unable to create '(.*\.lock)': File exists", said):
            self.clear(Path(lock[1]))
        elif "Permission denied" in said:
            for path in self.root.rglob("*"):
                if not path.is_symlink() and ".git" not in path.relative_to(self.root).parts:
                    path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))
        elif "Clear this up" in said:
            for path in Snapshot(self.course).ignored:
                os.replace(self.root / path, self.folder / f"aside-{next(self.numbers)}")
        else:
            raise AssertionError(f"A refusal that tells nothing to do: {said}")


class Snapshot:
    """All that there is at one moment."""

    def __init__(self, course: Course) -> None:
        self.course, self.root = course, course.root
        self.place, self.head = course.git("rev-parse", "--symbolic-full-name", "HEAD"), course.git("rev-parse", "HEAD")
        self.files, self.ignored = self.on_disk("--cached", "--others"), self.on_disk("--others", "--ignored")
        staged = [line.split()[1] for line in course.lines("ls-files", "--stage")]
        self.contents = {*blobs(course, staged).values(), *self.reachable("HEAD", "--branches")}
        notes = re.compile(r"\.course/databases/(current|lock|half)")
        self.ignored = {path: file for path, file in self.ignored.items() if not notes.match(path)}
        for _, data in (self.files | self.ignored).values():
            self.contents.add(data if isinstance(data, bytes) else os.fsencode(data))

    def reachable(self, *tips: str) -> set[bytes]:
        listed = self.course.lines("rev-list", "--objects", *tips)
        return {*blobs(self.course, [line.split()[0] for line in listed]).values()}

    def on_disk(self, *which: str) -> dict[str, tuple]:
        names = self.course.git("ls-files", "-z", *which, "--exclude-standard").split("\0")
        places = {name: self.root / name for name in names if name}
        return {name: look_at(path) for name, path in places.items() if path.is_symlink() or path.is_file()}

    def at(self, commit: str) -> dict[str, tuple]:
        """Return the files of a commit as `on_disk` does."""
        listed = [line.split("\t", 1) for line in self.course.git("ls-tree", "-r", "-z", commit).split("\0") if line]
        data = blobs(self.course, [head.split()[2] for head, _ in listed])
        kinds = {"120000": "link", "100755": "program", "100644": "file"}
        found = {path: (kinds[head.split()[0]], data[head.split()[2]]) for head, path in listed}
        return {path: (kind, os.fsdecode(what) if kind == "link" else what) for path, (kind, what) in found.items()}

    def has(self, files: dict[str, tuple], tip: str) -> bool:
        """Tell whether a commit has these files, or the one below it where only the course's news came on top."""
        is_news = self.course.git("log", "-1", "--format=%s", tip) == SUBJECT
        return self.at(tip) == files or (is_news and self.has(files, f"{tip}^"))


def look_at(path: Path) -> tuple:
    """Return what a file is, also where nobody may read it."""
    try:
        return seen(path)
    except PermissionError:
        mode = path.stat().st_mode
        path.chmod(mode | 0o400)
        found = seen(path)
        path.chmod(mode)
        return found


def blobs(course: Course, objects: list[str]) -> dict[str, bytes]:
    """Return what is in those of the objects that are files."""
    command, found = ["git", "cat-file", "--batch"], {}
    data = subprocess.run(command, cwd=course.root, input="\n".join(objects).encode(), capture_output=True).stdout
    while data:
        head, _, data = data.partition(b"\n")
        name, kind, size = head.split()
        if kind == b"blob":
            found[name.decode()] = data[: int(size)]
        data = data[int(size) + 1 :]
    return found


@posix
def test_nothing_is_ever_lost(tagged, at_lesson_1, tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    python = Python(copy_of(tagged, folder / "course").root)
    shutil.rmtree(folder / "course")
    try:
        run_state_machine_as_test(lambda: Student(tagged, folder, python), settings=SETTINGS)
    finally:
        python.stop()
