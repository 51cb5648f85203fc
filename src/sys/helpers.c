// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel offers only as inline functions, macros or through structures that bindgen does not see (net/sock.h, net/tcp.h):
 * each function here is one thin step, the way rust/helpers/ of the kernel does it. The Rust side of every line is src/sys/ffi.rs.
 */
#include <crypto/blake2s.h>
#include <linux/bottom_half.h>
#include <linux/gfp.h>
#include <linux/inet.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "helpers.h"

/* module! knows no strings, so these parameters are declared here. They are set before the module's init. */
static char khttpd_address[INET6_ADDRSTRLEN] __ro_after_init = "::";
module_param_string(address, khttpd_address, sizeof(khttpd_address), 0);
MODULE_PARM_DESC(address, "address to listen on, IPv4 or IPv6 (default ::, which is all of both)");

const char *khttpd_param_address(void)
{
	return khttpd_address;
}

static char khttpd_commands[2048] __ro_after_init;
module_param_string(commands, khttpd_commands, sizeof(khttpd_commands), 0);
MODULE_PARM_DESC(commands, "what could be written to /dev/khttpd, with ; between commands");

const char *khttpd_param_commands(void)
{
	return khttpd_commands;
}

static char *khttpd_root __ro_after_init;
module_param_named(root, khttpd_root, charp, 0);
MODULE_PARM_DESC(root, "directory to serve, as an absolute path (default: what is built in)");

const char *khttpd_param_root(void)
{
	return khttpd_root;
}

/*
 * Softirqs.
 */

void khttpd_bh_disable(void)
{
	local_bh_disable();
}

void khttpd_bh_enable(void)
{
	local_bh_enable();
}

/*
 * Sockets.
 */

void khttpd_sock_prepare(struct sock *sk, bool any)
{
	lock_sock(sk);
	sk->sk_reuse = SK_CAN_REUSE;
	/* Replies are sent with the socket's spinlock held. */
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	/* One socket for IPv4 and IPv6, whatever net.ipv6.bindv6only says. */
	if (any)
		sk->sk_ipv6only = 0;
	release_sock(sk);
	tcp_sock_set_nodelay(sk);
}

void khttpd_sock_listens_for_requests(struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);
	int seconds = 1, quickack = 0;

	/* A client that is silent at first is accepted later: who accepts finds the request and can answer it at once. */
	prot->setsockopt(sk, SOL_TCP, TCP_DEFER_ACCEPT, KERNEL_SOCKPTR(&seconds), sizeof(seconds));
	/* Children inherit this: the reply acknowledges the first request too. */
	prot->setsockopt(sk, SOL_TCP, TCP_QUICKACK, KERNEL_SOCKPTR(&quickack), sizeof(quickack));
}

bool khttpd_sock_has_child(const struct sock *sk)
{
	return !reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue);
}

bool khttpd_sock_lock(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (likely(!sock_owned_by_user(sk)))
		return true;
	spin_unlock_bh(&sk->sk_lock.slock);
	return false;
}

void khttpd_sock_unlock(struct sock *sk)
{
	spin_unlock_bh(&sk->sk_lock.slock);
}

bool khttpd_sock_listens(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN;
}

u32 khttpd_sock_acknowledged(const struct sock *sk)
{
	return READ_ONCE(tcp_sk(sk)->snd_una);
}

bool khttpd_sock_received_fin(const struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN;
}

bool khttpd_sock_dead(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

int khttpd_sock_incoming_cpu(const struct sock *sk)
{
	return READ_ONCE(sk->sk_incoming_cpu);
}

bool khttpd_sock_unread(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_receive_queue);
}

bool khttpd_sock_owned(const struct sock *sk)
{
	return sock_owned_by_user_nocheck(sk);
}

/* inet_shutdown() for who holds the lock and needs no callback. */
void khttpd_sock_half_close(struct sock *sk)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	READ_ONCE(sk->sk_prot)->shutdown(sk, SEND_SHUTDOWN);
}

void khttpd_sock_reset_on_close(struct sock *sk)
{
	sock_no_linger(sk);
}

void khttpd_sock_give_up_after(struct sock *sk, unsigned int seconds)
{
	tcp_sock_set_user_timeout(sk, min(seconds, INT_MAX / MSEC_PER_SEC) * MSEC_PER_SEC);
}

