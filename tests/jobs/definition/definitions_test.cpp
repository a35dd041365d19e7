// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/jobs/definition/complaints.hpp"

namespace hilltop::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// A job with one test block; its entries begin on line 8.
std::string job_with(const std::string& entries) {
  return job_head + std::string("actions:\n- test:\n    definitions:\n") + entries;
}

const std::string script =
    "repository: {metadata: {name: x, format: Lava-Test Test Definition 1.0}, run: {steps: [true]}}";

TestDefinition read_one(const std::string& entry) {
  Diagnostics diagnostics;
  const auto job = read_job(job_with("    - {" + entry + "}\n"), "job", diagnostics);
  EXPECT_TRUE(job) << diagnostics.to_string();
  return job ? std::get<TestDefinitions>(job->actions.at(0)).definitions.at(0) : TestDefinition{};
}

TEST(Definitions, FromGitKeepAllThatWasSaid) {
  const auto one = read_one(
      "name: smoke-1, from: git, repository: 'https://x.org/t.git', path: a/b.yaml, branch: main, revision: abc123, "
      "history: false, recursive: true, shallow: true, params: {A: 1, B: 'x y', C: true}, skip_install: [deps, keys], "
      "lava-signal: kmsg, expected: [a, b]");
  EXPECT_EQ(one.from, TestDefinition::From::git);
  EXPECT_EQ(one.path, "a/b.yaml");
  EXPECT_EQ(one.branch + " " + one.revision, "main abc123");
  EXPECT_TRUE(one.recursive && one.shallow && !one.history && one.signal_by_kernel);
  EXPECT_THAT(one.parameters, ElementsAre(Pair("A", "1"), Pair("B", "x y"), Pair("C", "True")));
  EXPECT_TRUE(installs(one, "steps"));
  EXPECT_FALSE(installs(one, "deps"));
}

TEST(Definitions, FromUrlAndInline) {
  const auto url = read_one(
      "name: a, from: url, repository: 'https://x.org/t.tar.xz', path: t.yaml, compression: xz, strip-components: 1");
  EXPECT_EQ(url.compression, Compression::xz);
  EXPECT_EQ(url.strip_components, 1U);
  const auto inlined = read_one("name: a, from: inline, path: inline/a.yaml, " + script);
  ASSERT_TRUE(inlined.script);
  EXPECT_THAT(inlined.script->steps, ElementsAre("true"));
  EXPECT_THAT(inlined.script->text, HasSubstr("\"steps\""));
}

class DefinitionComplaints : public Complaints {};

TEST_P(DefinitionComplaints, HaveTheirPlace) {
  EXPECT_THAT(complaints_of(GetParam().text), HasSubstr(GetParam().expected));
}

Complaint entry(const char* name, const std::string& text, const std::string& expected) {
  return {name, job_with("    - {" + text + "}\n"), expected};
}

INSTANTIATE_TEST_SUITE_P(
    Entries, DefinitionComplaints,
    testing::Values(
        entry("dot", "name: a.b, from: inline, path: p, " + script,
              "job:8:14: test definitions name: 'a.b' has more in it than letters, digits, - and _"),
        entry("reserved", "name: lava, from: inline, path: p, " + script,
              "job:8:14: test definitions name: 'lava' is reserved"),
        entry("no_path", "name: a, from: inline, " + script, "job:8:7: test definitions path is missing"),
        entry("path_out", "name: a, from: inline, path: ../x, " + script, "it lies within the repository"),
        entry("from", "name: a, from: svn, path: p, repository: x",
              "test definitions from: 'svn' is not known (one of"),
        entry("ssh", "name: a, from: git, path: p, repository: 'git@x.org:t'",
              "is not a repository that can be fetched"),
        entry("option", "name: a, from: git, path: p, repository: 'https://x/t', branch: --upload-pack=x",
              "is not a name that git knows"),
        entry("archive", "name: a, from: url, path: p, repository: 'ftp://x/t'", "is not a URL that can be fetched"),
        entry("skip", "name: a, from: inline, path: p, skip_install: [all-of-it], " + script,
              "skip_install: 'all-of-it' is not known"),
        entry("variable", "name: a, from: inline, path: p, params: {a-b: 1}, " + script,
              "'a-b' cannot be a variable of a shell"),
        entry("typo", "name: a, from: git, path: p, repository: 'https://x/t', brnach: x",
              "unknown key 'brnach' (did you mean 'branch'?)"),
        entry("no_steps",
              "name: a, from: inline, path: p, repository: {metadata: {name: x, format: f}, run: {steps: []}}",
              "run has no steps: nothing would be tested"),
        entry("map_step",
              "name: a, from: inline, path: p, repository: {metadata: {name: x, format: f}, run: {steps: [{echo foo: "
              "bar}]}}",
              "test definition run steps: expected text"),
        entry("pattern",
              "name: a, from: inline, path: p, repository: {metadata: {name: x, format: f}, run: {steps: [a]}, parse: "
              "{pattern: '(?P<result>x)'}}",
              "parse pattern has no group 'test_case_id'"),
        Complaint{"twice",
                  job_with("    - {name: a, from: inline, path: p, " + script +
                           "}\n- test:\n    definitions:\n    - {name: a, from: inline, path: p, " + script + "}\n"),
                  "test definitions: the name 'a' is used twice"}),
    name_of);

TEST(TestScripts, OfOthersAreReadWithWarningsForWhatIsNotKnown) {
  Diagnostics found;
  const auto node = read_yaml(
      "metadata: {name: x, format: Lava-Test-Shell Test Definition 1.0, extra: 1}\ninstall: {deps: [curl], "
      "deps-debian: "
      "[iproute2], git-repos: [{url: 'https://x/y', branch: z, destination: d}], branch: old}\nrun: {steps: [a, 1, "
      "true]}\nmystery: 1\n",
      "t.yaml", found);
  const auto read = read_test_script(node, found);
  ASSERT_TRUE(read) << found.to_string();
  EXPECT_THAT(read->steps, ElementsAre("a", "1", "true"));
  EXPECT_THAT(read->dependencies, ElementsAre("curl"));
  EXPECT_EQ(read->git_repositories.at(0).destination, "d");
  EXPECT_THAT(found.to_string(), HasSubstr("'mystery' is not known, and has no effect"));
}

}  // namespace
}  // namespace hilltop::jobs
