"""The Dagster side of the warehouse: definitions in `defs`, plain Python machinery in `lib`."""
