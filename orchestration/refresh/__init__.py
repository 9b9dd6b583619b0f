"""A refresh as a whole: what there is to do (`plan.py`), and doing it from the command line (`run.py`)."""
