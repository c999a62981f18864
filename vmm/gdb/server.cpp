#include "vmm/gdb/server.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vmm/gdb/packet_text.hpp"
#include "vmm/gdb/registers.hpp"

namespace levitate::vmm::gdb {
namespace {

// The size is in hexadecimal digits, so half as many bytes fit. qSupported promises to take this much.
constexpr std::size_t kPacketSize = 0x4000;
// Watched memory is read after every instruction, so there is a limit.
constexpr std::uint64_t kMostWatchedBytes = 4096;
constexpr std::string_view kOk = "OK";
constexpr std::string_view kBadRequest = "E16";  // EINVAL
constexpr std::string_view kBadAddress = "E0e";  // EFAULT
constexpr std::string_view kUnsupported{};       // an empty reply

// The part [offset, offset+length) that a qXfer request asks for, marked as GDB wants it.
std::string transfer(std::string_view whole, std::string_view range) {
    const auto [offset_text, length_text] = split(range, ',');
    const auto offset = parse_hex(offset_text);
    const auto length = parse_hex(length_text);
    if (!offset || !length || *offset > whole.size()) {
        return std::string{kBadRequest};
    }
    const std::string_view part = whole.substr(*offset, *length);
    return (*offset + part.size() < whole.size() ? "m" : "l") + std::string{part};
}

}  // namespace

SessionEnd Server::serve() {
    while (const auto packet = connection_.receive()) {
        if (*packet == "\x03") {
            continue;  // the target already stands still
        }
        if (*packet == "QStartNoAckMode") {
            if (!connection_.send(kOk)) {
                break;
            }
            connection_.stop_acknowledging();
            continue;
        }
        const Reply reply = answer(*packet);
        if (reply.end == SessionEnd::Killed) {
            return SessionEnd::Killed;
        }
        if (!connection_.send(reply.text)) {
            break;
        }
        if (reply.end) {
            return *reply.end;
        }
    }
    return SessionEnd::Detached;
}

Server::Reply Server::answer(std::string_view packet) {
    if (packet.empty()) {
        return {};
    }
    const std::string_view rest = packet.substr(1);
    switch (packet.front()) {
        case '?':
            return {last_stop_, {}};
        case 'D':
            return {std::string{kOk}, SessionEnd::Detached};
        case 'k':
            return {{}, SessionEnd::Killed};
        case 'c':
            return resume(ResumeKind::Continue);
        case 's':
            return resume(ResumeKind::Step);
        case 'g':
            return {read_registers(), {}};
        case 'G':
            return {write_registers(rest), {}};
        case 'p':
            return {read_register(rest), {}};
        case 'P':
            return {write_register(rest), {}};
        case 'm':
            return {read_memory(rest), {}};
        case 'M':
            return {write_memory(rest), {}};
        case 'H':
            return {set_thread(rest), {}};
        case 'T': {
            const auto thread = parse_hex(rest);
            const bool alive = thread && target_.registers(ThreadId{static_cast<std::uint32_t>(*thread)});
            return {std::string{alive ? kOk : kBadRequest}, {}};
        }
        case 'Z':
        case 'z':
            return {change_breakpoint(packet), {}};
        case 'q':
            return {query(packet), {}};
        case 'v':
            if (packet == "vCont?") {
                return {"vCont;c;C;s;S", {}};
            }
            if (packet.starts_with("vCont;")) {
                return resume_by_vcont(packet.substr(6));
            }
            if (packet.starts_with("vKill")) {
                return {{}, SessionEnd::Killed};
            }
            return {};
        default:
            return {std::string{kUnsupported}, {}};
    }
}

std::string Server::query(std::string_view packet) {
    constexpr std::string_view kFeatures = "qXfer:features:read:target.xml:";
    constexpr std::string_view kAuxv = "qXfer:auxv:read::";
    constexpr std::string_view kExtraInfo = "qThreadExtraInfo,";
    if (packet.starts_with("qSupported")) {
        return "PacketSize=4000;QStartNoAckMode+;qXfer:features:read+;qXfer:auxv:read+;swbreak+;hwbreak+;"
               "vContSupported+";
    }
    if (packet.starts_with(kFeatures)) {
        return transfer(target_description(), packet.substr(kFeatures.size()));
    }
    if (packet.starts_with(kAuxv)) {
        const std::vector<std::byte> auxv = target_.auxiliary_vector();
        return transfer({reinterpret_cast<const char*>(auxv.data()), auxv.size()},
                        packet.substr(kAuxv.size()));
    }
    if (packet == "qAttached") {
        return "1";
    }
    if (packet == "qC") {
        return "QC1";
    }
    if (packet == "qfThreadInfo") {
        return thread_list();
    }
    if (packet == "qsThreadInfo") {
        return "l";
    }
    if (packet.starts_with(kExtraInfo)) {
        const auto wanted = parse_hex(packet.substr(kExtraInfo.size()));
        for (const TargetThread& thread : target_.threads()) {
            if (wanted == static_cast<std::uint32_t>(thread.id)) {
                return to_hex(thread.name);
            }
        }
        return std::string{kBadRequest};
    }
    return std::string{kUnsupported};
}

std::string Server::thread_list() const {
    std::string list = "m";
    for (const TargetThread& thread : target_.threads()) {
        list += (list.size() > 1 ? "," : "") + hex_number(static_cast<std::uint32_t>(thread.id));
    }
    return list;
}

std::string Server::set_thread(std::string_view operation) {
    if (operation.empty() || (operation.front() != 'g' && operation.front() != 'c')) {
        return std::string{kBadRequest};
    }
    const std::string_view number = operation.substr(1);
    // "-1" is every thread and "0" any: both leave the choice to us.
    if (operation.front() == 'c' || number == "-1" || number == "0") {
        if (operation.front() == 'g') {
            selected_ = ThreadId{1};
        }
        return std::string{kOk};
    }
    const auto thread = parse_hex(number);
    if (!thread || !target_.registers(ThreadId{static_cast<std::uint32_t>(*thread)})) {
        return std::string{kBadRequest};
    }
    selected_ = ThreadId{static_cast<std::uint32_t>(*thread)};
    return std::string{kOk};
}

std::string Server::read_registers() const {
    const auto registers = target_.registers(selected_);
    if (!registers) {
        return std::string{kBadRequest};
    }
    std::string text;
    for (unsigned number = 0; number < kRegisterCount; ++number) {
        std::array<std::byte, 16> bytes{};
        const auto part = std::span{bytes}.first(register_size(number));
        get_register(*registers, number, part);
        text += to_hex(part);
    }
    return text;
}

std::string Server::write_registers(std::string_view hex) {
    const auto bytes = bytes_of_hex(hex);
    auto registers = target_.registers(selected_);
    if (!bytes || !registers) {
        return std::string{kBadRequest};
    }
    std::span<const std::byte> rest{*bytes};
    for (unsigned number = 0; number < kRegisterCount; ++number) {
        const std::size_t size = register_size(number);
        if (rest.size() < size) {
            return std::string{kBadRequest};
        }
        set_register(*registers, number, rest.first(size));
        rest = rest.subspan(size);
    }
    return std::string{target_.set_registers(selected_, *registers) ? kOk : kBadRequest};
}

std::string Server::read_register(std::string_view number_text) const {
    const auto number = parse_hex(number_text);
    const auto registers = target_.registers(selected_);
    if (!number || *number >= kRegisterCount || !registers) {
        return std::string{kBadRequest};
    }
    std::array<std::byte, 16> bytes{};
    const auto part = std::span{bytes}.first(register_size(static_cast<unsigned>(*number)));
    get_register(*registers, static_cast<unsigned>(*number), part);
    return to_hex(part);
}

std::string Server::write_register(std::string_view assignment) {
    const auto [number_text, value_text] = split(assignment, '=');
    const auto number = parse_hex(number_text);
    const auto bytes = bytes_of_hex(value_text);
    auto registers = target_.registers(selected_);
    if (!number || *number >= kRegisterCount || !bytes || !registers ||
        bytes->size() != register_size(static_cast<unsigned>(*number))) {
        return std::string{kBadRequest};
    }
    set_register(*registers, static_cast<unsigned>(*number), *bytes);
    return std::string{target_.set_registers(selected_, *registers) ? kOk : kBadRequest};
}

std::string Server::read_memory(std::string_view range) const {
    const auto [address_text, length_text] = split(range, ',');
    const auto address = parse_hex(address_text);
    const auto length = parse_hex(length_text);
    if (!address || !length) {
        return std::string{kBadRequest};
    }
    std::vector<std::byte> bytes(std::min<std::uint64_t>(*length, kPacketSize / 2));
    bytes.resize(target_.read_memory(GuestVirt{*address}, bytes));
    if (bytes.empty() && *length != 0) {
        return std::string{kBadAddress};
    }
    return to_hex(bytes);
}

std::string Server::write_memory(std::string_view assignment) {
    const auto [range, data] = split(assignment, ':');
    const auto [address_text, length_text] = split(range, ',');
    const auto address = parse_hex(address_text);
    const auto length = parse_hex(length_text);
    const auto bytes = bytes_of_hex(data);
    if (!address || !length || !bytes || bytes->size() != *length) {
        return std::string{kBadRequest};
    }
    const bool whole = target_.write_memory(GuestVirt{*address}, *bytes) == bytes->size();
    return std::string{whole ? kOk : kBadAddress};
}

std::string Server::change_breakpoint(std::string_view packet) {
    // Z0 and Z1, software and hardware breakpoints, are the same thing here. Z2 watches for writes. Watching
    // for reads (Z3, Z4) is not supported.
    if (packet.size() < 3 || packet[1] < '0' || packet[1] > '2' || packet[2] != ',') {
        return std::string{kUnsupported};
    }
    const auto [address_text, rest] = split(packet.substr(3), ',');
    const auto address = parse_hex(address_text);
    const auto size = parse_hex(split(rest, ';').first);
    if (!address || !size) {
        return std::string{kBadRequest};
    }
    const bool inserts = packet.front() == 'Z';
    if (packet[1] == '2') {
        const WatchedMemory memory{.address = GuestVirt{*address}, .size = *size};
        if (memory.size == 0 || memory.size > kMostWatchedBytes) {
            return std::string{kBadRequest};
        }
        inserts ? target_.insert_watchpoint(memory) : target_.remove_watchpoint(memory);
    } else {
        inserts ? target_.insert_breakpoint(GuestVirt{*address})
                : target_.remove_breakpoint(GuestVirt{*address});
    }
    return std::string{kOk};
}

Server::Reply Server::resume_by_vcont(std::string_view actions) {
    // There is one virtual CPU: any step among the actions steps it, else it continues. A signal to deliver
    // (C, S) cannot be injected from outside a kernel and is dropped.
    while (!actions.empty()) {
        const auto [action, rest] = split(actions, ';');
        if (action.starts_with('s') || action.starts_with('S')) {
            return resume(ResumeKind::Step);
        }
        actions = rest;
    }
    return resume(ResumeKind::Continue);
}

Server::Reply Server::resume(ResumeKind kind) {
    const TargetStop stop = target_.resume(kind, [this] { return connection_.interrupt_requested(); });
    selected_ = ThreadId{1};
    last_stop_ = stop_reply(stop);
    const bool ended = stop.kind == TargetStop::Kind::Exited || stop.kind == TargetStop::Kind::Killed ||
                       stop.kind == TargetStop::Kind::Lost;
    return {last_stop_, ended ? std::optional{SessionEnd::TargetEnded} : std::nullopt};
}

std::string Server::stop_reply(const TargetStop& stop) const {
    const auto two_digits = [](char kind, int value) {
        const std::array bytes{static_cast<std::byte>(value)};
        return kind + to_hex(bytes);
    };
    constexpr int kSigint = 2;
    constexpr int kSigtrap = 5;
    switch (stop.kind) {
        case TargetStop::Kind::Breakpoint:
            return two_digits('T', kSigtrap) + "swbreak:;thread:1;";
        case TargetStop::Kind::Watchpoint:
            return two_digits('T', kSigtrap) + "watch:" + hex_number(value(stop.address)) + ";thread:1;";
        case TargetStop::Kind::Stepped:
            return two_digits('T', kSigtrap) + "thread:1;";
        case TargetStop::Kind::Interrupted:
            return two_digits('T', kSigint) + "thread:1;";
        case TargetStop::Kind::Exited:
            return two_digits('W', stop.status);
        case TargetStop::Kind::Killed:
            return two_digits('X', stop.status);
        case TargetStop::Kind::Lost:
            // GDB's protocol has no reply for a machine that broke down. A kill comes closest.
            return two_digits('X', 9);
    }
    return {};
}

}  // namespace levitate::vmm::gdb
