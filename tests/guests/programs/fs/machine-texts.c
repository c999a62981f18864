// What /proc tells of the machine and of who is to be killed first, in those parts that are the same
// everywhere.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kMost = 1 << 16 };

static char text[kMost];

static const char* read_text(const char* path) {
    const int file = open(path, O_RDONLY);
    size_t size = 0;
    ssize_t count;
    while (size < sizeof(text) - 1 && (count = read(file, text + size, sizeof(text) - 1 - size)) > 0) {
        size += (size_t)count;
    }
    text[size] = '\0';
    close(file);
    return text;
}

// The first word of each line, and what it says where that is the same everywhere.
static void show_words(const char* path, const char* const* told) {
    printf("%s:\n", path);
    read_text(path);
    for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        int is_told = 0;
        for (const char* const* word = told; *word != NULL; ++word) {
            is_told = is_told || strncmp(line, *word, strlen(*word)) == 0;
        }
        printf("  %.*s\n", is_told ? 200 : (int)strcspn(line, " \t:"), line);
    }
}

static void show_score(const char* adjustment) {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY);
    const ssize_t written = write(file, adjustment, strlen(adjustment));
    close(file);
    printf("%s: %s, score %ld\n", adjustment, written < 0 ? strerrorname_np(errno) : "set",
           atol(read_text("/proc/self/oom_score")) / 100);
}

int main(void) {
    static const char* const kCpu[] = {"processor", "CPU", NULL};
    static const char* const kNone[] = {NULL};
    show_words("/proc/cpuinfo", kCpu);
    show_words("/proc/version", kNone);
    show_score("0");
    show_score("1000");
    show_score("500");
    show_score("-500");
    show_score("-1000");
    show_score("1001");
    return 0;
}
