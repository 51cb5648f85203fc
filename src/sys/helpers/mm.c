// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mm.h>

void khttpd_get_page(struct page *page)
{
	get_page(page);
}

void khttpd_put_page(struct page *page)
{
	put_page(page);
}

void *khttpd_page_address(const struct page *page)
{
	return page_address(page);
}
