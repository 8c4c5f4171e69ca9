"""Load and comparisons for the drills: backup, move of the database, upgrade, alarms."""
