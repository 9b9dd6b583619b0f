"""What the two tables are to a reader: columns, filters, ranges, and the answer to a query. Not how it is sent."""
