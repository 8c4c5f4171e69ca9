"""Questions from files into banks: the upload, its dry run, and the import, for browser and shell."""
