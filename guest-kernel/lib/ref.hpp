// Ownership: Ref<T> counts references inside the object, Own<T> is the only owner. One CPU that does not
// preempt the kernel: counts are plain integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "lib/result.hpp"

namespace kernel {

// Base of everything that Ref counts. Born with one reference, which adopt_ref or make_ref takes over.
class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;
    virtual ~RefCounted() = default;

    void add_reference() { ++references_; }
    void drop_reference() {
        if (--references_ == 0) {
            last_reference_dropped();
        }
    }
    std::uint32_t reference_count() const { return references_; }

  protected:
    virtual void last_reference_dropped() { delete this; }

  private:
    std::uint32_t references_ = 1;
};

template <typename T>
class Ref {
  public:
    Ref() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a null Ref is written nullptr.
    Ref(std::nullptr_t) {}
    // Shares: the object gets one more reference.
    explicit Ref(T* object) : object_(object) {
        if (object_ != nullptr) {
            object_->add_reference();
        }
    }
    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <typename U>
        requires(std::is_convertible_v<U*, T*>)
    // NOLINTNEXTLINE(google-explicit-constructor): as pointers convert.
    Ref(const Ref<U>& other) : Ref(static_cast<T*>(other.get())) {}
    template <typename U>
        requires(std::is_convertible_v<U*, T*>)
    // NOLINTNEXTLINE(google-explicit-constructor)
    Ref(Ref<U>&& other) noexcept : object_(other.leak()) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr) {
            object_->drop_reference();
        }
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    bool operator==(const Ref& other) const { return object_ == other.object_; }
    bool operator==(std::nullptr_t) const { return object_ == nullptr; }

    // Gives up the reference without dropping it.
    T* leak() { return std::exchange(object_, nullptr); }
    // Takes over a reference that exists already.
    static Ref adopt(T* object) {
        Ref result;
        result.object_ = object;
        return result;
    }

  private:
    T* object_ = nullptr;
};

// The same, where the reader should expect null.
template <typename T>
using RefPtr = Ref<T>;

template <typename T>
class Own {
  public:
    Own() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Own(std::nullptr_t) {}
    explicit Own(T* object) : object_(object) {}
    Own(const Own&) = delete;
    Own(Own&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <typename U>
        requires(std::is_convertible_v<U*, T*>)
    // NOLINTNEXTLINE(google-explicit-constructor)
    Own(Own<U>&& other) noexcept : object_(other.leak()) {}
    Own& operator=(Own other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Own() { delete object_; }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    T* leak() { return std::exchange(object_, nullptr); }

  private:
    T* object_ = nullptr;
};

// ENOMEM when the heap has no room; the constructor itself cannot fail.
template <typename T, typename... Arguments>
Result<Ref<T>> make_ref(Arguments&&... arguments) {
    T* object = new (std::nothrow) T(std::forward<Arguments>(arguments)...);
    if (object == nullptr) {
        return Errno(ENOMEM);
    }
    return Ref<T>::adopt(object);
}

template <typename T, typename... Arguments>
Result<Own<T>> make_own(Arguments&&... arguments) {
    T* object = new (std::nothrow) T(std::forward<Arguments>(arguments)...);
    if (object == nullptr) {
        return Errno(ENOMEM);
    }
    return Own<T>(object);
}

}  // namespace kernel
