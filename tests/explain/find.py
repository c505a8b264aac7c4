"""All finders at once: what the student's source shows of faults, without running it."""

from pathlib import Path

from tests.explain import (
    find_base,
    find_consumer,
    find_deployment,
    find_layer,
    find_page,
    find_post,
    find_project,
    find_views,
    source,
)

FINDERS = {
    source.SETTINGS_FILE: find_project.FINDERS_OF_SETTINGS + find_deployment.FINDERS,
    source.URLS: [find_project.routes, find_project.routes_below_a_path],
    source.VIEWS: find_views.FINDERS,
    source.ASGI: find_project.FINDERS_OF_ASGI,
    source.CONSUMERS: find_consumer.FINDERS + find_layer.FINDERS,
    source.ROUTING: find_project.FINDERS_OF_ROUTING,
}


def all_findings(root: Path, stage: int) -> list[source.Finding]:
    """Return all that the finders see in the student's files below `root`, as far as it matters up to `stage`."""
    found = source.findings(root, stage, FINDERS) + (find_page.findings(root, stage) if stage >= 4 else [])
    found += find_post.findings(root) if stage >= 7 else []
    return found + (find_base.findings(root) if stage >= 11 else [])
