"""What is wanted of the values in a message, and whether they are so: matchers and captured values."""
