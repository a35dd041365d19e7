// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hilltop {

/// What went wrong, coarse enough to switch on. The text says the rest.
enum class Errc : std::uint8_t {
  bad_input,    ///< the caller's data does not make sense
  not_found,    ///< the named thing does not exist
  timeout,      ///< the deadline passed
  unavailable,  ///< a device, server or file system does not answer or refuses
  io,           ///< a system call failed
  protocol,     ///< a peer said something that its protocol does not allow
  mismatch,     ///< read back, digest or identity differs from what was expected
  busy,         ///< somebody else holds it
  canceled,     ///< asked to stop
  unsupported,  ///< known, and not built
  denied,       ///< not allowed
  internal,     ///< a defect of ours
};

/// Whose fault it is. Decides retry, HTTP status, verdict and the board's health (DESIGN.md 4.1, 5).
enum class Blame : std::uint8_t { infrastructure, job, dut, configuration, canceled, bug };

/// An error: code, blame, and a text that gains a prefix in each layer
/// ("power on: outlet 3: no reply in 2000 ms").
struct Error {
  Errc code = Errc::internal;
  Blame blame = Blame::bug;
  std::string text = "result was never set";

  Error() = default;
  Error(Errc c, Blame b, std::string t) : code(c), blame(b), text(std::move(t)) {}

  /// The same error with "prefix: " before its text.
  [[nodiscard]] Error within(std::string_view prefix) &&;
  [[nodiscard]] Error within(std::string_view prefix) const&;
};

/// Stable names, used in JSON, the database and messages.
[[nodiscard]] std::string_view to_string(Errc code) noexcept;
[[nodiscard]] std::string_view to_string(Blame blame) noexcept;

/// The inverse of to_string(Blame); `bug` for a name that is none.
[[nodiscard]] Blame blame_from(std::string_view name) noexcept;

/// An error from `errno`-style `code`, blamed on the infrastructure: "what: Permission denied".
[[nodiscard]] Error system_error(std::string_view what, int code);

/// The error every canceled operation ends with.
[[nodiscard]] Error canceled_error(std::string_view what);

}  // namespace hilltop
