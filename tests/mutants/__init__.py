"""Deliberate faults, to show that the property test can fail: `make mutants`."""
