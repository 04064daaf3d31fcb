# SPDX-License-Identifier: MIT
#
# lib/: the library, libfetchpool. One list a folder, lower folders first. Files
# are named, never globbed: a new module is one line here.

include_HEADERS = lib/fetchpool.h
lib_LTLIBRARIES = lib/libfetchpool.la
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = lib/fetchpool.pc

# -version-info CURRENT:REVISION:AGE. In a release that adds to fetchpool.h:
# CURRENT and AGE go up by one, and REVISION to 0. In one that takes something
# away or changes it: CURRENT goes up, the others to 0, and the number in
# lib/fetchpool.map up. In any other that changes lib/: REVISION goes up.
#
# libcurl has functions of ours for its memory (lib/base/freelist.h), and may be
# in use when a program has no more use for this library: it stays loaded.
lib_libfetchpool_la_SOURCES =
lib_libfetchpool_la_LIBTOOLFLAGS =
lib_libfetchpool_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-no-undefined $(FP_VERSION_SCRIPT) $(FP_NODELETE)
lib_libfetchpool_la_LIBADD = lib/libinternal.la \
	$(CURL_LIBS) $(YAJL_LIBS) $(ZLIB_LIBS) $(BROTLI_LIBS) $(ZSTD_LIBS)
EXTRA_lib_libfetchpool_la_DEPENDENCIES = lib/fetchpool.map

lib_libinternal_la_SOURCES = lib/fetchpool.h

# base: what any program could use: memory, text, time, files
lib_libinternal_la_SOURCES += \
	lib/base/ascii.h \
	lib/base/atomicfile.c lib/base/atomicfile.h \
	lib/base/base.h \
	lib/base/bay.c lib/base/bay.h \
	lib/base/base64.c lib/base/base64.h \
	lib/base/buf.c lib/base/buf.h \
	lib/base/clock.c lib/base/clock.h \
	lib/base/crowd.c lib/base/crowd.h \
	lib/base/filename.c lib/base/filename.h \
	lib/base/freelist.c lib/base/freelist.h \
	lib/base/hash.c lib/base/hash.h \
	lib/base/outfile.c lib/base/outfile.h \
	lib/base/random.c lib/base/random.h \
	lib/base/spool.c lib/base/spool.h \
	lib/base/textsort.c lib/base/textsort.h \
	lib/base/thread.c lib/base/thread.h \
	lib/base/timeheap.c lib/base/timeheap.h \
	lib/base/units.c lib/base/units.h \
	lib/base/utf8.c lib/base/utf8.h

# json: JSON, read and written
lib_libinternal_la_SOURCES += \
	lib/json/json.c lib/json/json.h \
	lib/json/jsonescape.c lib/json/jsonescape.h \
	lib/json/jsonpick.c lib/json/jsonpick.h \
	lib/json/jsonproof.c lib/json/jsonproof.h \
	lib/json/jsonsafe.c lib/json/jsonsafe.h \
	lib/json/jsonscan.c lib/json/jsonscan.h \
	lib/json/jsonpointer.c lib/json/jsonpointer.h \
	lib/json/jsonstring.c lib/json/jsonstring.h \
	lib/json/jsonfind.c lib/json/jsonfind.h \
	lib/json/jsontake.c lib/json/jsontake.h \
	lib/json/jsonwalk.c lib/json/jsonwalk.h \
	lib/json/pen.c lib/json/pen.h

# http: HTTP's own forms: URLs, heads, dates, content codings
lib_libinternal_la_SOURCES += \
	lib/http/address.c lib/http/address.h \
	lib/http/carry.c lib/http/carry.h \
	lib/http/charset.c lib/http/charset.h \
	lib/http/disposition.c lib/http/disposition.h \
	lib/http/problem.c lib/http/problem.h \
	lib/http/gunzip.c lib/http/gunzip.h \
	lib/http/etag.c lib/http/etag.h \
	lib/http/headerline.c lib/http/headerline.h \
	lib/http/httpdate.c lib/http/httpdate.h \
	lib/http/link.c lib/http/link.h \
	lib/http/netrc.c lib/http/netrc.h \
	lib/http/nextrule.c lib/http/nextrule.h \
	lib/http/outcome.c lib/http/outcome.h \
	lib/http/quota.c lib/http/quota.h \
	lib/http/refusal.c lib/http/refusal.h \
	lib/http/response.c lib/http/response.h \
	lib/http/retryafter.c lib/http/retryafter.h \
	lib/http/secret.c lib/http/secret.h \
	lib/http/tokenreply.c lib/http/tokenreply.h \
	lib/http/unpack.c lib/http/unpack.h \
	lib/http/uritemplate.c lib/http/uritemplate.h \
	lib/http/url.c lib/http/url.h \
	lib/http/waithint.c lib/http/waithint.h \
	lib/http/whenform.c lib/http/whenform.h

