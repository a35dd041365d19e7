// SPDX-License-Identifier: Apache-2.0
#include "controller/artifacts/artifact_store.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>

#include "controller/artifacts/digest.hpp"
#include "controller/artifacts/download.hpp"
#include "drivers/core/lane.hpp"

namespace hilltop::controller {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t lanes = 4;
constexpr std::size_t piece_bytes = 256 * 1024;

Error denied(std::string text) { return {Errc::denied, Blame::job, std::move(text)}; }

/// What a fetch may do, as it was when the fetch began.
struct Allowed {
  std::vector<fs::path> roots;  ///< canonical
  std::vector<std::string> hosts;
};

/// A file on its way into the store; gone unless it is kept.
class Incoming {
 public:
  Incoming(fs::path path, const jobs::UrlSpec& spec) : path_(std::move(path)), digests_(spec) {}
  ~Incoming() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  Result<> restart(const jobs::UrlSpec& spec) {
    digests_ = Digests(spec);
    out_.close();
    out_.open(path_, std::ios::binary | std::ios::trunc);
    return out_ ? Result<>(ok()) : system_error(path_.string(), errno);
  }
  Result<> append(std::string_view bytes) {
    digests_.feed(bytes);
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return out_ ? Result<>(ok()) : system_error(path_.string(), errno);
  }
  /// Moves it to where its digest says. Value: that path.
  Result<fs::path> keep(const jobs::UrlSpec& spec, const fs::path& dir) {
    HILLTOP_TRY(const auto sha256, digests_.check(spec));
    out_.close();
    if (!out_) return system_error(path_.string(), errno);
    const auto home = dir / "sha256" / sha256.substr(0, 2) / sha256;
    std::error_code failed;
    fs::create_directories(home.parent_path(), failed);
    fs::permissions(path_, fs::perms::owner_read | fs::perms::group_read, failed);  // stored once, changed never
    fs::rename(path_, home, failed);
    if (failed) return system_error(home.string(), failed.value());
    return home;
  }

 private:
  fs::path path_;
  Digests digests_;
  std::ofstream out_;
};

/// The path of a file: URL. Source: RFC 8089 (no host, or localhost; percent-encoded).
Result<fs::path> path_of(const std::string& url) {
  auto rest = url.substr(std::string_view("file:").size());
  if (rest.starts_with("//")) {
    rest = rest.substr(2);
    const auto slash = rest.find('/');
    const auto host = rest.substr(0, slash);
    if (slash == std::string::npos || (!host.empty() && host != "localhost"))
      return Error(Errc::bad_input, Blame::job, fmt::format("{}: write file:///path", url));
    rest = rest.substr(slash);
  }
  if (!rest.starts_with('/'))
    return Error(Errc::bad_input, Blame::job, fmt::format("{}: the path must be absolute", url));
  int length = 0;
  std::unique_ptr<char, void (*)(void*)> plain(
      curl_easy_unescape(nullptr, rest.c_str(), static_cast<int>(rest.size()), &length), &curl_free);
  return fs::path(std::string(plain.get(), static_cast<std::size_t>(length)));
}

bool is_within(const fs::path& file, const fs::path& root) {
  return std::ranges::mismatch(root, file).in1 == root.end();
}

Result<fs::path> allowed_file(const std::string& url, const Allowed& allowed) {
  HILLTOP_TRY(const auto asked, path_of(url));
  std::error_code failed;
  const auto file = fs::canonical(asked, failed);
  // Outside of the roots nobody learns what is there and what is not.
  const auto& judged = failed ? fs::weakly_canonical(asked, failed) : file;
  if (std::ranges::none_of(allowed.roots, [&](const auto& root) { return is_within(judged, root); }))
    return denied(
        fmt::format("{}: outside of the folders that the lab allows (artifacts: file_roots of the lab file)", url));
  if (file.empty() || !fs::is_regular_file(file, failed))
    return Error(Errc::not_found, Blame::job, fmt::format("{}: there is no such file", url));
  return file;
}

/// The host of an http: or https: URL; "" for others.
std::string host_of(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), &curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  char* host = nullptr;
  if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return "";
  const std::unique_ptr<char, void (*)(void*)> owned(host, &curl_free);
  return host;
}

/// git opens its connections itself, where nobody sees which address a name leads to: its hosts are named by the lab.
Result<> may_clone_from(const std::string& url, const Allowed& allowed) {
  if (url.starts_with("file:")) {
    HILLTOP_TRY(const auto asked, path_of(url));
    std::error_code failed;
    const auto folder = fs::weakly_canonical(asked, failed);
    if (!failed && std::ranges::any_of(allowed.roots, [&](const auto& root) { return is_within(folder, root); }))
      return ok();
    return denied(
        fmt::format("{}: outside of the folders that the lab allows (artifacts: file_roots of the lab file)", url));
  }
  const auto host = host_of(url);
  const bool http = url.starts_with("https://") || url.starts_with("http://");
  if (http && std::ranges::find(allowed.hosts, host) != allowed.hosts.end()) return ok();
  return denied(
      fmt::format("{}: repositories come from hosts that the lab names (artifacts: allow_hosts of the lab file)", url));
}

