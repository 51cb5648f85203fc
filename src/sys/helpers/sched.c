// SPDX-License-Identifier: GPL-2.0-only

#include <linux/sched.h>

void khttpd_cond_resched(void)
{
	cond_resched();
}
