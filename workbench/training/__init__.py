"""How weights are found: the session, its loop, checkpoints, devices."""
