// The cryptographic instructions against published vectors and OpenSSL, as the algorithms that they are made
// for.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tests/isa/generate/random.hpp"
#include "tests/isa/judges/emulator.hpp"

namespace levitate::isa {
namespace {

using Vector = std::array<std::uint8_t, 16>;
using Words = std::array<std::uint32_t, 4>;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kSeed = 20240607;

// One instruction on vectors, as a compiler's intrinsic: Vd is V0, Vn is V1, Vm is V2.
class Instructions {
  public:
    template <class V>
    V execute(std::uint32_t word, const V& d, const V& n, const V& m = {}) {
        constexpr std::uint32_t kNField = 1 << 5;
        constexpr std::uint32_t kMField = 2 << 16;
        const bool has_m = (word >> 17 & 0x1f) != 0b10100;  // not one of two registers
        Batch& batch = batch_;
        batch.steps[0].word = word | kNField | (has_m ? kMField : 0);
        JudgeState& state = batch.sequences[0].state;
        std::memcpy(state.v[0], &d, sizeof d);
        std::memcpy(state.v[1], &n, sizeof n);
        std::memcpy(state.v[2], &m, sizeof m);
        emulator_.run(batch, emulated_);
        EXPECT_EQ(emulated_[0].reply.outcome, JUDGE_RETIRED);
        V result;
        std::memcpy(&result, emulated_[0].reply.state.v[0], sizeof result);
        return result;
    }

  private:
    Emulator emulator_;
    Batch batch_{.numbers = {0},
                 .sequences = {{.memory_seed = 1, .first_slot = 0, .step_count = 1, .state = {}}}};
    std::vector<EmulatedStep> emulated_;
};

constexpr std::uint32_t kAese = 0x4e284800;
constexpr std::uint32_t kAesd = 0x4e285800;
constexpr std::uint32_t kAesmc = 0x4e286800;
constexpr std::uint32_t kAesimc = 0x4e287800;
constexpr std::uint32_t kSha1c = 0x5e000000;
constexpr std::uint32_t kSha1p = 0x5e001000;
constexpr std::uint32_t kSha1m = 0x5e002000;
constexpr std::uint32_t kSha1su0 = 0x5e003000;
constexpr std::uint32_t kSha256h = 0x5e004000;
constexpr std::uint32_t kSha256h2 = 0x5e005000;
constexpr std::uint32_t kSha256su1 = 0x5e006000;
constexpr std::uint32_t kSha1h = 0x5e280800;
constexpr std::uint32_t kSha1su1 = 0x5e281800;
constexpr std::uint32_t kSha256su0 = 0x5e282800;
constexpr std::uint32_t kPmull = 0x0ee0e000;
constexpr std::uint32_t kPmull2 = 0x4ee0e000;

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string{text.substr(i, 2)}, nullptr, 16)));
    }
    return bytes;
}

Vector vector_from_hex(std::string_view text) {
    Vector result;
    std::ranges::copy(from_hex(text), result.begin());
    return result;
}

template <class Container>
Container random_bytes(Random& random, Container bytes) {
    for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

Vector exclusive_or(Vector a, const Vector& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
    }
    return a;
}

// --- AES-128 (FIPS 197) ------------------------------------------------------------------------------------

class Aes {
  public:
    explicit Aes(const Vector& key) {
        std::array<std::uint32_t, 4> words = std::bit_cast<std::array<std::uint32_t, 4>>(key);
        std::uint8_t round_constant = 1;
        for (Vector& round_key : keys_) {
            round_key = std::bit_cast<Vector>(words);
            words[0] ^= substitute(std::rotr(words[3], 8)) ^ round_constant;
            for (std::size_t i = 1; i < words.size(); ++i) {
                words[i] ^= words[i - 1];
            }
            round_constant =
                static_cast<std::uint8_t>(round_constant << 1 ^ ((round_constant & 0x80) != 0 ? 0x1b : 0));
        }
    }

    Vector encrypt(Vector block) {
        for (std::size_t round = 0; round < kRounds - 1; ++round) {
            block = cpu_.execute(kAesmc, Vector{}, cpu_.execute(kAese, block, keys_[round]));
        }
        return exclusive_or(cpu_.execute(kAese, block, keys_[kRounds - 1]), keys_[kRounds]);
    }

    // The equivalent inverse cipher, FIPS 197 5.3.5.
    Vector decrypt(Vector block) {
        for (std::size_t round = kRounds; round > 1; --round) {
            const Vector key =
                round == kRounds ? keys_[round] : cpu_.execute(kAesimc, Vector{}, keys_[round]);
            block = cpu_.execute(kAesimc, Vector{}, cpu_.execute(kAesd, block, key));
        }
        return exclusive_or(cpu_.execute(kAesd, block, cpu_.execute(kAesimc, Vector{}, keys_[1])), keys_[0]);
    }

