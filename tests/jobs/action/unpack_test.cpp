// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

struct Member {
  std::string path, bytes, symlink;
};

/// Writes a tar file (or, with one member and raw, a compressed file).
fs::path write_archive(const test::ScratchDir& dir, const std::vector<Member>& members, int filter,
                       int (*format)(archive*)) {
  const auto path = dir.path / "archive";
  archive* a = archive_write_new();
  format(a);
  archive_write_add_filter(a, filter);
  EXPECT_EQ(archive_write_open_filename(a, path.c_str()), ARCHIVE_OK);
  for (const auto& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, member.symlink.empty() ? AE_IFREG : AE_IFLNK);
    if (!member.symlink.empty()) archive_entry_set_symlink(entry, member.symlink.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.bytes.size()));
    EXPECT_EQ(archive_write_header(a, entry), ARCHIVE_OK);
    EXPECT_EQ(archive_write_data(a, member.bytes.data(), member.bytes.size()),
              static_cast<la_ssize_t>(member.bytes.size()));
    archive_entry_free(entry);
  }
  archive_write_free(a);
  return path;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Unpack, EachCompressionIsUndone) {
  for (const auto& [compression, filter] : {std::pair{Compression::gz, ARCHIVE_FILTER_GZIP},
                                            {Compression::xz, ARCHIVE_FILTER_XZ},
                                            {Compression::bz2, ARCHIVE_FILTER_BZIP2},
                                            {Compression::zstd, ARCHIVE_FILTER_ZSTD}}) {
    test::ScratchDir dir;
    const auto from = write_archive(dir, {{"x", "some bytes", ""}}, filter, archive_write_set_format_raw);
    const auto done = decompress(from, compression, dir.path / "out", {}, Deadline::after(10s));
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(content(dir.path / "out"), "some bytes");
  }
}

TEST(Unpack, AFileThatIsNotCompressedAsSaidIsRefused) {
  test::ScratchDir dir;
  const auto plain = dir.write("plain", "plain text");
  const auto done = decompress(plain, Compression::gz, dir.path / "out", {}, Deadline::after(10s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
}

TEST(Unpack, ADamagedFileIsRefused) {
  test::ScratchDir dir;
  const auto from = write_archive(dir, {{"x", std::string(100'000, 'x') + "y", ""}}, ARCHIVE_FILTER_GZIP,
                                  archive_write_set_format_raw);
  fs::resize_file(from, fs::file_size(from) / 2);
  const auto done = decompress(from, Compression::gz, dir.path / "out", {}, Deadline::after(10s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
}

TEST(Unpack, ABombIsDefused) {
  test::ScratchDir dir;
  const auto from =
      write_archive(dir, {{"x", std::string(10'000'000, 'x'), ""}}, ARCHIVE_FILTER_GZIP, archive_write_set_format_raw);
  UnpackLimits limits;
  limits.bytes = 1'000'000;
  const auto done = decompress(from, Compression::gz, dir.path / "out", limits, Deadline::after(10s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::bad_input);
  EXPECT_LT(fs::file_size(dir.path / "out"), 2'000'000U);
}

TEST(Unpack, ATarKeepsItsTree) {
  test::ScratchDir dir;
  const auto from = write_archive(dir, {{"a/b.bin", "bbb", ""}, {"c", "ccc", ""}, {"a/link", "", "b.bin"}},
                                  ARCHIVE_FILTER_XZ, archive_write_set_format_ustar);
  const auto files = unpack_tar(from, Compression::xz, dir.path / "out", {}, Deadline::after(10s));
  ASSERT_TRUE(files) << files.error().text;
  EXPECT_EQ(*files, 2U);
  EXPECT_EQ(content(dir.path / "out/a/b.bin"), "bbb");
  EXPECT_EQ(content(dir.path / "out/a/link"), "bbb");
}

TEST(Unpack, NothingIsWrittenOutsideOfTheFolder) {
  const std::vector<std::vector<Member>> attacks{
      {{"../evil", "x", ""}}, {{"a/../../evil", "x", ""}}, {{"/tmp/hilltop-evil", "x", ""}},
      {{"link", "", "/etc"}}, {{"link", "", "../.."}},     {{"in", "", "."}, {"in/evil", "x", ""}},
  };
  for (const auto& attack : attacks) {
    SCOPED_TRACE(attack[0].path);
    test::ScratchDir dir;
    const auto from = write_archive(dir, attack, ARCHIVE_FILTER_NONE, archive_write_set_format_ustar);
    const auto files = unpack_tar(from, Compression::none, dir.path / "deep/out", {}, Deadline::after(10s));
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, Errc::denied);
    EXPECT_EQ(files.error().blame, Blame::job);
    EXPECT_FALSE(fs::exists(dir.path / "deep/evil"));
    EXPECT_FALSE(fs::exists(dir.path / "evil"));
  }
}

}  // namespace
}  // namespace hilltop::jobs
