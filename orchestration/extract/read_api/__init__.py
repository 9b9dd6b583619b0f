"""The upstream's read API -> `analysis` lines in the inbox, where they are read like any other.

`client.py` asks, `asked.py` remembers what was asked, `collecting.py` decides what to ask and keeps the answers. What
an answer means is said in `records/`.
"""
