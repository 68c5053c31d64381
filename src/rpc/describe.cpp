// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a server tells of itself where it is allowed to: an OpenRPC document, and varlink's own interface.
// Sources: spec.open-rpc.org; varlink.org, "org.varlink.service".

#include "rpc/describe.hpp"

#include <parley/version.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace parley::rpc::detail {
namespace {

std::string parameter_name(const method_base& m, std::size_t i) {
    return i < m.names.size() ? m.names[i] : "argument" + std::to_string(i + 1);
}

std::vector<std::pair<std::string, std::shared_ptr<method_base>>> sorted(const method_table& table) {
    std::vector<std::pair<std::string, std::shared_ptr<method_base>>> all(table.methods.begin(), table.methods.end());
    std::ranges::sort(all, {}, &std::pair<std::string, std::shared_ptr<method_base>>::first);
    return all;
}

std::string_view interface_of(std::string_view method) {
    const auto dot = method.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : method.substr(0, dot);
}

// A function whose one parameter is a struct takes its members as arguments by name.
bool takes_members(const method_base& m, const std::vector<value>& schemas) {
    return schemas.size() == 1 && m.names.empty() && !schemas[0]["properties"].is_null();
}

// A type of varlink's for a JSON Schema.
std::string varlink_type(const value& schema);

std::string varlink_struct(const value& schema) {
    std::string text = "(";
    const auto* const properties = schema["properties"].get_if<object>();
    const auto* const required = schema["required"].get_if<array>();
    if (properties != nullptr) {
        for (const auto& [name, of] : *properties) {
            const bool needed = required != nullptr && std::ranges::find(*required, value(name)) != required->end();
            text += (text.size() == 1 ? "" : ", ") + name + ": " + (needed ? "" : "?") + varlink_type(of);
        }
    }
    return text + ")";
}

std::string varlink_type(const value& schema) {
    const auto* const type = schema["type"].text();
    if (type == nullptr) {
        // An optional one is one of two, and the other is null.
        if (const auto* const any = schema["anyOf"].get_if<array>();
            any != nullptr && any->size() == 2 && (*any)[1]["type"] == value("null"))
            return "?" + varlink_type((*any)[0]);
        return "object";
    }
    if (*type == "boolean") return "bool";
    if (*type == "integer") return "int";
    if (*type == "number") return "float";
    if (*type == "array") return schema["items"].is_null() ? "[]object" : "[]" + varlink_type(schema["items"]);
    if (*type == "object") {
        if (!schema["properties"].is_null()) return varlink_struct(schema);
        if (!schema["additionalProperties"].is_null()) return "[string]" + varlink_type(schema["additionalProperties"]);
        return "object";
    }
    if (const auto* const names = schema["enum"].get_if<array>()) {
        std::string text = "(";
        for (const auto& name : *names) text += (text.size() == 1 ? "" : ", ") + *name.text();
        return text + ")";
    }
    return "string";
}

// What varlink allows as the names of parameters and results, whatever ours are.
std::string varlink_parameters(const method_base& m) {
    const auto schemas = m.parameter_schemas();
    const auto required = m.parameters_required();
    if (takes_members(m, schemas)) return varlink_struct(schemas[0]);
    std::string text = "(";
    for (std::size_t i = 0; i < schemas.size(); ++i) {
        const auto type = varlink_type(schemas[i]);
        text += (i == 0 ? "" : ", ") + parameter_name(m, i) + ": " + (required[i] || type.starts_with('?') ? "" : "?") +
                type;
    }
    return text + ")";
}

std::string varlink_result(const value& schema) {
    if (schema["type"] == value("null")) return "()";
    if (!schema["properties"].is_null()) return varlink_struct(schema);
    if (schema["type"] == value("object")) return "(result: object)";
    return "(result: " + varlink_type(schema) + ")";
}

}  // namespace

value open_rpc_document(const method_table& table) {
    array methods;
    for (const auto& [name, m] : sorted(table)) {
        const auto schemas = m->parameter_schemas();
        const auto required = m->parameters_required();
        const bool as_one_map = takes_members(*m, schemas);
        array parameters;
        if (as_one_map) {
            const auto* const needed = schemas[0]["required"].get_if<array>();
            for (const auto& [member, of] : schemas[0]["properties"].get<object>()) {
                const bool must = needed != nullptr && std::ranges::find(*needed, value(member)) != needed->end();
                parameters.push_back(object{{"name", member}, {"required", must}, {"schema", of}});
            }
        }
        for (std::size_t i = 0; !as_one_map && i < schemas.size(); ++i)
            parameters.push_back(
                object{{"name", parameter_name(*m, i)}, {"required", bool(required[i])}, {"schema", schemas[i]}});
        object one{{"name", name}, {"params", std::move(parameters)}};
        one["paramStructure"] = as_one_map ? "by-name" : m->names.empty() ? "by-position" : "either";
        one["result"] = object{{"name", "result"}, {"schema", m->result_schema()}};
        methods.emplace_back(std::move(one));
    }
    return object{{"openrpc", "1.3.2"},
                  {"info", object{{"title", table.title}, {"version", table.version}}},
                  {"methods", std::move(methods)}};
}

value varlink_info(const method_table& table) {
    std::set<std::string, std::less<>> interfaces{"org.varlink.service"};
    for (const auto& [name, m] : table.methods) interfaces.emplace(interface_of(name));
    interfaces.erase("");
    array names;
    for (const auto& name : interfaces) names.emplace_back(name);
    return object{{"vendor", "parley"},
                  {"product", table.title},
                  {"version", table.version},
                  {"url", "https://varlink.org"},
                  {"interfaces", std::move(names)}};
}

std::string varlink_interface(const method_table& table, std::string_view name) {
    if (name == "org.varlink.service")
        return "# The service itself.\n"
               "interface org.varlink.service\n\n"
               "method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: "
               "[]string)\n"
               "method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
               "error InterfaceNotFound (interface: string)\n"
               "error MethodNotFound (method: string)\n"
               "error MethodNotImplemented (method: string)\n"
               "error InvalidParameter (parameter: string)\n";
    std::string text;
    for (const auto& [method, m] : sorted(table)) {
        if (interface_of(method) != name) continue;
        if (text.empty()) text = "interface " + std::string(name) + "\n";
        text += "\nmethod " + method.substr(name.size() + 1) + varlink_parameters(*m) + " -> " +
                varlink_result(m->result_schema()) + "\n";
    }
    return text;
}

void add_descriptions(router& to, const std::weak_ptr<method_table>& table) {
    const auto known = [table] {
        auto t = table.lock();
        if (!t) throw fault(fault_code::internal_error, "the functions are gone");
        return t;
    };
    to.on("rpc.discover", [known] { return open_rpc_document(*known()); });
    to.on("org.varlink.service.GetInfo", [known] { return varlink_info(*known()); });
    to.on("org.varlink.service.GetInterfaceDescription", {"interface"}, [known](const std::string& name) -> value {
        auto text = varlink_interface(*known(), name);
        if (text.empty()) throw fault(0, "org.varlink.service.InterfaceNotFound", object{{"interface", name}});
        return object{{"description", std::move(text)}};
    });
}

}  // namespace parley::rpc::detail
