// The part of attributes.c that asks for extended attributes and access lists.
#pragma once

static void list_names(const char* path) {
    const ssize_t size = llistxattr(path, buffer, sizeof(buffer));
    printf("%s:", path);
    for (ssize_t place = 0; place < size; place += (ssize_t)strlen(buffer + place) + 1) {
        printf(" %s", buffer + place);
    }
    printf("\n");
}

static void extended_as_user(void) {
    TRY(setxattr("file", "trusted.b", "x", 1, 0));
    TRY(getxattr("file", "trusted.a", buffer, 9));
    TRY(removexattr("file", "trusted.a"));
    TRY(setxattr("file", "security.mine", "x", 1, 0));
    TRY(getxattr("file", "security.a", buffer, 9));
    TRY(setxattr("file", "user.a", "x", 1, 0));
    TRY(getxattr("file", "user.a", buffer, 9));
    TRY(setxattr("secret", "user.a", "x", 1, 0));
    TRY(getxattr("secret", "user.a", buffer, 9));
    TRY(getxattr("secret", "nothing", buffer, 9));
    TRY(setxattr("file", "security.capability", "x", 1, 0));
    TRY(removexattr("file", "system.posix_acl_access"));
    list_names("file");
}

static void extended(void) {
    static const char* const kNames[] = {
        "trusted.a",          "security.a", "user.a",  "system.a", "a",
        "trusted.",           "security.",  "trusted", "",         "system.posix_acl_access",
        "security.capability"};
    static const char* const kFiles[] = {"file",      "directory",     "pipe",  "link",
                                         "/dev/null", "/proc/version", "absent"};
    make("file");
    make("secret");
    mkdir("directory", 0700);
    mkfifo("pipe", 0600);
    symlink("file", "link");
    for (size_t i = 0; i < sizeof(kFiles) / sizeof(kFiles[0]); ++i) {
        for (size_t j = 0; j < sizeof(kNames) / sizeof(kNames[0]); ++j) {
            printf("%s %s\n", kFiles[i], kNames[j]);
            TRY(lsetxattr(kFiles[i], kNames[j], "12", 2, 0));
            TRY(lgetxattr(kFiles[i], kNames[j], buffer, 9));
        }
        list_names(kFiles[i]);
    }
    TRY(removexattr("/dev/null", "trusted.a"));
    TRY(removexattr("/dev/null", "security.a"));
    TRY(getxattr("link", "trusted.a", buffer, 0));
    TRY(getxattr("file", "trusted.a", buffer, 1));
    TRY(getxattr("file", "trusted.a", buffer, 2));
    TRY(getxattr("file", "trusted.a", kBadAddress, 2));
    TRY(getxattr("file", kBadAddress, buffer, 2));
    TRY(setxattr("file", "trusted.a", "x", 1, XATTR_CREATE));
    TRY(setxattr("file", "trusted.b", "x", 1, XATTR_REPLACE));
    TRY(setxattr("file", "trusted.b", "x", 1, XATTR_CREATE));
    TRY(setxattr("file", "trusted.b", "xyz", 3, XATTR_REPLACE));
    TRY(setxattr("file", "trusted.b", "x", 1, XATTR_REPLACE | XATTR_CREATE));
    TRY(setxattr("file", "trusted.c", "x", 1, XATTR_REPLACE | XATTR_CREATE));
    TRY(setxattr("file", "trusted.c", "x", 1, 4));
    TRY(setxattr("file", "trusted.c", NULL, 0, 0));
    TRY(setxattr("file", "trusted.c", kBadAddress, 1, 0));
    TRY(setxattr("directory", "trusted.c", buffer, 65536, 0));
    TRY(setxattr("directory", "trusted.c", buffer, 65537, 0));
    TRY(getxattr("directory", "trusted.c", buffer, sizeof(buffer)));
    TRY(getxattr("directory", "trusted.c", buffer, 65535));
    char name[260];
    memset(name, 'n', sizeof(name));
    memcpy(name, "trusted.", 8);
    name[256] = 0;
    TRY(setxattr("file", name, "x", 1, 0));
    TRY(removexattr("file", name));
    name[255] = 0;
    TRY(setxattr("file", name, "x", 1, 0));
    TRY(removexattr("file", name));
    TRY(removexattr("file", name));
    TRY(removexattr("file", "user.a"));
    TRY(removexattr("file", "a"));
    TRY(listxattr("file", buffer, 0));
    TRY(listxattr("file", buffer, 5));
    TRY(listxattr("file", kBadAddress, 500));
    list_names("file");
    const int fd = open("file", O_RDONLY);
    TRY(fsetxattr(fd, "trusted.fd", "x", 1, 0));
    TRY(fgetxattr(fd, "trusted.fd", buffer, 9));
    TRY(flistxattr(fd, buffer, 500));
    TRY(fremovexattr(fd, "trusted.fd"));
    TRY(fremovexattr(fd, "trusted.fd"));
    TRY(fgetxattr(open("file", O_PATH), "trusted.a", buffer, 9));
    TRY(fsetxattr(99, "", buffer, 65999, 9));
    TRY(setxattr("file", "security.evm", "", 0, 0));
    TRY(setxattr("file", "security.evm", "\4xx", 3, 0));
    TRY(setxattr("file", "security.evm", "\6xx", 3, 0));
    chmod("file", 0666);
    as_user(30, 30, 30, extended_as_user);
    static const unsigned char kCapabilities[20] = {0, 0, 0, 2, 1};
    TRY(setxattr("file", "security.capability", kCapabilities, 20, 0));
    TRY(write(open("file", O_WRONLY), "x", 1));
    TRY(getxattr("file", "security.capability", buffer, 20));
    TRY(setxattr("file", "security.capability", kCapabilities, 20, 0));
    TRY(truncate("file", 0));
    TRY(getxattr("file", "security.capability", buffer, 20));
    TRY(setxattr("file", "security.capability", kCapabilities, 20, 0));
    TRY(chown("file", 0, 0));
    TRY(getxattr("file", "security.capability", buffer, 20));
}

