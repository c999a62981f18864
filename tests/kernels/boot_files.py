"""What a kernel that is an ELF is booted with. QEMU gives an ELF neither an initramfs nor, below 1 MiB, a device tree: whoever
has one puts both into memory by hand."""

import struct

TREE_MAGIC = 0xD00DFEED
BEGIN_NODE, PROPERTY = 1, 3
REGULAR_FILE = 0o100755


def initramfs(files: dict[str, bytes]) -> bytes:
    """An archive (cpio, newc) of executable files."""

    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 4)

    archive = b""
    for number, (name, contents) in enumerate([*files.items(), ("TRAILER!!!", b"")], start=1):
        name_bytes = name.encode() + b"\0"
        fields = (number, REGULAR_FILE, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name_bytes), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        archive += padded(header + name_bytes) + padded(contents)
    return archive


def with_initrd(tree: bytes, start: int, end: int) -> bytes:
    """The device tree, which says in /chosen where the initramfs is. No byte of it is unused."""
    magic, _, structure_at, strings_at, _, version, compatible, cpu, strings_size, structure_size = struct.unpack_from(
        ">10I", tree
    )
    assert magic == TREE_MAGIC
    structure = tree[structure_at : structure_at + structure_size]
    strings = tree[strings_at : strings_at + strings_size]
    chosen = struct.pack(">I", BEGIN_NODE) + b"chosen\0\0"
    before, found, after = structure.partition(chosen)
    assert found
    for name, value in (("linux,initrd-start", start), ("linux,initrd-end", end)):
        found += struct.pack(">IIIQ", PROPERTY, 8, len(strings), value)
        strings += name.encode() + b"\0"
    structure = before + found + after
    parts = 40, 56, 56 + len(structure)  # the header, a list of reservations that is empty, the structure
    total = parts[2] + len(strings)
    header = struct.pack(
        ">10I", magic, total, parts[1], parts[2], parts[0], version, compatible, cpu, len(strings), len(structure)
    )
    return header + bytes(16) + structure + strings
