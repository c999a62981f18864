// The part of traces/format/lines.hpp that reads: from a line of a trace file to a header, an event or a
// footer.
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "traces/format/bytes.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/pieces.hpp"

namespace levitate::traces {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFooterStart = "{\"end\":";

// Reads the keys of one object. The first problem is kept, and everything read after it is empty, so a caller
// looks for a problem once, at the end.
class Reader {
  public:
    Reader(const Json& json, std::string& problem) : json_(json), problem_(problem) {
        if (!json.is_object()) {
            fail("is not an object");
        }
    }

    bool has(const char* key) const { return json_.is_object() && json_.contains(key); }

    std::uint64_t number(const char* key) {
        const Json* value = find(key);
        return value != nullptr ? number_of(*value, key) : 0;
    }

    std::uint64_t number_or(const char* key, std::uint64_t otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    template <typename T>
    T small(const char* key) {
        const std::uint64_t value = number(key);
        if (value > std::numeric_limits<T>::max()) {
            fail(key, "is too large");
            return 0;
        }
        return static_cast<T>(value);
    }

    std::int64_t signed_number(const char* key) {
        const Json* value = find(key);
        return value != nullptr ? static_cast<std::int64_t>(number_of(*value, key)) : 0;
    }

    std::int32_t signed_small(const char* key) {
        const std::int64_t value = signed_number(key);
        if (value < std::numeric_limits<std::int32_t>::min() ||
            value > std::numeric_limits<std::int32_t>::max()) {
            fail(key, "does not fit into 32 bits");
            return 0;
        }
        return static_cast<std::int32_t>(value);
    }

    bool boolean(const char* key) {
        const Json* value = find(key);
        if (value == nullptr) {
            return false;
        }
        if (!value->is_boolean()) {
            fail(key, "is neither true nor false");
            return false;
        }
        return value->get<bool>();
    }

    std::vector<std::byte> bytes(const char* key) {
        const Json* value = find(key);
        return value != nullptr ? bytes_of(*value, key) : std::vector<std::byte>{};
    }

    std::string string(const char* key) { return std::string(as_string_view(bytes(key))); }

    std::vector<std::string> strings(const char* key) {
        std::vector<std::string> result;
        for (const Json& element : array(key)) {
            result.emplace_back(as_string_view(bytes_of(element, key)));
        }
        return result;
    }

    FileIdentity file(const char* key) {
        const Json* value = find(key);
        return value != nullptr ? file_of(*value) : FileIdentity{};
    }

    std::vector<FileIdentity> files(const char* key) {
        std::vector<FileIdentity> result;
        for (const Json& element : array(key)) {
            result.push_back(file_of(element));
        }
        return result;
    }

    std::vector<AuxvEntry> auxv(const char* key) {
        std::vector<AuxvEntry> result;
        for (const Json& element : array(key)) {
            if (!element.is_array() || element.size() != 2) {
                fail(key, "has an entry that is not a pair of type and value");
                break;
            }
            result.push_back({number_of(element[0], key), number_of(element[1], key)});
        }
        return result;
    }

    std::vector<FrameRecord> records(const char* key) {
        std::vector<FrameRecord> result;
        for (const Json& element : array(key)) {
            if (!element.is_array() || element.size() != 2) {
                fail(key, "has an entry that is not a pair of magic and size");
                break;
            }
            result.push_back({small_of(element[0], key), small_of(element[1], key)});
        }
        return result;
    }

    template <std::size_t N>
    std::array<std::uint64_t, N> numbers(const char* key) {
        std::array<std::uint64_t, N> result{};
        const Json& elements = array(key);
        if (elements.size() != N) {
            fail(key, "has not " + std::to_string(N) + " elements");
            return result;
        }
        for (std::size_t i = 0; i < N; ++i) {
            result[i] = number_of(elements[i], key);
        }
        return result;
    }

    // Empty where the key is missing or its value is not an array.
    const Json& array(const char* key) {
        static const Json kEmpty = Json::array();
        const Json* value = find(key);
        if (value == nullptr) {
            return kEmpty;
        }
        if (!value->is_array()) {
            fail(key, "is not an array");
            return kEmpty;
        }
        return *value;
    }

    void fail(const std::string& text) {
        if (problem_.empty()) {
            problem_ = text;
        }
    }
    void fail(const std::string& key, const std::string& text) { fail("\"" + key + "\" " + text); }

    Reader inner(const Json& json) { return {json, problem_}; }

    // nullptr: the key is missing, which is a problem.
    const Json* find(const char* key) {
        if (!has(key)) {
            fail(key, "is missing");
            return nullptr;
        }
        return &json_[key];
    }

  private:
    std::uint32_t small_of(const Json& value, const char* key) {
        const std::uint64_t number = number_of(value, key);
        if (number > std::numeric_limits<std::uint32_t>::max()) {
            fail(key, "is too large");
            return 0;
        }
        return static_cast<std::uint32_t>(number);
    }

    std::uint64_t number_of(const Json& value, const char* key) {
        if (value.is_number_unsigned()) {
            return value.get<std::uint64_t>();
        }
        if (value.is_number_integer()) {
            return static_cast<std::uint64_t>(value.get<std::int64_t>());
        }
        if (value.is_string()) {
            const auto& text = value.get_ref<const std::string&>();
            std::uint64_t number = 0;
            constexpr std::string_view kPrefix = "0x";
            if (text.starts_with(kPrefix)) {
                const char* const end = text.data() + text.size();
                const auto parsed = std::from_chars(text.data() + kPrefix.size(), end, number, 16);
                if (parsed.ec == std::errc{} && parsed.ptr == end) {
                    return number;
                }
            }
        }
        fail(key, "is neither a whole number nor a string like \"0x1f\"");
        return 0;
    }

    std::vector<std::byte> bytes_of(const Json& value, const char* key) {
        if (value.is_string()) {
            return to_bytes(value.get_ref<const std::string&>());
        }
        if (value.is_object() && value.size() == 1 && value.contains("hex") && value["hex"].is_string()) {
            if (auto bytes = from_hex(value["hex"].get_ref<const std::string&>())) {
                return *bytes;
            }
        }
        fail(key, "is neither a string nor {\"hex\": \"…\"}");
        return {};
    }

    FileIdentity file_of(const Json& json) {
        Reader reader = inner(json);
        return {reader.string("path"), reader.string("sha256"), reader.string("build_id")};
    }

    const Json& json_;
    std::string& problem_;
};

PayloadElement element_of(Reader& reader) {
    PayloadElement element;
    if (reader.has("piece")) {
        const std::string name = reader.string("piece");
        const auto piece = find_piece(name);
        if (!piece) {
            reader.fail("piece", "is \"" + name + "\", which this version does not know");
        }
        element.piece = piece.value_or(Piece::Object);
    }
    element.index = reader.has("index") ? reader.small<unsigned>("index") : 0;
    element.message = reader.has("message") ? reader.small<unsigned>("message") : 0;
    return element;
}

Payload payload_of(Reader reader) {
    Payload payload;
    payload.argument = reader.small<unsigned>("argument");
    if (payload.argument > 5) {
        reader.fail("argument", "is not 0 to 5");
    }
    const std::string direction = reader.string("direction");
    if (direction != "in" && direction != "out") {
        reader.fail("direction", "is neither \"in\" nor \"out\"");
    }
    payload.direction = direction == "out" ? Direction::Out : Direction::In;
    payload.element = element_of(reader);
    payload.address = reader.number("address");
    payload.bytes = reader.bytes("bytes");
    payload.length = reader.number_or("length", payload.bytes.size());
    if (payload.length < payload.bytes.size()) {
        reader.fail("length", "is less than there are bytes");
    }
    return payload;
}

std::vector<Payload> payloads_of(Reader& reader) {
    std::vector<Payload> payloads;
    if (reader.has("payloads")) {
        for (const Json& element : reader.array("payloads")) {
            payloads.push_back(payload_of(reader.inner(element)));
        }
    }
    return payloads;
}

SyscallEvent syscall_of(Reader& reader) {
    SyscallEvent event;
    event.number = reader.number("number");
    event.arguments = reader.numbers<6>("arguments");
    if (reader.has("result")) {
        event.result = reader.signed_number("result");
    }
    event.restarted = reader.has("restarted") && reader.boolean("restarted");
    event.payloads = payloads_of(reader);
    event.pc = reader.number("pc");
    event.sp = reader.number("sp");
    event.entry_order = reader.number("entry_order");
    event.entry_time = reader.number("entry_time");
    return event;
}

AuxvReadEvent auxv_read_of(Reader& reader) {
    return {reader.number("entry"), reader.number("value"), reader.small<unsigned>("offset"),
            reader.small<unsigned>("size"), reader.number("pc")};
}

VdsoCallEvent vdso_call_of(Reader& reader) {
    VdsoCallEvent event;
    event.symbol = reader.string("symbol");
    event.arguments = reader.numbers<2>("arguments");
    event.pc = reader.number("pc");
    if (reader.has("result")) {
        event.result = reader.signed_number("result");
    }
    event.payloads = payloads_of(reader);
    return event;
}

// Reads what a signal's frame holds beside the siginfo.
void read_context(Reader& reader, SignalEvent& event) {
    event.context_flags = reader.number("context_flags");
    if (const Json* const json = reader.find("stack")) {
        Reader stack = reader.inner(*json);
        event.stack = {stack.number("sp"), stack.signed_small("flags"), stack.number("size")};
    }
    event.mask = reader.number("mask");
    event.fault_address = reader.number("fault_address");
    event.records = reader.records("records");
    if (reader.has("esr")) {
        event.esr = reader.number("esr");
    }
}

SignalEvent signal_of(Reader& reader) {
    SignalEvent event;
    event.signal = reader.small<unsigned>("signal");
    event.code = reader.signed_small("code");
    event.siginfo = reader.bytes("siginfo");
    event.handler = reader.number("handler");
    event.frame = reader.number("frame");
    event.interrupted_pc = reader.number("interrupted_pc");
    read_context(reader, event);
    return event;
}

ExecEvent exec_of(Reader& reader) {
    return {reader.string("path"), reader.strings("argv"), reader.strings("envp"),
            reader.auxv("auxv"),   reader.number("sp"),    reader.number("entry_pc")};
}

RegistersEvent registers_of(Reader& reader) {
    RegistersEvent event;
    for (const Json& element : reader.array("changes")) {
        Reader change = reader.inner(element);
        event.changes.push_back({change.string("name"), change.string("before"), change.string("after")});
    }
    event.during = reader.string("during");
    event.pc = reader.number("pc");
    return event;
}

template <typename T>
void read_status(Reader& reader, T& event) {
    if (reader.has("exit_code")) {
        event.exit_code = reader.signed_small("exit_code");
    }
    if (reader.has("signal")) {
        event.signal = reader.signed_small("signal");
    }
}

EventBody body_of(Reader& reader) {
    const std::string type = reader.string("type");
    if (type == "syscall") {
        return syscall_of(reader);
    }
    if (type == "auxv_read") {
        return auxv_read_of(reader);
    }
    if (type == "vdso_call") {
        return vdso_call_of(reader);
    }
    if (type == "signal") {
        return signal_of(reader);
    }
    if (type == "exec") {
        return exec_of(reader);
    }
    if (type == "task_start") {
        return TaskStartEvent{static_cast<TaskNumber>(reader.small<std::uint32_t>("parent")),
                              reader.number("clone_flags"), reader.signed_number("tid")};
    }
    if (type == "task_end") {
        TaskEndEvent event;
        read_status(reader, event);
        return event;
    }
    if (type == "registers") {
        return registers_of(reader);
    }
    if (type == "outcome") {
        OutcomeEvent event;
        read_status(reader, event);
        event.stdout_bytes = reader.bytes("stdout");
        event.stderr_bytes = reader.bytes("stderr");
        return event;
    }
    reader.fail("type", "is \"" + type + "\", which this version does not know");
    return SyscallEvent{};
}

std::expected<Json, std::string> parse(std::string_view line) {
    Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded()) {
        return std::unexpected("is not JSON");
    }
    return json;
}

template <typename T, typename Read>
std::expected<T, std::string> read_line(std::string_view line, Read read) {
    auto json = parse(line);
    if (!json) {
        return std::unexpected(json.error());
    }
    std::string problem;
    Reader reader(*json, problem);
    T value = read(reader);
    if (!problem.empty()) {
        return std::unexpected(problem);
    }
    return value;
}

Header header_of(Reader& reader) {
    Header header;
    if (reader.string("format") != "levitate-trace") {
        reader.fail("is no header of a trace");
    }
    header.format_version = reader.signed_small("version");
    if (header.format_version != kFormatVersion) {
        reader.fail("version", "is " + std::to_string(header.format_version) + ", and this program reads " +
                                   std::to_string(kFormatVersion) + ": record the trace again");
    }
    header.program = reader.file("program");
    header.libraries = reader.files("libraries");
    header.argv = reader.strings("argv");
    header.envp = reader.strings("envp");
    header.cwd = reader.string("cwd");
    header.stdin_bytes = reader.bytes("stdin");
    header.files = reader.files("files");
    header.randomize_addresses = reader.boolean("randomize_addresses");
    header.seed = reader.number("seed");
    if (reader.has("schedule_seed")) {
        header.schedule_seed = reader.number("schedule_seed");
    }
    if (reader.has("direct_init")) {
        header.direct_init = reader.string("direct_init");
    }
    header.engine = reader.string("engine");
    header.kernel = reader.string("kernel");
    header.cpu = reader.string("cpu");
    header.auxv = reader.auxv("auxv");
    return header;
}

Event event_of(Reader& reader) {
    Event event;
    event.task = static_cast<TaskNumber>(reader.small<std::uint32_t>("task"));
    event.index = reader.number("index");
    event.order = reader.number("order");
    event.time = reader.number("time");
    event.body = body_of(reader);
    return event;
}

}  // namespace

std::expected<Header, std::string> parse_header_line(std::string_view line) {
    return read_line<Header>(line, header_of);
}

std::expected<Event, std::string> parse_event_line(std::string_view line) {
    return read_line<Event>(line, event_of);
}

std::expected<Footer, std::string> parse_footer_line(std::string_view line) {
    return read_line<Footer>(
        line, [](Reader& reader) { return Footer{reader.number("events"), reader.string("incomplete")}; });
}

bool is_footer_line(std::string_view line) {
    return line.starts_with(kFooterStart);
}

}  // namespace levitate::traces
