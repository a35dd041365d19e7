// SPDX-License-Identifier: Apache-2.0
#include "web/api/log_formats.hpp"

#include <nlohmann/json.hpp>

#include "web/ws/line_file.hpp"

namespace hilltop::web {
namespace {

using nlohmann::json;
using Convert = std::string (*)(std::string_view);

std::string member(const json& line, const char* name) {
  const auto it = line.find(name);
  return it != line.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::string json_text(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

Task<std::string> next_converted(std::shared_ptr<LineFile> file, Convert convert) {
  HILLTOP_CO_TRY(const auto lines, file->next());
  std::string out;
  for (std::string_view rest = lines; !rest.empty();) {
    const auto end = rest.find('\n');
    out += convert(rest.substr(0, end)) + '\n';
    rest.remove_prefix(end + 1);
  }
  co_return out;
}

class ConvertedLog final : public BodySource {
 public:
  ConvertedLog(LineFile file, Convert convert)
      : file_(std::make_shared<LineFile>(std::move(file))), convert_(convert) {}
  Task<std::string> next(Deadline) override { return next_converted(file_, convert_); }

 private:
  std::shared_ptr<LineFile> file_;
  Convert convert_;
};

Response converted(LineFile file, std::string_view type, Convert convert) {
  Response response(200, std::string(type), "");
  response.body = std::make_shared<ConvertedLog>(std::move(file), convert);
  return response;
}

}  // namespace

std::string log_line_as_text(std::string_view json_line) {
  const auto line = json::parse(json_line, nullptr, false);
  if (!line.is_object()) return std::string(json_line);
  const auto time = member(line, "dt");
  auto level = member(line, "lvl");
  level.resize(std::max<std::size_t>(level.size(), 8), ' ');
  return (time.size() >= 23 ? time.substr(11, 12) : time) + " " + level + " " + member(line, "msg");
}

std::string log_line_as_lava(std::string_view json_line) {
  const auto line = json::parse(json_line, nullptr, false);
  if (!line.is_object()) return "- " + json_text(std::string(json_line));
  std::string out = "- {\"dt\": " + json_text(member(line, "dt")) + ", \"lvl\": " + json_text(member(line, "lvl"));
  if (const auto space = member(line, "ns"); !space.empty()) out += ", \"ns\": " + json_text(space);
  return out + ", \"msg\": " + json_text(member(line, "msg")) + "}";
}

Result<Response> log_response(const std::filesystem::path& path, std::string_view format, std::uint64_t from) {
  const bool text = format == "text";
  const bool lava = format == "lava";
  const std::string_view type = text ? "text/plain; charset=utf-8" : lava ? "application/yaml" : "application/x-ndjson";
  if (!text && !lava && format != "jsonl")
    return Error(Errc::bad_input, Blame::job, "format must be one of jsonl, text, lava");
  auto file = LineFile::open(path);
  if (!file && file.error().code == Errc::not_found)
    return Response(200, std::string(type), "");  // nothing was logged yet
  if (!file) return std::move(file).error();
  HILLTOP_TRY(const bool there, file->skip_to(from));
  if (!there) return Response(200, std::string(type), "");
  if (text || lava) return converted(*std::move(file), type, text ? &log_line_as_text : &log_line_as_lava);
  Response response(200, std::string(type), "");
  response.body = FileRange{path, file->offset(), UINT64_MAX};
  return response;
}

}  // namespace hilltop::web
