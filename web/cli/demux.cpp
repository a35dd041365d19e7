// SPDX-License-Identifier: Apache-2.0
#include "web/cli/demux.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>

#include "boards/board_type.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

namespace demux = boards::demux;

constexpr std::size_t usual_chunk = 64 * 1024;

struct DemuxOptions {
  std::string type, types_dir, decoders, raw_out, format;
  std::vector<std::string> rules, patterns;
  std::size_t chunk = usual_chunk;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Error unusable(std::string text) { return {Errc::bad_input, Blame::configuration, std::move(text)}; }

/// Decoders and rules of what was asked for.
struct Wanted {
  std::vector<demux::DecoderSpec> decoders;
  std::vector<boards::Rule> rules;
};

Result<const boards::BoardType*> find_type(const boards::BoardTypes& types, const std::string& name) {
  const auto* type = types.find(name);
  if (type != nullptr) return type;
  const auto help = suggest(name, types.names());
  return unusable("board type '" + name + "' is unknown" + (help.empty() ? "" : ": " + help));
}

Error unknown_pack(const boards::BoardTypes& types, const std::string& name) {
  std::vector<std::string> known;  // that some board type uses
  for (const auto* type : types.all()) known.insert(known.end(), type->rule_packs.begin(), type->rule_packs.end());
  const auto help = suggest(name, known);
  return unusable("rule pack '" + name + "' is unknown" + (help.empty() ? "" : ": " + help));
}

Result<std::vector<boards::Rule>> rules_of(const boards::BoardTypes& types, const std::vector<std::string>& packs) {
  std::vector<boards::Rule> out;
  for (const auto& pack : packs) {
    const auto rules = types.rules({pack}).rules();
    if (rules.empty()) return unknown_pack(types, pack);
    out.insert(out.end(), rules.begin(), rules.end());
  }
  return out;
}

Result<Wanted> read_wanted(const Context& context, const DemuxOptions& options) {
  Wanted out;
  std::vector<std::string> packs = options.rules;
  std::optional<boards::BoardTypes> types;
  if (!options.type.empty() || !packs.empty()) {
    Diagnostics diagnostics;
    types = offline_types(context, options.types_dir, diagnostics);
    if (!types) return diagnostics.to_error(Blame::configuration);
  }
  if (!options.type.empty()) {
    HILLTOP_TRY(const auto* type, find_type(*types, options.type));
    out.decoders = type->decoders;
    if (packs.empty()) packs = type->rule_packs;
  }
  if (!options.decoders.empty()) {
    HILLTOP_TRY(out.decoders, demux::decoders_from(options.decoders));
  }
  if (types) {
    HILLTOP_TRY(out.rules, rules_of(*types, packs));
  }
  return out;
}

WatchedPatterns watched(const std::vector<boards::Rule>& rules, const std::vector<std::string>& patterns) {
  WatchedPatterns out;
  for (const auto& rule : rules) {
    out.names.push_back(rule.id);
    out.specs.push_back({.pattern = rule.pattern, .after_stamps = true});
  }
  for (const auto& pattern : patterns) {
    out.names.push_back(pattern);
    out.specs.push_back({.pattern = pattern});
  }
  return out;
}

/// Where the raw bytes go; nowhere without a name.
class RawFile {
 public:
  static Result<RawFile> open(const std::string& path) {
    RawFile out;
    if (path.empty()) return out;
    out.path_ = path;
    out.file_.open(path, std::ios::binary | std::ios::trunc);
    if (!out.file_) return out.failed();
    return out;
  }
  Result<> write(std::string_view bytes) {
    if (path_.empty()) return ok();
    file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file_) return failed();
    return ok();
  }
  Result<> close() {
    if (path_.empty()) return ok();
    file_.close();
    if (!file_) return failed();
    return ok();
  }

 private:
  [[nodiscard]] Error failed() const { return {Errc::io, Blame::configuration, system_error(path_, errno).text}; }
  std::string path_;
  std::ofstream file_;
};

struct Counted {
  std::uint64_t bytes = 0;
  double cpu_s = 0;
};

