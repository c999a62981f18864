// AF_NETLINK with NETLINK_ROUTE (man 7 netlink, man 7 rtnetlink): questions to the kernel about its interface
// and its addresses. The kernel's answers are in the queue when the send returns.
#pragma once

#include <linux/netlink.h>

#include "lib/list.hpp"
#include "lib/vector.hpp"
#include "net/socket.hpp"

namespace kernel {

class NetlinkSocket final : public Socket, public ListNode<> {
  public:
    explicit NetlinkSocket(SocketType type);
    ~NetlinkSocket() override;
    // ESOCKTNOSUPPORT, EPROTONOSUPPORT.
    static Result<Ref<Socket>> create(unsigned type, int protocol);

    Result<void> bind(const SocketAddress& address) override;
    Result<void> connect(const SocketAddress& address, bool nonblocking) override;
    Result<SocketAddress> local_name() override;
    Result<SocketAddress> peer_name() override;
    Result<void> shutdown(int how) override;
    Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) override;
    Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<void> set_option(int level, int name, UserBuffer value, int length) override;
    Result<void> get_option(int level, int name, UserBuffer value, UserInOut<int> length) override;
    void close() override;

  private:
    struct Sender {
        std::uint32_t port = 0;    // the kernel's own id is 0
        std::uint32_t groups = 0;  // to which it was sent
    };
    struct Answer : ListNode<> {
        Vector<std::byte> bytes;
        Sender sender;
    };
    // Bits of options_, by the options' numbers.
    static constexpr int kOptionsEnd = 13;

    // Takes an id: the process's number if no other socket has it (netlink_autobind).
    void bind_automatically();
    static bool is_taken(std::uint32_t port);
    // What a program asks (Linux rtnetlink_rcv_msg). `message` has its header's length.
    Result<void> answer(std::span<const std::byte> message);
    Result<void> answer_request(const nlmsghdr& header, std::span<const std::byte> message);
    Result<void> dump(const nlmsghdr& header, int family);
    Result<void> queue(Vector<std::byte> bytes) { return queue(std::move(bytes), Sender()); }
    Result<void> queue(Vector<std::byte> bytes, const Sender& sender);
    Result<void> queue_copy(const Vector<std::byte>& bytes, const Sender& sender);
    Result<void> send_to_program(const Vector<std::byte>& bytes, std::uint32_t target);
    Result<void> send_to_groups(const Vector<std::byte>& bytes, std::uint32_t groups, std::uint32_t left_out);
    Result<void> acknowledge(const nlmsghdr& header, std::span<const std::byte> message, int error);

    std::uint32_t port_ = 0;
    std::uint64_t groups_ = 0;  // bit n - 1 for group n
    std::uint32_t target_groups_ = 0;
    std::uint32_t target_ = 0;
    bool is_bound_ = false;
    unsigned options_ = 0;
    List<Answer> answers_;
    WaitQueue changed_;
};

}  // namespace kernel
