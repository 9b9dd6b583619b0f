"""The files of the inbox: which there are, whether they changed, and their bytes as lines. Not what a line says."""
