"""Lines -> raw Parquet, quarantine and receipts, exactly once whatever is killed when; and the ledger of all of it."""
