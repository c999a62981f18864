#include <cstdio>
#include <nlohmann/json.hpp>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/lines.hpp"

namespace levitate::traces {
namespace {

using Json = nlohmann::ordered_json;

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

// Errors and small numbers are decimal, addresses hexadecimal: as people read them.
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
    if (payload.element != 0) {
        json["element"] = payload.element;
    }
    json["address"] = hex_json(payload.address);
    json["bytes"] = bytes_json(payload.bytes);
    if (payload.length != payload.bytes.size()) {
        json["length"] = payload.length;
    }
    return json;
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
            Json payloads = Json::array();
            for (const Payload& payload : event.payloads) {
                payloads.push_back(payload_json(payload));
            }
            json["payloads"] = std::move(payloads);
        }
        json["pc"] = hex_json(event.pc);
        json["sp"] = hex_json(event.sp);
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
    }

    void operator()(const ExecEvent& event) const {
        json["type"] = "exec";
        json["path"] = string_json(event.path);
        json["argv"] = strings_json(event.argv);
        json["envp"] = strings_json(event.envp);
        json["auxv"] = auxv_json(event.auxv);
        json["sp"] = hex_json(event.sp);
        json["entry_pc"] = hex_json(event.entry_pc);
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

    void operator()(const MemoryWriteEvent& event) const {
        json["type"] = "memory_write";
        json["cause"] = string_json(event.cause);
        json["address"] = hex_json(event.address);
        json["bytes"] = bytes_json(event.bytes);
    }

    void operator()(const RegisterReadEvent& event) const {
        json["type"] = "register_read";
        json["name"] = string_json(event.name);
        json["value"] = hex_json(event.value);
        json["pc"] = hex_json(event.pc);
    }

    void operator()(const MappedFileEvent& event) const {
        json["type"] = "mapped_file";
        json["address"] = hex_json(event.address);
        json["length"] = event.length;
        json["offset"] = event.offset;
        json["file"] = file_json(event.file);
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

// Strings are valid UTF-8 by now, except those that a caller put into `engine` and its kin: those are mended.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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
    json["engine"] = string_json(header.engine);
    json["kernel"] = string_json(header.kernel);
    json["cpu"] = string_json(header.cpu);
    json["auxv"] = auxv_json(header.auxv);
    return dump(json);
}

std::string event_line(const Event& event) {
    Json json{
        {"task", static_cast<std::uint32_t>(event.task)}, {"index", event.index}, {"order", event.order}};
    if (event.instructions) {
        json["instructions"] = *event.instructions;
    }
    std::visit(BodyEncoder{json}, event.body);
    return dump(json);
}

std::string footer_line(const Footer& footer) {
    return dump(
        Json{{"end", true}, {"events", footer.events}, {"incomplete", string_json(footer.incomplete)}});
}

}  // namespace levitate::traces
