// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/node.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// A flash chip, card or disk of an emulated board: an entry of `drives` in its address, by name. Without a template it
/// is there only when a job lends an image for it.
struct QemuDrive {
  enum class Interface : std::uint8_t { pflash, sd, virtio_pci, virtio_mmio };
  enum class Keep : std::uint8_t {
    power_on,  ///< what the board writes is gone at the next power-on; the template is not copied
    lease,     ///< survives power cuts, and goes with the lease
    always     ///< is the board's own for ever
  };
  std::string name;
  Interface interface = Interface::virtio_pci;
  std::filesystem::path template_file;
  std::optional<int> unit;  ///< of a pflash
  std::uint64_t size = 0;   ///< what the machine insists on; smaller images are padded. 0: any
  Keep keep = Keep::lease;
  bool readonly = false;
};

/// Complains about everything that is wrong with the entry `name`.
void check_qemu_drive(const std::string& name, const Node& entry, Diagnostics& diagnostics);
/// Reads a checked entry.
[[nodiscard]] QemuDrive read_qemu_drive(const std::string& name, const Node& entry);

/// Pads `image` (raw) to what the drive insists on: `size`, and for a card a power of two, which QEMU demands.
/// Errors: bad_input (job) for one that is too large; io (infrastructure).
Result<> fit_image(const QemuDrive& drive, const std::filesystem::path& image);

/// QEMU's words for a drive with this file. Errors: those of disk_format.
Result<std::vector<std::string>> drive_words(const QemuDrive& drive, const std::filesystem::path& file,
                                             bool throw_away);

/// The file with which the drive starts where no job lends one, in `state_dir` unless the template itself does: copied
/// from the template when it is not there yet. Errors: not_found (configuration) without the template; io.
Task<std::filesystem::path> own_image(QemuDrive drive, std::filesystem::path state_dir, Deadline deadline);
/// Forgets what the board wrote during a lease.
void forget_lease(const QemuDrive& drive, const std::filesystem::path& state_dir);

/// `path` doubled commas, as QEMU's options want them.
[[nodiscard]] std::string comma_safe(const std::filesystem::path& path);

/// The file that `node` names: relative ones are seen from the folder of the text that names them.
[[nodiscard]] std::filesystem::path file_at(const Node& node);

}  // namespace hilltop::drivers
