"""Erasure of users and organizations, for good: from raw, quarantine and inbox, and from what is built of them.

`tombstones.py` remembers who is erased, `sweep.py` takes them out of raw, `inbox.py` out of the files that came in,
`absence.py` proves it. The warehouse is rebuilt from what is left of raw, and older snapshots are deleted.
"""
