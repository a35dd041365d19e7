// SPDX-License-Identifier: Apache-2.0
// The same shared frames through TLS.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <random>

#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

using Kind = WsMessage::Kind;

/// A certificate that it signs itself, and its key, for the server of one test.
void make_certificate(WebOptions& options, const std::filesystem::path& dir) {
  options.tls_certificate = dir / "cert.pem";
  options.tls_key = dir / "key.pem";
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), &X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  auto* name = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(cert.get(), name);
  X509_sign(cert.get(), key.get(), EVP_sha256());
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> cert_file(std::fopen(options.tls_certificate.c_str(), "we"),
                                                                  &std::fclose);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> key_file(std::fopen(options.tls_key.c_str(), "we"),
                                                                 &std::fclose);
  PEM_write_X509(cert_file.get(), cert.get());
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class TlsConsoleTest : public WebFixture {
 protected:
  TlsConsoleTest() : WebFixture(&make_certificate) {}
  Result<std::unique_ptr<WsClient>> look(const std::string& more) {
    auto options = with_token("technician");
    options.verify = false;
    return WsClient::connect("https://127.0.0.1:" + std::to_string(server_->port()),
                             "/api/v1/boards/qemu-1/console/ws" + more, options, soon());
  }
};

TEST_F(TlsConsoleTest, EveryByteComesThroughTls) {
  std::vector<std::unique_ptr<WsClient>> viewers;
  for (int i = 0; i < 4; ++i) {
    auto viewer = look("?from=0");
    ASSERT_TRUE(viewer.has_value()) << viewer.error().text;
    EXPECT_EQ(next(**viewer).data, R"({"offset":0})");
    viewers.push_back(*std::move(viewer));
  }
  std::string text(700'000, '\0');
  std::mt19937 random(3);
  for (auto& c : text) c = static_cast<char>(random());
  std::vector<std::string> got(viewers.size());
  for (std::size_t at = 0; at < text.size(); at += 70'000) {
    on_control([&] {
      farm_->link.say(std::string_view(text).substr(at, 70'000));
      return true;
    });
    for (std::size_t i = 0; i < viewers.size(); ++i)
      while (got[i].size() < std::min(text.size(), at + 70'000)) {
        const auto message = next(*viewers[i]);
        ASSERT_EQ(message.kind, Kind::binary) << message.data;
        got[i] += message.data;
      }
  }
  for (const auto& one : got) EXPECT_TRUE(one == text);
}

TEST_F(TlsConsoleTest, TypingAndTheGoodbyeGoBesideTheConsole) {
  auto viewer = look("?write=1");
  ASSERT_TRUE(viewer.has_value()) << viewer.error().text;
  EXPECT_EQ(next(**viewer).data, R"({"offset":0})");
  ASSERT_TRUE((*viewer)->send("help\r", true, soon()).has_value());
  EXPECT_EQ(next(**viewer).data, "help\r");
  (*viewer)->close(soon());
  EXPECT_EQ(on_control([this] { return farm_->link.typed; }), "help\r");
}

}  // namespace
}  // namespace hilltop::web::testing
