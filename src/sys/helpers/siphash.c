// SPDX-License-Identifier: GPL-2.0-only

#include <linux/siphash.h>

u32 khttpd_hsiphash(const void *bytes, size_t len, const unsigned long key[2])
{
	const hsiphash_key_t k = { .key = { key[0], key[1] } };

	return hsiphash(bytes, len, &k);
}
