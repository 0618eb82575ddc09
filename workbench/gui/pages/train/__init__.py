"""The page where a training is set, started and watched."""
