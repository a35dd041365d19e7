// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "web/api/openapi.hpp"

namespace hilltop::web {
namespace {

using nlohmann::json;

json ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }
json text() { return {{"type", "string"}}; }
json text_or_null() { return {{"type", json::array({"string", "null"})}}; }
json integer() { return {{"type", "integer"}}; }
json integer_or_null() { return {{"type", json::array({"integer", "null"})}}; }
json number_or_null() { return {{"type", json::array({"number", "null"})}}; }
json boolean() { return {{"type", "boolean"}}; }
json time_or_null() { return {{"type", json::array({"string", "null"})}, {"format", "date-time"}}; }
json list_of(json items) { return {{"type", "array"}, {"items", std::move(items)}}; }
json choice(std::initializer_list<const char*> values, bool or_null = false) {
  auto all = json::array();
  for (const auto* value : values) all.push_back(value);
  if (or_null) all.push_back(nullptr);
  return {{"enum", std::move(all)}};
}

/// An object of which every property is always there.
json object(json properties) {
  auto required = json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

/// An object in a request: only `required` must be there.
json request(json properties, std::initializer_list<const char*> required) {
  auto names = json::array();
  for (const auto* name : required) names.push_back(name);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

json page(const std::string& name) { return object({{"items", list_of(ref(name))}, {"next", text()}}); }

json problem_schema() {
  json complaint = {{"file", text()},    {"line", integer()},    {"column", integer()},
                    {"message", text()}, {"suggestion", text()}, {"severity", choice({"error", "warning"})}};
  auto out = object({{"type", text()},
                     {"title", text()},
                     {"status", integer()},
                     {"detail", text()},
                     {"code", text()},
                     {"blame", text()}});
  out["properties"]["complaints"] = list_of(object(std::move(complaint)));
  return out;
}

json board_schema() {
  return object(
      {{"name", text()},
       {"type", text()},
       {"description", text()},
       {"tags", list_of(text())},
       {"worker", text()},
       {"state", choice({"idle", "leased", "cleaning", "offline"})},
       {"health", choice({"unknown", "good", "suspect", "bad", "maintenance", "retired"})},
       {"health_reason", text()},
       {"power", choice({"on", "off", "unknown"})},
       {"power_found", text()},
       {"power_problem", text()},
       {"consoles", list_of(text())},
       {"offers", list_of(text())},
       {"lease", integer_or_null()},
       {"holder", text()},
       {"job", integer_or_null()},
       {"writers",
        list_of(object({{"console", text()}, {"name", text()}, {"from", text()}, {"since", time_or_null()}}))},
       {"ports",
        list_of(object(
            {{"console", text()}, {"protocol", choice({"raw", "rfc2217"})}, {"where", text()}, {"owner", text()}}))}});
}

json job_schema() {
  return object({{"id", integer()},
                 {"name", text()},
                 {"state", choice({"submitted", "scheduled", "running", "canceling", "finished"})},
                 {"verdict", choice({"pass", "fail", "incomplete", "canceled"}, true)},
                 {"reason", text()},
                 {"blame", text_or_null()},
                 {"board", text_or_null()},
                 {"board_type", text()},
                 {"submitted", time_or_null()},
                 {"started", time_or_null()},
                 {"finished", time_or_null()},
                 {"project", text()},
                 {"submitter", text()},
                 {"priority", integer()},
                 {"attempt", integer()},
                 {"tags", list_of(text())},
                 {"waiting_for", text()},
                 {"current_action", text()},
                 {"lease", integer_or_null()},
                 {"cases", integer()},
                 {"passed", integer()},
                 {"failed", integer()},
                 {"rerun_of", integer_or_null()}});
}

json with_suites(json job) {
  json test_case = object({{"name", text()},
                           {"result", choice({"pass", "fail", "skip", "unknown"})},
                           {"measurement", number_or_null()},
                           {"units", text()},
                           {"duration_s", number_or_null()},
                           {"line", integer()}});
  job["properties"]["suites"] = list_of(object({{"name", text()}, {"cases", list_of(std::move(test_case))}}));
  job["required"].push_back("suites");
  return job;
}

json lease_schema() {
  return object({{"id", integer()},
                 {"state", choice({"waiting", "active", "ended"})},
                 {"owner", text()},
                 {"project", text()},
                 {"wanted", text()},
                 {"tags", list_of(text())},
                 {"board", text_or_null()},
                 {"job", integer_or_null()},
                 {"priority", integer()},
                 {"created", time_or_null()},
                 {"started", time_or_null()},
                 {"ends", time_or_null()},
                 {"ended", time_or_null()},
                 {"end_reason", text()},
                 {"waiting_for", text()}});
}

json token_schema() {
  return object({{"id", integer()},
                 {"user", text()},
                 {"name", text()},
                 {"project", text()},
                 {"role", choice({"viewer", "submitter", "technician", "admin"})},
                 {"created", time_or_null()},
                 {"expires", time_or_null()},
                 {"last_used", time_or_null()},
                 {"revoked", boolean()}});
}

json with_token(json token) {
  token["properties"]["token"] = text();
  token["required"].push_back("token");
  return token;
}

json flash_ways_schema() {
  return list_of(object({{"driver", text()},
                         {"tool", text()},
                         {"facts", {{"type", "object"}}},
                         {"source", text()},
                         {"verified", text()}}));
}

json board_type_schema() {
  const json flash = object({{"supported", boolean()},
                             {"source", text()},
                             {"verified", text()},
                             {"formats", list_of(text())},
                             {"raw_address", text_or_null()},
                             {"max_images", integer()},
                             {"ways", flash_ways_schema()}});
  const json region = object(
      {{"name", text()}, {"start", text()}, {"size", integer()}, {"kind", choice({"flash", "ram", "external"})}});
  return object({{"name", text()},
                 {"description", text()},
                 {"aliases", list_of(text())},
                 {"architecture", text()},
                 {"source", text()},
                 {"verified", text()},
                 {"consoles", list_of(text())},
                 {"emulated", boolean()},
                 {"rule_packs", list_of(text())},
                 {"deploy_methods", list_of(text())},
                 {"boot_methods", list_of(text())},
                 {"flash", flash},
                 {"probes", flash_ways_schema()},
                 {"memory", list_of(region)},
                 {"usb", list_of(object({{"id", text()}, {"part", text()}, {"name", text()}}))},
                 {"daplink_ids", list_of(text())},
                 {"loaders", {{"type", "object"}}},
                 {"drivers", {{"type", "object"}}},
                 {"sources", {{"type", "object"}}}});
}

json discovery_schema() {
  const json claims = list_of(object({{"board", text()}, {"role", text()}, {"by", text()}}));
  const json node = object({{"kind", text()},
                            {"path", text()},
                            {"by_id", text()},
                            {"by_path", text()},
                            {"interface", integer()},
                            {"usable", boolean()}});
  auto port = node;
  port["properties"]["claims"] = claims;
  port["required"].push_back("claims");
  const json device =
      object({{"path", text()},
              {"id", text()},
              {"manufacturer", text()},
              {"name", text()},
              {"serial", text()},
              {"speed", text()},
              {"hub_ports", integer()},
              {"usable", boolean()},
              {"kind", text()},
              {"nodes", list_of(node)},
              {"guesses", list_of(object({{"type", text()}, {"because", text()}, {"weight", integer()}}))},
              {"claims", claims},
              {"stanza", text()}});
  return object({{"devices", list_of(device)}, {"ports", list_of(port)}});
}

json doctor_schema() {
  return object({{"checks", list_of(object({{"state", choice({"good", "warning", "bad"})},
                                            {"subject", text()},
                                            {"detail", text()},
                                            {"fix", text()}}))}});
}

void add_requests(json& out) {
  out["PowerRequest"] = request({{"action", choice({"on", "off", "cycle", "status"})}}, {"action"});
  out["ResetRequest"] = request({{"kind", choice({"hard", "soft"})}}, {});
  out["PortRequest"] = request(
      {{"console", text()}, {"protocol", choice({"raw", "rfc2217"})}, {"address", text()}, {"port", integer()}}, {});
  out["HealthRequest"] =
      request({{"health", choice({"unknown", "good", "suspect", "bad", "maintenance", "retired"})}, {"reason", text()}},
              {"health"});
  out["LeaseRequest"] = request(
      {{"wanted", text()}, {"for_s", integer()}, {"tags", list_of(text())}, {"priority", integer()}}, {"wanted"});
  out["ExtendRequest"] = request({{"for_s", integer()}}, {});
  out["TokenRequest"] = request({{"user", text()},
                                 {"name", text()},
                                 {"role", choice({"viewer", "submitter", "technician", "admin"})},
                                 {"project", text()},
                                 {"valid_for_s", integer()}},
                                {"user"});
  out["Files"] = {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"format", "binary"}}}};
}

}  // namespace

