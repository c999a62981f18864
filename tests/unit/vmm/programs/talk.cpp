// Says what it was given and copies its input: what a run carries in and out.
#include <cstdio>
#include <cstdlib>

#ifdef USE_ANSWER
extern "C" int answer();
#else
static int answer() {
    return 42;
}
#endif

int main(int count, char** arguments) {
    for (int index = 0; index < count; ++index) {
        std::printf("argument %s\n", arguments[index]);
    }
    const char* const variable = std::getenv("VARIABLE");
    std::printf("VARIABLE=%s\n", variable != nullptr ? variable : "(unset)");
    for (int character = std::getchar(); character != EOF; character = std::getchar()) {
        std::putchar(character);
    }
    std::fputs("to standard error\n", stderr);
    return answer();
}
