// SPDX-License-Identifier: Apache-2.0
// What boards say when they fail, recorded (tests/jobs/recordings, our own), and the verdict of each: every kind of
// failure that LAVA knows (its kernel messages, loaders' errors, log-in, timeouts, results), and those of
// microcontrollers that it does not know. The rules are those of the shipped board types.
#include <gmock/gmock.h>

#include "tests/support/uboot_board.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using test::UbootBench;
using ::testing::HasSubstr;

const fs::path source = HILLTOP_SOURCE_DIR;

enum class Where : std::uint8_t {
  loader,   ///< the loader's answer to its second line
  boot,     ///< from the kernel's first line on
  shell,    ///< from the beginning of a test definition on
  monitor,  ///< a microcontroller's, from its start on
};

struct Kind {
  const char* recording;
  Where where;
  Verdict verdict;
  std::optional<Blame> blame;
  const char* words;  ///< of the reason
};

constexpr auto pass = Verdict::pass, fail = Verdict::fail, incomplete = Verdict::incomplete;
constexpr std::optional<Blame> nobody;

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      // Kernel messages while booting.
      {"clean", Where::boot, pass, nobody, ""},
      {"kernel-cut-here", Where::boot, pass, nobody, ""},  // a warning: it is told, and decides nothing
      {"kernel-unhandled-fault", Where::boot, fail, Blame::dut, "Unable to handle kernel NULL pointer"},
      {"kernel-kcsan", Where::boot, fail, Blame::dut, "KCSAN: data-race"},
      {"kernel-kasan", Where::boot, fail, Blame::dut, "KASAN: slab-out-of-bounds"},
      {"kernel-kfence", Where::boot, fail, Blame::dut, "KFENCE: use-after-free"},
      {"kernel-oops", Where::boot, fail, Blame::dut, "Internal error: Oops"},
      {"kernel-bug", Where::boot, fail, Blame::dut, "kernel BUG at mm/slub.c"},
      {"kernel-scheduling-while-atomic", Where::boot, fail, Blame::dut, "scheduling while atomic"},
      {"kernel-invalid-opcode", Where::boot, fail, Blame::dut, "invalid opcode"},
      {"kernel-panic", Where::boot, fail, Blame::dut, "Cannot open root device"},
      {"kernel-rcu-stall", Where::boot, fail, Blame::dut, "self-detected stall"},
      {"kernel-out-of-memory", Where::boot, fail, Blame::dut, "oom-killer"},
      {"systemd-emergency", Where::boot, fail, Blame::dut, "emergency mode"},
      {"reset-to-spl", Where::boot, fail, Blame::dut, "the board was reset"},
      {"reset-to-u-boot", Where::boot, fail, Blame::dut, "the board was reset"},
      {"login-refused", Where::boot, incomplete, Blame::dut, "debian login:"},
      {"hung-before-prompt", Where::boot, incomplete, Blame::dut, "crng init done"},
      // A loader's complaints.
      {"loader-tftp-timeout", Where::loader, incomplete, Blame::infrastructure, "Retry count exceeded"},
      {"loader-file-not-found", Where::loader, incomplete, Blame::infrastructure, "TFTP error: "},
      {"loader-bad-kernel", Where::loader, incomplete, Blame::infrastructure, "Bad Linux ARM64 Image magic!"},
      {"loader-bad-ramdisk", Where::loader, incomplete, Blame::infrastructure, "Wrong Ramdisk Image Format"},
      {"loader-unknown-command", Where::loader, incomplete, Blame::infrastructure, "Unknown command '"},
      {"loader-resets", Where::loader, incomplete, Blame::infrastructure, "Resetting CPU"},
      // In a test shell.
      {"shell-clean", Where::shell, pass, nobody, ""},
      {"shell-panic-and-on", Where::shell, fail, Blame::dut, "sysrq triggered crash"},
      {"shell-panic-and-dead", Where::shell, fail, Blame::dut, "Attempted to kill init"},
      {"shell-kasan", Where::shell, fail, Blame::dut, "KASAN"},
      {"shell-oops", Where::shell, fail, Blame::dut, "Oops"},
      {"shell-sanitizer", Where::shell, fail, Blame::dut, "AddressSanitizer"},
      {"shell-reset", Where::shell, fail, Blame::dut, "the board was reset"},
      {"shell-silent", Where::shell, incomplete, Blame::dut, "did not end; the board was silent"},
      {"shell-never-ends", Where::shell, incomplete, Blame::dut, "'0_smoke' did not end"},
      {"shell-printk-in-a-result", Where::shell, pass, nobody, ""},
      {"shell-two-on-a-line", Where::shell, fail, Blame::dut, "0_smoke/two failed"},
      {"shell-traced", Where::shell, pass, nobody, ""},
      {"shell-kmsg", Where::shell, pass, nobody, ""},
      {"shell-result-lost", Where::shell, incomplete, Blame::job, "reported 2 results, and 1 arrived"},
      {"shell-result-malformed", Where::shell, incomplete, Blame::job, "'good' is not one of pass, fail"},
      {"shell-result-without-result", Where::shell, incomplete, Blame::job, "no RESULT"},
      {"shell-measurement-malformed", Where::shell, incomplete, Blame::job, "'fast' is not a measurement"},
      {"shell-result-cut-off", Where::shell, incomplete, Blame::job, "the signal is not whole"},
      {"shell-case-failed", Where::shell, fail, Blame::dut, "0_smoke/one failed"},
      {"shell-step-failed", Where::shell, fail, Blame::dut, "ended before its steps did, with status 1"},
      {"shell-install-failed", Where::shell, incomplete, Blame::dut, "installation failed with status 100"},
      {"shell-raised", Where::shell, incomplete, Blame::dut, "no disk to test"},
      // Microcontrollers.
      {"mcu-hardfault", Where::monitor, fail, Blame::dut, "HARD FAULT"},
      {"mcu-hardfault-bare", Where::monitor, fail, Blame::dut, "HardFault_Handler"},
      {"mcu-zephyr-fatal", Where::monitor, fail, Blame::dut, "ZEPHYR FATAL ERROR 0"},
      {"mcu-zephyr-assert", Where::monitor, fail, Blame::dut, "ASSERTION FAIL"},
      {"mcu-esp-guru", Where::monitor, fail, Blame::dut, "Guru Meditation"},
      {"mcu-mcuboot", Where::monitor, fail, Blame::dut, "Unable to find bootable image"},
      {"mcu-freertos-stack", Where::monitor, fail, Blame::dut, "stack overflow"},
      {"mcu-reset", Where::monitor, fail, Blame::dut, "the board was reset"},
      {"mcu-hangs", Where::monitor, incomplete, Blame::dut, "the end pattern was not seen"},
      {"mcu-result-cut", Where::monitor, incomplete, Blame::job, "not one result"},
  };
  return all;
}

