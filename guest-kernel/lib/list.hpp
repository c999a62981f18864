// An intrusive doubly linked list: the links are in the element, so adding cannot fail.
#pragma once

#include <cstddef>

namespace kernel {

// A place in one list. It takes itself out when it is destroyed. An element that is in several lists at once
// has several of these, told apart by Tag.
template <typename Tag = void>
class ListNode {
  public:
    ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;
    ~ListNode() { unlink(); }

    bool is_linked() const { return next_ != this; }
    void unlink() {
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = this;
    }

  private:
    template <typename T, typename ListTag>
    friend class List;

    void insert_before(ListNode& place) {
        unlink();
        previous_ = place.previous_;
        next_ = &place;
        previous_->next_ = this;
        place.previous_ = this;
    }

    ListNode* next_ = this;
    ListNode* previous_ = this;
};

// T derives from ListNode<Tag>. The list does not own its elements.
template <typename T, typename Tag = void>
class List {
    using Node = ListNode<Tag>;

  public:
    class Iterator {
      public:
        explicit Iterator(Node* node) : node_(node) {}
        T& operator*() const { return *static_cast<T*>(node_); }
        T* operator->() const { return static_cast<T*>(node_); }
        Iterator& operator++() {
            node_ = node_->next_;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

      private:
        Node* node_;
    };

    bool is_empty() const { return !head_.is_linked(); }
    void push_back(T& element) { static_cast<Node&>(element).insert_before(head_); }
    void push_front(T& element) { static_cast<Node&>(element).insert_before(*head_.next_); }
    // Precondition of front and back: not empty.
    T& front() { return *static_cast<T*>(head_.next_); }
    T& back() { return *static_cast<T*>(head_.previous_); }
    T* first() { return is_empty() ? nullptr : &front(); }
    T* pop_front() {
        T* element = first();
        if (element != nullptr) {
            static_cast<Node*>(element)->unlink();
        }
        return element;
    }
    static void remove(T& element) { static_cast<Node&>(element).unlink(); }
    static void insert_before(T& place, T& element) {
        static_cast<Node&>(element).insert_before(static_cast<Node&>(place));
    }
    // Removing the current element ends a range-for early: get the successor before removing it.
    T* next(T& element) {
        Node* node = static_cast<Node&>(element).next_;
        return node == &head_ ? nullptr : static_cast<T*>(node);
    }

    Iterator begin() { return Iterator(head_.next_); }
    Iterator end() { return Iterator(&head_); }

  private:
    Node head_;
};

}  // namespace kernel
