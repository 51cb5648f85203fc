// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zstandard (RFC 8878) by the kernel's zstd. In C because bindgen does not see it. Where the kernel
 * lacks it, the memory of a stream has no size.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/zstd.h>

#if IS_ENABLED(CONFIG_ZSTD_COMPRESS)

static zstd_parameters khttpd_zstd_parameters(int level, u64 len, u64 window)
{
	return zstd_get_params(level, min(len, window));
}

size_t khttpd_zstd_size(int level, u64 len, u64 window)
{
	const zstd_parameters parameters = khttpd_zstd_parameters(level, len, window);

	return zstd_cstream_workspace_bound(&parameters.cParams);
}

void *khttpd_zstd_begin(void *memory, size_t size, int level, u64 len, u64 window)
{
	const zstd_parameters parameters = khttpd_zstd_parameters(level, len, window);

	return zstd_init_cstream(&parameters, len, memory, size);
}

int khttpd_zstd_step(void *stream, const u8 *from, size_t *from_len, u8 *to, size_t *to_len,
		     bool last)
{
	zstd_in_buffer in = { .src = from, .size = *from_len };
	zstd_out_buffer out = { .dst = to, .size = *to_len };
	size_t left = zstd_compress_stream(stream, &out, &in);
	bool ended = false;

	/* zstd_is_error() is part of the decompressor, which the kernel may lack. */
	if (!ZSTD_isError(left) && last && in.pos == in.size) {
		left = zstd_end_stream(stream, &out);
		ended = left == 0;
	}
	*from_len = in.pos;
	*to_len = out.pos;
	return ZSTD_isError(left) ? -EIO : ended;
}

#else

size_t khttpd_zstd_size(int level, u64 len, u64 window)
{
	return 0;
}

void *khttpd_zstd_begin(void *memory, size_t size, int level, u64 len, u64 window)
{
	return NULL;
}

int khttpd_zstd_step(void *stream, const u8 *from, size_t *from_len, u8 *to, size_t *to_len,
		     bool last)
{
	return -EOPNOTSUPP;
}

#endif
