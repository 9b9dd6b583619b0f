"""Erasure of users and organizations, for good: from raw, quarantine and inbox, and from what is built of them.

`tombstones.py` remembers who is erased, `sweep.py` finds what is theirs, `rewriting.py` takes it out of raw and
`inbox.py` out of the files that came in, `absence.py` proves it. `scouring.py` searches every byte (`layers.py`) for
the texts that name someone (`needles.py`), and cleans what no run reads, archives (`archives.py`) too. The warehouse
is rebuilt from what is left of raw, and older snapshots are deleted.
"""
