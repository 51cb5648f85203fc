// SPDX-License-Identifier: GPL-2.0-only
/*
 * BLAKE2s of bytes in pages. In C because bindgen does not see struct blake2s_ctx.
 */
#include <crypto/blake2s.h>
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/sched.h>

void khttpd_blake2s(const struct bio_vec *blocks, size_t count, u8 *digest, size_t digest_len)
{
	struct blake2s_ctx ctx;

	blake2s_init(&ctx, digest_len);
	for (size_t i = 0; i < count; i++) {
		blake2s_update(&ctx, page_address(blocks[i].bv_page) + blocks[i].bv_offset,
			       blocks[i].bv_len);
		cond_resched();
	}
	blake2s_final(&ctx, digest);
}
