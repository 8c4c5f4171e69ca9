"""Back up the database, media and secret key into one file, and restore it elsewhere."""
