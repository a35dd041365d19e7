// SPDX-License-Identifier: Apache-2.0
// Other farms' files, as they are written there, become lab files.
#include "web/cli/lab_import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/tables.hpp"

namespace hilltop::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LabImport : public ::testing::Test {
 protected:
  LabImport() {
    types_ =
        boards::BoardTypes::load(HILLTOP_SOURCE_DIR "/boards/types", HILLTOP_SOURCE_DIR "/boards/rules", complaints_);
  }

  std::string lab(std::string_view text, const std::string& file = "file.yaml") {
    complaints_ = Diagnostics();
    const auto node = read_yaml(text, file, complaints_);
    const auto imported = import_lab(node, file, &types_, complaints_);
    auto out = to_lab_text(imported, "l", file);
    Diagnostics none;
    read_ = read_yaml(out, "lab.yaml", none);
    EXPECT_EQ(none.to_string(), "") << out;  // whatever came in, what goes out is YAML
    return out;
  }

  /// What the drivers say of the addresses that were written, with what the board's type adds to each.
  std::string drivers_say() {
    Diagnostics out;
    for (const auto& [name, board] : read_["boards"].entries())
      for (const auto& [role, address] : board.entries()) {
        if (!address.is_map() || !address["driver"]) continue;
        const auto* driver = drivers::find_driver(drivers::all_drivers, address["driver"].text());
        const auto* type = types_.find(board["type"].text());
        if (driver == nullptr)
          out.error(address["driver"].place(), "there is no such driver");
        else
          driver->check(type == nullptr ? address : merged(type->known_for(role.text(), address), address), out);
      }
    return out.to_string();
  }

  Diagnostics complaints_;
  boards::BoardTypes types_;
  Node read_;
};