  private:
    static constexpr std::size_t kRounds = 10;

    // SubWord: of four equal columns ShiftRows changes nothing.
    std::uint32_t substitute(std::uint32_t word) {
        const Words equal{word, word, word, word};
        return cpu_.execute(kAese, equal, Words{})[0];
    }

    Instructions cpu_;
    std::array<Vector, kRounds + 1> keys_{};
};

Vector openssl_aes(const Vector& key, const Vector& block) {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(),
                                                                                  &EVP_CIPHER_CTX_free};
    Vector result{};
    int size = 0;
    EVP_EncryptInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, key.data(), nullptr);
    EVP_EncryptUpdate(context.get(), result.data(), &size, block.data(), static_cast<int>(block.size()));
    EXPECT_EQ(size, 16);
    return result;
}

// FIPS 197, appendix C.1.
TEST(Aes, gives_the_published_ciphertext_and_back) {
    Aes aes{vector_from_hex("000102030405060708090a0b0c0d0e0f")};
    const Vector plain = vector_from_hex("00112233445566778899aabbccddeeff");
    const Vector cipher = vector_from_hex("69c4e0d86a7b0430d8cdb78070b4c55a");
    EXPECT_EQ(aes.encrypt(plain), cipher);
    EXPECT_EQ(aes.decrypt(cipher), plain);
}

TEST(Aes, agrees_with_openssl_on_random_keys_and_blocks) {
    Random random{kSeed, 0};
    for (int i = 0; i < 40; ++i) {
        const auto key = random_bytes(random, Vector{});
        const auto block = random_bytes(random, Vector{});
        Aes aes{key};
        const Vector cipher = aes.encrypt(block);
        ASSERT_EQ(cipher, openssl_aes(key, block));
        ASSERT_EQ(aes.decrypt(cipher), block);
    }
}

// --- SHA-1 and SHA-256 (FIPS 180-4) ------------------------------------------------------------------------

// The message with its padding, as big-endian words, four a vector.
std::vector<Words> padded(Bytes message) {
    const std::uint64_t bit_count = message.size() * 8;
    message.push_back(0x80);
    while (message.size() % 64 != 56) {
        message.push_back(0);
    }
    for (unsigned shift = 64; shift > 0; shift -= 8) {
        message.push_back(static_cast<std::uint8_t>(bit_count >> (shift - 8)));
    }
    std::vector<Words> vectors(message.size() / 16);
    for (std::size_t i = 0; i < message.size(); ++i) {
        std::uint32_t& word = vectors[i / 16][i % 16 / 4];
        word = word << 8 | message[i];
    }
    return vectors;
}

Words sum(Words a, const Words& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] += b[i];
    }
    return a;
}

template <std::size_t count>
Bytes big_endian(const std::array<std::uint32_t, count>& words) {
    Bytes bytes;
    for (const std::uint32_t word : words) {
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            bytes.push_back(static_cast<std::uint8_t>(word >> shift));
        }
    }
    return bytes;
}

