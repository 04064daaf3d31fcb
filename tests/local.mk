# SPDX-License-Identifier: MIT
#
# tests/: what is built for them, what runs, and what is kept beside them. A new
# test is one line here.

# Compiled: each is made from the source of its name. The first ones keep a
# processor busy for seconds: at the end they would leave the others idle.
BUSY_TESTS = \
	tests/unit/test_concurrency \
	tests/unit/test_journalstate \
	tests/unit/test_learner

UNIT_TESTS = \
	tests/unit/test_jsontree \
	tests/unit/test_ledger \
	tests/unit/test_shown \
	tests/unit/test_quote \
	tests/unit/test_servers \
	tests/unit/test_timeline \
	tests/unit/test_spread \
	tests/unit/test_address \
	tests/unit/test_addressblocks \
	tests/unit/test_ascii \
	tests/unit/test_atomicfile \
	tests/unit/test_base64 \
	tests/unit/test_bay \
	tests/unit/test_buf \
	tests/unit/test_bundle \
	tests/unit/test_busy \
	tests/unit/test_carry \
	tests/unit/test_charset \
	tests/unit/test_disposition \
	tests/unit/test_chain \
	tests/unit/test_circuit \
	tests/unit/test_clock \
	tests/unit/test_company \
	tests/unit/test_complaint \
	tests/unit/test_curve \
	tests/unit/test_crowd \
	tests/unit/test_etag \
	tests/unit/test_expand \
	tests/unit/test_fate \
	tests/unit/test_ferry \
	tests/unit/test_foreign \
	tests/unit/test_filename \
	tests/unit/test_glance \
	tests/unit/test_greet \
	tests/unit/test_gunzip \
	tests/unit/test_gunzipbad \
	tests/unit/test_freelist \
	tests/unit/test_hash \
	tests/unit/test_headerline \
	tests/unit/test_histogram \
	tests/unit/test_httpdate \
	tests/unit/test_identity \
	tests/unit/test_idletime \
	tests/unit/test_csv \
	tests/unit/test_input \
	tests/unit/test_inputstop \
	tests/unit/test_journalchain \
	tests/unit/test_journalline \
	tests/unit/test_json \
	tests/unit/test_jsonescape \
	tests/unit/test_jsonfind \
	tests/unit/test_jsonitem \
	tests/unit/test_jsonitemfail \
	tests/unit/test_jsonpick \
	tests/unit/test_jsonpointer \
	tests/unit/test_jsonsafe \
	tests/unit/test_jsonscan \
	tests/unit/test_jsontake \
	tests/unit/test_jsonwalk \
	tests/unit/test_leaseclock \
	tests/unit/test_link \
	tests/unit/test_lookup \
	tests/unit/test_memory \
	tests/unit/test_msg \
	tests/unit/test_netrc \
	tests/unit/test_nextrule \
	tests/unit/test_options \
	tests/unit/test_optionstogether \
	tests/unit/test_origin \
	tests/unit/test_origins \
	tests/unit/test_outcome \
	tests/unit/test_outfile \
	tests/unit/test_outfilefail \
	tests/unit/test_outlook \
	tests/unit/test_output \
	tests/unit/test_outputfail \
	tests/unit/test_pen \
	tests/unit/test_phase \
	tests/unit/test_poller \
	tests/unit/test_pool \
	tests/unit/test_poolopt \
	tests/unit/test_poolresume \
	tests/unit/test_problem \
	tests/unit/test_progress \
	tests/unit/test_proxies \
	tests/unit/test_queue \
	tests/unit/test_quota \
	tests/unit/test_random \
	tests/unit/test_ratebook \
	tests/unit/test_rateclock \
	tests/unit/test_ratefile \
	tests/unit/test_ratefilecrash \
	tests/unit/test_ratefiledamage \
	tests/unit/test_ratefilefail \
	tests/unit/test_ratehosts \
	tests/unit/test_ratelease \
	tests/unit/test_ratelimit \
	tests/unit/test_ratelimitexact \
	tests/unit/test_rateplace \
	tests/unit/test_rates \
	tests/unit/test_reader \
	tests/unit/test_record \
	tests/unit/test_recordsecrets \
	tests/unit/test_scriptargs \
	tests/unit/test_secret \
	tests/unit/test_schedulerefuse \
	tests/unit/test_response \
	tests/unit/test_responseodd \
	tests/unit/test_retry \
	tests/unit/test_retryafter \
	tests/unit/test_retrywhen \
	tests/unit/test_schedule \
	tests/unit/test_schedulehost \
	tests/unit/test_schedulerun \
	tests/unit/test_seqset \
	tests/unit/test_settings \
	tests/unit/test_shard \
	tests/unit/test_spool \
	tests/unit/test_share \
	tests/unit/test_shellrun \
	tests/unit/test_signals \
	tests/unit/test_sockets \
	tests/unit/test_starts \
	tests/unit/test_startsfile \
	tests/unit/test_suggest \
	tests/unit/test_suspect \
	tests/unit/test_summary \
	tests/unit/test_target \
	tests/unit/test_textsort \
	tests/unit/test_thread \
	tests/unit/test_ticket \
	tests/unit/test_timeheap \
	tests/unit/test_tlsask \
	tests/unit/test_tokenreply \
	tests/unit/test_units \
	tests/unit/test_uritemplate \
	tests/unit/test_url \
	tests/unit/test_urlparse \
	tests/unit/test_utf8 \
	tests/unit/test_waithint \
	tests/unit/test_wholefile \
	tests/unit/test_window \
	tests/unit/test_windowroom

