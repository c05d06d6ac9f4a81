"""The core: reads charts, finds, ranks and selects codes. No database, no HTTP, no training, no model loading."""
