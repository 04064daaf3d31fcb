/* SPDX-License-Identifier: MIT */
/*
 * To which library a place in the code belongs: see torture.c.
 */
#define _GNU_SOURCE
#if __SIZEOF_LONG__ < 8 /* as configure has it */
#define _FILE_OFFSET_BITS 64
#endif
#include "torture.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
	uintptr_t start, end, base;
	int who;
	char name[40];
} parts[400];
static int n_parts;

static int
who_is(const char *name)
{
	if (!name[0])
		return PROGRAM;
	if (strstr(name, "libcurl"))
		return CURL;
	if (strstr(name, "libyajl") || strstr(name, "libz."))
		return PARSERS;
	if (strstr(name, "libasan") || strstr(name, "libubsan"))
		return NOBODY;
	if (strstr(name, "libssl") || strstr(name, "libcrypto"))
		return TLS;
	return OTHERS;
}

static int
note_part(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) ||
			n_parts == (int)(sizeof(parts) / sizeof(parts[0])))
			continue;
		parts[n_parts].base = info->dlpi_addr;
		parts[n_parts].start = info->dlpi_addr + header->p_vaddr;
		parts[n_parts].end = parts[n_parts].start + header->p_memsz;
		parts[n_parts].who = who_is(info->dlpi_name);
		snprintf(parts[n_parts].name, sizeof(parts[0].name), "%s",
			!info->dlpi_name[0] ? "PROGRAM"
			: slash		    ? slash + 1
					    : info->dlpi_name);
		n_parts++;
	}
	return 0;
}

static int
part_of(const void *address)
{
	for (int i = 0; i < n_parts; i++) {
		if ((uintptr_t)address >= parts[i].start &&
			(uintptr_t)address < parts[i].end)
			return i;
	}
	return -1;
}

int
torture_who(const void *address)
{
	int part = part_of(address);

	return part < 0 ? OTHERS : parts[part].who;
}

void
torture_show(char text[80], const void *address)
{
	int i = part_of(address);

	if (i < 0)
		snprintf(text, 80, "?+%p", address);
	else
		snprintf(text, 80, "%s+%#zx", parts[i].name,
			(size_t)((uintptr_t)address - parts[i].base));
}

void
torture_learn(void)
{
	dl_iterate_phdr(note_part, NULL);
}
