"""Git, by its plumbing: objects and refs, with an index file of its own. The student's files are never its business."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CourseError

OURS = {
    "LC_ALL": "C",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": os.devnull,
    "GIT_CONFIG_KEY_1": "core.attributesFile",
    "GIT_CONFIG_VALUE_1": os.devnull,
    "GIT_CONFIG_KEY_2": "core.fsync",
    "GIT_CONFIG_VALUE_2": "all",
}
"""What a user has set up for all repositories must not stop a lesson half-way, as a hook may, nor change what is saved,
as a filter does (nbstripout, for one). And what is saved is on the disk before anything changes: the power may fail."""

NETWORK = ("GIT_SSH", "GIT_SSL_", "GIT_PROXY_", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT")
"""The part of a user's environment by which `make update` reaches the teacher's copy. The rest may lead elsewhere."""


class GitError(CourseError):
    """Git said no; the message is what it said."""


class Git:
    """One repository. Every method is one git command, or a few."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {k: v for k, v in os.environ.items() if k[:4] != "GIT_" or k.startswith(NETWORK)} | OURS

    def run(self, *args: str, **options) -> str:
        """Run `git args` like `output`, and return its text without the last line end."""
        return self.output(*args, **options).decode("utf-8", "surrogateescape").removesuffix("\n")

    def output(self, *args: str, data: bytes = b"", index: str | None = None, ok: tuple[int, ...] = (0,)) -> bytes:
        """Run `git args` with `data` as its input and return its output.

        `index` names an index file to use in place of the repository's own; `ok` lists the exit codes that are no
        error. Raises GitError.
        """
        environ = self.environ | ({"GIT_INDEX_FILE": index} if index else {})
        try:
            done = subprocess.run(["git", *args], cwd=self.root, env=environ, input=data, capture_output=True)
        except FileNotFoundError:
            raise GitError("git is not installed. Get it from https://git-scm.com/downloads, then try again.") from None
        passed_over = args[0] == "add" and b"Permission denied" in done.stderr  # a folder, which to git is no error
        if done.returncode not in ok or passed_over:
            said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
            raise GitError(f"git {args[0]}: {said}")
        return done.stdout

    def is_repository(self) -> bool:
        """Tell whether the course's folder is the top of a work tree with at least one commit."""
        try:
            top, _ = self.run("rev-parse", "--show-toplevel", "HEAD").split("\n")
        except (GitError, ValueError):
            return False
        return Path(top).resolve() == self.root.resolve()

    def write(self, kind: str, data: str) -> str:
        """Write a blob, commit or tag object from its raw text; return its hash.

        Raw, because `git commit` and `git tag` read the user's configuration (identity, signing, encoding), and two
        machines would then make different hashes.
        """
        return self.run("hash-object", "-w", "-t", kind, "--stdin", data=data.encode("utf-8", "surrogateescape"))

    def write_tree(self, base: str, files: dict[str, str | None]) -> str:
        """Return the tree of `base`, a hash, with `files` put in; None removes a path. manage.py is made executable."""
        with self.spare_index() as index:
            self.run("read-tree", base, index=index)
            lines = []
            for path, text in files.items():
                mode = "0" if text is None else "100755" if path == "manage.py" else "100644"
                lines.append(f"{mode} {self.write('blob', text) if text is not None else '0' * len(base)}\t{path}\0")
            data = "".join(lines).encode("utf-8", "surrogateescape")
            self.run("update-index", "-z", "--index-info", data=data, index=index)
            return self.run("write-tree", index=index)

    @contextmanager
    def spare_index(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="course-index-") as folder:
            yield os.path.join(folder, "index")

    def commit_headers(self, commit: str) -> tuple[str, str]:
        """Return the author and the committer of a commit, as its object has them: `Name <mail> seconds zone`."""
        found = {}
        for line in self.run("cat-file", "commit", commit).split("\n\n")[0].split("\n"):
            key, _, value = line.partition(" ")
            found.setdefault(key, value)
        return found["author"], found["committer"]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Tell whether `old` is in the history of `new`; a commit that this clone does not have is not."""
        try:
            return old == self.run("merge-base", old, new, ok=(0, 1))
        except GitError:
            return False
