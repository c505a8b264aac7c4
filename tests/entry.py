"""Which checks an entry of the catalogue of mistakes needs, of all that `make test` would run.

The entry names the check that has to fail first: so what comes after that one tells nothing, and what comes before it
has to pass. Of these, all run that stay in this process. Those that start a server or a browser run

- if they are of the same stage as the named one, and no dearer than it: a browser comes after all servers,
- but for the servers where the mistake is only in the page, which none of them reads: a browser does,
- and if they are the first of that stage, which carries all others.
"""

import pytest

from tests.plan import IN_BROWSER, IN_PROCESS, WITH_PROCESSES, kind_of


def kind(item: pytest.Item) -> int:
    """Return the kind of a check as tests/plan.py knows it; but what forks a process to import counts as one, too."""
    imports = "fresh_import" in item.fixturenames
    return WITH_PROCESSES if imports else kind_of(item.fixturenames, item.keywords)


def needed(items: list[pytest.Item], named: str, page: bool) -> list[pytest.Item]:
    """Return the checks up to the last case of the named one; all of them if there is none of that name.

    `page`: the mistake is only in what a browser reads.
    """
    cases = [number for number, item in enumerate(items) if item.name.partition("[")[0] == named]
    if not cases:
        return items
    last = items[cases[-1]]
    first = next(item for item in items if item.stage == last.stage)
    kinds = set(range(WITH_PROCESSES, kind(last) + 1))
    if page and kind(last) == IN_BROWSER:
        kinds.remove(WITH_PROCESSES)

    def is_needed(item: pytest.Item) -> bool:
        if item.function is last.function:
            return True
        if "long" in item.keywords:  # make test leaves it out
            return False
        carries = item.function is first.function
        return kind(item) == IN_PROCESS or (item.stage == last.stage and (carries or kind(item) in kinds))

    return [item for item in items[: cases[-1] + 1] if is_needed(item)]
