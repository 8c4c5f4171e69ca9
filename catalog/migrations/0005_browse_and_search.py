"""What the list filters and sorts by, and the texts that search looks through."""

import django.db.models.deletion
from django.db import migrations, models

import catalog.validators


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_access_revoke_reason"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankKind",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=30)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="BankText",
            fields=[
                ("title", models.TextField()),
                ("body", models.TextField()),
                (
                    "test_bank",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="catalog.testbank",
                    ),
                ),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="QuestionText",
            fields=[
                ("title", models.TextField()),
                ("body", models.TextField()),
                (
                    "bank_question",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="catalog.bankquestion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SearchTrigram",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("trigram", models.CharField(max_length=3)),
            ],
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=10)),
                ("word", models.CharField(max_length=60)),
                ("shown", models.CharField(max_length=60)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="testbank",
            name="catalog_bank_status_title",
        ),
        migrations.AddField(
            model_name="category",
            name="description",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="testbank",
            name="difficulty",
            field=models.CharField(blank=True, editable=False, max_length=20),
        ),
        migrations.AddField(
            model_name="testbank",
            name="is_featured",
            field=models.BooleanField(default=False, help_text="Shown on the first page."),
        ),
        migrations.AddField(
            model_name="testbank",
            name="language",
            field=models.CharField(
                default="en",
                help_text="Of the questions: a code such as en or de.",
                max_length=10,
                validators=[catalog.validators.known_language],
            ),
        ),
        migrations.AddIndex(
            model_name="testbank",
            index=models.Index(fields=["status", "title", "id"], name="catalog_bank_by_title"),
        ),
        migrations.AddIndex(
            model_name="testbank",
            index=models.Index(fields=["status", "-created_at", "-id"], name="catalog_bank_by_age"),
        ),
        migrations.AddIndex(
            model_name="testbank",
            index=models.Index(
                fields=["status", "currency", "price_minor", "id"], name="catalog_bank_by_price"
            ),
        ),
        migrations.AddIndex(
            model_name="testbank",
            index=models.Index(
                fields=["status", "category", "title", "id"], name="catalog_bank_in_category"
            ),
        ),
        migrations.AddIndex(
            model_name="testbank",
            index=models.Index(
                condition=models.Q(("is_featured", True)),
                fields=["status", "-created_at"],
                name="catalog_bank_featured",
            ),
        ),
        migrations.AddField(
            model_name="bankkind",
            name="test_bank",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="kinds",
                to="catalog.testbank",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchword",
            constraint=models.UniqueConstraint(
                fields=("text", "word"), name="catalog_search_word_once"
            ),
        ),
        migrations.AddField(
            model_name="searchtrigram",
            name="word",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="trigrams",
                to="catalog.searchword",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankkind",
            constraint=models.UniqueConstraint(
                fields=("kind", "test_bank"), name="catalog_bank_kind_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="searchtrigram",
            constraint=models.UniqueConstraint(
                fields=("trigram", "word"), name="catalog_search_trigram_once"
            ),
        ),
    ]
