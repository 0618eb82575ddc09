"""A small world to learn steering in: courses, a camera, a car that drives, and the steering that would be right.

Lengths are in metres, angles in radians counted to the left, steering in the simulator's measure: from -1 (25 degrees
to the left) to 1 (to the right). Everything is the same for the same seed. Neither Qt nor Keras is needed.
"""
