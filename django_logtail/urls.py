"""The page's routes; include them anywhere. Their names are `logtail:list`, `logtail:log` and so on."""

from django.urls import path
from django.views.i18n import set_language

from django_logtail import offering, views

app_name = "logtail"

urlpatterns = [
    path("", views.page, name="list"),
    path("-/logs/", views.logs, name="logs"),
    path("-/found/", offering.found, name="found"),
    path("-/found/add/", offering.add, name="add-found"),
    path("-/hits/", views.several_hits, name="several-hits"),
    path("-/language/", set_language, name="language"),
    path("-/assets/<str:version>/<path:name>", views.asset, name="asset"),
    path("<slug:slug>/", views.page, name="log"),
    path("<slug:slug>/ticket/", views.ticket, name="ticket"),
    path("<slug:slug>/socket/", views.socket, name="socket"),
    path("<slug:slug>/lines/", views.lines, name="lines"),
    path("<slug:slug>/views/", views.save_view, name="views"),
    path("<slug:slug>/views/<int:pk>/", views.change_view, name="view"),
    path("<slug:slug>/views/<int:pk>/delete/", views.delete_view, name="delete-view"),
    path("<slug:slug>/download/", views.download, name="download"),
    path("<slug:slug>/hits/", views.hits, name="hits"),
    path("<slug:slug>/search/", views.search, name="search"),
]
