"""What consumers read through: the HTTP API and the two pages, over published snapshots.

Nothing here runs the pipeline, reads its warehouse, reads the environment or imports `orchestration`.
"""
