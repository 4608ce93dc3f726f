"""What the process says about itself: its log, and its state to the service manager."""
