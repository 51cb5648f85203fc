# SPDX-License-Identifier: GPL-2.0-only
"""Maps of sockets: bpf(2)."""

import ctypes
import os
import struct

from system_calls import BPF, system_call

MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD, PROG_ATTACH, PROG_DETACH = 0, 2, 5, 8, 9
SOCKMAP = 15
# Types of programs, and where they are attached: to the stream of a socket in a map, and to the
# operations of the sockets of a control group.
SK_SKB, SK_SKB_STREAM_VERDICT = 14, 5
SOCK_OPS, CGROUP_SOCK_OPS = 13, 3
# An operation: the handshake with a client is complete.
PASSIVE_ESTABLISHED = 5
SOCK_MAP_UPDATE = 53


def bpf(command, *fields):
    """Calls bpf(2) with a union bpf_attr of integers of 32 and 64 bits: (format, value, ...)."""
    attributes = struct.pack(f"<{fields[0]}", *fields[1:]).ljust(144, b"\0")
    return system_call(BPF, command, attributes, len(attributes))


def instruction(code, target=0, source=0, offset=0, immediate=0):
    """Returns an instruction."""
    return struct.pack("<BBhi", code, source << 4 | target, offset, immediate)


# Returns 1: the bytes pass, or the operation goes on.
PASS = instruction(0xB7, 0, immediate=1) + instruction(0x95)


def load(kind, program, attach=0):
    """Loads a program."""
    text, license_text = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"GPL")
    addresses = ctypes.addressof(text), ctypes.addressof(license_text)
    fields = kind, len(program) // 8, *addresses, 0, 0, 0, 0, 0, b"", 0, attach
    return bpf(PROG_LOAD, "IIQQIIQII16sII", *fields)


class Sockmap:
    """A map of sockets. `diverts`: a program decides about what arrives."""

    def __init__(self, size, diverts=False):
        self.size, self.next = size, 0
        self.file = bpf(MAP_CREATE, "IIII", SOCKMAP, 4, 4, size)
        if diverts:
            verdict = load(SK_SKB, PASS)
            bpf(PROG_ATTACH, "IIII", self.file, verdict, SK_SKB_STREAM_VERDICT, 0)
            os.close(verdict)

    def put(self, connection):
        """Puts a socket into the map."""
        key, value = (struct.pack("<I", word) for word in (self.next, connection.fileno()))
        key, value = (ctypes.create_string_buffer(word) for word in (key, value))
        addresses = ctypes.addressof(key), ctypes.addressof(value)
        bpf(MAP_UPDATE_ELEM, "IIQQQ", self.file, 0, *addresses, 0)
        self.next = (self.next + 1) % self.size

    def close(self):
        """Closes the map, and so takes all sockets out."""
        os.close(self.file)


class Taker:
    """A program that puts each socket that is accepted on this machine into a map."""

    def __init__(self, sockmap, group):
        take = (
            instruction(0x61, 2, 1)
            + instruction(0x55, 2, offset=7, immediate=PASSIVE_ESTABLISHED)
            + instruction(0x62, 10, offset=-4)
            + instruction(0x18, 2, 1, immediate=sockmap.file)
            + instruction(0)
            + instruction(0xBF, 3, 10)
            + instruction(0x07, 3, immediate=-4)
            + instruction(0xB7, 4)
            + instruction(0x85, immediate=SOCK_MAP_UPDATE)
        )
        self.group, self.program = os.open(group, os.O_RDONLY), load(SOCK_OPS, take + PASS)
        bpf(PROG_ATTACH, "IIII", self.group, self.program, CGROUP_SOCK_OPS, 0)

    def close(self):
        """Detaches the program."""
        bpf(PROG_DETACH, "III", self.group, self.program, CGROUP_SOCK_OPS)
        os.close(self.program)
        os.close(self.group)
