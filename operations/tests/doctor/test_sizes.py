from datetime import timedelta

import pytest
from django.db import connection

from operations import table_sizes
from operations.doctor.sizes import size_checks
from operations.models import TableSize
from operations.table_sizes import record_table_sizes, table_growth

pytestmark = pytest.mark.django_db


def test_sizes_cover_every_table_and_its_indexes(at):
    found = table_sizes.table_sizes()
    models = set(connection.introspection.django_table_names(only_existing=True))
    assert models - set(found) == set()
    assert found["payments_order"] > 8192


def test_growth_is_measured_against_the_oldest_day_of_a_month(at):
    for days, size in ((40, 1), (20, 2_000_000), (5, 3_000_000), (0, 9)):
        day = (at - timedelta(days=days)).date()
        TableSize.objects.create(table="payments_order", measured_on=day, size_bytes=size)
    first, tables = table_growth(at=at)
    assert first == (at - timedelta(days=20)).date()
    (orders,) = [each for each in tables if each.table == "payments_order"]
    assert orders.earlier_bytes == 2_000_000
    assert tables == sorted(tables, key=lambda each: -each.size_bytes)


def test_sizes_are_recorded_once_a_day_and_kept_for_90_days(at):
    assert record_table_sizes(at=at) == len(table_sizes.table_sizes())
    assert record_table_sizes(at=at) == 0
    record_table_sizes(at=at + timedelta(days=91))
    assert set(TableSize.objects.values_list("measured_on", flat=True)) == {
        (at + timedelta(days=91)).date()
    }


def test_doctor_names_the_largest_tables_and_their_growth(at):
    day = (at - timedelta(days=7)).date()
    largest = table_growth(at=at)[1][0].table
    TableSize.objects.create(table=largest, measured_on=day, size_bytes=0)
    (check,) = size_checks(at=at)
    assert f"growth since {day}" in check.summary
    assert check.detail.startswith(f"Largest: {largest} ")
    assert " MB (+" in check.detail


@pytest.mark.sqlite
def test_large_sqlite_file_is_not_read(at, monkeypatch):
    monkeypatch.setattr(table_sizes, "LARGEST_FILE_READ", 0)
    assert table_sizes.table_sizes() == {}
    (check,) = size_checks(at=at)
    assert (check.status, check.summary) == (
        "skip",
        "not measured: the SQLite file is larger than 1 GB",
    )
