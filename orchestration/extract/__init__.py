"""Inbox -> raw: what arrives, read exactly once.

`inbox/` finds files and cuts them into lines, `records/` says what a line means, `bulk/` reads many plain lines at once
as if one by one, `landing/` makes them durable and keeps the ledger, `quarantine/` holds what could not be used,
`read_api/` asks upstream for scores, `scoring.py` scores what upstream has not. Nothing here knows of an orchestrator
or of environment variables.
"""