# rate: how many requests may start in which time
lib_libinternal_la_SOURCES += \
	lib/rate/hostrate.c lib/rate/hostrate.h \
	lib/rate/hostscript.c lib/rate/hostscript.h \
	lib/rate/learner.c lib/rate/learner.h \
	lib/rate/leaseclock.c lib/rate/leaseclock.h \
	lib/rate/outlook.c lib/rate/outlook.h \
	lib/rate/ratebook.c lib/rate/ratebook.h \
	lib/rate/rateclock.c lib/rate/rateclock.h \
	lib/rate/ratecount.c lib/rate/ratecount.h \
	lib/rate/ratefile.c lib/rate/ratefile.h \
	lib/rate/ratehosts.c lib/rate/ratehosts.h \
	lib/rate/ratelease.c lib/rate/ratelease.h \
	lib/rate/ratelimit.c lib/rate/ratelimit.h \
	lib/rate/rateplace.c lib/rate/rateplace.h \
	lib/rate/rateredis.c lib/rate/rateredis.h \
	lib/rate/ratering.c lib/rate/ratering.h \
	lib/rate/rates.c lib/rate/rates.h \
	lib/rate/ratescript.c lib/rate/ratescript.h \
	lib/rate/ratestore.c lib/rate/ratestore.h \
	lib/rate/rediscall.c lib/rate/rediscall.h \
	lib/rate/redislink.c lib/rate/redislink.h \
	lib/rate/scriptargs.c lib/rate/scriptargs.h \
	lib/rate/starts.c lib/rate/starts.h

# item: one item in, one record out
lib_libinternal_la_SOURCES += \
	lib/item/jsonitem.c lib/item/jsonitem.h \
	lib/item/parser.c \
	lib/item/record.c \
	lib/item/recordheaders.c lib/item/recordheaders.h \
	lib/item/recordmask.c lib/item/recordmask.h

# sched: what may start, and when; and what waits
lib_libinternal_la_SOURCES += \
	lib/sched/itemstart.c lib/sched/itemstart.h \
	lib/sched/memory.c lib/sched/memory.h \
	lib/sched/origin.c lib/sched/origin.h \
	lib/sched/origins.c \
	lib/sched/queue.c lib/sched/queue.h \
	lib/sched/ahead.c lib/sched/ahead.h \
	lib/sched/chain.c lib/sched/chain.h \
	lib/sched/company.c lib/sched/company.h \
	lib/sched/doubts.c lib/sched/doubts.h \
	lib/sched/concurrency.c lib/sched/concurrency.h \
	lib/sched/curve.c lib/sched/curve.h \
	lib/sched/holdup.c lib/sched/holdup.h \
	lib/sched/busy.c lib/sched/busy.h \
	lib/sched/retry.c lib/sched/retry.h \
	lib/sched/schedule.c lib/sched/schedule.h \
	lib/sched/suspect.c lib/sched/suspect.h \
	lib/sched/ticket.c lib/sched/ticket.h \
	lib/sched/window.c lib/sched/window.h

# request: one request, as libcurl is told of it
lib_libinternal_la_SOURCES += \
	lib/request/bearer.c lib/request/bearer.h \
	lib/request/bundle.c lib/request/bundle.h \
	lib/request/condition.c lib/request/condition.h \
	lib/request/cookies.c lib/request/cookies.h \
	lib/request/curlopt.c lib/request/curlopt.h \
	lib/request/download.c lib/request/download.h \
	lib/request/form.c lib/request/form.h \
	lib/request/idletime.c lib/request/idletime.h \
	lib/request/lookup.c lib/request/lookup.h \
	lib/request/login.c lib/request/login.h \
	lib/request/nextpage.c lib/request/nextpage.h \
	lib/request/pagefill.c lib/request/pagefill.h \
	lib/request/partial.c lib/request/partial.h \
	lib/request/poolopt.c lib/request/poolopt.h \
	lib/request/preview.c lib/request/preview.h \
	lib/request/proxies.c lib/request/proxies.h \
	lib/request/redirect.c lib/request/redirect.h \
	lib/request/request.c lib/request/request.h \
	lib/request/setup.c lib/request/setup.h \
	lib/request/share.c lib/request/share.h \
	lib/request/target.c lib/request/target.h \
	lib/request/tlsask.c lib/request/tlsask.h \
	lib/request/upload.c lib/request/upload.h \
	lib/request/trust.c lib/request/trust.h \
	lib/request/urlparse.c lib/request/urlparse.h

# engine: transfers, and the threads that drive them
lib_libinternal_la_SOURCES += \
	lib/engine/aftermath.c \
	lib/engine/body.c \
	lib/engine/crew.c lib/engine/crew.h \
	lib/engine/chapters.h \
	lib/engine/ferry.c lib/engine/ferry.h \
	lib/engine/gate.c \
	lib/engine/handle.c \
	lib/engine/glance.c lib/engine/glance.h \
	lib/engine/greet.c lib/engine/greet.h \
	lib/engine/kept.c \
	lib/engine/nudge.c lib/engine/nudge.h \
	lib/engine/lane.c lib/engine/lane.h \
	lib/engine/loop.c lib/engine/loop.h \
	lib/engine/phase.c lib/engine/phase.h \
	lib/engine/poller.c lib/engine/poller.h \
	lib/engine/pool.c \
	lib/engine/sockets.c lib/engine/sockets.h \
	lib/engine/span.c lib/engine/span.h \
	lib/engine/timing.c lib/engine/timing.h \
	lib/engine/transfer.c lib/engine/transfer.h \
	lib/engine/verdict.c
