// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/shell_event.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace hilltop::jobs::testshell {
namespace {

using Kind = ShellEvent::Kind;
using Words = std::vector<std::string>;

Words split(const std::string& text) {
  Words words;
  std::string word;
  for (const char c : text + " ") {
    if (std::isspace(static_cast<unsigned char>(c)) == 0)
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  return words;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

template <class T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

ShellEvent malformed(const Signal& signal, const std::string& why) {
  ShellEvent event{.kind = Kind::malformed};
  event.text = (signal.kind == Signal::Kind::broken ? signal.text : signal.name + " " + signal.text) + ": " + why;
  return event;
}

/// The result as our cases have it; LAVA takes the words in capitals too.
std::optional<CaseResult> result_in(const std::string& word) {
  if (const auto result = case_result_from(word)) return result;
  const auto small = lower(word);
  const bool capitals = std::ranges::none_of(word, [](unsigned char c) { return std::islower(c) != 0; });
  return capitals ? case_result_from(small) : std::nullopt;
}

/// One KEY=value of a TESTCASE. "" when it is good, else what is wrong.
std::string take_field(ShellEvent& event, bool& has_result, const std::string& key, const std::string& value) {
  if (key == "test_case_id") {
    if (value.empty() || !event.id.empty()) return "one TEST_CASE_ID is needed";
    event.id = value;
  } else if (key == "result") {
    const auto result = result_in(value);
    if (!result || has_result) return "'" + value + "' is not one of pass, fail, skip, unknown";
    event.result = *result;
    has_result = true;
  } else if (key == "measurement") {
    event.measurement = number_in<double>(value);
    if (!event.measurement || !std::isfinite(*event.measurement)) return "'" + value + "' is not a measurement";
  } else if (key == "units") {
    event.units = value;
  } else if (key == "seq") {
    event.number = number_in<std::uint64_t>(value);
    if (!event.number) return "'" + value + "' is not a number";
  }
  return "";
}

ShellEvent read_case(const Signal& signal) {
  ShellEvent event{.kind = Kind::case_reported};
  bool has_result = false;
  for (const auto& word : split(signal.text)) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return malformed(signal, "'" + word + "' stands alone: there is a space in a value");
    const auto wrong = take_field(event, has_result, lower(word.substr(0, equals)), word.substr(equals + 1));
    if (!wrong.empty()) return malformed(signal, wrong);
  }
  if (event.id.empty()) return malformed(signal, "no TEST_CASE_ID");
  if (!has_result) return malformed(signal, "no RESULT");
  return event;
}

ShellEvent read_run(const Signal& signal, Kind kind) {
  const auto words = split(signal.text);
  if (words.size() < 2) return malformed(signal, "the run's uuid is missing");
  ShellEvent event{.kind = kind, .id = words[0], .uuid = words[1]};
  constexpr std::string_view results = "RESULTS=";
  for (const auto& word : words)
    if (word.starts_with(results)) event.number = number_in<std::uint64_t>(word.substr(results.size()));
  return event;
}

ShellEvent read_set(const Signal& signal) {
  const auto words = split(signal.text);
  if (words[0] == "STOP") return {.kind = Kind::set_stopped};
  if (words[0] != "START" || words.size() != 2) return malformed(signal, "expected START and one name, or STOP");
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || std::string_view("-._~").contains(c); };
  if (!std::ranges::all_of(words[1], plain)) return malformed(signal, "'" + words[1] + "' cannot be part of a URL");
  return {.kind = Kind::set_started, .id = words[1]};
}

ShellEvent read_reference(const Signal& signal) {
  constexpr std::string_view number = "SEQ=";
  auto words = split(signal.text);
  ShellEvent event{.kind = Kind::reference};
  if (words.size() == 4 && words[3].starts_with(number)) {
    event.number = number_in<std::uint64_t>(words[3].substr(number.size()));
    words.pop_back();
  }
  if (words.size() != 3) return malformed(signal, "expected a test case, a result and a URL");
  const auto result = result_in(words[1]);
  if (!result) return malformed(signal, "'" + words[1] + "' is not one of pass, fail, skip, unknown");
  event.id = words[0];
  event.text = words[2];
  event.result = *result;
  return event;
}

ShellEvent read_runner(const Signal& signal) {
  const auto words = split(signal.text);
  const auto status = words.empty() ? std::nullopt : number_in<int>(words.back());
  if (signal.name == "EXIT") return {.kind = Kind::runner_ended};
  if (signal.name == "BACK" && status) return {.kind = Kind::shell_back, .status = *status};
  if (signal.name == "INSTALL_FAIL")
    return {.kind = Kind::install_failed, .id = words.empty() ? "" : words[0], .status = status.value_or(1)};
  if (signal.name == "RAN" && words.size() == 2 && status)
    return {.kind = Kind::test_ran, .id = words[0], .status = *status};
  if (signal.name == "RAN" || signal.name == "BACK") return malformed(signal, "expected a status");
  return {.kind = Kind::unknown, .text = "runner: " + signal.name + " " + signal.text};
}

ShellEvent read(const Signal& signal) {
  if (signal.kind == Signal::Kind::broken) return malformed(signal, "the signal is not whole");
  if (signal.kind == Signal::Kind::runner) return read_runner(signal);
  const auto& name = signal.name;
  if (name == "TESTCASE") return read_case(signal);
  if (name == "STARTRUN") return read_run(signal, Kind::run_started);
  if (name == "ENDRUN") return read_run(signal, Kind::run_ended);
  if (name == "STARTTC") return {.kind = Kind::case_started, .id = signal.text};
  if (name == "ENDTC") return {.kind = Kind::case_ended, .id = signal.text};
  if (name == "TESTSET") return read_set(signal);
  if (name == "TESTREFERENCE") return read_reference(signal);
  if (name == "TESTRAISE") return {.kind = Kind::raised, .text = signal.text};
  if (name == "TESTFEEDBACK") return {.kind = Kind::feedback, .id = signal.text};
  if (name == "TESTEVENT") return {.kind = Kind::event, .text = signal.text};
  return {.kind = Kind::unknown, .text = name + " " + signal.text};
}

}  // namespace

ShellEvent interpret(const Signal& signal) {
  auto event = read(signal);
  event.begin = signal.begin;
  event.end = signal.end;
  return event;
}

}  // namespace hilltop::jobs::testshell
