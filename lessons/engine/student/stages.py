"""`make stages`: the tags of the stages."""

from ..repository.save import repository
from ..repository.tags import make_tags


def stages() -> None:
    """`make stages`: make the tags, then print the table of contents."""
    git = repository()
    report = make_tags(git)
    for line in report.lines():
        print(line)
    if report.on_branch:
        print("This is a stage or a work branch, and the tags are made from main: nothing was changed.")
    print(git.run("tag", "-n1", "-l", "stage-*"))
