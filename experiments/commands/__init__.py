"""What each command of `fanout` does. One module a command: parsed arguments in, exit code out."""
