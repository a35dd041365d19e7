// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/masker.hpp"

#include <gtest/gtest.h>

namespace hilltop::jobs {
namespace {

TEST(Masker, MasksTheLongestFirst) {
  Masker masker;
  masker.add("key");
  masker.add("key-and-more");
  masker.add("");
  EXPECT_EQ(masker("a key-and-more and a key"), "a [MASKED] and a [MASKED]");
}

TEST(Masker, MasksBehindItsNameAlone) {
  Masker masker;
  masker.add_behind("PIN='", "test");
  EXPECT_EQ(masker("+ PIN='test' and a test"), "+ PIN='[MASKED]' and a test");
  EXPECT_EQ(masker.begun_at_end("the line's end: PIN='te"), 7U);
}

TEST(Masker, KnowsTheWordsThatLogsAreFullOf) {
  for (const char* word : {"root", "linux", "test", "admin", "1234", "Debian", "password", "raspberry", "x"})
    EXPECT_TRUE(is_usual_word(word)) << word;
  for (const char* secret : {"hunter22", "s3cr3t-token", "0xdeadbeef", "rootroot"})
    EXPECT_FALSE(is_usual_word(secret)) << secret;
}

}  // namespace
}  // namespace hilltop::jobs
