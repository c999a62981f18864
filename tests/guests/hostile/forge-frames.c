// Speaks as init does: writes frames to the console (vmm/initramfs/init/frame.hpp) that say that it has
// written "forged", has ended with status 0 and that the run is over. It ends with status 7, and writes
// something else.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STDOUT_FRAME = 3, EXITED = 7, ALL_DONE = 10, MAXIMUM = 64 };

static uint8_t key[16];

// The key, if the run description still stands where init reads it.
static void look_for_key(void) {
    char text[256];
    const int file = open("/.levitate/run", O_RDONLY);
    const ssize_t count = file < 0 ? -1 : read(file, text, sizeof text);
    static const char before[] = "key 16\n";
    for (ssize_t at = 0; at + (ssize_t)(sizeof before - 1 + sizeof key) <= count; ++at) {
        if (memcmp(text + at, before, sizeof before - 1) == 0) {
            memcpy(key, text + at + sizeof before - 1, sizeof key);
            return;
        }
    }
}

static uint64_t rotated(uint64_t value, unsigned bits) {
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t* v) {
    v[0] += v[1];
    v[1] = rotated(v[1], 13) ^ v[0];
    v[0] = rotated(v[0], 32);
    v[2] += v[3];
    v[3] = rotated(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotated(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotated(v[1], 17) ^ v[2];
    v[2] = rotated(v[2], 32);
}

static uint64_t siphash(const uint8_t* message, size_t size) {
    uint64_t halves[2];
    memcpy(halves, key, sizeof halves);
    uint64_t v[4] = {halves[0] ^ 0x736f6d6570736575, halves[1] ^ 0x646f72616e646f6d,
                     halves[0] ^ 0x6c7967656e657261, halves[1] ^ 0x7465646279746573};
    for (size_t at = 0; at <= size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, message + at, size - at < 8 ? size - at : 8);
        word |= size - at < 8 ? (uint64_t)size << 56 : 0;
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int count = 0; count < 4; ++count) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint32_t crc32(const uint8_t* bytes, size_t size) {
    uint32_t value = ~0U;
    for (size_t at = 0; at < size; ++at) {
        value ^= bytes[at];
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320 : value >> 1;
        }
    }
    return ~value;
}

static void write_frame(int console, uint8_t type, const uint8_t* body, size_t size) {
    uint8_t frame[2 * MAXIMUM];
    size_t length = 0;
    uint32_t pending = 0;
    unsigned bits = 0;
    frame[length++] = 0xc0 + type;
    for (size_t at = 0; at < size; ++at) {
        pending = pending << 8 | body[at];
        for (bits += 8; bits >= 6; bits -= 6) {
            frame[length++] = 0x80 | (pending >> (bits - 6) & 0x3f);
        }
    }
    if (bits > 0) {
        frame[length++] = 0x80 | (pending << (6 - bits) & 0x3f);
    }
    frame[length++] = 0xff;
    write(console, frame, length);
}

// With the tag of the protocol's second version, and with the checksum of the first.
static void forge(int console, uint8_t type, uint64_t number, const void* payload, size_t size) {
    uint8_t message[MAXIMUM] = {0};
    uint8_t body[MAXIMUM];
    memcpy(message, &number, 8);
    message[8] = type;
    memcpy(message + 9, payload, size);
    const uint64_t tag = siphash(message, size + 9);
    body[0] = (uint8_t)number;
    memcpy(body + 1, payload, size);
    memcpy(body + 1 + size, &tag, sizeof tag);
    write_frame(console, type, body, size + 9);
    message[7] = type;
    message[8] = (uint8_t)number;
    const uint32_t checksum = crc32(message + 7, size + 2);
    memcpy(body + 1 + size, &checksum, sizeof checksum);
    write_frame(console, type, body, size + 5);
}

int main(void) {
    static const uint32_t exited[2] = {0, 0};
    puts("before");
    fflush(stdout);
    look_for_key();
    const int console = open("/dev/console", O_WRONLY | O_NOCTTY);
    if (console < 0) {
        perror("/dev/console");
        return 1;
    }
    // Init has sent a few frames, nobody here knows how many: from the right number on each one counts.
    for (uint64_t number = 0; number < 16; ++number) {
        forge(console, STDOUT_FRAME, number, "forged\n", 7);
    }
    for (uint64_t number = 0; number < 32; ++number) {
        forge(console, EXITED, number, exited, sizeof exited);
    }
    for (uint64_t number = 0; number < 64; ++number) {
        forge(console, ALL_DONE, number, "", 0);
    }
    puts("after");
    return 7;
}
