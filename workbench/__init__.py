"""A desktop workbench for deep learning."""