bool khttpd_sock_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
		return false;
	clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	return true;
}

/*
 * Callbacks.
 */

/*
 * Ours, or null. Under a lock of the socket, which is why this is not rcu_dereference_sk_user_data(). BPF can put a socket into a
 * sockmap before it is accepted or listened at; its user data has other flags.
 */
void *khttpd_user_data(const struct sock *sk)
{
	uintptr_t user_data = (uintptr_t)sk->sk_user_data;

	if (unlikely((user_data & ~SK_USER_DATA_PTRMASK) != SK_USER_DATA_NOCOPY))
		return NULL;
	return (void *)(user_data & SK_USER_DATA_PTRMASK);
}

/* With sk_callback_lock held for writing; a null in spare leaves the socket's own in place. */
#define khttpd_exchange(sk, spare, name)					\
	do {									\
		typeof((spare)->name) socks = (sk)->sk_##name;			\
		if ((spare)->name) {						\
			WRITE_ONCE((sk)->sk_##name, (spare)->name);		\
			(spare)->name = socks;					\
		}								\
	} while (0)

static void khttpd_exchange_callbacks(struct sock *sk, struct khttpd_callbacks *spare)
{
	khttpd_exchange(sk, spare, data_ready);
	khttpd_exchange(sk, spare, write_space);
	khttpd_exchange(sk, spare, state_change);
}

bool khttpd_attach(struct sock *sk, struct khttpd_callbacks *spare, void *user_data)
{
	bool free;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	free = !sk->sk_user_data;
	if (free) {
		/* NOCOPY: a child of a listener must not inherit the listener's reference. */
		__rcu_assign_sk_user_data_with_flags(sk, user_data, SK_USER_DATA_NOCOPY);
		khttpd_exchange_callbacks(sk, spare);
	}
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	return free;
}

void *khttpd_detach(struct sock *sk, struct khttpd_callbacks *spare)
{
	void *user_data;

	/* With the socket's lock, so that no callback is under way in softirq afterwards. */
	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	user_data = khttpd_user_data(sk);
	if (user_data) {
		rcu_assign_sk_user_data(sk, NULL);
		khttpd_exchange_callbacks(sk, spare);
	}
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	return user_data;
}

void khttpd_forget_inherited(struct sock *child, struct sock *listener,
			     const struct khttpd_callbacks *spare)
{
	void (*original)(struct sock *sk);

	read_lock_bh(&listener->sk_callback_lock);
	original = khttpd_user_data(listener) ? spare->data_ready : listener->sk_data_ready;
	read_unlock_bh(&listener->sk_callback_lock);

	write_lock_bh(&child->sk_callback_lock);
	WRITE_ONCE(child->sk_data_ready, original);
	write_unlock_bh(&child->sk_callback_lock);
}

void *khttpd_callback_begin(struct sock *sk)
{
	read_lock_bh(&sk->sk_callback_lock);
	return khttpd_user_data(sk);
}

void khttpd_callback_end(struct sock *sk)
{
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * Reading in place.
 */

/* The bytes of skb from offset on that lie together. */
static const u8 *khttpd_piece(const struct sk_buff *skb, u32 offset, size_t *len)
{
	struct skb_seq_state state;
	const u8 *piece;
	skb_frag_t *frag = skb_shinfo(skb)->frags;

	if (offset < skb_headlen(skb)) {
		*len = skb_headlen(skb) - offset;
		return skb->data + offset;
	}
	if (likely(!skb_headlen(skb) && skb_shinfo(skb)->nr_frags && offset < skb_frag_size(frag))) {
		*len = skb_frag_size(frag) - offset;
		return (const u8 *)skb_frag_address(frag) + offset;
	}
	skb_prepare_seq_read((struct sk_buff *)skb, offset, skb->len, &state);
	*len = skb_seq_read(0, &piece, &state);
	/* What was mapped stays where it is: there is no highmem. */
	skb_abort_seq_read(&state);
	return *len ? piece : ERR_PTR(-EIO);
}

/*
 * Over the loopback device somebody can have sent pages of a file or of their own, which they may still change. Who parses them in
 * place must have copies.
 */
static noinline bool khttpd_own_frags(struct sk_buff *skb)
{
	if (skb_has_frag_list(skb) || skb_copy_ubufs(skb, GFP_ATOMIC))
		return false;
	skb_shinfo(skb)->flags &= ~SKBFL_SHARED_FRAG;
	return true;
}

/* tcp_recv_skb(), the short way where the first skb has what comes next. */
static struct sk_buff *khttpd_next_skb(struct sock *sk, u32 *offset)
{
	const u32 seq = tcp_sk(sk)->copied_seq;
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	if (unlikely(!skb))
		return NULL;
	*offset = seq - TCP_SKB_CB(skb)->seq;
	if (likely(*offset < skb->len && !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)))
		return skb;
	return tcp_recv_skb(sk, seq, offset);
}

const u8 *khttpd_peek(struct sock *sk, size_t *len)
{
	struct sk_buff *skb;
	u32 offset;

	skb = khttpd_next_skb(sk, &offset);
	if (!skb)
		return NULL;
	if (offset == skb->len) {
		/* Nothing but a FIN, which takes one number of the sequence. */
		tcp_read_done(sk, 1);
		return NULL;
	}
	/* In a device's memory: nobody has asked for that. */
	if (unlikely(!skb_frags_readable(skb)))
		return ERR_PTR(-EIO);
	if (unlikely(skb_has_shared_frag(skb)) && !khttpd_own_frags(skb))
		return ERR_PTR(-ENOMEM);
	return khttpd_piece(skb, offset, len);
}

void khttpd_read_done(struct sock *sk, size_t len)
{
	tcp_read_done(sk, len);
}

/*
 * Sending.
 */

/*
 * TCP copies what it sends into a page fragment of up to 32 KiB that belongs to the socket. With ten thousand idle connections that
 * would be 320 MB, so the fragment is lent to the socket for the time of one call and belongs to the CPU otherwise.
 */
struct page_frag __percpu *khttpd_alloc_frags(void)
{
	return alloc_percpu(struct page_frag);
}

void khttpd_free_frags(struct page_frag __percpu *frags)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct page_frag *frag = per_cpu_ptr(frags, cpu);

		if (frag->page)
			put_page(frag->page);
	}
	free_percpu(frags);
}

