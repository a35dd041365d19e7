// SPDX-License-Identifier: Apache-2.0
#include <yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "drivers/core/node.hpp"
#include "drivers/core/yaml_map.hpp"
#include "drivers/core/yaml_scalar.hpp"
#include "drivers/core/yaml_text.hpp"

namespace hilltop {
namespace {

constexpr std::size_t most_nodes = 100'000;  // as expanded: an alias counts as what it stands for
constexpr std::size_t deepest = 100;
constexpr std::size_t most_errors = 50;
constexpr std::size_t largest_file = 16U << 20;

std::string_view view(const yaml_char_t* text) {
  return text ? reinterpret_cast<const char*>(text) : std::string_view();
}

/// A finished value, and what it costs to walk through it.
struct Finished {
  Node node;
  std::size_t nodes = 1;
  std::size_t height = 1;
  yaml::Special special = yaml::Special::none;
};

/// A sequence or map whose end has not come yet.
struct Open {
  bool is_map = false;
  Place place;
  std::string anchor;
  std::size_t nodes = 1;
  std::size_t height = 1;
  std::vector<Node> items;
  yaml::MapBuilder map;
};

/// Turns libyaml's events into Nodes. Keeps a stack of its own: no text makes it recurse.
class Reader {
 public:
  Reader(std::string_view text, std::string file, Diagnostics& diagnostics)
      : text_(text), file_(std::make_shared<const std::string>(std::move(file))), diagnostics_(diagnostics) {}

  Node read();

