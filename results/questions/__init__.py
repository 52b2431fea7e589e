"""What is asked of recorded runs: a verdict, a gate, a plan, a map, what fan-out could bring."""
