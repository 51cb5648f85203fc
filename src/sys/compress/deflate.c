// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deflate (RFC 1951) by the kernel's zlib, and the checksum of gzip. In C because bindgen sees
 * neither. Where the kernel lacks one of them, the memory of a stream has no size.
 */
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/zlib.h>

#if IS_ENABLED(CONFIG_ZLIB_DEFLATE) && IS_ENABLED(CONFIG_CRC32)

struct khttpd_deflate {
	struct z_stream_s stream;
	u64 workspace[];
};

size_t khttpd_deflate_size(void)
{
	return sizeof(struct khttpd_deflate) +
	       zlib_deflate_workspacesize(MAX_WBITS, MAX_MEM_LEVEL);
}

int khttpd_deflate_begin(void *memory, int level)
{
	struct khttpd_deflate *deflate = memory;

	memset(&deflate->stream, 0, sizeof(deflate->stream));
	deflate->stream.workspace = deflate->workspace;
	/* A negative number of bits: no header, which would be zlib's. */
	if (zlib_deflateInit2(&deflate->stream, level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
			      Z_DEFAULT_STRATEGY) != Z_OK)
		return -EINVAL;
	return 0;
}

int khttpd_deflate_step(void *memory, const u8 *from, size_t *from_len, u8 *to, size_t *to_len,
			bool last)
{
	struct khttpd_deflate *deflate = memory;
	int result;

	deflate->stream.next_in = from;
	deflate->stream.avail_in = *from_len;
	deflate->stream.next_out = to;
	deflate->stream.avail_out = *to_len;
	result = zlib_deflate(&deflate->stream, last ? Z_FINISH : Z_NO_FLUSH);
	*from_len -= deflate->stream.avail_in;
	*to_len -= deflate->stream.avail_out;
	if (result == Z_STREAM_END)
		return 1;
	return result == Z_OK ? 0 : -EIO;
}

u32 khttpd_crc32(u32 crc, const u8 *bytes, size_t len)
{
	return crc32_le(crc, bytes, len);
}

#else

size_t khttpd_deflate_size(void)
{
	return 0;
}

int khttpd_deflate_begin(void *memory, int level)
{
	return -EOPNOTSUPP;
}

int khttpd_deflate_step(void *memory, const u8 *from, size_t *from_len, u8 *to, size_t *to_len,
			bool last)
{
	return -EOPNOTSUPP;
}

u32 khttpd_crc32(u32 crc, const u8 *bytes, size_t len)
{
	return crc;
}

#endif
