// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/make_decoder.hpp"

#include <algorithm>
#include <map>

#include "boards/console/demux/cmux_decoder.hpp"
#include "boards/console/demux/delimited.hpp"
#include "boards/console/demux/dictionary_decoder.hpp"
#include "boards/console/demux/kernel.hpp"
#include "boards/console/demux/rtt_decoder.hpp"
#include "boards/console/demux/smp_decoder.hpp"
#include "boards/console/demux/worlds.hpp"
#include "boards/console/demux/zephyr.hpp"

namespace hilltop::boards::demux {
namespace {

using Names = std::vector<std::string>;
using Made = Result<std::unique_ptr<Decoder>>;

constexpr std::size_t usual_frame = 2048;     // slip, cobs, cmux: more than an Ethernet frame
constexpr std::size_t usual_packet = 65'533;  // smp: what its length field can say, without the CRC

const std::map<std::string, Names, std::less<>>& table() {
  static const std::map<std::string, Names, std::less<>> known = {
      {"kernel", {}},
      {"worlds", {}},
      {"zephyr", {}},
      {"smp", {"max_frame"}},
      {"slip", {"max_frame"}},
      {"cobs", {"max_frame"}},
      {"cmux", {"max_frame", "mode"}},
      {"rtt", {"channel"}},
      {"dictlog", {"database", "mode"}},
  };
  return known;
}

Error wrong(const DecoderSpec& spec, std::string_view what) {
  return {Errc::bad_input, Blame::configuration, "decoder '" + spec.name + "': " + std::string(what)};
}

Made make_cmux(const DecoderSpec& spec, ChannelTable& channels) {
  using Mode = CmuxDecoder::Mode;
  const auto mode = spec.mode == "basic" ? Mode::basic : spec.mode == "advanced" ? Mode::advanced : Mode::either;
  return Made(std::make_unique<CmuxDecoder>(channels, spec.max_frame.value_or(usual_frame), mode));
}

Made make_dictionary(const DecoderSpec& spec, ChannelTable& channels, const DatabaseSource& databases) {
  using Mode = DictionaryDecoder::Mode;
  if (spec.database.empty()) return wrong(spec, "'database' is missing: the log_dictionary.json of the build");
  auto text = databases(spec.database);
  if (!text) return std::move(text).error().within("decoder '" + spec.name + "'");
  auto database = drivers::dictionary_log::Database::parse(*text);
  if (!database) return std::move(database).error().within(spec.database);
  const auto mode = spec.mode == "binary" ? Mode::binary : spec.mode == "hex" ? Mode::hex : Mode::either;
  return Made(std::make_unique<DictionaryDecoder>(
      channels, std::make_shared<const drivers::dictionary_log::Database>(*std::move(database)), mode));
}

}  // namespace

const std::vector<std::string>& decoder_names() {
  static const Names names = {"kernel", "worlds", "zephyr", "smp", "slip", "cobs", "cmux", "rtt", "dictlog"};
  return names;
}

const std::vector<std::string>* options_of(std::string_view decoder) {
  const auto at = table().find(decoder);
  return at == table().end() ? nullptr : &at->second;
}

std::vector<std::string> modes_of(std::string_view decoder) {
  if (decoder == "cmux") return {"auto", "basic", "advanced"};
  return decoder == "dictlog" ? Names{"auto", "binary", "hex"} : Names{};
}

Result<std::unique_ptr<Decoder>> make_decoder(const DecoderSpec& spec, ChannelTable& channels,
                                              const DatabaseSource& databases) {
  if (const auto modes = modes_of(spec.name); !spec.mode.empty() && std::ranges::find(modes, spec.mode) == modes.end())
    return wrong(spec, "'" + spec.mode + "' is no mode of it");
  const auto frame = spec.max_frame.value_or(usual_frame);
  if (spec.name == "kernel") return Made(std::make_unique<KernelDecoder>(channels));
  if (spec.name == "worlds") return Made(std::make_unique<WorldsDecoder>(channels));
  if (spec.name == "zephyr") return Made(std::make_unique<ZephyrDecoder>(channels));
  if (spec.name == "smp") return Made(std::make_unique<SmpDecoder>(channels, spec.max_frame.value_or(usual_packet)));
  if (spec.name == "slip") return Made(std::make_unique<SlipDecoder>(channels, frame));
  if (spec.name == "cobs") return Made(std::make_unique<CobsDecoder>(channels, frame));
  if (spec.name == "cmux") return make_cmux(spec, channels);
  if (spec.name == "rtt") return Made(std::make_unique<RttDecoder>(channels, spec.channel.value_or(0)));
  if (spec.name == "dictlog") return make_dictionary(spec, channels, databases);
  return wrong(spec, "there is none of this name " + suggest(spec.name, decoder_names()));
}

std::vector<std::string> channels_read_by(const DecoderSpec& spec) {
  if (!spec.from.empty()) return spec.from;
  return {"text", "nonsecure"};  // one stream for all of them: what `worlds` before left of text
}

}  // namespace hilltop::boards::demux
