// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/catalogue.hpp"

#include <functional>
#include <map>

#include "tests/usb_lab/models/cmsis_dap.hpp"
#include "tests/usb_lab/models/dfu.hpp"
#include "tests/usb_lab/models/dfuse.hpp"
#include "tests/usb_lab/models/ftdi.hpp"
#include "tests/usb_lab/models/hid_relay.hpp"
#include "tests/usb_lab/models/serial_adapter.hpp"
#include "tests/usb_lab/models/sispm.hpp"
#include "tests/usb_lab/models/st_link.hpp"
#include "tests/usb_lab/models/ykush.hpp"

namespace hilltop::usb_lab {
namespace {

using Make = std::unique_ptr<Device> (*)(const Options&);

template <class Model>
std::unique_ptr<Device> make(const Options& options) {
  return std::make_unique<Model>(options);
}

const std::map<std::string_view, Make> models{
    {"ch340", make<SerialAdapter>}, {"cmsisdap", make<CmsisDap>}, {"dfu", make<Dfu>},
    {"dfuse", make<DfuSe>},         {"stlink", make<StLink>},     {"ftdi", make<Ftdi>},
    {"hidrelay", make<HidRelay>},   {"sispm", make<Sispm>},       {"ykush", make<Ykush>},
};

}  // namespace

std::unique_ptr<Device> make_device(const Options& options) {
  const auto found = models.find(options.model());
  if (found == models.end())
    throw UsageError("there is no model '" + options.model() + "'; " + std::string(catalogue_help()));
  auto device = found->second(options);
  options.refuse_others();
  return device;
}

std::string_view catalogue_help() {
  return "models: hub hidrelay ykush sispm ftdi ch340 dfu dfuse cmsisdap stlink; options of all: serial= vid= pid= "
         "bcd= "
         "manufacturer= product= "
         "state=FILE and the "
         "faults stall=N mute=N wrong_reply=N short_reply=N delay_ms=N drop_after=N back_ms=N busy (N: the Nth "
         "transfer, N+: "
         "and all after it)";
}

}  // namespace hilltop::usb_lab