tests_unit_test_origins_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_ferry_SOURCES = \
	tests/unit/test_ferry.c \
	tests/servers/tinyserver.c tests/servers/tinyserver.h
tests_unit_test_pool_SOURCES = \
	tests/unit/test_pool.c \
	tests/servers/tinyserver.c tests/servers/tinyserver.h
tests_unit_test_poolresume_SOURCES = \
	tests/unit/test_poolresume.c \
	tests/servers/tinyserver.c tests/servers/tinyserver.h
tests_unit_test_addressblocks_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
tests_unit_test_buf_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
tests_unit_test_gunzip_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_gunzipbad_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_jsonitemfail_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc
tests_unit_test_outfilefail_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=close,--wrap=getrandom,--wrap=linkat,--wrap=renameat2 \
	-Wl,--wrap=write
tests_unit_test_outlook_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc,--wrap=realloc
tests_unit_test_output_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write
tests_unit_test_input_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read
tests_unit_test_inputstop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read
tests_unit_test_schedule_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_starts_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fp_ratefile_reserve,--wrap=fp_ratefile_give_back \
	-Wl,--wrap=fp_ratefile_commit,--wrap=fp_ratefile_fire \
	-Wl,--wrap=fp_ratefile_settle
tests_unit_test_ticket_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
tests_unit_test_ratefile_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fp_clock_boot_ns,--wrap=fp_clock_now_ns \
	-Wl,--wrap=fp_clock_wall_ns,--wrap=fp_ratestore_read_boot \
	-Wl,--wrap=poll
tests_unit_test_ratefilecrash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fp_clock_boot_ns,--wrap=fp_clock_now_ns
tests_unit_test_ratefilefail_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fallocate,--wrap=fallocate64 \
	-Wl,--wrap=pwrite,--wrap=pwrite64
tests_unit_test_ratelimit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_settings_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc

# Servers that scripts start; each is made from the source of its name.
TEST_SERVERS = tests/servers/arrivals tests/servers/mixedserver
EXTRA_PROGRAMS += $(TEST_SERVERS)

# Fuzz targets; each is made from the source of its name, and has a corpus of
# its name in tests/fuzz/corpus/. See tests/fuzz/README.md.
FUZZ_TARGETS = \
	tests/fuzz/fuzz_address \
	tests/fuzz/fuzz_carry \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_filename \
	tests/fuzz/fuzz_gunzip \
	tests/fuzz/fuzz_headerline \
	tests/fuzz/fuzz_input \
	tests/fuzz/fuzz_journal \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_jsonitem \
	tests/fuzz/fuzz_jsonpick \
	tests/fuzz/fuzz_link \
	tests/fuzz/fuzz_msg \
	tests/fuzz/fuzz_page \
	tests/fuzz/fuzz_ratebook \
	tests/fuzz/fuzz_ratefile \
	tests/fuzz/fuzz_ratelimit \
	tests/fuzz/fuzz_rates \
	tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_response \
	tests/fuzz/fuzz_retry \
	tests/fuzz/fuzz_retryafter \
	tests/fuzz/fuzz_seqset \
	tests/fuzz/fuzz_units \
	tests/fuzz/fuzz_unpack \
	tests/fuzz/fuzz_uritemplate \
	tests/fuzz/fuzz_url \
	tests/fuzz/fuzz_utf8

tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write
tests_fuzz_fuzz_input_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read
tests_fuzz_fuzz_msg_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write
tests_fuzz_fuzz_ratefile_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fp_clock_boot_ns,--wrap=fp_clock_now_ns \
	-Wl,--wrap=fp_clock_wall_ns,--wrap=fp_ratestore_read_boot \
	-Wl,--wrap=poll

# Their main() is libFuzzer's, or else one that replays the corpus: then they
# are tests like the others.
EXTRA_LIBRARIES = tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c
if WITH_FUZZ
$(FUZZ_TARGETS): AM_LDFLAGS += -fsanitize=fuzzer
else
REPLAYED = $(FUZZ_TARGETS)
FUZZ_MAIN = tests/fuzz/libreplay.a
endif

