-a -- comment
/* and */ + 1.5e300