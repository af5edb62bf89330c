"""Whether an app's program is encrypted, as Apple's store does it.

Source: <mach-o/loader.h> and <mach-o/fat.h> of Apple's cctools: LC_ENCRYPTION_INFO and LC_ENCRYPTION_INFO_64, whose
`cryptid` is 0 in what Xcode exports.
"""

import struct

HEAD = 512 * 1024  # bytes of a program that are looked at: its load commands, of a fat one those of the first part
_LOAD_ENCRYPTION = (0x21, 0x2C)
_HEADERS = {b"\xce\xfa\xed\xfe": 28, b"\xcf\xfa\xed\xfe": 32}  # 32 and 64 bit, little-endian as all of Apple's are
_FAT = {b"\xca\xfe\xba\xbe": (">L", 8), b"\xca\xfe\xba\xbf": (">Q", 8)}
_MAX_COMMANDS = 4096


def is_encrypted(head: bytes) -> bool:
    """By the beginning of a program. False also for what is no program: other checks are there for that."""
    at = _first_part(head)
    size = _HEADERS.get(head[at : at + 4])
    if size is None or at + size > len(head):
        return False
    (count,) = struct.unpack_from("<L", head, at + 16)
    at += size
    for _ in range(min(count, _MAX_COMMANDS)):
        if at + 20 > len(head):
            break
        command, length = struct.unpack_from("<2L", head, at)
        if command in _LOAD_ENCRYPTION:
            return bool(struct.unpack_from("<L", head, at + 16)[0])
        at += max(length, 8)
    return False


def _first_part(head: bytes) -> int:
    if head[:4] not in _FAT or len(head) < 32:
        return 0
    number, behind = _FAT[head[:4]]
    (offset,) = struct.unpack_from(number, head, 8 + behind)
    return int(offset)
