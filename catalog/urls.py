"""Addresses of the shop's shelves."""

from django.urls import path

from catalog import browse_views, review_views, seo_views, views

app_name = "catalog"

urlpatterns = [
    path("", browse_views.home, name="home"),
    path("banks/", browse_views.test_bank_list, name="list"),
    path("categories/<slug:slug>/", browse_views.category, name="category"),
    path("search/", browse_views.search, name="search"),
    path("banks/<slug:slug>/", views.test_bank_detail, name="detail"),
    path("banks/<slug:slug>/changes/", views.changes, name="changes"),
    path("banks/<slug:slug>/reviews/", review_views.reviews, name="reviews"),
    path("banks/<slug:slug>/review/", review_views.review, name="review"),
    path("banks/<slug:slug>/review/remove/", review_views.remove, name="remove_review"),
    path("banks/<slug:slug>/cover.svg", views.cover, name="cover"),
    path("banks/<slug:slug>/card.png", seo_views.card, name="card"),
    path("banks/<slug:slug>/sample/<int:number>/", views.sample_question, name="sample"),
    path(
        "banks/<slug:slug>/questions/<uuid:public_id>/",
        browse_views.own_question,
        name="own_question",
    ),
    path("staff/preview/<uuid:public_id>/", views.preview, name="preview"),
    path("staff/editor/<slug:slug>/", views.editors_view, name="editors_view"),
    path("robots.txt", seo_views.robots, name="robots"),
    path("sitemap.xml", seo_views.sitemap_index, name="sitemaps"),
    path("sitemap-<slug:section>.xml", seo_views.sitemap, name="sitemap"),
    path("my-banks/", views.my_banks, name="my_banks"),
]
