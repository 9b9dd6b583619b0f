"""Inbox -> raw: what arrives, read exactly once.

`inbox/` finds files and cuts them into lines, `records/` says what a line means, `landing/` makes it durable and keeps
the ledger, `quarantine/` holds what could not be used, `scoring.py` scores what upstream has not. Nothing here knows of
an orchestrator or of environment variables.
"""