# Run as they are: the slow ones first, so that none is left for the end.
SCRIPT_TESTS = \
	tests/cli/test_metrics.py \
	tests/cli/test_page.py \
	tests/cli/test_hostrates.py \
	tests/cli/test_rateredis.py \
	tests/cli/test_sigv4.py \
	tests/cli/test_singles.py \
	tests/cli/test_cause.py \
	tests/cli/test_origins.py \
	tests/cli/test_stops.py \
	tests/cli/test_restart.py \
	tests/cli/test_maxmemory.py \
	tests/cli/test_stopped.py \
	tests/cli/test_tokencommand.py \
	tests/cli/test_torture.py \
	tests/cli/test_addressorder.py \
	tests/cli/test_crashstates.py \
	tests/cli/test_crew.py \
	tests/cli/test_limiters.py \
	tests/cli/test_resume.py \
	tests/cli/test_completions.py \
	tests/cli/test_retry.py \
	tests/cli/test_form.py \
	tests/cli/test_partial.py \
	tests/cli/test_unpack.py \
	tests/cli/test_runfiles.py \
	tests/cli/test_redirect.py \
	tests/cli/test_input.py \
	tests/cli/test_machines.py \
	tests/cli/test_urls.py \
	tests/cli/test_untouched.py \
	tests/cli/test_upload.py \
	tests/cli/test_gzip.py \
	tests/cli/test_rate.py \
	tests/cli/test_resumekill.py \
	tests/cli/test_http2.py \
	tests/cli/test_http3.py \
	tests/cli/test_answers.py \
	tests/cli/test_auto.py \
	tests/cli/test_pool.py \
	tests/cli/test_truncation.py \
	tests/cli/test_proxy.py \
	tests/cli/test_soak.py \
	tests/cli/test_meter.py \
	tests/cli/test_gone.py \
	tests/cli/test_kept.py \
	tests/cli/test_leaving.py \
	tests/cli/test_request.py \
	tests/cli/test_gate.py \
	tests/cli/test_dryrun.py \
	tests/cli/test_shard.py \
	tests/house \
	tests/cli/test_bootstrap.sh \
	tests/cli/test_account.py \
	tests/cli/test_addresses.py \
	tests/cli/test_catalogue.py \
	tests/cli/test_connection.py \
	tests/cli/test_content.py \
	tests/cli/test_cookies.py \
	tests/cli/test_etags.py \
	tests/cli/test_failedbody.py \
	tests/cli/test_failif.py \
	tests/cli/test_default.py \
	tests/cli/test_filenames.py \
	tests/cli/test_files.py \
	tests/cli/test_framing.py \
	tests/cli/test_csv.py \
	tests/cli/test_install.py \
	tests/cli/test_journalcross.py \
	tests/cli/test_libmanual.py \
	tests/cli/test_lacks.py \
	tests/cli/test_leftovers.py \
	tests/cli/test_jsonsafe.py \
	tests/cli/test_limits.py \
	tests/cli/test_links.py \
	tests/cli/test_manual.py \
	tests/cli/test_next.py \
	tests/cli/test_nextjournal.py \
	tests/cli/test_nginx.py \
	tests/cli/test_output.py \
	tests/cli/test_pagefill.py \
	tests/cli/test_promises.py \
	tests/cli/test_recipes.py \
	tests/cli/test_ratefile.py \
	tests/cli/test_ratemodel.py \
	tests/cli/test_ratestorm.py \
	tests/cli/test_refused.py \
	tests/cli/test_resumerefused.py \
	tests/cli/test_retryafter.py \
	tests/cli/test_run.py \
	tests/cli/test_signals.py \
	tests/cli/test_sinks.py \
	tests/cli/test_tls.py \
	tests/cli/test_trust.py \
	tests/cli/test_trace.py \
	tests/cli/test_usage.py

