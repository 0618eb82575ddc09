"""What leaves the workbench: models for other programs, and what trainings told for other tools."""
