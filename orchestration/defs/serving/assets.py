"""What people and tools read of the published snapshot. Dagster makes none of it: `clientele serve` does."""

import dagster as dg

from orchestration.defs.reporting import OWNERS

READ = {
    "organizations_page": ("The page /platform/{chatbot}/organizations.", "html"),
    "users_page": ("The page /platform/{chatbot}/users.", "html"),
    "api": ("Both tables, their totals, data quality and changes as JSON.", "fastapi"),
    "exports": ("The filtered and sorted tables as CSV, Parquet and workbooks.", "excel"),
}


@dg.definitions
def consumers() -> dg.Definitions:
    """External assets behind the snapshot."""
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                ["serving", name],
                deps=["snapshot"],
                description=description,
                group_name="serving",
                owners=OWNERS,
                kinds={kind},
            )
            for name, (description, kind) in READ.items()
        ]
    )
