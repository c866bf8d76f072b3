"""What design.py is made of."""