TEST_F(LabImport, ATwisterMap) {
  const auto text = lab(R"(
- connected: true
  id: 0240000034544e45001
  platform: frdm_k64f
  product: DAPLink CMSIS-DAP
  runner: pyocd
  serial: /dev/serial/by-id/usb-ARM_DAPLink-if01
  baud: 921600
  fixtures: [fixture_sdhc]
  pre_script: /home/lab/prepare.sh
- connected: true
  id: 000683759358
  platform: nrf52840dk/nrf52840
  product: J-Link
  runner: jlink
  serial: /dev/ttyACM1
- connected: false
  id: ABC
  platform: some_board
  product: X
  runner: minichlink
)");
  EXPECT_THAT(text, HasSubstr("a Twister hardware map"));
  const auto first = read_["boards"]["frdm-k64f-01"];
  EXPECT_EQ(first["type"].text(), "frdm-k64f");
  EXPECT_EQ(first["console"]["path"].text(), "/dev/serial/by-id/usb-ARM_DAPLink-if01");
  EXPECT_EQ(first["console"]["baud"].text(), "921600");
  EXPECT_EQ(first["flash"]["tool"].text(), "pyocd");
  EXPECT_EQ(first["flash"]["serial"].text(), "0240000034544e45001");
  EXPECT_EQ(first["tags"].items().at(0).text(), "fixture_sdhc");
  EXPECT_THAT(text, HasSubstr("# not translated: pre_script: /home/lab/prepare.sh"));
  // A serial number of digits alone keeps its zeros.
  EXPECT_EQ(read_["boards"]["nrf52840-dk-01"]["flash"]["serial"].text(), "000683759358");
  EXPECT_TRUE(read_["boards"]["nrf52840-dk-01"]["flash"]["serial"].is_string());
  EXPECT_EQ(read_["boards"]["nrf52840-dk-01"]["console"]["allow_unstable"].text(), "true");
  EXPECT_THAT(text, HasSubstr("type: BOARD-TYPE  # there it is some_board"));
  EXPECT_THAT(text, HasSubstr("# not translated: runner: minichlink"));
  EXPECT_THAT(text, HasSubstr("# not translated: it is not connected"));
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, ALabgridExporter) {
  const auto text = lab(R"(
board-a:
  location: rack 2
  USBSerialPort:
    match: {'@ID_SERIAL_SHORT': P-00-00682}
    speed: 115200
  NetworkPowerPort: {model: gude, host: 'http://power.lab', index: 3}
board-b:
  console:
    cls: NetworkSerialPort
    host: ts-1.lab
    port: 4003
    speed: 57600
  power: {cls: PDUDaemonPort, host: pdu.lab, pdu: apc-2, index: 7}
  hdmi: {cls: USBVideo, match: {ID_PATH: pci-0}}
)");
  const auto a = read_["boards"]["board-a"];
  EXPECT_EQ(a["console"]["usb"]["serial"].text(), "P-00-00682");
  EXPECT_EQ(a["power"]["model"].text(), "gude");
  EXPECT_EQ(a["power"]["host"].text(), "power.lab");
  EXPECT_EQ(a["power"]["outlet"].text(), "3");
  const auto b = read_["boards"]["board-b"];
  EXPECT_EQ(b["console"]["driver"].text(), "rfc2217");
  EXPECT_EQ(b["console"]["baud"].text(), "57600");
  EXPECT_EQ(b["power"]["driver"].text(), "pdudaemon");
  EXPECT_EQ(b["power"]["pdu"].text(), "apc-2");
  EXPECT_THAT(text, HasSubstr("# not translated: location: rack 2"));
  EXPECT_THAT(text, HasSubstr("# not translated: USBVideo: "));
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, PowerUnitsOfLabgridAreTheModelsHere) {
  const auto text = lab(R"(
a: {NetworkPowerPort: {model: shelly_gen1, host: plug-1.lab, index: 1}}
b: {NetworkPowerPort: {model: gude24, host: pdu-2.lab, index: 4}}
c: {YKUSHPowerPort: {serial: YK12345, index: 2}}
d: {NetworkPowerPort: {model: never-heard-of, host: pdu-9.lab, index: 4}}
)");
  EXPECT_EQ(read_["boards"]["a"]["power"]["model"].text(), "shelly-gen1");
  EXPECT_EQ(read_["boards"]["b"]["power"]["model"].text(), "gude24");
  EXPECT_EQ(read_["boards"]["c"]["power"]["outlet"].text(), "2");
  EXPECT_FALSE(read_["boards"]["d"]["power"]);
  EXPECT_THAT(text, HasSubstr("never-heard-of"));
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, PowerUnitsByUrlKeepTheirPortAndUser) {
  const auto text = lab(R"(
a: {NetworkPowerPort: {model: netio, host: 'http://ann:s3cret@10.0.0.7:8080', index: 2}}
b: {NetworkPowerPort: {model: shelly_gen1, host: 'http://plug-1.lab/x', index: 1}}
c: {PDUDaemonPort: {host: 'http://pdu.lab:8081', pdu: apc-2, index: 1}}
)");
  const auto a = read_["boards"]["a"]["power"];
  EXPECT_EQ(a["host"].text(), "10.0.0.7");
  EXPECT_EQ(a["port"].as_integer(), 8080);
  EXPECT_EQ(a["user"].text(), "ann");
  EXPECT_EQ(a["password"].text(), "s3cret");
  EXPECT_EQ(read_["boards"]["b"]["power"]["host"].text(), "plug-1.lab");
  EXPECT_FALSE(read_["boards"]["b"]["power"]["port"]);
  EXPECT_EQ(read_["boards"]["c"]["power"]["host"].text(), "pdu.lab");
  EXPECT_EQ(read_["boards"]["c"]["power"]["port"].as_integer(), 8081);
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, APduDaemonAtAnotherPort) {
  (void)lab(R"({"daemon": {"hostname": "pdu.lab", "port": 8081}, "pdus": {"p": {"driver": "apc7932"}},
 "aliases": {"hikey-1": {"hostname": "p", "port": 12}}})");
  EXPECT_EQ(read_["boards"]["hikey-1"]["power"]["port"].as_integer(), 8081);
}