/// The recording, with a serial line's line ends.
std::string recorded(const std::string& name) {
  std::ifstream in(source / "tests/jobs/recordings" / (name + ".console"), std::ios::binary);
  std::string text;
  for (const char c : std::string(std::istreambuf_iterator<char>(in), {}))
    text += c == '\n' ? "\r\n" : std::string(1, c);
  return text;
}

const boards::BoardTypes& shipped() {
  static const auto types = [] {
    Diagnostics diagnostics;
    return boards::BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
  }();
  return types;
}

/// A board of a shipped type's rules and loader, whose words are the recording.
class Player : public UbootBench {
 public:
  Outcome play(const Kind& kind) {
    const auto text = recorded(kind.recording);
    const auto& linux = *shipped().find("qemu-arm64-uboot");
    auto packs = linux.rule_packs;
    if (kind.where == Where::monitor) packs = {"cortex-m", "zephyr", "esp-idf", "tf-m", "freertos"};
    board->set_rules(shipped().rules(packs));
    auto& loader = board->own_type().loaders["u-boot"];
    loader.error_messages = linux.loaders.at("u-boot").error_messages;
    const std::string to_prompt = "    commands: ramdisk\n    prompts: ['/ # ']\n    timeout: {seconds: 6}\n";
    if (kind.where == Where::loader) {
      answers["tftpboot 0x40400000"] = text;
      return run(std::string(deploy) + boot(to_prompt));
    }
    if (kind.where == Where::boot) {
      kernel_says = text;
      return run(std::string(deploy) + boot(to_prompt));
    }
    if (kind.where == Where::monitor) return watch(text);
    return in_a_shell(text);
  }

 private:
  static std::string boot(const std::string& lines) { return "- boot:\n    method: u-boot\n" + lines; }

  Outcome watch(const std::string& text) {
    board->on_start = [this, text](int) { board->main->say(text); };
    return run(
        "- boot: {method: minimal}\n"
        "- test:\n    timeout: {seconds: 4}\n    monitors:\n    - name: basics\n      start: Running TESTSUITE\n"
        "      end: PROJECT EXECUTION\n      pattern: ' (?P<result>PASS|FAIL) - (?P<test_case_id>\\w+) in'\n"
        "      fixupdict: {PASS: pass, FAIL: fail}\n");
  }

  Outcome in_a_shell(const std::string& text) {
    board->main->on_typed = [this, text, u_boot = board->main->on_typed](const std::string& line) {
      const bool is_shells = line == "#" || line.contains("/lava-42/");
      if (!is_shells) return u_boot(line);
      auto& console = *board->main;
      console.say(line + "\r\n");
      if (line.contains("lava-test-runner")) return console.say(text);
      if (line.contains("environment")) console.say("<LAVA_TEST_RUNNER BACK 0>\r\n");
      console.say("/ # ");
    };
    return run(std::string(deploy) + boot("    commands: ramdisk\n    prompts: ['/ # ']\n") +
               "- test:\n    timeout: {seconds: 4}\n    definitions:\n    - from: inline\n      name: smoke\n"
               "      path: s.yaml\n      repository:\n"
               "        metadata: {name: s, format: Lava-Test Test Definition 1.0}\n"
               "        run: {steps: ['true']}\n");
  }
};

class Recordings : public ::testing::TestWithParam<Kind> {};

TEST_P(Recordings, HaveTheirVerdict) {
  const auto& kind = GetParam();
  Player player;
  const auto out = player.play(kind);
  EXPECT_EQ(out.verdict, kind.verdict) << out.reason;
  EXPECT_EQ(out.blame, kind.blame) << out.reason;
  EXPECT_THAT(out.reason, HasSubstr(kind.words));
  EXPECT_EQ(player.board->last_power_state(), drivers::PowerState::off);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Recordings, ::testing::ValuesIn(kinds()), [](const auto& info) {
  std::string name = info.param.recording;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(RecordingsTable, NamesEachFile) {
  std::set<std::string> named, there;
  for (const auto& kind : kinds()) named.insert(kind.recording);
  for (const auto& file : fs::directory_iterator(source / "tests/jobs/recordings"))
    there.insert(file.path().stem().string());
  EXPECT_EQ(named, there);
}

}  // namespace
}  // namespace hilltop::jobs
