"""What is done every minute, hour and day, and taking away the messages of whoever was erased."""
