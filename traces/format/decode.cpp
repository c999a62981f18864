// The part of traces/format/lines.hpp that reads: from a line of a trace file to a header, an event or a
// footer.
#include "traces/format/json_reader.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/pieces.hpp"

namespace levitate::traces {
namespace {

constexpr std::string_view kFooterStart = "{\"end\":";

PayloadElement element_of(JsonReader& reader) {
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

Payload payload_of(JsonReader reader) {
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

std::vector<Payload> payloads_of(JsonReader& reader) {
    std::vector<Payload> payloads;
    if (reader.has("payloads")) {
        for (const Json& element : reader.array("payloads")) {
            payloads.push_back(payload_of(reader.inner(element)));
        }
    }
    return payloads;
}

SyscallEvent syscall_of(JsonReader& reader) {
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

AuxvReadEvent auxv_read_of(JsonReader& reader) {
    return {reader.number("entry"), reader.number("value"), reader.small<unsigned>("offset"),
            reader.small<unsigned>("size"), reader.number("pc")};
}

VdsoCallEvent vdso_call_of(JsonReader& reader) {
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
void read_context(JsonReader& reader, SignalEvent& event) {
    event.context_flags = reader.number("context_flags");
    if (const Json* const json = reader.find("stack")) {
        JsonReader stack = reader.inner(*json);
        event.stack = {stack.number("sp"), stack.signed_small("flags"), stack.number("size")};
    }
    event.mask = reader.number("mask");
    event.fault_address = reader.number("fault_address");
    event.records = reader.records("records");
    if (reader.has("esr")) {
        event.esr = reader.number("esr");
    }
}

SignalEvent signal_of(JsonReader& reader) {
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

ExecEvent exec_of(JsonReader& reader) {
    ExecEvent event{.path = reader.string("path"),
                    .argv = reader.strings("argv"),
                    .envp = reader.strings("envp"),
                    .auxv = reader.auxv("auxv"),
                    .sp = reader.number("sp"),
                    .entry_pc = reader.number("entry_pc")};
    if (reader.has("platform")) {
        event.platform = reader.string("platform");
    }
    if (reader.has("random")) {
        event.random = reader.bytes("random");
    }
    return event;
}

RegistersEvent registers_of(JsonReader& reader) {
    RegistersEvent event;
    for (const Json& element : reader.array("changes")) {
        JsonReader change = reader.inner(element);
        event.changes.push_back({change.string("name"), change.string("before"), change.string("after")});
    }
    event.during = reader.string("during");
    event.pc = reader.number("pc");
    return event;
}

template <typename T>
void read_status(JsonReader& reader, T& event) {
    if (reader.has("exit_code")) {
        event.exit_code = reader.signed_small("exit_code");
    }
    if (reader.has("signal")) {
        event.signal = reader.signed_small("signal");
    }
}

EventBody body_of(JsonReader& reader) {
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
    Json json = parse_json(line);
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
    JsonReader reader(*json, problem);
    T value = read(reader);
    if (!problem.empty()) {
        return std::unexpected(problem);
    }
    return value;
}

Header header_of(JsonReader& reader) {
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

Event event_of(JsonReader& reader) {
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
    return read_line<Footer>(line, [](JsonReader& reader) {
        return Footer{reader.number("events"), reader.string("incomplete")};
    });
}

bool is_footer_line(std::string_view line) {
    return line.starts_with(kFooterStart);
}

}  // namespace levitate::traces
