"""The one kind of error that a person is meant to read: printed without a traceback, exit code 1."""


class CourseError(Exception):
    """What is wrong and what to do next, in words."""


class LessonError(CourseError):
    """A fault in a lesson's text, at a line of it.

    The message reads `file:line: what is wrong`, so that editors and terminals can jump there.
    """

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line = file, line
