"""What commands print: tables and sentences for people, the same as data for programs."""