static int khttpd_sendmsg(struct sock *sk, struct page_frag __percpu *frags, struct msghdr *msg,
			  size_t len)
{
	struct page_frag *frag = this_cpu_ptr(frags);
	struct page_frag own = sk->sk_frag;
	int sent;

	sk->sk_frag = *frag;
	sent = tcp_sendmsg_locked(sk, msg, len);
	*frag = sk->sk_frag;
	sk->sk_frag = own;
	return sent;
}

int khttpd_send(struct sock *sk, struct page_frag __percpu *frags, const struct kvec *pieces,
		unsigned int count, size_t len, unsigned int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, pieces, count, len);
	return khttpd_sendmsg(sk, frags, &msg, len);
}

int khttpd_splice(struct sock *sk, struct page_frag __percpu *frags, const struct bio_vec *pieces,
		  unsigned int count, size_t skip, size_t len, unsigned int flags)
{
	struct msghdr msg = {
		.msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES,
	};

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, pieces, count, skip + len);
	iov_iter_advance(&msg.msg_iter, skip);
	return khttpd_sendmsg(sk, frags, &msg, len);
}

/*
 * Pages.
 */

struct page *khttpd_alloc_block(unsigned int order)
{
	/* Nobody is killed for a site that is too large; it is charged to whoever has it loaded. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;

	/* A large block is a wish: nothing is compacted for it. */
	if (order)
		gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_COMP | __GFP_NORETRY;
	return alloc_pages(gfp, order);
}

void khttpd_get_page(struct page *page)
{
	get_page(page);
}

void khttpd_put_page(struct page *page)
{
	put_page(page);
}

void *khttpd_page_address(struct page *page)
{
	return page_address(page);
}

/*
 * Hashes.
 */

u32 khttpd_hsiphash(const void *bytes, size_t len, const unsigned long key[2])
{
	const hsiphash_key_t k = { .key = { key[0], key[1] } };

	return hsiphash(bytes, len, &k);
}

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
