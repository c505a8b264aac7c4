"""Which checks an entry of the catalogue of mistakes needs, of all that `make test` would run.

The entry names the check that has to fail first: so what comes after that one tells nothing, and what comes before it
has to pass. Of these, all run that stay in this process. Those that start a server or a browser run

- if they are of the same stage as the named one, and no dearer than it: a browser comes after all servers,
- but for the servers where the mistake is only in the page, which none of them reads: a browser does,
- and if they are the first of that stage, which carries all others.
"""

import pytest

PROCESSES = {"server", "redis", "fresh_import"}  # fixtures that start one


def cost(item: pytest.Item) -> int:
    """Return 0 for a check that stays in this process, 1 for one that starts another, 2 for one with a browser."""
    names = set(item.fixturenames)
    return 2 if "browser" in names else int(bool(PROCESSES & names) or "process" in item.keywords)


def needed(items: list[pytest.Item], named: str, page: bool) -> list[pytest.Item]:
    """Return the checks up to the last case of the named one; all of them if there is none of that name.

    `page`: the mistake is only in what a browser reads.
    """
    cases = [number for number, item in enumerate(items) if item.name.partition("[")[0] == named]
    if not cases:
        return items
    last = items[cases[-1]]
    costs = set(range(1, cost(last) + 1)) - ({1} if page and cost(last) == 2 else set())

    def is_needed(item: pytest.Item) -> bool:
        if item.function is last.function:
            return True
        if "long" in item.keywords:  # make test leaves it out
            return False
        return not cost(item) or (item.stage == last.stage and (cost(item) in costs or item.foundation))

    return [item for item in items[: cases[-1] + 1] if is_needed(item)]