struct AclEntry {
    uint16_t tag;
    uint16_t permissions;
    uint32_t id;
};

// From text: "u7" owner, "n7.30" user 30, "g5" owning group, "h4.44" group 44, "m6" mask, "o1" others.
static long set_list(const char* path, const char* name, const char* text) {
    static const char kTags[] = "ungh";
    static const uint16_t kValues[] = {1, 2, 4, 8};
    struct AclEntry entries[16];
    size_t count = 0;
    for (const char* at = text; *at != 0; ++count) {
        const char* known = strchr(kTags, *at);
        const uint16_t tag = known != NULL ? kValues[known - kTags] : *at == 'm' ? 16 : *at == 'o' ? 32 : 64;
        entries[count] = (struct AclEntry){.tag = tag, .permissions = (uint16_t)(at[1] - '0'), .id = ~0U};
        at += 2;
        if (*at == '.') {
            entries[count].id = (uint32_t)strtoul(at + 1, (char**)&at, 10);
        }
    }
    char value[4 + sizeof(entries)] = {2};
    memcpy(value + 4, entries, count * sizeof(*entries));
    printf("%s %s ", path, text);
    return setxattr(path, name, value, 4 + count * sizeof(*entries), 0);
}

static const char kAccess[] = "system.posix_acl_access";
static const char kDefault[] = "system.posix_acl_default";

static void show_lists(const char* path) {
    show(path);
    for (int i = 0; i < 2; ++i) {
        const ssize_t size = lgetxattr(path, i == 0 ? kAccess : kDefault, buffer, sizeof(buffer));
        for (ssize_t place = 4; place < size; place += (ssize_t)sizeof(struct AclEntry)) {
            const struct AclEntry* entry = (const struct AclEntry*)(buffer + place);
            printf(" %u.%u.%d", entry->tag, entry->permissions, (int)entry->id);
        }
    }
    printf("\n");
}

