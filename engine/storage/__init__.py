"""Where records are kept: ports that say what a driver promises, and the drivers. Seen only by the door and the wiring."""
