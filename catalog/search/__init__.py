"""Full-text search over the banks on sale, and over the questions of their owners.

`finding` is what pages call. `sqlite` and `postgresql` rank rows with the full-text index of
their database: the only SQL of the catalog, because the ORM cannot say bm25 or a tsquery.
"""
