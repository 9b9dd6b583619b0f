"""Warehouse -> snapshots that consumers read: written, checked in a fresh process, then pointed at."""
