"""What operators write to name and change values: paths into an event, value templates and their converters, compiled when loaded."""