json schemas() {
  json out = {
      {"Any", json::object()},
      {"Empty", {{"type", "object"}}},
      {"Problem", problem_schema()},
      {"Board", board_schema()},
      {"BoardPage", page("Board")},
      {"Power", object({{"power", choice({"on", "off", "unknown"})}})},
      {"Port", object({{"where", text()}, {"protocol", choice({"raw", "rfc2217"})}})},
      {"Flashed", object({{"flashed", list_of(text())}})},
      {"JobSummary", job_schema()},
      {"JobPage", page("JobSummary")},
      {"Job", with_suites(job_schema())},
      {"JobId", object({{"id", integer()}})},
      {"Plan", object({{"text", text()}})},
      {"Lease", lease_schema()},
      {"LeasePage", page("Lease")},
      {"Token", token_schema()},
      {"TokenPage", page("Token")},
      {"NewToken", with_token(token_schema())},
      {"BoardType", board_type_schema()},
      {"BoardTypePage", page("BoardType")},
      {"Version", object({{"name", text()}, {"version", text()}, {"api", text()}})},
      {"WhoAmI", object({{"user", text()}, {"role", text()}, {"project", text()}, {"groups", list_of(text())}})},
      {"LabChange", object({{"added", list_of(text())}, {"removed", list_of(text())}, {"changed", list_of(text())}})}};
  out["Discovery"] = discovery_schema();
  out["Doctor"] = doctor_schema();
  out["Identity"] = object({{"name", text()}, {"serial", text()}, {"firmware", text()}, {"target", text()}});
  out["Driver"] =
      object({{"name", text()}, {"offers", text()}, {"summary", text()}, {"source", text()}, {"verified", text()}});
  out["DriverPage"] = page("Driver");
  out["Event"] = object(
      {{"seq", integer()}, {"time", time_or_null()}, {"kind", text()}, {"subject", text()}, {"data", json::object()}});
  out["EventPage"] = object({{"items", list_of(ref("Event"))}, {"next", text()}});
  add_requests(out);
  return out;
}

}  // namespace hilltop::web
