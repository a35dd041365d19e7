// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hilltop::cli {

/// A terminal that passes every key through while this lives. It is as before afterwards, whatever ends the program:
/// the signals of a crash (SIGSEGV, SIGABRT, ...), SIGQUIT and SIGPIPE restore it before they act. SIGKILL alone cannot
/// be helped. At most one at a time. Source: termios(3), cfmakeraw.
class RawMode {
 public:
  explicit RawMode(int fd);
  ~RawMode();
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

  /// False when `fd` is no terminal: then nothing was changed.
  [[nodiscard]] bool active() const { return active_; }
  /// Sets it again, after somebody else (a shell, at SIGCONT) has set the terminal.
  void again() const;

 private:
  int fd_;
  bool active_ = false;
};

}  // namespace hilltop::cli
