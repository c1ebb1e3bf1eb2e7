"""What is worth waking up for: rules decide, pure; channels deliver."""
