"""Scores of the upstream's read API reach the tables with a refresh of the real command."""

from pathlib import Path
from subprocess import CompletedProcess

from tests.support.commands import clientele
from tests.support.publishing import Snapshot
from tests.support.requests import capture, deliver, said
from tests.support.upstream import KEY, Upstream, serving_upstream


def refresh(home: Path, upstream: Upstream, key: str = KEY) -> CompletedProcess[str]:
    return clientele(home, "refresh", OPENBAT_API_URL=upstream.url, OPENBAT_API_KEY=key)


def sentiment(home: Path) -> dict[str, float | None]:
    """The sentiment of each user in March."""
    rows = Snapshot(home).query("from users('support', date '2026-03-01', date '2026-03-31')")
    return {row["user_id"]: row["sentiment"] for row in rows}


def test_scores_of_the_read_api_are_those_of_the_table_and_what_arrives_is_refreshed_without_it_too(
    memory: Path,
) -> None:
    home = memory / "home"
    deliver(home, capture("c1", said("m0", "2026-03-01T10:00:00Z"), user={"id": "u1"}))
    with serving_upstream() as upstream:
        upstream.add(1, 0.5)
        done = refresh(home, upstream)
        assert done.returncode == 0, done.stderr
        assert "read API: asked for 1 conversations, 1 have new scores" in done.stdout
        assert sentiment(home) == {"u1": 0.5}
        done = refresh(home, upstream)
        assert (done.returncode, "Nothing new" in done.stdout) == (0, True), done.stderr

        deliver(home, capture("c2", said("m0", "2026-03-02T10:00:00Z"), user={"id": "u2"}), file="more.jsonl")
        done = refresh(home, upstream, key="ob_admin_other")
        assert done.returncode == 1
        assert done.stderr.startswith(
            "Error: What has arrived is refreshed, but new scores are missing. The read API at http"
        )
        shown = clientele(home, "status", OPENBAT_API_URL=upstream.url).stdout
    assert f"Read API     The read API at {upstream.url}/api/v1 does not know the key of OPENBAT_API_KEY" in shown
    assert sentiment(home) == {"u1": 0.5, "u2": None}
