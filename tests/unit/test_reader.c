/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "reader.h"
#include "tap.h"

/* Once the reader has ended, the main thread reads on, without the lock. */
static void
a_closed_input_is_left_alone(void)
{
	static struct fp_reader reader;

	fp_mutex_init(&reader.lock);
	reader.input.is_reading_off = true;
	CHECK(fp_reader_feed(&reader, 10));
	CHECK(reader.input.is_reading_off);
	fp_mutex_destroy(&reader.lock);
}

int
main(void)
{
	run("threads of the pool leave an input alone that is not open",
		a_closed_input_is_left_alone);
	return done();
}
