"""What the shop's pages show of banks. Reads only; nothing here writes."""
