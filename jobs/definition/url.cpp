// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// The digits of a digest, in lower case.
std::optional<std::string> read_digest(MapReader& map, std::string_view key, std::size_t digits) {
  auto value = map.text(key);
  if (!value) return {};
  const bool hex = std::ranges::all_of(*value, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!hex || value->size() != digits) {
    map.out().error(map.node()[key].place(), map.name_of(key) + " is not a digest",
                    std::to_string(digits) + " hexadecimal digits, these are " + std::to_string(value->size()) +
                        (hex ? "" : " characters"));
    return {};
  }
  std::ranges::transform(*value, value->begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value;
}

void check_file_url(const std::string& url, const Node& node, const std::string& what, Diagnostics& out) {
  std::string_view rest = std::string_view(url).substr(5);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  if (rest.starts_with("@"))
    out.error(node.place(), what + ": '" + std::string(rest.substr(0, rest.find('/'))) + "' is a placeholder",
              "put the absolute path of a folder in its place, as deploy/quickstart does");
  else if (!rest.starts_with("/") || rest.size() < 2)
    out.error(node.place(), what + ": a file needs an absolute path", "write file:///folder/name");
}

}  // namespace

std::map<std::string, std::string> read_headers(MapReader& map) {
  std::map<std::string, std::string> headers;
  const Node node = map.take("headers");
  if (!node) return headers;
  each_entry(node, map.name_of("headers"), map.out(), [&](const std::string& name, const Node& key, const Node& value) {
    const auto content = text(value, map.name_of("headers") + " " + name, map.out());
    if (!content) return;
    if (name.empty() || (name + *content).find_first_of("\r\n\0", 0, 3) != std::string::npos)
      map.out().error(key.place(), map.name_of("headers") + ": a header is one line");
    else
      headers[name] = *content;
  });
  return headers;
}

Compression read_compression(MapReader& map) {
  const Node node = map.take("compression");
  if (!node || node.is_null()) return Compression::none;
  if (node.is_string() && (node.text() == "gzip" || node.text() == "bzip2")) {
    map.out().error(
        node.place(), map.name_of("compression") + ": '" + node.text() + "' is not known",
        node.text() == "gzip" ? "did you mean 'gz'?" : "did you mean 'bz2'?");  // 'zip' is nearer by letters
    return Compression::none;
  }
  const auto name = choice(node, map.name_of("compression"), map.out(), {"gz", "xz", "bz2", "zip", "zstd"});
  if (name == "gz") return Compression::gz;
  if (name == "xz") return Compression::xz;
  if (name == "bz2") return Compression::bz2;
  if (name == "zstd") return Compression::zstd;
  if (name == "zip") return Compression::zip;
  return Compression::none;
}

void check_url(const std::string& url, const Node& node, const std::string& what, Diagnostics& out) {
  const std::size_t colon = url.find(':');
  std::string scheme = url.substr(0, colon == std::string::npos ? 0 : colon);
  std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string rest = colon == std::string::npos ? "" : url.substr(colon + 1);
  if (url.find("{{") != std::string::npos)
    out.error(node.place(), what + ": '{{' stands in it", "render the template first: a job is plain YAML");
  else if (std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 127; }))
    out.error(node.place(), what + " has a space or a control character in it", "write a space as %20");
  else if (scheme == "file")
    check_file_url(url, node, what, out);
  else if (scheme == "http" || scheme == "https") {
    if (!rest.starts_with("//") || rest.size() < 3 || rest[2] == '/') out.error(node.place(), what + " names no host");
  } else if (scheme == "scp" || scheme == "rclone" || scheme == "downloads")
    out.error(node.place(), what + ": " + scheme + ": is not supported yet", "supported: 'https', 'http' and 'file'");
  else
    out.error(node.place(), what + ": '" + url + "' is not a URL that can be fetched",
              "expected https://, http:// or file:///");
}

std::optional<UrlSpec> read_url(MapReader& map, bool takes_overlay) {
  UrlSpec spec;
  spec.url = map.required_text("url");
  spec.place = map.node()["url"].place();
  if (!spec.url.empty()) check_url(spec.url, map.node()["url"], map.name_of("url"), map.out());
  spec.headers = read_headers(map);
  spec.compression = read_compression(map);
  if (const Node archive = map.take("archive"))
    spec.archive_tar = choice(archive, map.name_of("archive"), map.out(), {"tar"}).has_value();
  spec.md5sum = read_digest(map, "md5sum", 32);
  spec.sha256sum = read_digest(map, "sha256sum", 64);
  spec.sha512sum = read_digest(map, "sha512sum", 128);
  spec.use_cache = map.boolean("use_cache").value_or(true);
  if (spec.archive_tar && spec.compression == Compression::zip)
    map.out().error(map.node()["compression"].place(), map.name_of("compression") + ": zip holds no tar file here",
                    "a zip file has one member, which is the file itself");
  if (!takes_overlay) map.not_supported({"format", "partition", "overlays", "sparse"});
  read_overlay_backend(map);
  if (spec.url.empty()) return {};
  return spec;
}

}  // namespace hilltop::jobs::reading
