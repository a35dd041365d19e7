// SPDX-License-Identifier: Apache-2.0
// Who may have a console served at a TCP port, and where.
#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

struct ConsolePortsApi : WebFixture {
  unsigned serve(const std::string& who, const std::string& body) {
    return ask(who, "POST", "/api/v1/boards/qemu-1/console/ports", body).status;
  }
};

TEST_F(ConsolePortsApi, NeedTheBoardsLeaseOrATechnician) {
  EXPECT_EQ(serve("viewer", "{}"), 403u);
  EXPECT_EQ(serve("technician", "{}"), 201u);
  on_control([this] { return farm_->lease_board("qemu-1", "submitter"); });
  EXPECT_EQ(serve("submitter", R"({"protocol":"raw"})"), 201u);
  EXPECT_EQ(ask("submitter", "DELETE", "/api/v1/boards/qemu-1/console/ports").status, 200u);
  EXPECT_EQ(ask("viewer", "DELETE", "/api/v1/boards/qemu-1/console/ports").status, 409u);
}

TEST_F(ConsolePortsApi, BeyondThisMachineNeedATechnician) {
  on_control([this] { return farm_->lease_board("qemu-1", "submitter"); });
  EXPECT_EQ(serve("submitter", R"({"address":"0.0.0.0"})"), 403u);
  EXPECT_EQ(serve("submitter", R"({"address":"::1","port":0})"), 201u);
  EXPECT_EQ(serve("technician", R"({"address":"0.0.0.0"})"), 201u);
}

TEST_F(ConsolePortsApi, WishesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(serve("technician", R"({"protocol":"rfc2317"})"), 400u);
  EXPECT_EQ(serve("technician", R"({"port":70000})"), 400u);
  EXPECT_EQ(serve("technician", R"({"prot":1})"), 400u);
}

}  // namespace
}  // namespace hilltop::web::testing
