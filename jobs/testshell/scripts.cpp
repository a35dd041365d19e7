// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs::testshell {
namespace {

/// The first line of all scripts: that of the embedded ones.
std::string interpreter_line() {
  const auto first = helper_scripts().front().second;
  return std::string(first.substr(0, first.find('\n') + 1));
}

/// What `lava-test-case --shell "awk '{ print $1 }'"` means by $1 is for awk, not for the script it stands in.
std::string with_positions_kept(const std::string& step) {
  if (!step.contains("--shell") && !step.contains("--cmd")) return step;
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool position =
        step[i] == '$' && i + 1 < step.size() && std::isdigit(static_cast<unsigned char>(step[i + 1]));
    if (position && (i == 0 || step[i - 1] != '\\')) out += '\\';
    out += step[i];
  }
  return out;
}

/// The variables of a suite: the script's own, then the job's over them.
std::string parameters_of(const Suite& suite) {
  std::string out;
  for (const auto& [name, value] : suite.script.parameters) out += name + "=" + shell_quoted(value) + "\n";
  for (const auto& [name, value] : suite.definition->parameters) out += name + "=" + shell_quoted(value) + "\n";
  return out;
}

std::string words(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& one : list) out += " " + shell_quoted(one);
  return out;
}

/// What the test needs on the distribution that the job says it runs.
std::string dependency_lines(const TestScript& script) {
  std::string out;
  if (!script.dependencies.empty()) out += "lava-install-packages" + words(script.dependencies) + "\n";
  for (const auto& [distribution, packages] : script.distribution_dependencies) {
    if (packages.empty()) continue;
    out += "if grep -Eqi " + shell_quoted("^ID=\"?" + distribution + "\"?$") +
           " /etc/os-release 2> /dev/null; then lava-install-packages" + words(packages) + "; fi\n";
  }
  return out;
}

}  // namespace

std::string shell_quoted(std::string_view text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || std::string_view("_-./:@%+,=").contains(c); };
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string install_script(const OverlayInput& input, const Suite& suite, const std::string& test_dir) {
  const auto& script = suite.script;
  const auto& definition = *suite.definition;
  std::string body;
  if (installs(definition, "keys") && !script.keys.empty()) body += "lava-add-keys" + words(script.keys) + "\n";
  if (installs(definition, "sources") && !script.sources.empty())
    body += "lava-add-sources" + words(script.sources) + "\n";
  if (installs(definition, "deps")) body += dependency_lines(script);
  if (installs(definition, "steps"))
    for (const auto& step : script.install_steps) body += step + "\n";
  if (body.empty()) return "";
  return interpreter_line() + "# What " + suite.id + " needs before it runs.\n" + parameters_of(suite) + ". " +
         shell_quoted(input.dir + "/environment") + "\nset -e\nset -x\ncd " + shell_quoted(test_dir) + "\n" + body;
}

std::string run_script(const Suite& suite, const std::string& test_dir) {
  std::string out = interpreter_line() + "# " + suite.id + ": its parameters, and its steps.\n" + parameters_of(suite);
  if (suite.definition->signal_by_kernel) out += "LAVA_SIGNAL=kmsg\nexport LAVA_SIGNAL\n";
  out += "set -e\nexport TESTRUN_ID=" + suite.id + "\ncd " + shell_quoted(test_dir) + "\nUUID=$(cat uuid)\n";
  out += ". \"$LAVA_OVERLAY/bin/lava-common-functions\"\nlava_signal STARTRUN \"$TESTRUN_ID $UUID\"\nset -x\n";
  for (const auto& step : suite.script.steps) out += with_positions_kept(step) + "\n";
  out += "{ set +x; } 2> /dev/null\ncd " + shell_quoted(test_dir) + "\n";
  out +=
      "lava_results=0\n[ ! -r \"$LAVA_OVERLAY/results/$TESTRUN_ID/last\" ] || lava_results=$(ls "
      "\"$LAVA_OVERLAY/results/$TESTRUN_ID\" | grep -c '^[0-9]')\n";
  out += "lava_signal ENDRUN \"$TESTRUN_ID $UUID RESULTS=$lava_results\"\n";
  return out;
}

}  // namespace hilltop::jobs::testshell