TEST_F(LabImport, AConnectionByAProgram) {
  const auto text = lab("commands: {connect: ssh lab picocom /dev/ttyS3}\ndevice_type: beaglebone-black\n");
  EXPECT_EQ(read_["boards"]["file"]["console"]["driver"].text(), "process");
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, APduDaemonConfiguration) {
  const auto text = lab(R"({"daemon": {"hostname": "0.0.0.0", "port": 16421, "listener": "http"},
 "pdus": {"192.168.10.5": {"driver": "apc7932"}, "lonely": {"driver": "localcmdline"}},
 "aliases": {"hikey-1": {"hostname": "192.168.10.5", "port": 12}}})",
                        "pdudaemon.conf");
  const auto board = read_["boards"]["hikey-1"];
  EXPECT_EQ(board["power"]["driver"].text(), "pdudaemon");
  EXPECT_EQ(board["power"]["host"].text(), "localhost");
  EXPECT_EQ(board["power"]["pdu"].text(), "192.168.10.5");
  EXPECT_EQ(board["power"]["outlet"].text(), "12");
  EXPECT_THAT(text, HasSubstr("# not translated: unit lonely: localcmdline"));
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, ALavaDeviceDictionary) {
  const auto text = lab(R"(
devicetype: imx8mq-evk
commands:
  connections:
    uart1: {connect: telnet ts-2 7002, tags: [telnet]}
    uart0: {connect: telnet ts-1 7001, tags: [primary, telnet]}
  power_on: /usr/local/bin/pduclient --daemon localhost --hostname pdu05 --command on --port 05
  power_off: /usr/local/bin/pduclient --daemon localhost --hostname pdu05 --command off --port 05
  hard_reset: ssh lab 'reset && wait'
constants: {boot-message: Booting Linux}
device_info: [{board_id: '0123'}]
)",
                        "/tmp/imx8mq-evk-04.yaml");
  const auto board = read_["boards"]["imx8mq-evk-04"];
  EXPECT_EQ(board["type"].text(), "imx8mq-evk");
  EXPECT_EQ(board["console"]["driver"].text(), "telnet");
  EXPECT_EQ(board["console"]["host"].text(), "ts-1");  // the primary one, though it stands last
  EXPECT_EQ(board["console"]["port"].text(), "7001");
  EXPECT_EQ(board["power"]["power_off"].items().at(6).text(), "off");
  EXPECT_TRUE(board["power"]["power_on"].items().at(6).is_string());  // "on" is no truth value
  EXPECT_THAT(text, HasSubstr("# not translated: connection uart1: telnet ts-2 7002"));
  EXPECT_THAT(text, HasSubstr("# not translated: hard_reset: ssh lab 'reset && wait'"));
  EXPECT_THAT(text, HasSubstr("# not translated: device_info: "));
  EXPECT_THAT(text, Not(HasSubstr("Booting Linux")));
  EXPECT_EQ(drivers_say(), "") << text;
}

TEST_F(LabImport, ShellCommandsAreNoArgumentVectors) {
  EXPECT_EQ(argument_vector("curl -s 'http://x/?a=1&b=2' --max-time 5"),
            "[curl, '-s', 'http://x/?a=1&b=2', '--max-time', '5']");
  for (const char* shell : {"a | b", "a; b", "a $HOME", "a > f", "a 'open", "a `b`", "a *.c", ""})
    EXPECT_EQ(argument_vector(shell), "") << shell;
}

TEST_F(LabImport, UnknownFilesAreRefused) {
  for (const char* other : {"a: b\n", "[1, 2]\n", "just text\n"}) {
    (void)lab(other);
    EXPECT_TRUE(complaints_.has_errors()) << other;
  }
}

TEST_F(LabImport, HostileNamesStayTextInTheirPlace) {
  const auto text = lab("pdus: {}\naliases: {\"a: b\\nlab: evil\": {hostname: \"x'}, type: {\", port: 1}}\n");
  EXPECT_EQ(read_["lab"].text(), "l") << text;
  ASSERT_EQ(read_["boards"].entries().size(), 1U) << text;
  EXPECT_EQ(read_["boards"].entries()[0].value["power"]["pdu"].text(), "x'}, type: {");
}

}  // namespace
}  // namespace hilltop::cli