Result<> copy_in(const fs::path& file, Incoming& incoming, const jobs::UrlSpec& spec) {
  HILLTOP_CHECK(incoming.restart(spec));
  std::ifstream in(file, std::ios::binary);
  if (!in) return system_error(file.string(), errno);
  std::string piece(piece_bytes, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0)
    HILLTOP_CHECK(incoming.append(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount()))));
  return in.eof() ? Result<>(ok()) : system_error(file.string(), errno);
}

Result<fs::path> fetch_now(const fs::path& dir, std::uint64_t number, const jobs::UrlSpec& spec, const Allowed& allowed,
                           Deadline deadline, const std::shared_ptr<std::atomic<bool>>& stop) {
  Incoming incoming(dir / "incoming" / std::to_string(number), spec);
  if (spec.url.starts_with("file:")) {
    HILLTOP_TRY(const auto file, allowed_file(spec.url, allowed));
    HILLTOP_CHECK(copy_in(file, incoming, spec));
  } else {
    Download what;
    what.url = spec.url;
    what.headers = spec.headers;
    what.allowed_hosts = allowed.hosts;
    what.deadline = deadline;
    what.stop = stop;
    what.on_bytes = [&](std::string_view bytes) { return incoming.append(bytes); };
    what.on_restart = [&] { return incoming.restart(spec); };
    HILLTOP_CHECK(download(what));
  }
  return incoming.keep(spec, dir).within(spec.url);
}

class ArtifactStoreImpl final : public ArtifactStore, public std::enable_shared_from_this<ArtifactStoreImpl> {
 public:
  explicit ArtifactStoreImpl(fs::path dir) : dir_(std::move(dir)) { curl_global_init(CURL_GLOBAL_DEFAULT); }

  void allow(const boards::Inventory& lab) override {
    auto allowed = std::make_shared<Allowed>();
    for (const auto& root : lab.file_roots) {
      std::error_code failed;
      const auto canonical = fs::canonical(root, failed);
      allowed->roots.push_back(failed ? fs::weakly_canonical(root, failed) : canonical);
    }
    allowed->hosts = lab.url_allow_list;
    std::atomic_store(&allowed_, std::shared_ptr<const Allowed>(std::move(allowed)));
  }

  [[nodiscard]] Result<> may_clone(const std::string& url) const override {
    return may_clone_from(url, *std::atomic_load(&allowed_));
  }

  Task<fs::path> fetch(jobs::UrlSpec spec, Deadline deadline) override {
    return fetch_on_lane(shared_from_this(), std::move(spec), deadline);
  }

 private:
  static Task<fs::path> fetch_on_lane(std::shared_ptr<ArtifactStoreImpl> self, jobs::UrlSpec spec, Deadline deadline);

  fs::path dir_;
  std::shared_ptr<const Allowed> allowed_ = std::make_shared<const Allowed>();
  std::atomic<std::uint64_t> next_{0};
  std::array<std::atomic<int>, lanes> load_{};
  std::array<Lane, lanes> lanes_;
};

/// A caller that is canceled does not wait for the lane: the download is told to stop, and its result is dropped.
Task<fs::path> ArtifactStoreImpl::fetch_on_lane(std::shared_ptr<ArtifactStoreImpl> self, jobs::UrlSpec spec,
                                                Deadline deadline) {
  struct Pending {
    explicit Pending(asio::any_io_executor e) : home(e), event(e) {}
    asio::any_io_executor home;
    Event event;
    std::optional<Result<fs::path>> result;
  };
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  auto stop = std::make_shared<std::atomic<bool>>(false);
  const auto lane = static_cast<std::size_t>(
      std::ranges::min_element(self->load_, {}, [](const auto& n) { return n.load(); }) - self->load_.begin());
  ++self->load_.at(lane);
  // The store outlives its lanes' work: its destructor joins them.
  self->lanes_.at(lane).post([store = self.get(), lane, pending, stop, spec, deadline, number = ++self->next_,
                              allowed = std::atomic_load(&self->allowed_)] {
    auto result = stop->load() ? Result<fs::path>(canceled_error("download"))
                               : fetch_now(store->dir_, number, spec, *allowed, deadline, stop);
    --store->load_.at(lane);
    asio::post(pending->home, [pending, result = std::move(result)]() mutable {
      pending->result = std::move(result);
      pending->event.notify();
    });
  });
  while (!pending->result) {
    auto woken = co_await pending->event.wait(deadline);
    if (woken || pending->result) continue;
    *stop = true;
    if (woken.error().code == Errc::timeout)
      co_return Error(Errc::timeout, Blame::infrastructure, fmt::format("{}: not fetched in time", spec.url));
    co_return std::move(woken).error();
  }
  co_return *std::move(pending->result);
}

}  // namespace

Result<std::shared_ptr<ArtifactStore>> ArtifactStore::open(fs::path dir) {
  std::error_code failed;
  fs::remove_all(dir / "incoming", failed);  // what a run that died left behind
  fs::create_directories(dir / "incoming", failed);
  if (failed) return system_error(dir.string(), failed.value());
  return std::shared_ptr<ArtifactStore>(std::make_shared<ArtifactStoreImpl>(std::move(dir)));
}

}  // namespace hilltop::controller
