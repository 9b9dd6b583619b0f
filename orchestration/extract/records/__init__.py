"""One line -> typed rows, or the reason why not. Pure functions: no files, no clock."""
