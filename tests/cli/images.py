"""images.py - the files that tests/cli/run hands to plex86: tiny guests without a compiler, and
images that no loader may take."""
import os
import struct

LOAD = 0x100000


def multiboot(code):
    """A multiboot kernel of raw 32-bit code: the header's address fields say where it goes."""
    flags, magic, entry = 1 << 16, 0x1BADB002, LOAD + 32
    end = LOAD + 32 + len(code)
    return struct.pack("<8I", magic, flags, -(magic + flags) & 0xFFFFFFFF, LOAD, LOAD, end, end,
                       entry) + code


SPIN = b"\xeb\xfe"                      # jmp .
HALT = b"\xfa\xf4\xeb\xfc"              # cli; hlt; jmp: nothing inside can wake it
PRINT = (b"\x66\xba\xf8\x03\xb0\x41\xee"   # mov $0x3f8,%dx; mov $'A',%al; out %al,(%dx)
         b"\xeb\xfd")                      # jmp to the out
# lidt of an empty table, then #UD: double and triple fault
TRIPLE = b"\x0f\x01\x1d" + struct.pack("<I", LOAD + 32 + 12) + b"\x90\x0f\x0b\x90\x90" + b"\0" * 6
# reset through the keyboard controller, for ever
RESET = b"\xb0\xfe\xe6\x64\xeb\xfa"

# the reset vector: mov $7,%al; out %al,$0xf4
ROM_EXIT = b"\xb0\x07\xe6\xf4\xf4".ljust(16, b"\xf4")

# 64 KiB: P to port 80, Q to 190, L to the printer, S to the serial port, C to E9, then 0x10 to the exit port
PORTS = (b"\xb0P\xe6\x80" b"\xb0Q\xba\x90\x01\xee" b"\xb0L\xba\x78\x03\xee\x42\xec\x42\xb0\x0d\xee\xb0\x0c\xee"
         b"\xb0S\xba\xf8\x03\xee" b"\xb0C\xe6\xe9" b"\xb0\x10\xe6\xf4\xf4")
ROM_PORTS = PORTS.ljust(0xFFF0, b"\xff") + b"\xe9\x0d\x00".ljust(16, b"\xf4")

PROGRAM_HLT = b"\x90\x90\xf4"
# The programs of the announcement of 2000, as its text has them.
GET_EIP = b"\x16\x1f\xe8\0\0\0\0\x58"   # push %ss; pop %ds; call get_eip; get_eip: pop %eax
POSTS = {
    "post_nop": b"\xf8\xf9\x90\xf4",
    "post_read": GET_EIP + b"\x8b\x18\xf4",
    "post_write": GET_EIP + b"\x89\x18\xf4",
    "post_next_page": GET_EIP + b"\x05\0\x10\0\0\x8b\x18\x89\x18\xf4",
}


def bzimage(xloadflags=2, version=0x20F, body=b"\xf4" * 4096, says_bytes=None):
    """A bzImage header that is right, with the fields given; protected mode code is body."""
    says = len(body) if says_bytes is None else says_bytes
    head = bytearray(1024)
    head[0x1F1] = 1
    struct.pack_into("<I", head, 0x1F4, says // 16)
    struct.pack_into("<H", head, 0x1FE, 0xAA55)
    head[0x202:0x206] = b"HdrS"
    head[0x201] = 0x66
    struct.pack_into("<H", head, 0x206, version)
    head[0x211] = 1
    struct.pack_into("<I", head, 0x214, LOAD)
    struct.pack_into("<I", head, 0x22C, 0x7FFFFFFF)
    struct.pack_into("<I", head, 0x230, 0x1000)
    head[0x234] = 1
    struct.pack_into("<H", head, 0x236, xloadflags)
    struct.pack_into("<I", head, 0x238, 2047)
    struct.pack_into("<Q", head, 0x258, LOAD)
    struct.pack_into("<I", head, 0x260, 1 << 20)
    return bytes(head) + body


def make_all(folder):
    """Writes everything to folder; returns name -> path."""
    contents = {
        **POSTS,
        "spin": multiboot(SPIN), "halt": multiboot(HALT), "print": multiboot(PRINT),
        "triple": multiboot(TRIPLE), "reset": multiboot(RESET), "hlt.bin": PROGRAM_HLT,
        "empty": b"", "text": b"#!/bin/sh\necho no kernel\n", "one_byte": b"M",
        "gzip": b"\x1f\x8b\x08\0" + b"\0" * 4000, "zeros": b"\0" * 100000,
        "elf64": b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x02\0\x3e\0" + b"\0" * 4000,
        "elf32": b"\x7fELF\x01\x01\x01" + b"\0" * 9 + b"\x02\0\x03\0" + b"\0" * 4000,
        "linux_good": bzimage(), "linux_64bit": bzimage(xloadflags=1, body=b"\0" * 4096),
        "linux_old": bzimage(version=0x105), "linux_cut_setup": bzimage()[:700],
        "linux_cut_code": bzimage(says_bytes=1 << 20), "linux_cut_header": bzimage()[:0x204],
        "multiboot_sum": b"\x02\xb0\xad\x1b" + b"\0" * 4000,
        "multiboot_cut": multiboot(SPIN)[:20],
        "multiboot_high": struct.pack("<8I", 0x1BADB002, 1 << 16, -(0x1BADB002 + (1 << 16)) & 0xFFFFFFFF,
                                      0xF0000000, 0xF0000000, 0xF0001000, 0xF0001000, 0xF0000020),
        "initrd": b"\0" * 4096,
    }
    for name, n_bytes in [("rom16", 16), ("rom100", 100), ("rom64k", 1 << 16), ("rom128k", 1 << 17),
                          ("rom256k", 1 << 18), ("rom16m", 1 << 24)]:
        contents[name] = b"\xff" * (n_bytes - 16) + ROM_EXIT
    contents["rom_ports"] = ROM_PORTS
    paths = {}
    for name, content in contents.items():
        paths[name] = os.path.join(folder, name)
        with open(paths[name], "wb") as f:
            f.write(content)
    paths["big"] = os.path.join(folder, "big")
    with open(paths["big"], "wb") as f:  # sparse
        f.truncate(80 << 20)
    paths["unreadable"] = os.path.join(folder, "unreadable")
    with open(paths["unreadable"], "wb") as f:
        f.write(multiboot(SPIN))
    os.chmod(paths["unreadable"], 0)
    paths["folder"] = os.path.join(folder, "folder")
    os.mkdir(paths["folder"])
    paths["missing"] = os.path.join(folder, "missing")
    return paths
