// The bits of a file's mode. <linux/stat.h> does not define them once a C++ standard header has been
// included: it leaves them to a C library then, and there is none.
#pragma once

#include <linux/stat.h>

#ifndef S_IFMT
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_ISVTX 0001000
#define S_IXGRP 0000010
#endif
