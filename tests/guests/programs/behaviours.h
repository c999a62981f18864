// A program of several behaviours, one of which its argument names. Each begins in an empty directory.
#pragma once

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Behaviour {
    const char* name;
    void (*run)(void);
};

static inline int run_behaviour(const struct Behaviour* behaviours, size_t count, const char* name) {
    for (size_t i = 0; i < count; ++i) {
        if (name != NULL && strcmp(behaviours[i].name, name) == 0) {
            char place[64];
            snprintf(place, sizeof(place), "/tmp/%s", name);
            mkdir(place, 0755);
            if (chdir(place) != 0) {
                return 1;
            }
            behaviours[i].run();
            return 0;
        }
    }
    return 2;
}

// The same without a place of its own, and all of them where none is named.
static inline int run_behaviours(const struct Behaviour* behaviours, size_t count, const char* name) {
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        if (name == NULL || strcmp(name, behaviours[i].name) == 0) {
            printf("# %s\n", behaviours[i].name);
            behaviours[i].run();
            found = 1;
        }
    }
    return found ? 0 : 2;
}

#define RUN_BEHAVIOURS(list, count, arguments) \
    run_behaviours(list, sizeof(list) / sizeof(*(list)), (count) > 1 ? (arguments)[1] : NULL)
