"""Warehouse -> snapshots that consumers read: written, opened anew and checked, then pointed at."""
