// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bottom_half.h>

void khttpd_local_bh_disable(void)
{
	local_bh_disable();
}

void khttpd_local_bh_enable(void)
{
	local_bh_enable();
}