/// Standard input, chunk by chunk, through the analysis.
Result<Counted> pump(Context& context, const DemuxOptions& options, boards::Analysis& analysis, DemuxReport& report,
                     RawFile& raw) {
  Counted out;
  boards::AnalysisWorkspace workspace;
  std::string block(std::max(options.chunk, usual_chunk), '\0');
  block.resize(block.size() / options.chunk * options.chunk);
  while (context.in) {
    context.in.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto bytes = std::string_view(block).substr(0, static_cast<std::size_t>(context.in.gcount()));
    HILLTOP_CHECK(raw.write(bytes));
    const auto begun = cpu_seconds();
    for (std::size_t at = 0; at < bytes.size(); at += options.chunk)
      analysis.feed(bytes.substr(at, options.chunk), out.bytes + at, report, workspace);
    out.cpu_s += cpu_seconds() - begun;
    out.bytes += bytes.size();
  }
  if (context.in.bad()) return Error{Errc::io, Blame::configuration, "standard input cannot be read"};
  const auto begun = cpu_seconds();
  analysis.end(report, workspace);
  out.cpu_s += cpu_seconds() - begun;
  HILLTOP_CHECK(raw.close());
  return out;
}

void tell_slow(Context& context, const boards::Matcher& matcher, const std::vector<std::string>& names) {
  for (const auto& slow : matcher.slow())
    context.note("slow pattern: " + printable(names.at(slow.pattern)) + ": " + slow.why);
}

Result<> demux_input(Context& context, const DemuxOptions& options) {
  HILLTOP_TRY(const auto wanted, read_wanted(context, options));
  auto patterns = watched(wanted.rules, options.patterns);
  std::shared_ptr<const boards::Matcher> matcher;
  if (!patterns.specs.empty()) {
    HILLTOP_TRY(matcher, boards::Matcher::compile(std::move(patterns.specs)));
    tell_slow(context, *matcher, patterns.names);
  }
  HILLTOP_TRY(auto decoders, demux::Demux::make(wanted.decoders));
  HILLTOP_TRY(auto raw, RawFile::open(options.raw_out));
  boards::Analysis analysis(std::move(decoders), matcher);
  const auto format = !options.format.empty() ? options.format : context.globals.json ? "jsonl" : "text";
  const auto report = make_demux_report(format, context, analysis, patterns.names);
  HILLTOP_TRY(const auto counted, pump(context, options, analysis, *report, raw));
  report->finish(counted.bytes, counted.cpu_s);
  context.out.flush();
  return ok();
}

int run_demux(Context& context, const DemuxOptions& options) {
  const auto done = demux_input(context, options);
  if (done) return exit_pass;
  (void)context.fail(done.error());
  return exit_refused;
}

}  // namespace

void add_demux(CLI::App& app, Context& context) {
  auto options = std::make_shared<DemuxOptions>();
  auto* command = add_command(
      app, "demux", "take a console's raw bytes apart: channels, lines, matches; without a server",
      "  hilltop demux --type qemu-arm64-uboot < raw.log\n"
      "  hilltop demux --decoders smp,zephyr --rules zephyr --format jsonl < raw.log\n"
      "  hilltop demux --decoders kernel --pattern 'panic' --format summary < raw.log\n\n"
      "Reads standard input. jsonl: one object a line or match, {\"kind\": \"line|match|frame\", \"offset\", "
      "\"channel\",\n"
      "\"rule\", \"text\"}; offsets count raw bytes; a frame's text is hexadecimal; log lines have \"level\" and "
      "\"module\".\n"
      "summary: bytes, lines, matches of each rule, NULs that were dropped from lines, and MB/s of one core's CPU\n"
      "time. Decoders: " +
          [] {
            std::string names;
            for (const auto& name : demux::decoder_names()) names += (names.empty() ? "" : ", ") + name;
            return names;
          }() +
          "\n(dictlog=FILE names its log_dictionary.json).");
  auto* type = command->add_option("--type", options->type, "decoders and rules of this board type")->type_name("TYPE");
  command->add_option("--decoders", options->decoders, "these decoders, one on what the other left")
      ->type_name("A,B")
      ->excludes(type);
  command->add_option("--rules", options->rules, "look for the rules of these packs")
      ->delimiter(',')
      ->type_name("PACK");
  command->add_option("--pattern", options->patterns, "look for this pattern (Python's re), any number of times")
      ->type_name("RE")
      ->allow_extra_args(false);
  command->add_option("--chunk", options->chunk, "feed so many bytes at a time; what is found is the same")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30));
  command->add_option("--raw-out", options->raw_out, "write the bytes that the transcript would hold")
      ->type_name("FILE");
  command->add_option("--format", options->format, "text, jsonl or summary")
      ->check(CLI::IsMember({"text", "jsonl", "summary"}))
      ->type_name("FORMAT");
  command->add_option("--types", options->types_dir, "folder of board types")->type_name("DIR");
  runs(command, context, options, run_demux);
}

}  // namespace hilltop::cli