# What they need, and what else is kept beside them.
TEST_TOOLS = \
	tests/bench \
	tests/cli/kit.py \
	tests/demo \
	tests/demo-api \
	tests/fuzz/README.md \
	tests/fuzz/corpus \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzzjson.h \
	tests/fuzz/fuzzstarts.h \
	tests/fuzz/fuzzunpack.h \
	tests/fuzz/run \
	tests/kit/authority.py \
	tests/kit/calm.py \
	tests/kit/capture.h \
	tests/kit/harness.py \
	tests/kit/libcurl.py \
	tests/kit/packed.py \
	tests/kit/ratetest.py \
	tests/kit/recipes.py \
	tests/kit/resumetest.py \
	tests/kit/scratch.h \
	tests/kit/shim.py \
	tests/kit/tap.h \
	tests/kit/chromium.py \
	tests/kit/tap.py \
	tests/lint \
	tests/libcurl \
	tests/matrix \
	tests/valgrind.supp \
	tests/package \
	tests/run \
	tests/servers/arrivals.py \
	tests/servers/bodysink.py \
	tests/servers/check-servers \
	tests/consumers/check-consumers \
	tests/consumers/read.py \
	tests/limiters/README.md \
	tests/limiters/check-limiters \
	tests/limiters/forms.py \
	tests/limiters/Bucket.java \
	tests/limiters/Dos.java \
	tests/limiters/Gateway.java \
	tests/limiters/Resilience.java \
	tests/limiters/apache.sh \
	tests/limiters/haproxy.sh \
	tests/limiters/java.sh \
	tests/limiters/nginx.sh \
	tests/limiters/node.mjs \
	tests/limiters/peer.py \
	tests/limiters/rack.sh \
	tests/limiters/server.go \
	tests/limiters/server.rs \
	tests/limiters/varnish.sh \
	tests/limiters/web.py \
	tests/servers/fastapitokens.py \
	tests/servers/faultserver.py \
	tests/servers/frameserver.py \
	tests/servers/listener.py \
	tests/servers/proxyserver.py \
	tests/servers/real/apache \
	tests/servers/real/go \
	tests/servers/real/gunicorn \
	tests/servers/real/haproxy \
	tests/servers/real/hypercorn \
	tests/servers/real/lib.sh \
	tests/servers/real/lighttpd \
	tests/servers/real/nginx \
	tests/servers/real/node \
	tests/servers/real/node.mjs \
	tests/servers/real/puma \
	tests/servers/real/pyapp.py \
	tests/servers/real/server.go \
	tests/servers/real/tomcat \
	tests/servers/real/uvicorn \
	tests/servers/real/varnish \
	tests/servers/redisserver.py \
	tests/servers/relay.py \
	tests/servers/socksserver.py \
	tests/servers/servers.py \
	tests/servers/tokenserver.py \
	tests/servers/webserver.py \
	tests/soak \
	tests/spark \
	tests/tables \
	tests/tables/uritemplate-examples \
	tests/torture/crashstates.py \
	tests/torture/real.h \
	tests/torture/recorder.c \
	tests/torture/torture.c \
	tests/torture/torture.h \
	tests/torture/torture.py \
	tests/torture/torturecalls.c \
	tests/torture/torturejournal.py \
	tests/torture/torturewho.c \
	tests/unit/addresstest.h \
	tests/unit/gziptest.h \
	tests/unit/jsonitemtest.h \
	tests/unit/jsontest.h \
	tests/unit/optionstest.h \
	tests/unit/limiterservers.h \
	tests/unit/concurrencysim.h \
	tests/unit/simdraw.h \
	tests/unit/simserver.h \
	tests/unit/limitersim.h \
	tests/unit/origintest.h \
	tests/unit/outfiletest.h \
	tests/unit/ratecalltest.h \
	tests/unit/ratefiletest.h \
	tests/unit/ratelimittest.h \
	tests/unit/recordtest.h \
	tests/unit/responsetest.h \
	tests/unit/scheduletest.h \
	tests/unit/ticketmaker.h

# ONLY=PATTERN runs some of the tests, and builds what these need. JOBS=N runs N
# at once.
EXTRA_PROGRAMS += $(BUSY_TESTS) $(UNIT_TESTS) $(FUZZ_TARGETS)
RUN_TESTS = $(top_srcdir)/tests/run --summary tests/summary.log \
	--only '$(ONLY)' $${JOBS:+-j $$JOBS} --sanitizers '$(SANITIZERS)'
COMPILED_TESTS = $(BUSY_TESTS) $(UNIT_TESTS) $(REPLAYED)
TESTS_HERE = $(BUSY_TESTS) $(SCRIPT_TESTS:%=$(top_srcdir)/%) \
	$(UNIT_TESTS) $(REPLAYED)

# So that they can be built with -j, before they are run. After all else, not
# beside it: the two share the libraries.
test-programs: all
	@$(MAKE) $(AM_MAKEFLAGS) $(TEST_SERVERS) \
		`$(RUN_TESTS) --list $(COMPILED_TESTS)`

check-local: test-programs
	@$(RUN_TESTS) --scale '$(TIME_SCALE)' $(TESTS_HERE)

# Compiled tests only: a program under valgrind is too slow for the others.
VALGRIND = valgrind --quiet --leak-check=full \
	--errors-for-leak-kinds=definite,possible --error-exitcode=86 \
	--suppressions=$(top_srcdir)/tests/valgrind.supp

check-valgrind: test-programs
	@$(RUN_TESTS) --scale 20 \
		--wrapper '$(VALGRIND) --log-file=%REPORT.%p' $(COMPILED_TESTS)
