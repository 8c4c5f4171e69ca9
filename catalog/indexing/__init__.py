"""What is written down about a bank so that the list and search find it."""
