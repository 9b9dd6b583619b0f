"""Lines that were set aside: what is known of them, and their way back through the inbox."""
