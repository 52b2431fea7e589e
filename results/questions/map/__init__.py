"""Over what range of tasks, budgets and agents a conclusion holds."""
