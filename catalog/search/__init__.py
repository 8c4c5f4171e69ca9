"""Full-text search over the banks on sale and over the questions of their owners.

`finding.py` is what pages call; how words are divided stands in `words.py`, how the two
databases are asked in `engines.py`, what is searched in `index.py`, mistyped words in
`spelling.py`.
"""
