# SPDX-License-Identifier: MIT
#
# cmd/: the command, and the completions that are made from its options.

bin_PROGRAMS = fetchpool
fetchpool_SOURCES = cmd/main.c
fetchpool_LDADD = $(ALL_LIBS)

# All but main(), so that tests can link it.
cmd_libcmd_a_SOURCES =

# base: what the rest uses
cmd_libcmd_a_SOURCES += \
	cmd/base/csv.c cmd/base/csv.h \
	cmd/base/descriptors.c cmd/base/descriptors.h \
	cmd/base/fate.c cmd/base/fate.h \
	cmd/base/histogram.c cmd/base/histogram.h \
	cmd/base/input.c cmd/base/input.h \
	cmd/base/jsontree.c cmd/base/jsontree.h \
	cmd/base/keys.c cmd/base/keys.h \
	cmd/base/msg.c cmd/base/msg.h \
	cmd/base/patience.c cmd/base/patience.h \
	cmd/base/pipeline.c cmd/base/pipeline.h \
	cmd/base/quote.c cmd/base/quote.h \
	cmd/base/seqset.c cmd/base/seqset.h \
	cmd/base/shard.c cmd/base/shard.h \
	cmd/base/shellrun.c cmd/base/shellrun.h \
	cmd/base/signals.c cmd/base/signals.h \
	cmd/base/wholefile.c cmd/base/wholefile.h

# option: what can be asked for, and how it is said
cmd_libcmd_a_SOURCES += \
	cmd/option/complaint.c cmd/option/complaint.h \
	cmd/option/config.c cmd/option/config.h \
	cmd/option/expand.c cmd/option/expand.h \
	cmd/option/flowopt.c cmd/option/flowopt.h \
	cmd/option/foreign.c cmd/option/foreign.h \
	cmd/option/formopt.c cmd/option/formopt.h \
	cmd/option/help.c cmd/option/help.h \
	cmd/option/httpopt.c cmd/option/httpopt.h \
	cmd/option/options.c cmd/option/options.h \
	cmd/option/optiontable.c cmd/option/optiontable.h \
	cmd/option/runfiles.c cmd/option/runfiles.h \
	cmd/option/settings.c cmd/option/settings.h \
	cmd/option/shown.c cmd/option/shown.h \
	cmd/option/suggest.c cmd/option/suggest.h \
	cmd/option/template.c cmd/option/template.h \
	cmd/option/together.c cmd/option/together.h

# journal: outputs, and what is done
cmd_libcmd_a_SOURCES += \
	cmd/journal/etags.c cmd/journal/etags.h \
	cmd/journal/identity.c cmd/journal/identity.h \
	cmd/journal/journal.c cmd/journal/journal.h \
	cmd/journal/journalchain.c cmd/journal/journalchain.h \
	cmd/journal/journalfile.c cmd/journal/journalfile.h \
	cmd/journal/journalline.c cmd/journal/journalline.h \
	cmd/journal/journalopen.c \
	cmd/journal/journalstate.c cmd/journal/journalstate.h \
	cmd/journal/output.c cmd/journal/output.h \
	cmd/journal/resume.c cmd/journal/resume.h

# report: what a run tells of itself
cmd_libcmd_a_SOURCES += \
	cmd/report/account.c cmd/report/account.h \
	cmd/report/cause.c cmd/report/cause.h \
	cmd/report/chart.c cmd/report/chart.h \
	cmd/report/compare.c cmd/report/compare.h \
	cmd/report/dryrun.c cmd/report/dryrun.h \
	cmd/report/html.c cmd/report/html.h \
	cmd/report/ledger.c cmd/report/ledger.h \
	cmd/report/ledgerjson.c cmd/report/ledgerjson.h \
	cmd/report/meter.c cmd/report/meter.h \
	cmd/report/metrics.c cmd/report/metrics.h \
	cmd/report/moments.c cmd/report/moments.h \
	cmd/report/notice.c cmd/report/notice.h \
	cmd/report/page.c cmd/report/page.h \
	cmd/report/pagelists.c cmd/report/pagelists.h \
	cmd/report/pagestyle.c cmd/report/pagestyle.h \
	cmd/report/progress.c cmd/report/progress.h \
	cmd/report/servers.c cmd/report/servers.h \
	cmd/report/spread.c cmd/report/spread.h \
	cmd/report/stats.c cmd/report/stats.h \
	cmd/report/summary.c cmd/report/summary.h \
	cmd/report/tally.c cmd/report/tally.h \
	cmd/report/timeline.c cmd/report/timeline.h \
	cmd/report/trace.c cmd/report/trace.h \
	cmd/report/worst.c cmd/report/worst.h

# a run
cmd_libcmd_a_SOURCES += \
	cmd/course.c cmd/course.h \
	cmd/tokencommand.c cmd/tokencommand.h \
	cmd/reportfrom.c cmd/reportfrom.h \
	cmd/fields.c cmd/fields.h \
	cmd/itemfill.c cmd/itemfill.h \
	cmd/linecheck.c cmd/linecheck.h \
	cmd/reader.c cmd/reader.h \
	cmd/run.c cmd/run.h \
	cmd/writer.c cmd/writer.h

# ---- completions ------------------------------------------------------------

# Made by a program of the build, from the table of options that --help has.
bashcompletiondir = @bashcompletiondir@
zshcompletiondir = @zshcompletiondir@
fishcompletiondir = @fishcompletiondir@
EXTRA_PROGRAMS = cmd/completions/generate
cmd_completions_generate_SOURCES = cmd/completions/generate.c
cmd_completions_generate_LDADD = $(ALL_LIBS)
COMPLETIONS = \
	cmd/completions/_fetchpool cmd/completions/fetchpool cmd/completions/fetchpool.fish
if CAN_RUN
nodist_bashcompletion_DATA = cmd/completions/fetchpool
nodist_zshcompletion_DATA = cmd/completions/_fetchpool
nodist_fishcompletion_DATA = cmd/completions/fetchpool.fish
endif

cmd/completions/fetchpool: cmd/completions/bash.in cmd/completions/generate$(EXEEXT)
	$(AM_V_GEN)cmd/completions/generate bash $(srcdir)/cmd/completions/bash.in >$@-t
	@mv $@-t $@
cmd/completions/_fetchpool: cmd/completions/zsh.in cmd/completions/generate$(EXEEXT)
	$(AM_V_GEN)cmd/completions/generate zsh $(srcdir)/cmd/completions/zsh.in >$@-t
	@mv $@-t $@
cmd/completions/fetchpool.fish: cmd/completions/fish.in cmd/completions/generate$(EXEEXT)
	$(AM_V_GEN)cmd/completions/generate fish $(srcdir)/cmd/completions/fish.in >$@-t
	@mv $@-t $@
