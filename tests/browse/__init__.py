"""Every control of the pages in a real browser, against SQL, on a small or a large snapshot (`make browse`)."""
