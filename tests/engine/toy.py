"""Small lessons and small courses for the tests: what real ones have, and no more."""

import compileall
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
DAC_OVERRIDE, DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24
FILE = "lessons/00-toy/README.md"


def lesson(number: int, *body: str, title: str = "A toy") -> bytes:
    """Return a README with each part of `body` in a paragraph of its own, from line 3 on."""
    return "\n\n".join([f"# Lesson {number}: {title}", *body, ""]).encode()


def lessons(*bodies: str) -> dict[str, bytes]:
    """Return the files of a course whose lesson N has the Nth body."""
    return {f"lessons/{number:02}-toy/README.md": lesson(number, body) for number, body in enumerate(bodies)}


def block(text: str, info: str = "python", path: str = "chat/a.py") -> str:
    """Return a fenced block under its path; `text` ends with a newline or is empty."""
    return f"**`{path}`**\n```{info}\n{text}```\n"


LESSONS = lessons(
    "\n".join([block("", path="manage.py"), block("", path="chat/__init__.py"), block("one = 1\n")]),
    block("-one = 1\n+two = 2\n", "diff") + "\n" + block("<p>\n", "html", "templates/a.html"),
    block("-two = 2\n+three = 3\n", "diff") + "\n" + block("b = 1\n", path="chat/deep/b.py"),
)
LAST_STAGE = {
    "manage.py": b"",
    "chat/__init__.py": b"",
    "chat/a.py": b"three = 3\n",
    "chat/deep/b.py": b"b = 1\n",
    "templates/a.html": b"<p>\n",
    "lessons/STAGE": b"2\n",
}


class Course:
    """A folder with a course, and what somebody does there who has not told git any name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *args: str, ok: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(["git", *args], cwd=self.root, capture_output=True)
        assert done.returncode in ok, f"git {args}: {done.stderr.decode()}"
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def lines(self, *args: str) -> list[str]:
        return self.git(*args).splitlines()

    def put(self, files: dict[str, bytes | None]) -> None:
        """Write files; None removes one."""
        for name, data in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if data is None else path.write_bytes(data)

    def commit(self, files: dict[str, bytes | None] | None = None, *config: str) -> str:
        """Commit everything, as Ada; return the commit's hash."""
        self.put(files or {})
        self.git("add", "--all")
        ada = ("user.name=Ada", "user.email=ada@example.org", *config)
        self.git(*(word for each in ada for word in ("-c", each)), "commit", "-q", "--allow-empty", "-m", "A commit")
        return self.git("rev-parse", "HEAD")

    def make(
        self, *words: str, python: str = sys.executable, first: Callable | None = None, **environ: str
    ) -> subprocess.CompletedProcess:
        """Run `python -m lessons` with these words, as make does; stdout holds all that it says."""
        command = [python, "-B", "-m", "lessons", *words]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=-2,
            preexec_fn=first,
        )
        done.stdout = done.stdout.decode("utf-8", "replace")
        assert "Traceback" not in done.stdout, done.stdout
        return done

    def start(self, number: int, **environ: str) -> str:
        """Run `make start N=number`, which must succeed; return what it says."""
        done = self.make("start", f"N={number}", **environ)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def refused(self, *words: str, **options) -> str:
        """Run a command that must fail and leave everything as it is; return what it says."""
        before = self.state()
        done = self.make(*words, **options)
        assert (done.returncode, self.state()) == (1, before), done.stdout
        return done.stdout

    def files(self, ignored: bool = False) -> dict[str, tuple]:
        """Return what each file and link is, byte for byte, that git does not ignore; or each that it does ignore."""
        which = ("--others", "--ignored") if ignored else ("--cached", "--others")
        names = self.git("ls-files", "-z", *which, "--exclude-standard").split("\0")
        return {name: seen(self.root / name) for name in names if os.path.lexists(self.root / name) and name}

    def state(self) -> tuple:
        """Return all that a refused command must not change."""
        head, refs = self.git("rev-parse", "--symbolic-full-name", "HEAD"), self.git("for-each-ref")
        return head, refs, self.git("status", "--porcelain=v2", "--branch"), self.files(), self.files(ignored=True)

    def kept(self) -> set[bytes]:
        """Return the content of every file that a branch or tag leads to."""
        objects = [line.split()[0] for line in self.lines("rev-list", "--all", "--objects")]
        cat = ["git", "cat-file", "--batch"]
        data = subprocess.run(cat, cwd=self.root, input="\n".join(objects).encode(), capture_output=True).stdout
        found = set()
        while data:
            head, _, data = data.partition(b"\n")
            found.add(data[: int(head.split()[2])])
            data = data[int(head.split()[2]) + 1 :]
        return found


def seen(path: Path) -> tuple:
    if path.is_symlink():
        return "link", os.readlink(path)
    return ("program" if os.access(path, os.X_OK) else "file"), path.read_bytes()


def as_a_user() -> None:
    """Lead a process group of one's own; and, as root, lose the right to read and write what nobody else could."""
    os.setsid()
    if sys.platform == "linux" and not os.getuid():
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def make_course(root: Path, *options: str) -> Course:
    """Make a repository with the toy lessons on main, and the engine, made up of what it is here."""
    course = Course(root)
    root.mkdir(parents=True)
    for path in [*ROOT.glob("requirements*.txt"), ROOT / ".gitignore", ROOT / ".gitattributes"]:
        shutil.copy2(path, root)
    shutil.copytree(ROOT / "lessons" / "engine", root / "lessons" / "engine")
    for name in ("__init__.py", "__main__.py"):
        shutil.copy2(ROOT / "lessons" / name, root / "lessons")
    course.git("init", "-q", "-b", "main", "--template=", *options)
    compileall.compile_dir(root / "lessons", quiet=1)
    course.commit(LESSONS | LAST_STAGE)
    return course


def copy_of(course: Course, root: Path) -> Course:
    shutil.copytree(course.root, root, symlinks=True)
    return Course(root)
