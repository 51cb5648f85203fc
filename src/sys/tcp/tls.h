/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KHTTPD_TLS_H
#define KHTTPD_TLS_H

#include <linux/types.h>

struct sock;

/* Version and cipher, numbered as in <linux/tls.h>: struct RawTlsParameters in ffi/tcp.rs. */
struct khttpd_tls_parameters {
	u16 version;
	u16 cipher;
};

int khttpd_tls_check(const struct sock *sk, struct khttpd_tls_parameters *parameters);

#endif
