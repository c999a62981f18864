// Saves and restores what a device remembers. One function of each device names its state, and serves both
// ways, so that nothing can be saved and not restored.
//
// What is written is read by the same build of the tool only: it has no version and no byte order of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <span>
#include <type_traits>
#include <vector>

namespace levitate::vmm {

template <class T>
concept PlainState = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

class StateTransfer {
  public:
    virtual ~StateTransfer() = default;

    template <PlainState... T>
    void values(T&... values) {
        (bytes(std::as_writable_bytes(std::span{&values, 1})), ...);
    }
    template <PlainState T>
    void list(std::vector<T>& list) {
        list.resize(count(list.size(), sizeof(T)));
        bytes(std::as_writable_bytes(std::span{list}));
    }
    template <PlainState T>
    void list(std::deque<T>& list) {
        list.resize(count(list.size(), sizeof(T)));
        for (T& one : list) {
            values(one);
        }
    }
    template <PlainState Key, PlainState T>
    void lists(std::map<Key, std::vector<T>>& lists) {
        std::vector<Key> keys;
        keys.reserve(lists.size());
        for (const auto& [key, ignored] : lists) {
            keys.push_back(key);
        }
        list(keys);
        std::map<Key, std::vector<T>> others;
        for (const Key key : keys) {
            list(others[key] = std::move(lists[key]));
        }
        lists = std::move(others);
    }

  protected:
    // Saves them, or replaces them by what was saved.
    virtual void bytes(std::span<std::byte> bytes) = 0;
    // The number of elements of so many bytes: the one given, or the one that was saved.
    virtual std::size_t count(std::size_t count, std::size_t size) = 0;
};

class StateWriter final : public StateTransfer {
  public:
    std::vector<std::byte>& written() { return written_; }

  private:
    void bytes(std::span<std::byte> bytes) override {
        written_.insert(written_.end(), bytes.begin(), bytes.end());
    }
    std::size_t count(std::size_t count, std::size_t /*size*/) override {
        std::uint64_t number = count;
        values(number);
        return count;
    }

    std::vector<std::byte> written_;
};

class StateReader final : public StateTransfer {
  public:
    explicit StateReader(std::span<const std::byte> saved) : rest_(saved) {}

    // Whether all that was asked for was there, and nothing else is.
    bool is_complete() const { return !is_short_ && rest_.empty(); }

  private:
    void bytes(std::span<std::byte> bytes) override {
        if (is_short_ || bytes.size() > rest_.size()) {
            is_short_ = true;
            return;
        }
        if (!bytes.empty()) {
            std::memcpy(bytes.data(), rest_.data(), bytes.size());
        }
        rest_ = rest_.subspan(bytes.size());
    }
    std::size_t count(std::size_t /*count*/, std::size_t size) override {
        std::uint64_t number = 0;
        values(number);
        is_short_ = is_short_ || number > rest_.size() / size;
        return is_short_ ? 0 : number;
    }

    std::span<const std::byte> rest_;
    bool is_short_ = false;
};

}  // namespace levitate::vmm