static void try_access(void) {
    for (int mode = 1; mode < 8; ++mode) {
        printf(" %s", faccessat(AT_FDCWD, "file", mode, AT_EACCESS) == 0 ? "yes" : "no");
    }
    printf("\n");
}

static void change_lists_as_user(void) {
    TRY(set_list("file", kAccess, "u7g7o7"));
    TRY(removexattr("file", kAccess));
    TRY(set_list("directory", kDefault, "u7g7o7"));
}

static void access_lists(void) {
    static const char* const kTexts[] = {
        "u6g4o0", "u7n6.5g4m7o1", "u7n6.5g4o1",   "u7g4m1o1",     "n6.5u7g4m7o1", "u7g4h1.9o1", "u7g4o1o1",
        "u7g4",   "u7g4m1",       "u8g4o1",       "u7g4o1z1",     "u7g4m1h1.9o1", "u7g4m1m1o0", "",
        "o1",     "u1u1g1o1",     "u1h1.9g1m1o1", "u1g1n1.5m1o1", "u7g4h4.9m5o0"};
    make("file");
    mkdir("directory", 0750);
    for (size_t i = 0; i < sizeof(kTexts) / sizeof(kTexts[0]); ++i) {
        TRY(set_list("file", kAccess, kTexts[i]));
        show_lists("file");
    }
    TRY(setxattr("file", kAccess, "\3\0\0\0", 4, 0));
    TRY(setxattr("file", kAccess, "\2\0\0\0x", 5, 0));
    TRY(setxattr("file", kAccess, "\2\0", 2, 0));
    TRY(setxattr("file", kAccess, "\2\0\0\0", 4, XATTR_CREATE));
    chown("file", 10, 20);
    TRY(set_list("file", kAccess, "u4n6.5n2.6g1h6.30h4.31m6o7"));
    static const unsigned kWho[][3] = {{10, 1, 1}, {5, 1, 1},   {6, 1, 1},   {7, 20, 1}, {7, 30, 1},
                                       {7, 31, 1}, {7, 20, 30}, {7, 31, 30}, {7, 1, 1}};
    for (size_t i = 0; i < sizeof(kWho) / sizeof(kWho[0]); ++i) {
        printf("%u %u %u:", kWho[i][0], kWho[i][1], kWho[i][2]);
        fflush(stdout);
        as_user(kWho[i][0], kWho[i][1], kWho[i][2], try_access);
    }
    TRY(chmod("file", 0604));
    show_lists("file");
    as_user(5, 1, 1, try_access);
    TRY(chmod("file", 0670));
    show_lists("file");
    as_user(5, 1, 1, try_access);
    as_user(7, 1, 1, try_access);
    TRY(set_list("file", kDefault, "u7g4o1"));
    TRY(removexattr("file", kDefault));
    TRY(set_list("directory", kDefault, "u7n6.5g5m7o1"));
    umask(077);
    close(open("directory/file", O_CREAT | O_WRONLY, 0666));
    show_lists("directory/file");
    mkdir("directory/sub", 0777);
    show_lists("directory/sub");
    mkfifo("directory/pipe", 0606);
    show_lists("directory/pipe");
    symlink("x", "directory/link");
    show_lists("directory/link");
    struct stat found;
    fstat(open("directory", O_TMPFILE | O_WRONLY, 0666), &found);
    printf("unnamed %o\n", found.st_mode);
    TRY(set_list("directory", kDefault, "u6g2o1"));
    close(open("directory/plain", O_CREAT | O_WRONLY, 0666));
    show_lists("directory/plain");
    as_user(30, 30, 30, change_lists_as_user);
    list_names("directory");
    TRY(removexattr("directory", kDefault));
    TRY(removexattr("file", kAccess));
    show_lists("file");
}
