// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/cpio_writer.hpp"

#include <fmt/format.h>

namespace hilltop::jobs::testshell {

Result<> CpioWriter::write(std::string_view bytes) {
  written_ += bytes.size();
  return write_(bytes);
}

Result<> CpioWriter::pad() {
  constexpr std::string_view zeros("\0\0\0", 3);
  return write(zeros.substr(0, (4 - written_ % 4) % 4));
}

Result<> CpioWriter::header(const std::string& path, std::uint32_t mode, std::uint64_t size) {
  if (size > UINT32_MAX) return Error(Errc::bad_input, Blame::job, "'" + path + "' is too large for a ramdisk");
  // c_magic, c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin, c_namesize,
  // c_chksum
  HILLTOP_CHECK(
      write(fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
                        next_inode_++, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, path.size() + 1, 0)));
  HILLTOP_CHECK(write(path));
  HILLTOP_CHECK(write(std::string_view("", 1)));
  return pad();
}

Result<> CpioWriter::finish() { return header("TRAILER!!!", 0, 0); }

}  // namespace hilltop::jobs::testshell
