// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/overlay.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 200'000;

/// Puts a tree together; what is added last under a name wins.
class Builder {
 public:
  void folder(const std::string& path) {
    if (path.empty() || entries_.contains(path)) return;
    folder(parent_of(path));
    entries_[path] = {.path = path, .kind = OverlayEntry::Kind::folder, .mode = 0755};
  }
  void file(const std::string& path, std::string bytes, unsigned mode = 0644) {
    folder(parent_of(path));
    const auto size = bytes.size();
    entries_[path] = {.path = path, .mode = mode, .bytes = std::move(bytes), .size = size};
  }
  /// Everything in the folder `from`, below `to`. Links stay links.
  Result<> tree(const std::string& to, const fs::path& from, bool with_history) {
    std::error_code wrong;
    folder(to);
    for (fs::recursive_directory_iterator it(from, wrong), end; !wrong && it != end; it.increment(wrong)) {
      const auto below = it->path().lexically_relative(from);
      if (!with_history && it->path().filename() == ".git") {
        if (it->is_directory(wrong)) it.disable_recursion_pending();
        continue;
      }
      HILLTOP_CHECK(add(to + "/" + below.string(), *it));
    }
    if (wrong) return system_error("reading " + from.string(), wrong.value());
    return ok();
  }
  std::vector<OverlayEntry> take() {
    std::vector<OverlayEntry> out;
    for (auto& [path, entry] : entries_) out.push_back(std::move(entry));
    return out;
  }

 private:
  static std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
  }

  Result<> add(const std::string& path, const fs::directory_entry& found) {
    std::error_code wrong;
    const auto status = found.symlink_status(wrong);
    if (wrong) return system_error("reading " + found.path().string(), wrong.value());
    if (path.find_first_of("\n\r") != std::string::npos)
      return Error(Errc::bad_input, Blame::job, "a file of the repository has a line end in its name");
    if (entries_.size() > most_entries)
      return Error(Errc::bad_input, Blame::job, "the tests have more than " + std::to_string(most_entries) + " files");
    if (status.type() == fs::file_type::directory) {
      folder(path);
    } else if (status.type() == fs::file_type::symlink) {
      auto target = fs::read_symlink(found.path(), wrong).string();
      if (wrong) return system_error("reading " + found.path().string(), wrong.value());
      const auto size = target.size();
      entries_[path] = {
          .path = path, .kind = OverlayEntry::Kind::link, .mode = 0777, .bytes = std::move(target), .size = size};
    } else if (status.type() == fs::file_type::regular) {
      const bool runs = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
      entries_[path] = {
          .path = path, .mode = runs ? 0755U : 0644U, .from = found.path(), .size = found.file_size(wrong)};
      if (wrong) return system_error("reading " + found.path().string(), wrong.value());
    } else {
      return Error(Errc::bad_input, Blame::job, "'" + path + "' of the repository is neither file, folder nor link");
    }
    return ok();
  }

  std::map<std::string, OverlayEntry> entries_;  // a folder sorts before what is in it
};

std::string exports(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string out;
  for (const auto& [name, value] : variables) out += "export " + name + "=" + shell_quoted(value) + "\n";
  return out;
}

std::string assignments(const std::map<std::string, std::string>& variables) {
  const auto is_name = [](const std::string& name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::ranges::all_of(name, [](unsigned char c) { return c == '_' || std::isalnum(c) != 0; });
  };
  std::string out;
  for (const auto& [name, value] : variables)
    if (is_name(name)) out += name + "=" + shell_quoted(value) + "\n";  // others are for what the worker fetches
  return out;
}

std::string metadata_of(const Suite& suite) {
  nlohmann::json out{{"name", suite.script.name}, {"path", suite.definition->path}};
  if (!suite.definition->repository.empty()) out["repository"] = suite.definition->repository;
  if (!suite.definition->branch.empty()) out["branch"] = suite.definition->branch;
  if (!suite.commit.empty()) out["commit_id"] = suite.commit;
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<> add_suite(Builder& tree, const OverlayInput& input, const Suite& suite, const std::string& test_dir) {
  const auto at = test_dir.substr(1);
  if (!suite.repository.empty())
    HILLTOP_CHECK(tree.tree(at, suite.repository, suite.definition->history).within(suite.id));
  for (const auto& [folder, from] : suite.more)
    HILLTOP_CHECK(tree.tree(at + "/" + folder, from, true).within(suite.id));
  tree.file(at + "/testdef.yaml", suite.script.text);
  tree.file(at + "/testdef_metadata", metadata_of(suite));
  tree.file(at + "/uuid", suite.uuid + "\n");
  if (auto install = install_script(input, suite, test_dir); !install.empty())
    tree.file(at + "/install.sh", std::move(install), 0755);
  tree.file(at + "/run.sh", run_script(suite, test_dir), 0755);
  return ok();
}

}  // namespace

std::uint64_t Overlay::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& entry : entries) sum += entry.size;
  return sum;
}

Result<Overlay> build_overlay(const OverlayInput& input) {
  Builder tree;
  const auto at = input.dir.substr(1);
  for (const auto& [name, text] : helper_scripts())
    tree.file(at + "/bin/" + std::string(name), std::string(text), 0755);
  tree.file(at + "/environment", exports(input.environment));
  tree.file(at + "/secrets", assignments(input.secrets), 0600);
  tree.folder(at + "/results");
  for (std::size_t stage = 0; stage < input.stages.size(); ++stage) {
    const auto stage_dir = input.dir + "/" + std::to_string(stage);
    std::string list;
    for (const auto& suite : input.stages[stage]) {
      const auto test_dir = stage_dir + "/tests/" + suite.id;
      HILLTOP_CHECK(add_suite(tree, input, suite, test_dir));
      list += test_dir + "\n";
    }
    tree.file(stage_dir.substr(1) + "/lava-test-runner.conf", std::move(list));
  }
  return Overlay{input.dir, tree.take()};
}

}  // namespace hilltop::jobs::testshell
