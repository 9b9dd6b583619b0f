"""Many lines at once -> the columns of the raw tables, for the lines that are plainly valid.

What a line means is said in `records/` alone. What is read here is read as it is read there: a column is judged as a
whole where that proves every value in it, and value by value with the functions of `records/` where it does not. A line
with anything that is rejected, dropped or not understood here is odd: it is left to `read_record`.
"""
