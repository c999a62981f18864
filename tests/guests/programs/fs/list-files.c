// Lists the files below directories, sorted, without the processes of /proc. The arguments are the
// directories.
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { kMostDepth = 8 };

static int is_listed(const struct dirent* entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void list(const char* directory, int depth) {
    struct dirent** entries = NULL;
    const int count = scandir(directory, &entries, is_listed, alphasort);
    for (int i = 0; i < count; ++i) {
        char path[4096];
        struct stat found;
        snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
        const int is_process =
            strcmp(directory, "/proc") == 0 && isdigit((unsigned char)entries[i]->d_name[0]);
        if (!is_process && lstat(path, &found) == 0) {
            puts(path);
            if (S_ISDIR(found.st_mode) && depth < kMostDepth) {
                list(path, depth + 1);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        list(arguments[i], 0);
    }
    return 0;
}