Bytes sha1(const Bytes& message) {
    constexpr std::array<std::uint32_t, 4> kConstants{0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    constexpr std::array<std::uint32_t, 4> kHashes{kSha1c, kSha1p, kSha1m, kSha1p};
    Instructions cpu;
    Words abcd{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    std::uint32_t e = 0xc3d2e1f0;
    const std::vector<Words> vectors = padded(message);
    for (std::size_t block = 0; block < vectors.size(); block += 4) {
        std::array<Words, 4> w{vectors[block], vectors[block + 1], vectors[block + 2], vectors[block + 3]};
        const Words abcd_before = abcd;
        const std::uint32_t e_before = e;
        for (std::size_t i = 0; i < 20; ++i) {
            const std::size_t phase = i / 5;
            const Words k{kConstants[phase], kConstants[phase], kConstants[phase], kConstants[phase]};
            const std::uint32_t next_e = cpu.execute(kSha1h, Words{}, Words{abcd[0]})[0];
            abcd = cpu.execute(kHashes[phase], abcd, Words{e}, sum(w[0], k));
            e = next_e;
            const Words next = cpu.execute(kSha1su1, cpu.execute(kSha1su0, w[0], w[1], w[2]), w[3]);
            w = {w[1], w[2], w[3], next};
        }
        abcd = sum(abcd, abcd_before);
        e += e_before;
    }
    return big_endian(std::array{abcd[0], abcd[1], abcd[2], abcd[3], e});
}

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
std::array<std::uint32_t, 64> sha256_constants() {
    std::array<std::uint32_t, 64> constants{};
    std::size_t count = 0;
    for (std::uint64_t prime = 2; count < constants.size(); ++prime) {
        bool is_prime = true;
        for (std::uint64_t divisor = 2; divisor * divisor <= prime; ++divisor) {
            is_prime = is_prime && prime % divisor != 0;
        }
        if (!is_prime) {
            continue;
        }
        const long double root = std::cbrt(static_cast<long double>(prime));
        constexpr long double kTwoTo32 = 4294967296;
        constants[count++] = static_cast<std::uint32_t>((root - std::floor(root)) * kTwoTo32);
    }
    return constants;
}

Bytes sha256(const Bytes& message) {
    static const std::array<std::uint32_t, 64> kConstants = sha256_constants();
    Instructions cpu;
    Words abcd{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a};
    Words efgh{0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const std::vector<Words> vectors = padded(message);
    for (std::size_t block = 0; block < vectors.size(); block += 4) {
        std::array<Words, 4> w{vectors[block], vectors[block + 1], vectors[block + 2], vectors[block + 3]};
        const Words abcd_before = abcd;
        const Words efgh_before = efgh;
        for (std::size_t i = 0; i < 64; i += 4) {
            const Words scheduled =
                sum(w[0], {kConstants[i], kConstants[i + 1], kConstants[i + 2], kConstants[i + 3]});
            const Words next_abcd = cpu.execute(kSha256h, abcd, efgh, scheduled);
            efgh = cpu.execute(kSha256h2, efgh, abcd, scheduled);
            abcd = next_abcd;
            const Words next = cpu.execute(kSha256su1, cpu.execute(kSha256su0, w[0], w[1]), w[2], w[3]);
            w = {w[1], w[2], w[3], next};
        }
        abcd = sum(abcd, abcd_before);
        efgh = sum(efgh, efgh_before);
    }
    return big_endian(std::array{abcd[0], abcd[1], abcd[2], abcd[3], efgh[0], efgh[1], efgh[2], efgh[3]});
}

Bytes openssl_digest(const EVP_MD* algorithm, const Bytes& message) {
    Bytes digest(static_cast<std::size_t>(EVP_MD_get_size(algorithm)));
    EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), nullptr, algorithm, nullptr), 1);
    return digest;
}

// FIPS 180-4's example message.
TEST(Sha1, gives_the_published_digest_of_abc) {
    EXPECT_EQ(sha1({'a', 'b', 'c'}), from_hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
}

TEST(Sha256, gives_the_published_digest_of_abc) {
    EXPECT_EQ(sha256({'a', 'b', 'c'}),
              from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(Sha1, agrees_with_openssl_on_random_messages) {
    Random random{kSeed, 1};
    for (int i = 0; i < 20; ++i) {
        const Bytes message = random_bytes(random, Bytes(random.below(200)));
        ASSERT_EQ(sha1(message), openssl_digest(EVP_sha1(), message));
    }
}

TEST(Sha256, agrees_with_openssl_on_random_messages) {
    Random random{kSeed, 2};
    for (int i = 0; i < 20; ++i) {
        const Bytes message = random_bytes(random, Bytes(random.below(200)));
        ASSERT_EQ(sha256(message), openssl_digest(EVP_sha256(), message));
    }
}

// --- PMULL -------------------------------------------------------------------------------------------------

// The product of two polynomials over GF(2) of degree 63: modulo one of degree 127 it stays as it is.
Vector openssl_product(std::uint64_t a, std::uint64_t b) {
    using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
    const auto number = [](std::uint64_t value) {
        Number result{BN_new(), &BN_free};
        BN_lebin2bn(reinterpret_cast<const unsigned char*>(&value), sizeof value, result.get());
        return result;
    };
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context{BN_CTX_new(), &BN_CTX_free};
    const Number modulus = number(1);
    BN_set_bit(modulus.get(), 127);
    const Number product = number(0);
    EXPECT_EQ(BN_GF2m_mod_mul(product.get(), number(a).get(), number(b).get(), modulus.get(), context.get()),
              1);
    Vector result{};
    BN_bn2lebinpad(product.get(), result.data(), static_cast<int>(result.size()));
    return result;
}

TEST(Pmull, agrees_with_openssl_on_random_polynomials) {
    using Doublewords = std::array<std::uint64_t, 2>;
    Random random{kSeed, 3};
    Instructions cpu;
    for (int i = 0; i < 500; ++i) {
        const Doublewords a{random(), random()};
        const Doublewords b{random() >> random.below(64), random()};
        ASSERT_EQ(std::bit_cast<Vector>(cpu.execute(kPmull, Doublewords{}, a, b)),
                  openssl_product(a[0], b[0]));
        ASSERT_EQ(std::bit_cast<Vector>(cpu.execute(kPmull2, Doublewords{}, a, b)),
                  openssl_product(a[1], b[1]));
    }
}

}  // namespace
}  // namespace levitate::isa
