"""What answers over HTTP: the API, its description, its errors, and the server."""
