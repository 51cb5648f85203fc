// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor of the benchmark: a server without HTTP. It responds to each blank line with the same
 * bytes, by the same calls as khttpd: tcp_read_sock() in the socket's data_ready callback, and
 * tcp_sendmsg_locked() right there. The difference to khttpd is the cost of HTTP.
 *
 *	insmod floor.ko response=/tmp/response
 *
 * A connection is in `connections` from accept to release. Releases are serialized: the work item
 * does them, and after its end floor_exit(). Callbacks find their connection by sk_user_data, under
 * sk_callback_lock, which nests within the socket's lock.
 */
#include <linux/in6.h>
#include <linux/kernel_read_file.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/vmalloc.h>
#include <net/sock.h>
#include <net/tcp.h>

#define RESPONSE_MAX 65536

static char *response;
module_param(response, charp, 0);
MODULE_PARM_DESC(response, "file with the response");

static unsigned short port = 8083;
module_param(port, ushort, 0);
MODULE_PARM_DESC(port, "port to listen on (default 8083)");

struct floor_connection {
	struct list_head node;
	struct socket *sock;
	/* Number of matched bytes of a blank line; under the socket's lock. */
	unsigned int matched;
};

static void *bytes;
static size_t len;
static struct socket *listener;
static struct task_struct *acceptor;
static DEFINE_PER_CPU(struct page_frag, frags);
static LIST_HEAD(connections);
static DEFINE_MUTEX(connections_lock);

/* TCP's own callbacks. */
static void (*own_data_ready)(struct sock *sk);
static void (*own_write_space)(struct sock *sk);
static void (*own_state_change)(struct sock *sk);

static void floor_release(struct floor_connection *connection)
{
	struct sock *sk = connection->sock->sk;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = own_data_ready;
	sk->sk_write_space = own_write_space;
	sk->sk_state_change = own_state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	sock_release(connection->sock);
	list_del(&connection->node);
	kfree(connection);
}

/* Releases connections that the peer or an error has ended. */
static void floor_sweep(struct work_struct *work)
{
	struct floor_connection *connection, *next;

	mutex_lock(&connections_lock);
	list_for_each_entry_safe(connection, next, &connections, node)
		if (READ_ONCE(connection->sock->sk->sk_state) != TCP_ESTABLISHED)
			floor_release(connection);
	mutex_unlock(&connections_lock);
}

static DECLARE_WORK(sweep, floor_sweep);

/* Counts blank lines, up to the number of responses that can be sent at once. */
static int floor_read(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset,
		      size_t size)
{
	static const u8 blank[] = "\r\n\r\n";
	struct floor_connection *connection = desc->arg.data;
	struct skb_seq_state state;
	unsigned int piece, done = 0;
	const u8 *read;

	skb_prepare_seq_read(skb, offset, offset + size, &state);
	while (desc->count && (piece = skb_seq_read(done, &read, &state))) {
		for (unsigned int i = 0; i < piece && desc->count; i++, done++) {
			if (read[i] == blank[connection->matched])
				connection->matched++;
			else
				connection->matched = read[i] == blank[0];
			if (connection->matched == 4) {
				connection->matched = 0;
				desc->count--;
			}
		}
	}
	skb_abort_seq_read(&state);
	return done;
}

/*
 * TCP copies sent bytes into a fragment of up to 32 KiB. As in khttpd it belongs to the CPU, not to
 * the socket. Softirqs are disabled.
 */
static int floor_send(struct sock *sk, bool more)
{
	struct kvec vec = { bytes, len };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0) };
	struct page_frag *frag = this_cpu_ptr(&frags);
	struct page_frag own = sk->sk_frag;
	int sent;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	sk->sk_frag = *frag;
	sent = tcp_sendmsg_locked(sk, &msg, len);
	*frag = sk->sk_frag;
	sk->sk_frag = own;
	return sent;
}

