"""A data home that is damaged: what is wrong with it (`inspection.py`), and what is made whole without being asked."""
