"""`make bi`: a BI tool, for real, on what is published. Too heavy for `make test`; no tests here."""