 private:
  bool on_event(const yaml_event_t& event);
  bool on_scalar(const yaml_event_t& event);
  bool on_alias(const yaml_event_t& event);
  bool on_start(const yaml_event_t& event, bool is_map, std::string_view tag, std::string_view anchor);
  bool on_end();
  bool finish(Finished value, const std::string& anchor);
  bool complain(Place place, std::string message, std::string suggestion = {});
  bool too_large(const Place& place);
  void on_parser_error(const yaml_parser_t& parser);
  [[nodiscard]] Place place_of(const yaml_mark_t& mark) const {
    return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }

  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<std::string, Finished, std::less<>> anchors_;
  std::set<std::string, std::less<>> unfinished_anchors_;
  std::size_t nodes_ = 0;
  std::size_t errors_ = 0;
  std::size_t documents_ = 0;
  Node root_;
};

/// Says what is wrong. False, to stop, only after so many complaints that the rest would not be read.
bool Reader::complain(Place place, std::string message, std::string suggestion) {
  diagnostics_.error(std::move(place), std::move(message), std::move(suggestion));
  return ++errors_ < most_errors;
}

bool Reader::too_large(const Place& place) {
  (void)complain(place, "more than 100000 values, counting an alias as what it stands for",
                 "split the file, or use fewer aliases");
  return false;
}

bool Reader::finish(Finished value, const std::string& anchor) {
  nodes_ += value.nodes;
  if (nodes_ > most_nodes) return too_large(value.node.place());
  if (!anchor.empty() && !anchors_.try_emplace(anchor, value).second &&
      !complain(value.node.place(), "the anchor '&" + anchor + "' is written twice", "give one of them another name"))
    return false;
  if (open_.empty()) {
    root_ = std::move(value.node);
    return true;
  }
  auto& parent = open_.back();
  parent.nodes += value.nodes;
  parent.height = std::max(parent.height, value.height + 1);
  if (open_.size() + value.height > deepest) {
    (void)complain(value.node.place(), "lists and maps are nested more than 100 deep");
    return false;
  }
  if (parent.is_map) {
    parent.map.add(std::move(value.node), value.special, diagnostics_);
    return true;
  }
  if (value.special != yaml::Special::none) yaml::complain_of_special(value.node, diagnostics_);
  parent.items.push_back(std::move(value.node));
  return true;
}

bool Reader::on_scalar(const yaml_event_t& event) {
  const auto& scalar = event.data.scalar;
  const auto place = place_of(event.start_mark);
  std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
  const std::string anchor(view(scalar.anchor));
  Finished out;
  const auto tag = view(scalar.tag);
  const bool plain = scalar.plain_implicit != 0 || tag == "!";  // PyYAML resolves what a bare '!' marks, quoted or not
  if (!tag.empty() && tag != "!") {
    bool known = false;
    out.node = yaml::resolve_tagged(tag, text, place, known);
    if (!known && !complain(place, "the tag '" + yaml::short_tag(tag) + "' is not read here", yaml::tags_help))
      return false;
    if (known && !out.node && !complain(place, "'" + text + "' is no " + yaml::short_tag(tag))) return false;
    if (!out.node) out.node = Node::string(std::move(text), place);
  } else if (plain) {
    out.special = yaml::special_of(text);
    out.node = yaml::resolve_plain(std::move(text), place);
  } else {
    out.node = Node::string(std::move(text), place);
  }
  if (out.special != yaml::Special::none && open_.empty()) yaml::complain_of_special(out.node, diagnostics_);
  return finish(std::move(out), anchor);
}

bool Reader::on_alias(const yaml_event_t& event) {
  const auto name = view(event.data.alias.anchor);
  const auto place = place_of(event.start_mark);
  const auto found = anchors_.find(name);
  if (unfinished_anchors_.contains(name)) {
    (void)complain(place, "'*" + std::string(name) + "' stands inside of what it names");
    return false;
  }
  if (found != anchors_.end()) return finish(found->second, {});
  std::vector<std::string> known;
  for (const auto& [anchor, value] : anchors_) known.push_back(anchor);
  auto help = suggest(name, known);
  if (help.empty()) help = "an anchor '&" + std::string(name) + "' must stand before it";
  return complain(place, "'*" + std::string(name) + "' names no anchor", std::move(help)) &&
         finish({Node::null(place)}, {});
}

bool Reader::on_start(const yaml_event_t& event, bool is_map, std::string_view tag, std::string_view anchor) {
  const auto place = place_of(event.start_mark);
  if (open_.size() >= deepest) {
    (void)complain(place, "lists and maps are nested more than 100 deep");
    return false;
  }
  const std::string_view expected = is_map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
  if (!tag.empty() && tag != expected &&
      !complain(place, "the tag '" + yaml::short_tag(tag) + "' is not read here", yaml::tags_help))
    return false;
  Open next;
  next.is_map = is_map;
  next.place = place;
  next.anchor = anchor;
  if (!next.anchor.empty()) unfinished_anchors_.insert(next.anchor);
  open_.push_back(std::move(next));
  return true;
}

bool Reader::on_end() {
  auto done = std::move(open_.back());
  open_.pop_back();
  unfinished_anchors_.erase(done.anchor);
  Finished out;
  out.height = done.height;
  out.node = done.is_map ? done.map.build(done.place, diagnostics_) : Node::sequence(std::move(done.items), done.place);
  // Its children were counted as they came: here it counts as one, behind an alias as all of them.
  const auto all = std::exchange(done.nodes, 1);
  nodes_ -= all - 1;
  out.nodes = all;
  return finish(std::move(out), done.anchor);
}

bool Reader::on_event(const yaml_event_t& event) {
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      if (++documents_ == 1) return true;
      (void)complain(place_of(event.start_mark), "a second document begins here: one is expected",
                     "remove the '---', or put the documents into files of their own");
      return false;
    case YAML_SCALAR_EVENT:
      return on_scalar(event);
    case YAML_ALIAS_EVENT:
      return on_alias(event);
    case YAML_SEQUENCE_START_EVENT:
      return on_start(event, false, view(event.data.sequence_start.tag), view(event.data.sequence_start.anchor));
    case YAML_MAPPING_START_EVENT:
      return on_start(event, true, view(event.data.mapping_start.tag), view(event.data.mapping_start.anchor));
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      return on_end();
    default:
      return true;
  }
}

void Reader::on_parser_error(const yaml_parser_t& parser) {
  if (parser.error == YAML_MEMORY_ERROR) {
    diagnostics_.error({}, *file_ + ": not enough memory to read it");
    return;
  }
  std::string message(parser.problem ? parser.problem : "not YAML");
  if (parser.error == YAML_READER_ERROR) {
    auto place = yaml::place_at(text_, parser.problem_offset, file_);
    diagnostics_.error(std::move(place), std::move(message), "the file must be UTF-8 text");
    return;
  }
  if (parser.context) message += std::string(" ") + parser.context;
  auto help =
      yaml::help_for(parser.problem ? parser.problem : "", text_, parser.problem_mark.line, parser.problem_mark.column);
  diagnostics_.error(place_of(parser.problem_mark), std::move(message), std::move(help));
}

struct Parser {
  Parser() { ready = yaml_parser_initialize(&it) != 0; }
  ~Parser() {
    if (ready) yaml_parser_delete(&it);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  yaml_parser_t it{};
  bool ready = false;
};

struct Event {
  ~Event() { yaml_event_delete(&it); }
  yaml_event_t it{};
};

Node Reader::read() {
  Parser parser;
  if (!parser.ready) {
    diagnostics_.error({}, *file_ + ": not enough memory to read it");
    return {};
  }
  if (const auto bad = yaml::first_bad_byte(text_)) {  // libyaml takes a NUL for the end of the text
    diagnostics_.error(yaml::place_at(text_, *bad, file_), "a byte that UTF-8 text does not have",
                       "save the file as UTF-8; other bytes can be written as \"\\x00\" in double quotes");
    return {};
  }
  yaml_parser_set_encoding(&parser.it, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser.it, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  const auto seen = diagnostics_.all().size();
  root_ = Node::null({file_, 1, 1});
  for (bool more = true; more;) {
    Event event;
    if (!yaml_parser_parse(&parser.it, &event.it)) {
      on_parser_error(parser.it);
      break;
    }
    more = event.it.type != YAML_STREAM_END_EVENT && on_event(event.it);
  }
  const auto is_error = [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; };
  if (std::any_of(diagnostics_.all().begin() + static_cast<std::ptrdiff_t>(seen), diagnostics_.all().end(), is_error))
    return {};
  return root_;
}

}  // namespace

Node read_yaml(std::string_view text, std::string file, Diagnostics& diagnostics) {
  return Reader(text, std::move(file), diagnostics).read();
}

Node read_yaml_file(const std::string& path, Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    diagnostics.error({}, path + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe
    return {};
  }
  std::string text;
  text.resize(largest_file + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || text.size() > largest_file || (text.empty() && !in.eof())) {
    diagnostics.error({}, path + (in.bad() || text.empty() ? ": cannot be read" : ": larger than 16 MiB"));
    return {};
  }
  return read_yaml(text, path, diagnostics);
}

}  // namespace hilltop
