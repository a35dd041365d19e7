// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/git_fetch.hpp"

#include <deque>
#include <fstream>
#include <sstream>

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;

constexpr int deepest_submodule = 5;

struct Git {
  GitRequest request;
  Process::OutputHandler on_output;
  Deadline deadline = Deadline::never();
  std::vector<std::pair<std::string, std::string>> environment;
};

Result<> prepare(Git& git) {
  const auto config = git.request.scratch / "gitconfig";
  std::ofstream out(config);
  out << "[core]\n\thooksPath = /dev/null\n[init]\n\ttemplateDir =\n[safe]\n\tdirectory = *\n[http]\n\tfollowRedirects "
         "= false\n[credential]\n\thelper =\n[advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n";
  out.close();
  if (!out) return Error(Errc::io, Blame::infrastructure, "can't write " + config.string());
  git.environment = {{"GIT_CONFIG_GLOBAL", config.string()},
                     {"GIT_CONFIG_NOSYSTEM", "1"},
                     {"GIT_TERMINAL_PROMPT", "0"},
                     {"GIT_ASKPASS", "true"},
                     {"GIT_ALLOW_PROTOCOL", git.request.url.starts_with("file:") ? "http:https:file" : "http:https"},
                     {"GIT_LFS_SKIP_SMUDGE", "1"},
                     {"HOME", git.request.scratch.string()},
                     {"LC_ALL", "C"}};
  return ok();
}

Task<ToolOutput> run_git(std::shared_ptr<Git> git, std::vector<std::string> arguments) {
  Command command;
  command.argv = {"git"};
  for (auto& one : arguments) command.argv.push_back(std::move(one));
  command.environment = git->environment;
  co_return co_await run_tool(std::move(command), git->deadline, git->on_output);
}

std::string last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line, last;
  while (std::getline(lines, line))
    if (!line.empty()) last = line;
  return last;
}

/// What a failed git means.
Error explained(const ToolOutput& output, const std::string& what) {
  const auto& text = output.text;
  const bool no_reference = text.contains("Remote branch") || text.contains("did not match any") ||
                            text.contains("unable to read tree") || text.contains("reference is not a tree") ||
                            text.contains("is not a commit");
  if (no_reference) return {Errc::not_found, Blame::job, what + ": " + last_line(text)};
  return {Errc::unavailable, Blame::infrastructure,
          what + ": git ended with status " + std::to_string(output.status) + ": " + last_line(text)};
}

Task<std::string> git_or_explain(std::shared_ptr<Git> git, std::vector<std::string> arguments, std::string what) {
  HILLTOP_CO_TRY(auto output, co_await run_git(git, std::move(arguments)));
  if (output.status != 0) co_return explained(output, what);
  co_return std::move(output.text);
}

/// The URL of a submodule, seen from its parent's. Source: git-submodule(1), "add".
std::string resolved(const std::string& parent, const std::string& url) {
  if (!url.starts_with("./") && !url.starts_with("../")) return url;
  const auto host = parent.find("://");
  if (host == std::string::npos) return url;
  const auto path = parent.find('/', host + 3);
  if (path == std::string::npos) return url;
  return parent.substr(0, path) + (fs::path(parent.substr(path)) / url).lexically_normal().string();
}

struct Submodule {
  fs::path dir;
  std::string url;
  int depth = 0;
};

/// Fetches the submodules of one checkout. Value: where they are.
Task<std::vector<Submodule>> fetch_submodules(std::shared_ptr<Git> git, Submodule parent, MayClone may_clone) {
  std::vector<Submodule> found;
  if (!fs::exists(parent.dir / ".gitmodules")) co_return found;
  if (fs::is_symlink(fs::symlink_status(parent.dir / ".gitmodules")))
    co_return Error(Errc::denied, Blame::job, "the repository's .gitmodules is a link");
  if (parent.depth >= deepest_submodule)
    co_return Error(Errc::bad_input, Blame::job, "submodules within submodules, too many deep");
  const auto file = (parent.dir / ".gitmodules").string();
  HILLTOP_CO_TRY(auto output, co_await run_git(git, {"config", "-f", file, "--get-regexp", "\\.(url|path)$"}));
  std::istringstream lines(output.text);
  std::string key, value;
  while (lines >> key && std::getline(lines >> std::ws, value)) {
    if (key.ends_with(".path")) {
      found.push_back({parent.dir / value, "", parent.depth + 1});
      continue;
    }
    const auto url = resolved(parent.url, value);
    if (!found.empty() && found.back().url.empty()) found.back().url = url;
    HILLTOP_CO_CHECK(may_clone(url).within("submodule"));
  }
  HILLTOP_CO_TRY(
      const auto said,
      co_await git_or_explain(
          git, {"-C", parent.dir.string(), "submodule", "--quiet", "update", "--init", "--checkout"}, "submodules"));
  static_cast<void>(said);
  co_return found;
}

Task<> fetch_all_submodules(std::shared_ptr<Git> git, MayClone may_clone) {
  std::deque<Submodule> open{{git->request.to, git->request.url, 0}};
  while (!open.empty()) {
    HILLTOP_CO_TRY(auto below, co_await fetch_submodules(git, open.front(), may_clone));
    open.pop_front();
    for (auto& one : below) open.push_back(std::move(one));
  }
  co_return ok();
}

}  // namespace

Task<std::string> git_fetch(GitRequest request, MayClone may_clone, Process::OutputHandler on_output,
                            Deadline deadline) {
  HILLTOP_CO_CHECK(may_clone(request.url));
  auto git = std::make_shared<Git>();
  git->request = std::move(request);
  git->on_output = std::move(on_output);
  git->deadline = deadline;
  HILLTOP_CO_CHECK(prepare(*git));
  const auto& asked = git->request;
  std::vector<std::string> clone{"clone", "--quiet", "--no-recurse-submodules"};
  if (asked.shallow && asked.revision.empty()) clone.emplace_back("--depth=1");
  if (!asked.branch.empty()) clone.push_back("--branch=" + asked.branch);
  clone.insert(clone.end(), {"--", asked.url, asked.to.string()});
  HILLTOP_CO_TRY(const auto cloned, co_await git_or_explain(git, std::move(clone), asked.url));
  static_cast<void>(cloned);
  if (!asked.revision.empty()) {
    const std::vector<std::string> checkout{"-C",       asked.to.string(), "checkout", "--quiet",
                                            "--detach", asked.revision,    "--"};
    HILLTOP_CO_TRY(const auto out, co_await git_or_explain(git, checkout, "revision " + asked.revision));
    static_cast<void>(out);
  }
  if (asked.recursive) HILLTOP_CO_CHECK(co_await fetch_all_submodules(git, may_clone));
  const std::vector<std::string> head{"-C", asked.to.string(), "rev-parse", "HEAD"};
  HILLTOP_CO_TRY(const auto commit, co_await git_or_explain(git, head, asked.url));
  co_return commit.substr(0, commit.find('\n'));
}

}  // namespace hilltop::jobs::testshell
