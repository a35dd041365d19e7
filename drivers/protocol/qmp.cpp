// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/qmp.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t longest_line_bytes = 1 << 20;

Error not_qmp(std::string_view line) {
  return Error(Errc::protocol, Blame::infrastructure,
               "QEMU sent what is no QMP message: " + std::string(line.substr(0, 80)));
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<QmpMessage> read_message(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return not_qmp(line);
  QmpMessage message;
  if (const auto id = json.find("id"); id != json.end() && id->is_number_unsigned())
    message.id = id->get<std::uint64_t>();
  if (json.contains("QMP")) {
    message.kind = QmpMessage::Kind::greeting;
    message.data = json["QMP"];
  } else if (json.contains("return")) {
    message.kind = QmpMessage::Kind::reply;
    message.data = json["return"];
  } else if (json.contains("error") && json["error"].is_object()) {
    message.kind = QmpMessage::Kind::error;
    message.name = text_of(json["error"], "class");
    message.text = text_of(json["error"], "desc");
  } else if (json.contains("event")) {
    message.name = text_of(json, "event");
    if (json.contains("data")) message.data = json["data"];
  } else {
    return not_qmp(line);
  }
  return message;
}

}  // namespace

Result<std::vector<QmpMessage>> QmpReader::feed(std::string_view bytes) {
  std::vector<QmpMessage> messages;
  for (const char c : bytes) {
    if (c != '\n') {
      line_ += c;
      if (line_.size() > longest_line_bytes) return not_qmp(line_);
      continue;
    }
    if (line_.ends_with('\r')) line_.pop_back();
    if (line_.empty()) continue;
    HILLTOP_TRY(auto message, read_message(line_));
    messages.push_back(std::move(message));
    line_.clear();
  }
  return messages;
}

std::string qmp_command(std::string_view name, const nlohmann::json& arguments, std::uint64_t id) {
  nlohmann::json command{{"execute", name}, {"id", id}};
  if (!arguments.is_null()) command["arguments"] = arguments;
  return command.dump() + "\n";
}

}  // namespace hilltop::drivers
