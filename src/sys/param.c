// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameters that are strings, which the macro module! does not support. They are
 * written before the module's init and become read-only when it has returned.
 */
#include <linux/inet.h>
#include <linux/moduleparam.h>

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
