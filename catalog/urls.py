"""Addresses of the catalog."""

from django.urls import path

from catalog.views import bank, legal, questions, reviews, search, seo, shop

app_name = "catalog"

urlpatterns = [
    path("legal/<slug:kind>/", legal.legal_page, name="legal_page"),
    path("", shop.home, name="home"),
    path("banks/", shop.test_bank_list, name="list"),
    path("categories/<slug:slug>/", shop.category, name="category"),
    path("search/", search.search, name="search"),
    path("banks/<slug:slug>/", bank.test_bank_detail, name="detail"),
    path("banks/<slug:slug>/changes/", bank.changes, name="changes"),
    path("banks/<slug:slug>/reviews/", reviews.reviews, name="reviews"),
    path("banks/<slug:slug>/review/", reviews.review, name="review"),
    path("banks/<slug:slug>/review/remove/", reviews.remove, name="remove_review"),
    path("banks/<slug:slug>/cover.svg", bank.cover, name="cover"),
    path("banks/<slug:slug>/card.png", seo.card, name="card"),
    path("banks/<slug:slug>/sample/<int:number>/", questions.sample_question, name="sample"),
    path(
        "banks/<slug:slug>/questions/<uuid:public_id>/",
        questions.own_question,
        name="own_question",
    ),
    path("staff/preview/<uuid:public_id>/", questions.preview, name="preview"),
    path("robots.txt", seo.robots, name="robots"),
    path("sitemap.xml", seo.sitemap_index, name="sitemaps"),
    path("sitemap-<slug:section>.xml", seo.sitemap, name="sitemap"),
    path("my-banks/", bank.my_banks, name="my_banks"),
]
