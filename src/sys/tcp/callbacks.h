/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the C files of this directory share.
 */
#ifndef KHTTPD_TCP_CALLBACKS_H
#define KHTTPD_TCP_CALLBACKS_H

#include <linux/types.h>

struct request_sock;
struct sock;
struct socket;

/* struct RawCallbacks in ffi/tcp.rs. */
struct khttpd_callbacks {
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
};

bool khttpd_attach_locked(struct sock *sk, struct khttpd_callbacks *spare, void *user_data);
void *khttpd_detach_locked(struct sock *sk, struct khttpd_callbacks *spare);
bool khttpd_has_kernel_user(const struct sock *sk);
void *khttpd_detach(struct sock *sk, struct khttpd_callbacks *spare);
void khttpd_forget_inherited(struct sock *child, struct sock *listener,
			     const struct khttpd_callbacks *spare);
void khttpd_prepare_close(struct sock *sk);

bool khttpd_sk_is_dead(const struct sock *sk);

/* lock.c */
bool khttpd_sk_try_lock(struct sock *sk);

/* send.c */
void khttpd_half_close(struct sock *sk);

/* accept.c */
bool khttpd_child_attach(struct socket *sock, struct khttpd_callbacks *spare, void *user_data);
void khttpd_reqsk_put(struct request_sock *req);

#endif
