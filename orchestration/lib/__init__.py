"""Plain Python that the assets call. Nothing here imports Dagster (a lint rule holds this)."""
