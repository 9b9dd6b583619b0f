"""Every control of the pages in a real browser, against SQL, on a snapshot of any size: `make browse` takes the largest."""
