// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_ports.hpp"

#include <gmock/gmock.h>

#include "drivers/tables.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LabPorts : public ::testing::Test {
 protected:
  LabPorts() {
    folder_.write("types/one.yaml", "consoles: [main]\n");
    folder_.write("types/two.yaml", "consoles: [main, secure]\n");
    std::filesystem::create_directories(folder_.path() / "rules");
    Diagnostics diagnostics;
    types_ = BoardTypes::load(folder_.path() / "types", folder_.path() / "rules", diagnostics);
    EXPECT_EQ(diagnostics.to_string(), "");
  }
  Inventory read(const std::string& section) {
    diagnostics_ = {};
    const std::string head =
        "lab: l\nboards:\n  a: {type: one, console: {driver: unix, path: /a}}\n"
        "  b: {type: two, console: {driver: unix, path: /b}}\n"
        "boot_server: {address: 192.168.7.1, http_port: 7005}\n";
    return read_inventory_text(head + section, "lab.yaml", types_, drivers::all_drivers, diagnostics_);
  }
  std::string complaints(const std::string& section) {
    (void)read(section);
    return diagnostics_.to_string();
  }
  test::TemporaryFolder folder_;
  BoardTypes types_;
  Diagnostics diagnostics_;
};

TEST_F(LabPorts, AreThereWhereTheLabFileSaysSoAlone) {
  EXPECT_TRUE(read("").console_ports.ports.empty());
  EXPECT_EQ(diagnostics_.to_string(), "");
}

TEST_F(LabPorts, HaveNumbersOfTheirOwnOrOfTheRange) {
  const auto lab = read("console_ports:\n  range: 7004-7010\n  ports:\n    - {board: b, rfc2217: 7004, raw: 8000}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_EQ(describe(lab.console_ports.ports),
            "b/main: raw at 127.0.0.1:8000\nb/main: rfc2217 at 127.0.0.1:7004\n"
            "a/main: rfc2217 at 127.0.0.1:7006\nb/secure: rfc2217 at 127.0.0.1:7007\n")
      << "7005 is the boot server's";
}

TEST_F(LabPorts, ListenWhereTheLabFileSays) {
  const auto lab = read("console_ports: {address: '::', range: 9000-9002, protocol: raw}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_THAT(describe(lab.console_ports.ports), HasSubstr("b/secure: raw at [::]:9002\n"));
}

TEST_F(LabPorts, AreReadBackAsTheyAreWritten) {
  const auto lab = read(
      "console_ports:\n  address: 0.0.0.0\n  range: 7010-7020\n  protocol: raw\n  ports:\n"
      "    - {board: b, console: secure, rfc2217: 7011}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  Diagnostics again;
  const auto back = read_inventory_text(to_yaml(lab), "lab.yaml", types_, drivers::all_drivers, again);
  EXPECT_EQ(again.to_string(), "");
  EXPECT_EQ(back.console_ports, lab.console_ports) << to_yaml(lab);
}

TEST_F(LabPorts, MistakesHaveTheirPlace) {
  const std::string ports = "console_ports:\n  ports:\n    - ";
  EXPECT_THAT(
      complaints("console_ports: {adress: x, address: here, range: 9-3, protocol: telnet}\n"),
      AllOf(HasSubstr("lab.yaml:6:17: console_ports: 'adress' is not a key here"),
            HasSubstr("'here' is no address of this machine"), HasSubstr("'9-3' is no range"), HasSubstr("'telnet'")));
  EXPECT_THAT(complaints(ports + "{board: bb, raw: 1}\n"),
              HasSubstr("lab.yaml:8:15: console_ports: there is no board 'bb'"));
  EXPECT_THAT(complaints(ports + "{board: b, console: sekure, raw: 1}\n"),
              HasSubstr("board 'b' has no console 'sekure' (it has main, secure)"));
  EXPECT_THAT(complaints(ports + "{board: a}\n"), HasSubstr("no port for board 'a' (say rfc2217: 7001"));
  EXPECT_THAT(complaints(ports + "{board: a, raw: 70000}\n"), HasSubstr("70000"));
  EXPECT_THAT(complaints(ports + "{board: a, raw: 7001}\n    - {board: b, raw: 7001}\n"),
              HasSubstr("lab.yaml:9:23: console_ports: port 7001 is that of a/main already"));
  EXPECT_THAT(complaints(ports + "{board: a, raw: 7001}\n    - {board: a, raw: 7002}\n"),
              HasSubstr("a/main has a port for raw already, 7001"));
  EXPECT_THAT(complaints(ports + "{board: a, raw: 7005}\n"), HasSubstr("is that of the boot server's http_port"));
  EXPECT_THAT(complaints("console_ports: {range: 7000-7001}\n"),
              HasSubstr("lab.yaml:6:24: console_ports: the range is too small: 1 console is left over"));
}

}  // namespace
}  // namespace hilltop::boards
