"""Who is who: the reviewed mapping, and suggestions for it. Nothing is merged without a person."""
