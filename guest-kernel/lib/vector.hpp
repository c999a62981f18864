// A growing array whose growth reports ENOMEM.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include "lib/result.hpp"

namespace kernel {

template <typename T>
class Vector {
  public:
    Vector() = default;
    Vector(const Vector&) = delete;
    Vector(Vector&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Vector& operator=(const Vector&) = delete;
    Vector& operator=(Vector&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~Vector() {
        clear();
        ::operator delete(data_);
    }

    std::size_t size() const { return size_; }
    bool is_empty() const { return size_ == 0; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T& operator[](std::size_t index) { return data_[index]; }
    const T& operator[](std::size_t index) const { return data_[index]; }
    T& front() { return data_[0]; }
    T& back() { return data_[size_ - 1]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }
    std::span<T> span() { return {data_, size_}; }
    std::span<const T> span() const { return {data_, size_}; }

    Result<void> reserve(std::size_t capacity) {
        if (capacity <= capacity_) {
            return {};
        }
        void* memory = capacity > kMaximumBytes / sizeof(T)
                           ? nullptr
                           : ::operator new(capacity * sizeof(T), std::nothrow);
        if (memory == nullptr) {
            return Errno(ENOMEM);
        }
        T* data = static_cast<T*>(memory);
        for (std::size_t i = 0; i < size_; ++i) {
            new (data + i) T(std::move(data_[i]));
            data_[i].~T();
        }
        ::operator delete(data_);
        data_ = data;
        capacity_ = capacity;
        return {};
    }

    Result<void> push_back(T value) { return insert(size_, std::move(value)); }

    // Precondition: index <= size().
    Result<void> insert(std::size_t index, T value) {
        if (size_ == capacity_) {
            TRY(reserve(capacity_ == 0 ? 4 : capacity_ * 2));
        }
        if (index == size_) {
            new (data_ + size_) T(std::move(value));
        } else {
            new (data_ + size_) T(std::move(data_[size_ - 1]));
            for (std::size_t i = size_ - 1; i > index; --i) {
                data_[i] = std::move(data_[i - 1]);
            }
            data_[index] = std::move(value);
        }
        ++size_;
        return {};
    }

    // New elements are value-initialised.
    Result<void> resize(std::size_t size) {
        if (size > capacity_) {
            TRY(reserve(size > capacity_ * 2 ? size : capacity_ * 2));
        }
        for (std::size_t i = size; i < size_; ++i) {
            data_[i].~T();
        }
        for (std::size_t i = size_; i < size; ++i) {
            new (data_ + i) T();
        }
        size_ = size;
        return {};
    }

    // Precondition: not empty.
    void pop_back() { data_[--size_].~T(); }
    // Precondition: index < size().
    void erase(std::size_t index) {
        for (std::size_t i = index; i + 1 < size_; ++i) {
            data_[i] = std::move(data_[i + 1]);
        }
        pop_back();
    }
    void clear() {
        for (std::size_t i = 0; i < size_; ++i) {
            data_[i].~T();
        }
        size_ = 0;
    }

  private:
    static constexpr std::size_t kMaximumBytes = std::size_t{1} << 40;

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace kernel
