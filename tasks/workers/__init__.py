"""The competent worker of the simulated model: what it reads, decides, calls and writes."""
