// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hilltop::jobs::testshell {

/// Something that the board's helper scripts said: `<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>`,
/// `<LAVA_TEST_RUNNER EXIT>`.
struct Signal {
  enum class Kind : std::uint8_t {
    signal,  ///< name "TESTCASE", text "TEST_CASE_ID=a RESULT=pass"
    runner,  ///< name "EXIT", "INSTALL_FAIL", "RAN", ...
    broken,  ///< it began and did not end, or has no name or no text: text says what was seen
  };
  Kind kind = Kind::signal;
  std::string name, text;
  std::uint64_t begin = 0, end = 0;  ///< offsets in the stream
  bool operator==(const Signal&) const = default;
};

/// Finds signals in a console's bytes, anywhere, several on a line. Pure: the same signals at any size of chunks.
///
/// A kernel message that the console driver wrote into the middle of a signal (`[   12.345678] ...` up to the end of
/// its line) is taken out and the signal joined again; signals in kernel messages (written to /dev/kmsg) are found too.
/// What a shell under `set -x` shows of a command (`+ echo '<LAVA_SIGNAL...`) is no signal. Nothing that began as a
/// signal is dropped: it is `broken` when it cannot be read.
class SignalScanner {
 public:
  using Handler = std::function<void(Signal)>;
  explicit SignalScanner(Handler on_signal) : on_signal_(std::move(on_signal)) {}

  /// The next bytes; the first byte ever is at offset 0 unless start_at() was called before.
  void feed(std::string_view bytes);
  void start_at(std::uint64_t offset) { offset_ = offset; }
  /// Bytes were lost: what is open was cut off, and the stream goes on at `offset`.
  void restart_at(std::uint64_t offset);
  /// The end of the stream: what is open was cut off.
  void finish();

 private:
  /// One stream of text: what programs write, or what the kernel does.
  struct Stream {
    std::string line;   ///< what stood in the current line, its beginning
    std::string found;  ///< from "<" on
    std::string raw;    ///< the same with kernel messages in it; "" when there were none
    std::uint64_t begin = 0;
    bool open = false;       ///< `found` has more than a beginning
    bool traced = false;     ///< it is what `set -x` shows
    unsigned line_ends = 0;  ///< in `found`
  };

  void take(char c);
  void take_user(char c);
  void take_kernel(char c);
  void put(Stream& stream, char c, std::uint64_t at);
  void put_candidate(Stream& stream, char c, std::uint64_t at);
  void put_open(Stream& stream, char c, std::uint64_t at);
  void end_signal(Stream& stream, std::uint64_t end);
  void cut_off(Stream& stream, std::uint64_t end);
  void report(const Stream& stream, std::string_view found, std::uint64_t end);
  void drop(Stream& stream);

  Handler on_signal_;
  std::uint64_t offset_ = 0;
  std::string stamp_;  ///< what may become a kernel message's time stamp
  bool in_kernel_ = false;
  Stream user_, kernel_;
};

}  // namespace hilltop::jobs::testshell
