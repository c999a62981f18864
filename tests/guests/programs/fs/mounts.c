// Mounts of one's own: options, flags and what they forbid, limits, binds, moves, removal.
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[65536];

static void make(const char* name) {
    close(open(name, O_CREAT | O_WRONLY, 0600));
}

// How much there is where that does not depend on the machine's memory.
static void show(const char* path) {
    enum { kByMemory = 10000 };
    struct statvfs found;
    struct stat place;
    if (statvfs(path, &found) != 0 || stat(path, &place) != 0) {
        return;
    }
    printf("%s: flags %lx, mode %o %d %d", path, found.f_flag, place.st_mode, place.st_uid, place.st_gid);
    if (found.f_blocks < kByMemory) {
        printf(", %lu of %lu blocks", found.f_bfree, found.f_blocks);
    }
    if (found.f_files < kByMemory) {
        printf(", %lu of %lu files", found.f_ffree, found.f_files);
    }
    printf("\n");
}

static void options(void) {
    static const char* const kGood[] = {
        "size=1m",   "size=100k,mode=700", "nr_blocks=7,nr_inodes=5", "uid=3,gid=4,mode=0",
        "size=5000", "mode=1777",          "size=2M,size=3M",         ",,size=1m,,",
        "huge=never"};
    static const char* const kBad[] = {"size",      "size=",  "size=x",       "mode=9",
                                       "nothing=1", "uid=-1", "nr_inodes=1z", "size=1mm"};
    mkdir("place", 0755);
    for (size_t i = 0; i < sizeof(kGood) / sizeof(kGood[0]); ++i) {
        printf("%s\n", kGood[i]);
        TRY(mount("none", "place", "tmpfs", 0, kGood[i]));
        show("place");
        TRY(umount("place"));
    }
    for (size_t i = 0; i < sizeof(kBad) / sizeof(kBad[0]); ++i) {
        printf("%s\n", kBad[i]);
        TRY(mount("none", "place", "tmpfs", 0, kBad[i]));
    }
    make("file");
    TRY(mount("none", "place", "no-such-type", 0, NULL));
    TRY(mount("none", "place", NULL, 0, NULL));
    TRY(mount("none", "absent", "tmpfs", 0, NULL));
    TRY(mount("none", "file", "tmpfs", 0, NULL));
    TRY(mount(NULL, "place", "tmpfs", 0, NULL));
    TRY(umount("place"));
    TRY(umount("place"));
    TRY(umount("absent"));
    TRY(umount("file"));
    TRY(umount2("place", 0x100));
    TRY(mount("none", kBadAddress, "tmpfs", 0, NULL));
    if (fork() == 0) {
        setresuid(30, 30, 30);
        TRY(mount("none", "place", "tmpfs", 0, NULL));
        TRY(umount("place"));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

static void limits(void) {
    mkdir("place", 0755);
    TRY(mount("none", "place", "tmpfs", 0, "size=40960,nr_inodes=4"));
    const int fd = open("place/file", O_CREAT | O_RDWR, 0600);
    TRY(write(fd, buffer, 30000));
    TRY(write(fd, buffer, 30000));
    TRY(write(fd, buffer, 30000));
    show("place");
    TRY(fallocate(fd, 0, 0, 50000));
    TRY(fallocate(fd, 0, 0, 40000));
    TRY(ftruncate(fd, 4096));
    show("place");
    TRY(fallocate(fd, 0, 0, 50000));
    TRY(fallocate(fd, 0, 4096, 36864));
    show("place");
    TRY(ftruncate(fd, 100000));
    TRY(pwrite(fd, "x", 1, 90000));
    TRY(mkdir("place/one", 0700));
    TRY(symlink("x", "place/two"));
    TRY(open("place/three", O_CREAT | O_RDWR, 0600));
    TRY(mkdir("place/three", 0600));
    TRY(mkfifo("place/three", 0600));
    TRY(symlink("x", "place/three"));
    TRY(link("place/file", "place/three"));
    TRY(open("place", O_TMPFILE | O_RDWR, 0600));
    TRY(rmdir("place/one"));
    TRY(open("place", O_TMPFILE | O_RDWR, 0600) > 0);
    show("place");
    TRY(umount("place"));
    close_range(3, ~0U, 0);
    TRY(umount("place"));
}

static void read_only(void) {
    mkdir("place", 0755);
    TRY(mount("none", "place", "tmpfs", 0, NULL));
    make("place/file");
    mkdir("place/directory", 0700);
    const int fd = open("place/file", O_RDWR);
    TRY(mount(NULL, "place", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    close(fd);
    TRY(mount(NULL, "place", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID, NULL));
    show("place");
    TRY(open("place/file", O_RDWR));
    TRY(open("place/file", O_RDONLY | O_TRUNC));
    TRY(open("place/file", O_RDONLY) > 0);
    TRY(open("place/new", O_CREAT | O_RDWR, 0600));
    TRY(open("place/new", O_RDONLY));
    TRY(open("place", O_TMPFILE | O_RDWR, 0600));
    TRY(mkdir("place/new", 0700));
    TRY(mkdir("place/directory", 0700));
    TRY(rmdir("place/directory"));
    TRY(unlink("place/file"));
    TRY(unlink("place/absent"));
    TRY(rename("place/file", "place/new"));
    TRY(link("place/file", "place/new"));
    TRY(symlink("x", "place/new"));
    TRY(mknod("place/new", S_IFIFO | 0600, 0));
    TRY(chmod("place/file", 0644));
    TRY(chown("place/file", 1, 1));
    TRY(truncate("place/file", 0));
    TRY(utimensat(AT_FDCWD, "place/file", NULL, 0));
    TRY(access("place/file", W_OK));
    TRY(access("place/file", R_OK));
    TRY(mount(NULL, "place", NULL, MS_REMOUNT, NULL));
    TRY(unlink("place/file"));
    close_range(3, ~0U, 0);
    TRY(umount("place"));
    TRY(mount(NULL, "place", NULL, MS_REMOUNT, NULL));
}

static void flags(void) {
    mkdir("place", 0755);
    TRY(mount("none", "place", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOSUID | MS_NOATIME, NULL));
    show("place");
    const int fd = open("place/file", O_CREAT | O_RDWR, 0755);
    (void)!write(fd, buffer, 4096);
    TRY(access("place/file", X_OK));
    TRY(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    void* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    TRY(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    TRY(mknod("place/null", S_IFCHR | 0666, makedev(1, 3)));
    TRY(open("place/null", O_RDWR));
    char* const arguments[] = {"file", NULL};
    TRY(execve("place/file", arguments, arguments));
    munmap(page, 4096);
    close(fd);
    TRY(umount("place"));
}

static void binds(void) {
    mkdir("place", 0755);
    mkdir("from", 0755);
    mkdir("from/inner", 0755);
    make("from/file");
    make("file");
    TRY(mount("from", "place", NULL, MS_BIND, NULL));
    TRY(access("place/file", F_OK));
    TRY(rename("place/file", "from/other"));
    TRY(link("place/file", "from/other"));
    TRY(rename("from/file", "from/other"));
    TRY(access("place/other", F_OK));
    TRY(rmdir("place"));
    TRY(rmdir("from"));
    TRY(rename("place", "moved"));
    TRY(rename("from", "moved"));
    TRY(mount("none", "place/inner", "tmpfs", 0, NULL));
    make("place/inner/hidden");
    TRY(access("from/inner/hidden", F_OK));
    TRY(umount("place"));
    TRY(mount(NULL, "place", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    TRY(open("place/new", O_CREAT | O_RDWR, 0600));
    TRY(open("moved/new", O_CREAT | O_RDWR, 0600) > 0);
    TRY(access("place/new", F_OK));
    TRY(mount("moved/other", "file", NULL, MS_BIND, NULL));
    TRY(unlink("file"));
    TRY(umount("file"));
    TRY(mount("absent", "file", NULL, MS_BIND, NULL));
    TRY(mount("moved", "file", NULL, MS_BIND, NULL));
    TRY(mount("file", "moved", NULL, MS_BIND, NULL));
    TRY(umount2("place", MNT_DETACH));
    TRY(access("place/inner", F_OK));
    mkdir("second", 0755);
    TRY(mount("none", "place", "tmpfs", 0, NULL));
    make("place/travels");
    TRY(mount("place", "second", NULL, MS_MOVE, NULL));
    TRY(access("second/travels", F_OK));
    TRY(access("place/travels", F_OK));
    TRY(mount("place", "second", NULL, MS_MOVE, NULL));
    TRY(mount("none", "second", "tmpfs", 0, NULL));
    TRY(access("second/travels", F_OK));
    TRY(umount("second"));
    TRY(access("second/travels", F_OK));
    const int fd = open("second/travels", O_RDONLY);
    TRY(umount("second"));
    TRY(umount2("second", MNT_DETACH));
    TRY(fchmod(fd, 0640));
    chdir("second");
    TRY(mount("none", ".", "tmpfs", 0, NULL));
    TRY(access("../file", F_OK));
    TRY(umount("/tmp/binds/second"));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"mount-options", options},
                                                   {"mount-limits", limits},
                                                   {"read-only", read_only},
                                                   {"mount-flags", flags},
                                                   {"binds", binds}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
