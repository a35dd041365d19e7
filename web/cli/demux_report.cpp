// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "boards/console/demux/zephyr.hpp"
#include "web/cli/demux.hpp"

namespace hilltop::cli {
namespace {

using boards::AnalysisLine;
using boards::AnalysisMatch;
using boards::demux::Piece;

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += digits[static_cast<std::uint8_t>(c) >> 4];
    out += digits[static_cast<std::uint8_t>(c) & 0x0f];
  }
  return out;
}

/// One JSON object a line.
class JsonLines final : public DemuxReport {
 public:
  JsonLines(Context& context, const boards::Analysis& analysis, const std::vector<std::string>& names)
      : DemuxReport(analysis, names), out_(context.out) {}

  void on_line(const AnalysisLine& line) override {
    auto object = begin("line", line.offset, line.channel);
    object["text"] = std::string(line.text);
    const auto& channel = analysis_.channel_name(line.channel);
    if (channel == "log" || channel == "dictlog") add_log_fields(object, line.text);
    say(object);
  }
  void on_match(const AnalysisMatch& match) override {
    auto object = begin("match", match.begin, match.channel);
    object["rule"] = pattern_names_.at(match.pattern);
    object["text"] = std::string(match.text);
    if (match.gave_up) object["gave_up"] = true;
    say(object);
  }
  void on_frame(const Piece& frame) override {
    auto object = begin("frame", frame.at, frame.channel);
    object["text"] = hex_of(frame.bytes);
    say(object);
  }

 private:
  Json begin(const char* kind, std::uint64_t offset, boards::demux::ChannelId channel) const {
    return Json{{"kind", kind}, {"offset", offset}, {"channel", analysis_.channel_name(channel)}};
  }
  static void add_log_fields(Json& object, std::string_view text) {
    const auto fields = boards::demux::parse_log_line(text);
    if (!fields) return;
    object["level"] = std::string(fields->level);
    object["module"] = std::string(fields->module);
  }
  void say(const Json& object) { out_ << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'; }

  std::ostream& out_;
};

/// For people: the channel, then the line; what was found in it below.
class Text final : public DemuxReport {
 public:
  Text(Context& context, const boards::Analysis& analysis, const std::vector<std::string>& names)
      : DemuxReport(analysis, names), context_(context) {}

  void on_line(const AnalysisLine& line) override {
    say(line.channel, printable(std::string(line.text)), Style::plain);
  }
  void on_match(const AnalysisMatch& match) override {
    const auto what = match.gave_up ? "   gave up: " : "   match: ";
    say(match.channel, what + pattern_names_.at(match.pattern) + ": " + printable(std::string(match.text)),
        match.gave_up ? Style::warn : Style::bad);
  }
  void on_frame(const Piece& frame) override {
    constexpr std::size_t most = 64;
    const auto size = frame.bytes.size();
    say(frame.channel,
        "frame of " + std::to_string(size) + " bytes: " + hex_of(frame.bytes.substr(0, most)) +
            (size > most ? "..." : ""),
        Style::dim);
  }

 private:
  void say(boards::demux::ChannelId channel, const std::string& text, Style style) {
    constexpr std::size_t width = 10;
    auto name = analysis_.channel_name(channel);
    if (name.size() < width) name.resize(width, ' ');
    context_.out << styled(name, Style::dim, context_.screen.out_color) << "  "
                 << styled(text, style, context_.screen.out_color) << '\n';
  }

  Context& context_;
};

/// Counts, as one JSON object.
class Summary final : public DemuxReport {
 public:
  Summary(Context& context, const boards::Analysis& analysis, const std::vector<std::string>& names)
      : DemuxReport(analysis, names), context_(context), matches_(names.size()), gave_up_(names.size()) {}

  void on_line(const AnalysisLine& line) override { ++of(lines_, line.channel); }
  void on_match(const AnalysisMatch& match) override { ++(match.gave_up ? gave_up_ : matches_).at(match.pattern); }
  void on_frame(const Piece& frame) override { ++of(frames_, frame.channel); }

  void finish(std::uint64_t bytes, double cpu_s) override {
    Json out{{"bytes", bytes}, {"lines", total(lines_)}, {"frames", total(frames_)}};
    out["channels"] = Json::object();
    for (std::size_t id = 0; id < std::max(lines_.size(), frames_.size()); ++id) {
      Json counts = Json::object();
      if (id < lines_.size() && lines_[id] > 0) counts["lines"] = lines_[id];
      if (id < frames_.size() && frames_[id] > 0) counts["frames"] = frames_[id];
      if (!counts.empty()) out["channels"][analysis_.channel_name(static_cast<boards::demux::ChannelId>(id))] = counts;
    }
    if (const auto nuls = analysis_.nuls_dropped(); nuls > 0) out["nuls_dropped"] = nuls;
    out["matches"] = by_name(matches_);
    if (total(gave_up_) > 0) out["gave_up"] = by_name(gave_up_);
    out["cpu_s"] = cpu_s;
    out["mb_per_s_per_core"] = cpu_s > 0 ? static_cast<double>(bytes) / 1e6 / cpu_s : 0.0;
    context_.print(out);
  }

 private:
  using Counts = std::vector<std::uint64_t>;
  static std::uint64_t& of(Counts& counts, boards::demux::ChannelId id) {
    if (id >= counts.size()) counts.resize(id + 1UL);
    return counts[id];
  }
  static std::uint64_t total(const Counts& counts) {
    std::uint64_t out = 0;
    for (const auto count : counts) out += count;
    return out;
  }
  /// Two patterns of one name count together.
  [[nodiscard]] Json by_name(const Counts& counts) const {
    auto out = Json::object();
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] > 0) out[pattern_names_[i]] = out.value(pattern_names_[i], std::uint64_t{0}) + counts[i];
    return out;
  }

  Context& context_;
  Counts lines_, frames_, matches_, gave_up_;
};

}  // namespace

std::unique_ptr<DemuxReport> make_demux_report(const std::string& format, Context& context,
                                               const boards::Analysis& analysis,
                                               const std::vector<std::string>& pattern_names) {
  if (format == "jsonl") return std::make_unique<JsonLines>(context, analysis, pattern_names);
  if (format == "summary") return std::make_unique<Summary>(context, analysis, pattern_names);
  return std::make_unique<Text>(context, analysis, pattern_names);
}

}  // namespace hilltop::cli
