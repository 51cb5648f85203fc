/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C half of src/sys; src/sys/ffi.rs declares the same functions for Rust and says what each asks of its caller.
 */
#ifndef KHTTPD_HELPERS_H
#define KHTTPD_HELPERS_H

#include <linux/types.h>

struct bio_vec;
struct cdev;
struct file;
struct inode;
struct iov_iter;
struct kvec;
struct net;
struct page;
struct page_frag;
struct poll_table_struct;
struct sock;
struct socket;

/* The callbacks that a socket does without at present: ours or its own; repr(C) in ffi.rs. */
struct khttpd_callbacks {
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
};

const char *khttpd_param_address(void);
const char *khttpd_param_commands(void);
const char *khttpd_param_root(void);

void khttpd_bh_disable(void);
void khttpd_bh_enable(void);

void khttpd_sock_prepare(struct sock *sk, bool any);
void khttpd_sock_listens_for_requests(struct sock *sk);
bool khttpd_sock_has_child(const struct sock *sk);
bool khttpd_sock_lock(struct sock *sk);
void khttpd_sock_unlock(struct sock *sk);
bool khttpd_sock_listens(const struct sock *sk);
u32 khttpd_sock_acknowledged(const struct sock *sk);
bool khttpd_sock_received_fin(const struct sock *sk);
bool khttpd_sock_dead(const struct sock *sk);
int khttpd_sock_incoming_cpu(const struct sock *sk);
bool khttpd_sock_unread(const struct sock *sk);
bool khttpd_sock_owned(const struct sock *sk);
void khttpd_sock_half_close(struct sock *sk);
void khttpd_sock_reset_on_close(struct sock *sk);
void khttpd_sock_give_up_after(struct sock *sk, unsigned int seconds);
bool khttpd_sock_write_space(struct sock *sk);

bool khttpd_attach(struct sock *sk, struct khttpd_callbacks *spare, void *user_data);
void *khttpd_detach(struct sock *sk, struct khttpd_callbacks *spare);
void khttpd_forget_inherited(struct sock *child, struct sock *listener,
			     const struct khttpd_callbacks *spare);
void *khttpd_user_data(const struct sock *sk);
void *khttpd_callback_begin(struct sock *sk);
void khttpd_callback_end(struct sock *sk);

const u8 *khttpd_peek(struct sock *sk, size_t *len);
void khttpd_read_done(struct sock *sk, size_t len);
struct page_frag __percpu *khttpd_alloc_frags(void);
void khttpd_free_frags(struct page_frag __percpu *frags);
int khttpd_send(struct sock *sk, struct page_frag __percpu *frags, const struct kvec *pieces,
		unsigned int count, size_t len, unsigned int flags);
int khttpd_splice(struct sock *sk, struct page_frag __percpu *frags, const struct bio_vec *pieces,
		  unsigned int count, size_t skip, size_t len, unsigned int flags);

struct page *khttpd_alloc_block(unsigned int order);
void khttpd_get_page(struct page *page);
void khttpd_put_page(struct page *page);
void *khttpd_page_address(struct page *page);

u32 khttpd_hsiphash(const void *bytes, size_t len, const unsigned long key[2]);
void khttpd_blake2s(const struct bio_vec *blocks, size_t count, u8 *digest, size_t digest_len);

/* net.c */
struct net *khttpd_net_current(void);
u64 khttpd_net_cookie(const struct net *net);
bool khttpd_net_capable(const struct net *net, const struct file *file, int capability);
bool khttpd_log_admits(void);
bool khttpd_net_is_privileged(struct net *net, u16 port);
int khttpd_net_watch(void (*ended)(void *context, struct net *net), void *context);
void khttpd_net_unwatch(void);
struct cdev *khttpd_inode_cdev(const struct inode *inode);
unsigned int khttpd_inode_minor(const struct inode *inode);
bool khttpd_file_is_last(struct file *file);
void khttpd_sock_release(struct socket *sock);
ssize_t khttpd_sock_send(struct socket *sock, struct iov_iter *from, bool wait);
ssize_t khttpd_sock_send_bytes(struct socket *sock, const void *bytes, size_t len);
ssize_t khttpd_sock_receive(struct socket *sock, struct iov_iter *to, bool wait);
__poll_t khttpd_sock_poll(struct socket *sock, struct file *file, struct poll_table_struct *table);
int khttpd_sock_wait_acknowledged(struct socket *sock, unsigned long timeout);
int khttpd_sock_finish(struct socket *sock, unsigned long timeout);

#endif
