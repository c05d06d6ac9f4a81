"""The command line of ChartCoder: may import every package; nothing imports it."""
