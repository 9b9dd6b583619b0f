"""Published snapshot -> PostgreSQL: the same tables, views and functions, for readers with a PostgreSQL driver.

`publication.py` carries a snapshot over, `definition.py` says what stands in the schema, `differences.py` which rows
are written, `connection.py` how the server is reached and what its faults mean. Nothing here reads the warehouse.
"""
