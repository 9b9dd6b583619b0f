"""The command line, a file for each command group; `main.py` puts them together. What they do is done elsewhere."""
