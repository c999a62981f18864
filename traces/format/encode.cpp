// The part of traces/format/lines.hpp that writes: from a header, an event or a footer to a line of a trace
// file.
#include <cstdio>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/json.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/pieces.hpp"

namespace levitate::traces {
namespace {

Json hex_json(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

Json bytes_json(std::span<const std::byte> bytes) {
    if (auto text = as_text(bytes)) {
        return *text;
    }
    return Json{{"hex", to_hex(bytes)}};
}

// Paths and arguments are bytes to Linux, not text.
Json string_json(std::string_view text) {
    return bytes_json(std::as_bytes(std::span(text)));
}

Json strings_json(const std::vector<std::string>& strings) {
    Json array = Json::array();
    for (const std::string& text : strings) {
        array.push_back(string_json(text));
    }
    return array;
}

Json file_json(const FileIdentity& file) {
    return Json{{"path", string_json(file.path)}, {"sha256", file.sha256}, {"build_id", file.build_id}};
}

Json files_json(const std::vector<FileIdentity>& files) {
    Json array = Json::array();
    for (const FileIdentity& file : files) {
        array.push_back(file_json(file));
    }
    return array;
}

Json auxv_json(const std::vector<AuxvEntry>& auxv) {
    Json array = Json::array();
    for (const AuxvEntry& entry : auxv) {
        array.push_back(Json::array({entry.type, hex_json(entry.value)}));
    }
    return array;
}

// Errors and small numbers are decimal and addresses hexadecimal, as people read them.
Json result_json(std::int64_t result) {
    constexpr std::int64_t kLargestDecimal = 0xfffff;
    if (abi::is_error(result) || (result >= 0 && result <= kLargestDecimal)) {
        return result;
    }
    return hex_json(static_cast<std::uint64_t>(result));
}

Json payload_json(const Payload& payload) {
    Json json{{"argument", payload.argument},
              {"direction", payload.direction == Direction::In ? "in" : "out"}};
    const PayloadElement& element = payload.element;
    if (element.piece != Piece::Object) {
        json["piece"] = std::string(piece_name(element.piece));
    }
    if (element.index != 0) {
        json["index"] = element.index;
    }
    if (element.message != 0) {
        json["message"] = element.message;
    }
    json["address"] = hex_json(payload.address);
    json["bytes"] = bytes_json(payload.bytes);
    if (payload.length != payload.bytes.size()) {
        json["length"] = payload.length;
    }
    return json;
}

Json payloads_json(const std::vector<Payload>& payloads) {
    Json array = Json::array();
    for (const Payload& payload : payloads) {
        array.push_back(payload_json(payload));
    }
    return array;
}

Json records_json(const std::vector<FrameRecord>& records) {
    Json array = Json::array();
    for (const FrameRecord& record : records) {
        array.push_back(Json::array({hex_json(record.magic), record.size}));
    }
    return array;
}

// Adds a body's own keys to the line.
struct BodyEncoder {
    Json& json;

    void operator()(const SyscallEvent& event) const {
        json["type"] = "syscall";
        const abi::SyscallRow* row = abi::find_syscall(event.number);
        json["name"] = row != nullptr ? std::string(row->name) : "syscall_" + std::to_string(event.number);
        json["number"] = event.number;
        Json arguments = Json::array();
        for (const std::uint64_t argument : event.arguments) {
            arguments.push_back(hex_json(argument));
        }
        json["arguments"] = std::move(arguments);
        if (event.result) {
            json["result"] = result_json(*event.result);
            if (const abi::NamedError* error = abi::find_error(-*event.result)) {
                json["error"] = std::string(error->name);
            }
        }
        if (event.restarted) {
            json["restarted"] = true;
        }
        if (!event.payloads.empty()) {
            json["payloads"] = payloads_json(event.payloads);
        }
        json["pc"] = hex_json(event.pc);
        json["sp"] = hex_json(event.sp);
        json["entry_order"] = event.entry_order;
        json["entry_time"] = event.entry_time;
    }

    void operator()(const AuxvReadEvent& event) const {
        json["type"] = "auxv_read";
        if (const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(event.type))) {
            json["name"] = std::string(*name);
        }
        json["entry"] = event.type;
        json["value"] = hex_json(event.value);
        json["offset"] = event.offset;
        json["size"] = event.size;
        json["pc"] = hex_json(event.pc);
    }

    void operator()(const VdsoCallEvent& event) const {
        json["type"] = "vdso_call";
        json["symbol"] = string_json(event.symbol);
        json["arguments"] = Json::array({hex_json(event.arguments[0]), hex_json(event.arguments[1])});
        json["pc"] = hex_json(event.pc);
        if (event.result) {
            json["result"] = result_json(*event.result);
        }
        if (!event.payloads.empty()) {
            json["payloads"] = payloads_json(event.payloads);
        }
    }

    void operator()(const SignalEvent& event) const {
        json["type"] = "signal";
        json["name"] = abi::signal_name(event.signal);
        json["signal"] = event.signal;
        json["code"] = event.code;
        json["siginfo"] = bytes_json(event.siginfo);
        json["handler"] = hex_json(event.handler);
        json["frame"] = hex_json(event.frame);
        json["interrupted_pc"] = hex_json(event.interrupted_pc);
        json["context_flags"] = hex_json(event.context_flags);
        json["stack"] =
            Json{{"sp", hex_json(event.stack.sp)}, {"flags", event.stack.flags}, {"size", event.stack.size}};
        json["mask"] = hex_json(event.mask);
        json["fault_address"] = hex_json(event.fault_address);
        json["records"] = records_json(event.records);
        if (event.esr) {
            json["esr"] = hex_json(*event.esr);
        }
    }

    void operator()(const ExecEvent& event) const {
        json["type"] = "exec";
        json["path"] = string_json(event.path);
        json["argv"] = strings_json(event.argv);
        json["envp"] = strings_json(event.envp);
        json["auxv"] = auxv_json(event.auxv);
        json["sp"] = hex_json(event.sp);
        json["entry_pc"] = hex_json(event.entry_pc);
        if (event.platform) {
            json["platform"] = string_json(*event.platform);
        }
        if (event.random) {
            json["random"] = bytes_json(*event.random);
        }
    }

    void operator()(const TaskStartEvent& event) const {
        json["type"] = "task_start";
        json["parent"] = static_cast<std::uint32_t>(event.parent);
        json["clone_flags"] = hex_json(event.clone_flags);
        json["tid"] = event.tid;
    }

    void operator()(const TaskEndEvent& event) const {
        json["type"] = "task_end";
        status(event.exit_code, event.signal);
    }

    void operator()(const RegistersEvent& event) const {
        json["type"] = "registers";
        Json changes = Json::array();
        for (const RegistersEvent::Change& change : event.changes) {
            changes.push_back(Json{{"name", string_json(change.name)},
                                   {"before", string_json(change.before)},
                                   {"after", string_json(change.after)}});
        }
        json["changes"] = std::move(changes);
        json["during"] = string_json(event.during);
        json["pc"] = hex_json(event.pc);
    }

    void operator()(const OutcomeEvent& event) const {
        json["type"] = "outcome";
        status(event.exit_code, event.signal);
        json["stdout"] = bytes_json(event.stdout_bytes);
        json["stderr"] = bytes_json(event.stderr_bytes);
    }

  private:
    void status(std::optional<int> exit_code, std::optional<int> signal) const {
        if (exit_code) {
            json["exit_code"] = *exit_code;
        }
        if (signal) {
            json["signal"] = *signal;
        }
    }
};

}  // namespace

std::string header_line(const Header& header) {
    Json json{{"format", "levitate-trace"}, {"version", header.format_version}};
    json["program"] = file_json(header.program);
    json["libraries"] = files_json(header.libraries);
    json["argv"] = strings_json(header.argv);
    json["envp"] = strings_json(header.envp);
    json["cwd"] = string_json(header.cwd);
    json["stdin"] = bytes_json(header.stdin_bytes);
    json["files"] = files_json(header.files);
    json["randomize_addresses"] = header.randomize_addresses;
    json["seed"] = header.seed;
    if (header.schedule_seed != 0) {
        json["schedule_seed"] = header.schedule_seed;
    }
    if (!header.direct_init.empty()) {
        json["direct_init"] = string_json(header.direct_init);
    }
    json["engine"] = string_json(header.engine);
    json["kernel"] = string_json(header.kernel);
    json["cpu"] = string_json(header.cpu);
    json["auxv"] = auxv_json(header.auxv);
    return json_text(json);
}

std::string event_line(const Event& event) {
    Json json{{"task", static_cast<std::uint32_t>(event.task)},
              {"index", event.index},
              {"order", event.order},
              {"time", event.time}};
    std::visit(BodyEncoder{json}, event.body);
    return json_text(json);
}

std::string footer_line(const Footer& footer) {
    return json_text(
        Json{{"end", true}, {"events", footer.events}, {"incomplete", string_json(footer.incomplete)}});
}

}  // namespace levitate::traces
