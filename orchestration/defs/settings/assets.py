"""The files of a home that people write, as assets that are observed: each other content is a new version.

What they mean is read in `home/chatbots.py`, `home/labels.py`, `identity/mapping.py` and `identity/exclusions.py`.
"""

from collections.abc import Iterator
from hashlib import blake2b

import dagster as dg

from orchestration.defs.reporting import OWNERS
from orchestration.settings import Settings

ABSENT = "absent"
# Under the keys of the sources that the models read them through, where they have one.
FILES = {
    "chatbots": "chatbots.csv: name, time zone, first day of the week, currency and MRR unit of each chatbot.",
    "identity": "identity.csv: which user or organization is really another one, as a person decided.",
    "exclude": "exclude.csv: one's own accounts, whose conversations no table shows unasked.",
    "labels": "labels.csv: what people call a chatbot's own fields.",
}


@dg.multi_observable_source_asset(
    name="settings_files",
    specs=[
        dg.AssetSpec(["inputs", name], description=description, group_name="settings", owners=OWNERS, kinds={"csv"})
        for name, description in FILES.items()
    ],
)
def settings_files(settings: dg.ResourceParam[Settings]) -> Iterator[dg.ObserveResult]:
    """Look at the files."""
    for name in FILES:
        path = settings.home / f"{name}.csv"
        version = blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.exists() else ABSENT
        yield dg.ObserveResult(asset_key=["inputs", name], data_version=dg.DataVersion(version))
