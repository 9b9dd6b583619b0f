"""The data home itself: its locks, and the settings files that people write into it. No data passes here."""
