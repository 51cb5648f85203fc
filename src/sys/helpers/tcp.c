// SPDX-License-Identifier: GPL-2.0-only

#include <net/tcp.h>

bool khttpd_tcp_has_child(const struct sock *sk)
{
	return !reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue);
}

u32 khttpd_tcp_acknowledged(const struct sock *sk)
{
	return READ_ONCE(tcp_sk(sk)->snd_una);
}

bool khttpd_tcp_is_short_of_memory(void)
{
	return READ_ONCE(tcp_memory_pressure);
}

void khttpd_tcp_set_user_timeout(struct sock *sk, int milliseconds)
{
	tcp_sock_set_user_timeout(sk, milliseconds);
}