/* Requires the socket's lock. Requests stay unread without space, until write_space is called. */
static void floor_respond(struct sock *sk, struct floor_connection *connection)
{
	size_t space = max(sk_stream_wspace(sk), 0) / len;
	read_descriptor_t desc = { .arg.data = connection, .count = space };
	size_t responses;

	if (space)
		tcp_read_sock(sk, &desc, floor_read);
	if (!desc.count && sk->sk_socket)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* An error ends the connection; the state_change callback follows. */
	for (responses = space - desc.count; responses; responses--)
		if (floor_send(sk, responses > 1) < 0)
			break;
}

static void floor_data_ready(struct sock *sk)
{
	struct floor_connection *connection;

	read_lock_bh(&sk->sk_callback_lock);
	connection = sk->sk_user_data;
	if (connection)
		floor_respond(sk, connection);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void floor_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
		return;
	clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	floor_data_ready(sk);
}

static void floor_state_change(struct sock *sk)
{
	schedule_work(&sweep);
}

static int floor_adopt(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct floor_connection *connection = kzalloc(sizeof(*connection), GFP_KERNEL);

	if (!connection)
		return -ENOMEM;
	connection->sock = sock;
	mutex_lock(&connections_lock);
	list_add(&connection->node, &connections);
	mutex_unlock(&connections_lock);

	tcp_sock_set_nodelay(sk);
	lock_sock(sk);
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = connection;
	sk->sk_data_ready = floor_data_ready;
	sk->sk_write_space = floor_write_space;
	sk->sk_state_change = floor_state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	/* Process bytes that arrived before the callbacks were set. */
	floor_data_ready(sk);
	release_sock(sk);
	if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		schedule_work(&sweep);
	return 0;
}

static int floor_accept(void *unused)
{
	struct socket *sock;

	while (!kthread_should_stop()) {
		int ret = kernel_accept(listener, &sock, 0);

		if (!ret && floor_adopt(sock))
			sock_release(sock);
		/* All errors but the end of the listener are temporary. */
		if (ret)
			schedule_timeout_interruptible(HZ / 100);
	}
	return 0;
}

/* One socket for IPv4 and IPv6, as in khttpd. */
static int floor_listen(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int ret;

	ret = sock_create_kern(&init_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP, &listener);
	if (ret)
		return ret;
	sock_set_reuseaddr(listener->sk);
	own_data_ready = listener->sk->sk_data_ready;
	own_write_space = listener->sk->sk_write_space;
	own_state_change = listener->sk->sk_state_change;
	ret = kernel_bind(listener, (struct sockaddr_unsized *)&any, sizeof(any));
	if (!ret)
		ret = kernel_listen(listener, 4096);
	if (ret)
		sock_release(listener);
	return ret;
}

static int __init floor_init(void)
{
	ssize_t ret;

	if (!response)
		return -EINVAL;
	ret = kernel_read_file_from_path(response, 0, &bytes, RESPONSE_MAX, NULL, READING_UNKNOWN);
	if (ret < 0)
		return ret;
	len = ret;
	ret = len ? floor_listen() : -ENODATA;
	if (ret)
		goto free;
	acceptor = kthread_run(floor_accept, NULL, "floor");
	if (!IS_ERR(acceptor))
		return 0;
	ret = PTR_ERR(acceptor);
	sock_release(listener);
free:
	vfree(bytes);
	return ret;
}

static void __exit floor_exit(void)
{
	struct floor_connection *connection, *next;
	int cpu;

	kernel_sock_shutdown(listener, SHUT_RDWR);
	kthread_stop(acceptor);
	mutex_lock(&connections_lock);
	list_for_each_entry_safe(connection, next, &connections, node)
		floor_release(connection);
	mutex_unlock(&connections_lock);
	/* Wait for callbacks in softirq, an RCU read-side critical section; no others begin. */
	synchronize_rcu();
	cancel_work_sync(&sweep);
	sock_release(listener);
	for_each_possible_cpu(cpu)
		if (per_cpu(frags, cpu).page)
			put_page(per_cpu(frags, cpu).page);
	vfree(bytes);
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("The floor of khttpd's benchmark");
MODULE_LICENSE("GPL");
