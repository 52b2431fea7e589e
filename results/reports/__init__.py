"""A run in words and tables: report.md and one page that needs no network."""
