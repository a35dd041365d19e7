// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/fetch.hpp"

#include <system_error>

#include "jobs/action/unpack.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

/// A name for a file that a URL's last part asks for: no path, no surprise.
std::string file_name(const std::string& url) {
  auto path = url.substr(0, url.find_first_of("?#"));
  path = path.substr(path.find_last_of('/') + 1);
  std::string out;
  for (const char c : path)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' ? c : '_';
  return out.empty() || out == "." || out == ".." ? "file" : out;
}

/// "zephyr.elf.gz" without its compression's ending.
std::string without_suffix(std::string name, Compression compression) {
  for (const std::string_view suffix : {".gz", ".xz", ".bz2", ".zst", ".zstd"})
    if (compression != Compression::none && name.ends_with(suffix) && name.size() > suffix.size())
      return name.substr(0, name.size() - suffix.size());
  return name;
}

/// Puts the file as it is into the job's folder: never as a link to the cache's file for writing, for a machine may
/// write to it.
Result<> place(const fs::path& from, const fs::path& to) {
  std::error_code wrong;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, wrong);
  if (wrong)
    return Error(Errc::io, Blame::infrastructure, "can't copy " + from.filename().string() + ": " + wrong.message());
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, wrong);
  return ok();
}

/// The only file of an unpacked archive.
Result<fs::path> only_file(const fs::path& folder, std::size_t files) {
  if (files != 1)
    return Error(Errc::bad_input, Blame::job,
                 "the archive holds " + std::to_string(files) + " files; an image needs one");
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && !entry.is_symlink()) return entry.path();
  return Error(Errc::bad_input, Blame::job, "the archive holds no file");
}

Result<fs::path> put_in_place(const UrlSpec& spec, const fs::path& fetched, const fs::path& folder, Deadline deadline) {
  const auto name = file_name(spec.url);
  std::error_code wrong;
  fs::create_directories(folder, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't make " + folder.string() + ": " + wrong.message());
  const UnpackLimits limits;
  if (spec.archive_tar) {
    const auto inside = folder / "archive";
    HILLTOP_TRY(const auto files, unpack_tar(fetched, spec.compression, inside, limits, deadline));
    return only_file(inside, files);
  }
  const auto to = folder / without_suffix(name, spec.compression);
  if (spec.compression == Compression::none)
    HILLTOP_CHECK(place(fetched, to));
  else
    HILLTOP_CHECK(decompress(fetched, spec.compression, to, limits, deadline));
  return to;
}

/// The action that fetches image `index`: "download-retry" and within it "http-download", as LAVA has them.
const PlannedAction* planned_fetch(const ActionContext& context, std::size_t index) {
  if (context.planned == nullptr || index >= context.planned->children.size()) return nullptr;
  const auto& retry = context.planned->children[index];
  return retry.children.empty() ? &retry : &retry.children.front();
}

}  // namespace

std::string folder_name(const std::string& text) { return file_name(text); }

Task<fs::path> fetch_artifact(std::shared_ptr<JobRun> run, UrlSpec spec, Deadline deadline) {
  auto fetched = co_await run->input.artifacts->fetch(std::move(spec), deadline);
  if (!fetched && fetched.error().blame == Blame::infrastructure) run->not_fetched = fetched.error().text;
  co_return fetched;
}

Task<fs::path> fetch_into(std::shared_ptr<JobRun> run, const UrlSpec* spec, std::string label, std::size_t index,
                          fs::path folder, ActionContext context) {
  PlannedAction planned;
  planned.name = "download";
  if (const auto* found = planned_fetch(context, index)) planned = *found;
  Step step(*run, context.deadline, planned);
  run->log(LogLevel::info, "fetching " + label + " from " + spec->url);
  auto fetched = co_await fetch_artifact(run, *spec, step.deadline());
  if (!fetched) co_return std::move(fetched).error().within("fetch " + label);
  const auto deadline = step.deadline();
  const auto from = *fetched;
  auto put =
      co_await run->lane.run([spec, from, folder, deadline] { return put_in_place(*spec, from, folder, deadline); });
  if (!put) co_return std::move(put).error().within(label);
  if (co_await is_canceled()) co_return canceled_error("deploy");
  std::error_code ignored;
  run->log(LogLevel::info, label + ": " + std::to_string(fs::file_size(*put, ignored)) + " bytes");
  step.succeed();
  co_return *std::move(put);
}

}  // namespace hilltop::jobs
