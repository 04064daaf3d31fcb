#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Django REST framework 3.18.3, CursorPagination: where more rows than 1,000 and a
# page have the same value in the field they are ordered by (one import, one
# date), the pages never end. The cursor counts such rows with an offset, cut to
# 1,000 when it is read (offset_cutoff): from there each page is the same page
# and its "next" is its own URL. A client that follows "next" gets 200 for ever,
# and never sees what comes after. A unique second field in the ordering does
# not help, as the cursor holds the first one alone. The manual says that the
# "position plus offset" style supports values that are not strictly unique.
#
# Guess: all rows, each once, if perhaps slowly; at the worst an error.
# Seen (page_size 100, ordered by a date and the id):
#        900 rows of one day and 50 of the next: 10 pages, all 950 rows
#        1500 and 50: "next" names the page itself after 1,100 rows; the rest,
#        the next day's rows among them, cannot be reached

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q django==5.2.19 djangorestframework==3.18.3 ||
	{ echo "skipped: djangorestframework 3.18.3 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import datetime
import json
import os
import sys
import threading
import urllib.request
import wsgiref.simple_server

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not secret", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__,
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(os.path.dirname(__file__), "db")}},
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [],
                    "DEFAULT_RENDERER_CLASSES":
                    ["rest_framework.renderers.JSONRenderer"],
                    "UNAUTHENTICATED_USER": None})
django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.urls import path
from rest_framework import generics, pagination, serializers


class Event(models.Model):
    id = models.AutoField(primary_key=True)
    created = models.DateField()

    class Meta:
        app_label = "events"


class EventSerializer(serializers.ModelSerializer):
    class Meta:
        model = Event
        fields = ["id", "created"]


class Pages(pagination.CursorPagination):
    page_size = 100
    ordering = ("created", "id")


class Events(generics.ListAPIView):
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    pagination_class = Pages


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


urlpatterns = [path("events/", Events.as_view())]
with connection.schema_editor() as editor:
    editor.create_model(Event)
server = wsgiref.simple_server.make_server(
    "127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def all_pages(same_day):
    Event.objects.all().delete()
    day = datetime.date(2026, 1, 1)
    Event.objects.bulk_create(
        [Event(created=day) for _ in range(same_day)]
        + [Event(created=day + datetime.timedelta(1)) for _ in range(50)])
    url = f"http://127.0.0.1:{server.server_port}/events/"
    visited, rows = [], set()
    while url and url not in visited:
        visited.append(url)
        with client.open(url) as answer:
            page = json.load(answer)
        rows.update(row["id"] for row in page["results"])
        url = page["next"]
    outcome = "end" if url is None else \
        "names itself" if url == visited[-1] else "goes back"
    print(f"{same_day} of one day and 50 of the next: {len(visited)} pages,",
          f"{len(rows)} rows; the last \"next\":", outcome)
    return len(rows), outcome


few, many = all_pages(900), all_pages(1500)
sys.exit(few != (950, "end") or many != (1100, "names itself"))
PY
"$dir/venv/bin/python" "$dir/ask.py"
