"""Code sets: reading official releases, compiled indexes, editions."""
