// SPDX-License-Identifier: Apache-2.0
#include "web/http/multipart.hpp"

#include <gtest/gtest.h>

namespace hilltop::web {
namespace {

struct Part {
  std::string field, file, data;
  bool ended = false;
  bool operator==(const Part&) const = default;
};

struct Parts final : MultipartReader::Sink {
  Result<> begin(const std::string& field, const std::string& file_name) override {
    all.push_back({field, file_name, "", false});
    return ok();
  }
  Result<> data(std::string_view bytes) override {
    all.back().data += bytes;
    return ok();
  }
  Result<> end() override {
    all.back().ended = true;
    return ok();
  }
  std::vector<Part> all;
};

Result<std::vector<Part>> read(std::string_view body, std::size_t piece) {
  Parts parts;
  MultipartReader reader("B", parts);
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size())))
    HILLTOP_CHECK(reader.feed(body.substr(0, piece)));
  HILLTOP_CHECK(reader.finish());
  return parts.all;
}

std::string part(const std::string& disposition, const std::string& data) {
  return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\nContent-Type: x/y\r\n\r\n" + data + "\r\n";
}

TEST(MultipartReader, GivesTheSamePartsInAnyPieces) {
  const std::string tricky = "\r\n--\r\n-\r\n--A\r\r\n";
  const auto body = part("name=\"one\"; filename=\"a \\\"b\\\".bin\"", tricky) + part("name=two", "") +
                    part("filename=C:\\dir\\z.hex; name=\"three\"", std::string(3000, 'x') + '\0') +
                    "--B--\r\nepilogue";
  const std::vector<Part> wanted = {{"one", "a \"b\".bin", tricky, true},
                                    {"two", "", "", true},
                                    {"three", "z.hex", std::string(3000, 'x') + '\0', true}};
  for (std::size_t piece = 1; piece < 100; ++piece) {
    const auto parts = read(body, piece);
    ASSERT_TRUE(parts.has_value()) << piece;
    EXPECT_EQ(*parts, wanted) << piece;
  }
}

TEST(MultipartReader, KeepsOnlyTheLastComponentOfAName) {
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, std::string>>{
           {"../../etc/passwd", "passwd"}, {"/abs", "abs"}, {"..", ""}, {"a/..", ""}, {"x", "x"}}) {
    const auto parts = read(part("name=f; filename=\"" + sent + "\"", "d") + "--B--", 7);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->front().file, kept) << sent;
  }
}

TEST(MultipartReader, RefusesWhatIsCutOrMalformed) {
  const auto whole = part("name=\"a\"; filename=b", "data") + "--B--";
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(read(whole.substr(0, n), 5).has_value()) << n;
  EXPECT_FALSE(read("--B\r\nX: y\r\n\r\ndata\r\n--B--", 5).has_value());
  EXPECT_FALSE(read("--Bjunk\r\n\r\n--B--", 5).has_value());
  EXPECT_FALSE(read(std::string(20000, 'x'), 1000).has_value());
  EXPECT_FALSE(read("--B\r\n" + std::string(20000, 'h'), 1000).has_value());
}

TEST(MultipartBoundary, IsTakenFromTheContentType) {
  EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(*multipart_boundary("Multipart/Form-Data; charset=x; boundary=\"a b\""), "a b");
  for (const auto* bad : {"", "text/plain; boundary=a", "multipart/form-data", "multipart/form-data; boundary="})
    EXPECT_FALSE(multipart_boundary(bad).has_value()) << bad;
}

}  // namespace
}  // namespace hilltop::web
