// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "drivers/storage/usb_sd_mux.hpp"

namespace hilltop::drivers {
namespace {

class LinuxScsiGeneric final : public ScsiGeneric {
 public:
  Result<std::string> run(const std::filesystem::path& node, const Command& command) override {
    const int fd = ::open(node.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return refused(node, errno);
    auto out = transfer(fd, node, command);
    ::close(fd);
    return out;
  }

 private:
  static Error refused(const std::filesystem::path& node, int code) {
    auto error = system_error(node.string(), code);
    if (code == EACCES || code == EPERM)
      error.code = Errc::denied, error.text += ": the udev rule of hilltop that gives access to it is missing";
    if (code == ENOENT || code == ENXIO || code == ENODEV) error.code = Errc::unavailable;
    return error;
  }

  static Result<std::string> transfer(int fd, const std::filesystem::path& node, const Command& command) {
    auto block = command.block;
    auto data = command.in_bytes > 0 ? std::string(command.in_bytes, '\0') : command.out;
    std::array<unsigned char, 64> sense{};
    sg_io_hdr_t header{};
    header.interface_id = 'S';
    header.dxfer_direction = command.in_bytes > 0   ? SG_DXFER_FROM_DEV
                             : !command.out.empty() ? SG_DXFER_TO_DEV
                                                    : SG_DXFER_NONE;
    header.cmd_len = static_cast<unsigned char>(block.size());
    header.cmdp = reinterpret_cast<unsigned char*>(block.data());
    header.dxfer_len = static_cast<unsigned>(data.size());
    header.dxferp = data.data();
    header.mx_sb_len = sense.size();
    header.sbp = sense.data();
    header.timeout = static_cast<unsigned>(command.patience.count());
    if (::ioctl(fd, SG_IO, &header) != 0) return refused(node, errno);
    if (header.status != 0 || header.host_status != 0 || (header.driver_status & 0x0f) != 0)
      return Error(Errc::io, Blame::infrastructure,
                   fmt::format("{}: the device refuses the command (SCSI status {:#x}, host {:#x}, driver {:#x})",
                               node.string(), header.status, header.host_status, header.driver_status));
    return command.in_bytes > 0 ? data : std::string();
  }
};

}  // namespace

std::shared_ptr<ScsiGeneric> linux_scsi_generic() { return std::make_shared<LinuxScsiGeneric>(); }

}  // namespace hilltop::drivers
