// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>

#include "drivers/core/process.hpp"
#include "tests/web/web_fixture.hpp"
#include "web/api/openapi.hpp"
#include "web/api/route.hpp"

namespace hilltop::web::testing {
namespace {

using nlohmann::json;

Task<> run_curl(std::vector<std::string> argv, std::shared_ptr<std::string> status) {
  HILLTOP_CO_TRY(const auto output, co_await run_tool(Command(std::move(argv)), Deadline::after(30s)));
  *status = output.text;
  co_return ok();
}

using ApiTest = WebFixture;

TEST_F(ApiTest, ListsAndShowsBoards) {
  const auto list = parsed(ask("viewer", "GET", "/api/v1/boards"));
  ASSERT_EQ(list["items"].size(), 3u);
  EXPECT_EQ(list["items"][0]["name"], "microbit-1");
  EXPECT_EQ(list["next"], "");
  const auto one = parsed(ask("viewer", "GET", "/api/v1/boards/qemu-1"));
  EXPECT_EQ(one["type"], "qemu");
  EXPECT_EQ(one["lease"], nullptr);
  const auto none = ask("viewer", "GET", "/api/v1/boards/none");
  EXPECT_EQ(none.status, 404u);
  EXPECT_EQ(none.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(parsed(none)["code"], "not_found");
}

TEST_F(ApiTest, PagesAList) {
  const auto first = parsed(ask("viewer", "GET", "/api/v1/boards?limit=2"));
  EXPECT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["next"], "microbit-2");
  const auto rest = parsed(ask("viewer", "GET", "/api/v1/boards?limit=2&cursor=microbit-2"));
  ASSERT_EQ(rest["items"].size(), 1u);
  EXPECT_EQ(rest["next"], "");
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/boards?cursor=nobody").status, 400u);
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/boards?limit=many").status, 400u);
}

TEST_F(ApiTest, SubmitsAJobAndShowsIt) {
  const auto made = ask("submitter", "POST", "/api/v1/jobs?file=my.yaml", "job_name: x\n");
  ASSERT_EQ(made.status, 201u) << made.body;
  const auto id = std::to_string(parsed(made)["id"].get<int>());
  EXPECT_EQ(made.header("Location"), "/api/v1/jobs/" + id);
  const auto job = parsed(ask("viewer", "GET", "/api/v1/jobs/" + id));
  EXPECT_EQ(job["submitter"], "submitter");
  EXPECT_EQ(job["suites"][0]["cases"][0]["name"], "<case>");
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/jobs/" + id + "/definition").body, "job_name: x\n");
  EXPECT_EQ(parsed(ask("viewer", "GET", "/api/v1/jobs"))["items"].size(), 1u);
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/jobs/" + id + "/cancel").status, 200u);
  EXPECT_EQ(parsed(ask("viewer", "GET", "/api/v1/jobs/" + id))["state"], "canceling");
}

TEST_F(ApiTest, ARefusedJobHasItsComplaintsOneByOne) {
  const auto reply = ask("submitter", "POST", "/api/v1/jobs?file=my.yaml", "wrong");
  EXPECT_EQ(reply.status, 400u);
  const auto problem = parsed(reply);
  ASSERT_EQ(problem["complaints"].size(), 2u) << reply.body;
  const auto& first = problem["complaints"][0];
  EXPECT_EQ(first["file"], "my.yaml");
  EXPECT_EQ(first["line"], 3);
  EXPECT_EQ(first["column"], 5);
  EXPECT_EQ(first["message"], "'tmpf' is not a deploy method");
  EXPECT_EQ(first["suggestion"], "did you mean 'tmpfs'?");
  EXPECT_EQ(problem["complaints"][1]["severity"], "warning");
  EXPECT_EQ(problem["blame"], "job");
}

TEST_F(ApiTest, JobsArePagedNewestFirst) {
  on_control([this] {
    for (int i = 0; i < 5; ++i) farm_->add_job("ann");
    return true;
  });
  std::vector<int> seen;
  std::string cursor;
  do {
    const auto page = parsed(ask("viewer", "GET", "/api/v1/jobs?limit=2&cursor=" + cursor));
    for (const auto& job : page["items"]) seen.push_back(job["id"]);
    cursor = page["next"];
  } while (!cursor.empty());
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater()));
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/jobs?state=sleepy").status, 400u);
}

TEST_F(ApiTest, EventsAreTheNextOrTheNewest) {
  on_control([this] {
    for (int i = 0; i < 5; ++i) farm_->happen("board.power", "b" + std::to_string(i));
    return true;
  });
  const auto seqs = [&](const std::string& query) {
    std::vector<std::uint64_t> out;
    for (const auto& event : parsed(ask("viewer", "GET", "/api/v1/events" + query))["items"])
      out.push_back(event["seq"]);
    return out;
  };
  const auto all = seqs("");
  ASSERT_GE(all.size(), 5u);
  EXPECT_EQ(seqs("?limit=2"), std::vector(all.begin(), all.begin() + 2));
  EXPECT_EQ(seqs("?newest=2"), std::vector(all.end() - 2, all.end()));
  EXPECT_EQ(seqs("?newest=3&after=" + std::to_string(all.back() - 1)), std::vector(all.end() - 1, all.end()));
  EXPECT_EQ(seqs("?newest=1000"), all);
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/events?newest=1001").status, 400u);
}

TEST_F(ApiTest, ResultsComeInEachFormat) {
  const auto id = std::to_string(on_control([this] { return farm_->add_job("ann"); }));
  const auto at = [&](const std::string& format) {
    return ask("viewer", "GET", "/api/v1/jobs/" + id + "/results?format=" + format);
  };
  EXPECT_EQ(parsed(at("json"))["suites"][0]["name"], "suite");
  EXPECT_NE(at("junit").body.find("&lt;case&gt;"), std::string::npos);
  EXPECT_TRUE(at("tap").body.starts_with("TAP version 13"));
  EXPECT_NE(at("lava").body.find("suite"), std::string::npos);
  EXPECT_EQ(at("excel").status, 400u);
}

TEST_F(ApiTest, TheLogComesFromALineOnInEachFormat) {
  const auto id = on_control([this] {
    const auto job = farm_->add_job("ann");
    farm_->write_log(
        job,
        "{\"n\":1,\"dt\":\"2026-11-20T09:45:53.012345Z\",\"lvl\":\"info\",\"msg\":\"one\"}\n"
        "{\"n\":2,\"dt\":\"2026-11-20T09:45:54.012345Z\",\"lvl\":\"target\",\"msg\":\"two: \\\"x\\\"\"}\n{\"n\":3");
    return job;
  });
  const auto at = [&](const std::string& query) {
    return ask("viewer", "GET", "/api/v1/jobs/" + std::to_string(id) + "/log" + query).body;
  };
  EXPECT_EQ(std::ranges::count(at(""), '\n'), 2);
  EXPECT_TRUE(at("?from=2").starts_with("{\"n\":2"));
  EXPECT_EQ(at("?from=4"), "");
  EXPECT_EQ(at("?format=text"), "09:45:53.012 info     one\n09:45:54.012 target   two: \"x\"\n");
  EXPECT_EQ(at("?format=lava&from=2"),
            "- {\"dt\": \"2026-11-20T09:45:54.012345Z\", \"lvl\": \"target\", \"msg\": \"two: \\\"x\\\"\"}\n");
}

TEST_F(ApiTest, OperatingABoardNeedsItsLease) {
  const std::string on = R"({"action":"on"})";
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/boards/qemu-1/power", on).status, 403u);
  const auto lease = ask("submitter", "POST", "/api/v1/leases", R"({"wanted":"qemu-1","for_s":60})");
  ASSERT_EQ(lease.status, 201u) << lease.body;
  EXPECT_EQ(parsed(ask("submitter", "POST", "/api/v1/boards/qemu-1/power", on))["power"], "on");
  EXPECT_EQ(ask("viewer", "POST", "/api/v1/boards/qemu-1/power", on).status, 409u);
  EXPECT_EQ(parsed(ask("viewer", "POST", "/api/v1/boards/qemu-1/power", R"({"action":"status"})"))["power"], "on");
  EXPECT_EQ(ask("technician", "POST", "/api/v1/boards/qemu-1/reset", R"({"kind":"soft"})").status, 200u);
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/boards/qemu-1/power", R"({"action":"explode"})").status, 400u);
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/boards/qemu-1/power", R"({"acton":"on"})").status, 400u);
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/boards/qemu-1/power", "[1").status, 400u);
  const auto id = std::to_string(parsed(lease)["id"].get<int>());
  EXPECT_EQ(ask("submitter", "POST", "/api/v1/leases/" + id + "/extend", R"({"for_s":120})").status, 200u);
  EXPECT_EQ(ask("submitter", "DELETE", "/api/v1/leases/" + id).status, 200u);
  EXPECT_EQ(parsed(ask("viewer", "GET", "/api/v1/leases"))["items"].size(), 0u);
  EXPECT_EQ(parsed(ask("viewer", "GET", "/api/v1/leases?all=1"))["items"][0]["end_reason"], "released");
}

TEST_F(ApiTest, AnUploadIsStreamedToFilesAndCleanedUp) {
  const auto path = farm_->dir / "image \"1\".bin";
  std::string bytes(700000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  std::ofstream(path, std::ios::binary) << bytes;
  auto client = HttpClient::make(url(), with_token("technician"));
  std::uint64_t last = 0;
  const auto reply = (*client)->upload(
      "/api/v1/boards/qemu-1/flash", {{"file", path}, {"file", path}},
      [&](std::uint64_t done, std::uint64_t) { last = done; }, soon());
  ASSERT_TRUE(reply.has_value()) << reply.error().text;
  EXPECT_EQ(reply->status, 200u) << reply->body;
  EXPECT_EQ(parsed(*reply)["flashed"], json::array({"image \"1\".bin", "image \"1\".bin"}));
  EXPECT_GT(last, 2 * bytes.size());
  EXPECT_TRUE(on_control([&] { return farm_->link.flashed == std::vector<std::string>{bytes, bytes}; }));
  EXPECT_TRUE(std::filesystem::is_empty(farm_->dir / "uploads"));
  EXPECT_EQ(ask("technician", "POST", "/api/v1/boards/qemu-1/flash", "x", {{"Content-Type", "text/plain"}}).status,
            415u);
}

TEST_F(ApiTest, ReadsTheTranscript) {
  on_control([this] {
    farm_->link.say(std::string("ab\0cd", 5));
    return true;
  });
  const auto reply = ask("viewer", "GET", "/api/v1/boards/qemu-1/console?from=1&max=3");
  EXPECT_EQ(reply.body, std::string("b\0c", 3));
  EXPECT_EQ(reply.header("X-Hilltop-Offset"), "1");
  EXPECT_EQ(reply.header("X-Hilltop-End"), "4");
}

TEST_F(ApiTest, TokensAndLabAreTheAdministrators) {
  const auto made = ask("admin", "POST", "/api/v1/tokens", R"({"user":"ann","role":"submitter"})");
  EXPECT_EQ(made.status, 201u);
  EXPECT_EQ(parsed(made)["token"], "secret");
  EXPECT_EQ(made.header("Cache-Control"), "no-store");
  EXPECT_EQ(ask("admin", "POST", "/api/v1/tokens", R"({"user":"ann","role":"king"})").status, 400u);
  EXPECT_EQ(ask("admin", "PUT", "/api/v1/lab", "boards: []").status, 200u);
  EXPECT_EQ(ask("technician", "PUT", "/api/v1/lab", "boards: []").status, 403u);
  EXPECT_EQ(ask("admin", "DELETE", "/api/v1/tokens/999").status, 404u);
}

TEST_F(ApiTest, HealthIsTheTechnicians) {
  const auto reply =
      ask("technician", "PUT", "/api/v1/boards/qemu-1/health", R"({"health":"maintenance","reason":"new cable"})");
  EXPECT_EQ(parsed(reply)["health"], "maintenance");
  EXPECT_EQ(ask("technician", "PUT", "/api/v1/boards/qemu-1/health", R"({"health":"fine"})").status, 400u);
}

TEST_F(ApiTest, MetricsAreInPrometheusForm) {
  const auto text = ask("", "GET", "/metrics").body;
  EXPECT_NE(
      text.find("# TYPE hilltop_boards gauge\nhilltop_boards{state=\"idle\"} 3\nhilltop_boards{state=\"leased\"} 0\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("# TYPE hilltop_jobs_total counter\nhilltop_jobs_total 7\n"), std::string::npos);
  EXPECT_NE(text.find("hilltop_http_requests_total "), std::string::npos);
}

TEST_F(ApiTest, AnUnchangedBodyIsNotSentAgain) {
  const auto first = ask("viewer", "GET", "/api/v1/boards");
  ASSERT_FALSE(first.header("ETag").empty());
  const auto again = ask("viewer", "GET", "/api/v1/boards", "", {{"If-None-Match", first.header("ETag")}});
  EXPECT_EQ(again.status, 304u);
  EXPECT_EQ(again.body, "");
  on_control([this] { return farm_->lease_board("qemu-1", "ann"); });
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/boards", "", {{"If-None-Match", first.header("ETag")}}).status, 200u);
}

TEST_F(ApiTest, AWrongMethodIsToldTheRightOnes) {
  const auto reply = ask("admin", "PUT", "/api/v1/jobs");
  EXPECT_EQ(reply.status, 405u);
  EXPECT_EQ(reply.header("Allow"), "GET, POST");
}

TEST_F(ApiTest, ThePageIsHeldBySecurityHeaders) {
  const auto page = ask("", "GET", "/");
  EXPECT_EQ(page.status, 200u);
  const auto policy = page.header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'self'"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
  for (const auto* inner : {"<script>", "onclick", "style=", "http://", "https://"})
    EXPECT_EQ(page.body.find(inner), std::string::npos) << inner;
  EXPECT_EQ(ask("", "GET", "/page.js").body.find("innerHTML"), std::string::npos);
  EXPECT_EQ(ask("", "GET", "/page.css").header("Content-Type"), "text/css; charset=utf-8");
}

/// A request for a row, with something plausible for each parameter.
std::string example_path(std::string_view pattern) {
  std::string path(pattern);
  for (const auto& [name, value] : {std::pair{"{name}", "qemu-1"}, std::pair{"{id}", "4711"}})
    if (const auto at = path.find(name); at != std::string::npos) path.replace(at, std::strlen(name), value);
  return path;
}

TEST_F(ApiTest, RolesAreHeldForEveryRoute) {
  constexpr std::array<const char*, 4> roles = {"viewer", "submitter", "technician", "admin"};
  for (const auto* route : all_routes()) {
    if (route->talker != nullptr) continue;  // tried with WebSockets
    const auto path = example_path(route->pattern);
    const auto method = to_string(route->method);
    const HeaderList upload = {{"Content-Type", "multipart/form-data; boundary=b"}};
    const auto& headers = route->body == Admission::Body::files ? upload : HeaderList{};
    const bool open = route->access == Access::open;
    EXPECT_EQ(ask("", method, path, "", headers).status == 401, !open) << method << " " << path;
    EXPECT_EQ(ask("forged", method, path, "", headers).status == 401, !open) << method << " " << path;
    for (std::size_t role = 0; role < roles.size(); ++role) {
      const bool allowed = role + 1 >= static_cast<std::size_t>(route->access);
      const auto reply = ask(roles[role], method, path, "", headers);
      if (!allowed) EXPECT_EQ(reply.status, 403u) << method << " " << path << " as " << roles[role];
      if (allowed)
        EXPECT_FALSE(reply.status == 403 && reply.body.find("this needs the role") != std::string::npos)
            << method << " " << path;
    }
  }
}

TEST_F(ApiTest, TheDocumentHoldsForEveryRoute) {
  const auto document = parsed(ask("", "GET", "/api/v1/openapi.json"));
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      ++operations;
      std::string upper = method;
      for (auto& c : upper) c = static_cast<char>(std::toupper(c));
      const auto reply = ask("admin", upper, example_path(path));
      const auto status = std::to_string(reply.status);
      EXPECT_NE(reply.status, 405u) << upper << " " << path;
      const bool known = operation["responses"].contains(status);
      const bool is_problem =
          reply.header("Content-Type") == "application/problem+json" && parsed(reply).contains("detail");
      EXPECT_TRUE(known || is_problem) << upper << " " << path << ": " << status << " " << reply.body;
      EXPECT_LT(reply.status, 500u) << upper << " " << path << ": " << reply.body;
    }
  }
  EXPECT_EQ(operations, all_routes().size());
  for (const auto* path :
       {"/api", "/api/v1", "/api/v2/boards", "/api/v1/boards/x/y/z", "/page.html", "/favicon.ico", "/API/v1/boards"})
    EXPECT_EQ(ask("admin", "GET", path).status, 404u) << path;
}

void find_refs(const json& value, std::vector<std::string>& out) {
  if (value.is_object() && value.contains("$ref")) out.push_back(value["$ref"]);
  if (value.is_structured())
    for (const auto& item : value) find_refs(item, out);
}

TEST(OpenApiDocument, NamesNoSchemaThatItDoesNotHave) {
  const auto document = openapi_document("0");
  std::vector<std::string> refs;
  find_refs(document, refs);
  EXPECT_GT(refs.size(), 50u);
  for (const auto& ref : refs) EXPECT_TRUE(document.contains(json::json_pointer(ref.substr(1)))) << ref;
}

/// Whether `value` has what `schema` requires, as far as this document's schemas go.
void expect_fits(const json& document, json schema, const json& value, const std::string& where) {
  if (schema.contains("$ref")) schema = document[json::json_pointer(schema["$ref"].get<std::string>().substr(1))];
  if (schema.contains("enum"))
    EXPECT_NE(std::ranges::find(schema["enum"], value), schema["enum"].end()) << where << ": " << value;
  if (schema.value("type", json()) == "array")
    for (const auto& item : value) expect_fits(document, schema["items"], item, where + "[]");
  for (const auto& name : schema.value("required", json::array()))
    EXPECT_TRUE(value.contains(name)) << where << "." << name;
  for (const auto& [name, inner] : schema.value("properties", json::object()).items())
    if (value.contains(name)) expect_fits(document, inner, value[name], where + "." + name);
}

TEST_F(ApiTest, AnswersFitTheirSchemas) {
  on_control([this] {
    farm_->add_job("ann");
    farm_->lease_board("qemu-1", "ann");
    farm_->happen("job.state", "1", R"({"state":"running"})");
    return true;
  });
  const auto document = openapi_document("0");
  for (const auto* path :
       {"/api/v1/boards", "/api/v1/boards/qemu-1", "/api/v1/jobs", "/api/v1/jobs/1", "/api/v1/leases", "/api/v1/events",
        "/api/v1/whoami", "/api/v1/version", "/api/v1/drivers", "/api/v1/board-types"}) {
    auto id = on_control([this] { return farm_->job_views.begin()->first; });
    auto target = std::string(path);
    if (target == "/api/v1/jobs/1") target = "/api/v1/jobs/" + std::to_string(id);
    const auto match = find_route(Method::get, target);
    ASSERT_NE(match.route, nullptr) << path;
    const auto reply = ask("viewer", "GET", target);
    ASSERT_EQ(reply.status, 200u) << path << reply.body;
    expect_fits(document, {{"$ref", "#/components/schemas/" + std::string(match.route->gives.schema)}}, parsed(reply),
                path);
  }
}

TEST_F(ApiTest, CurlAgrees) {
  const auto out = farm_->dir / "curl.txt";
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> argv = {"curl", "-sS", "-m", "20", "-o", out.string(), "-w", "%{http_code}"};
    argv.insert(argv.end(), more.begin(), more.end());
    asio::io_context io{1};
    TaskScope scope(io.get_executor(), "curl");
    auto text = std::make_shared<std::string>();
    scope.spawn("curl", run_curl(argv, text));
    io.run();
    return *text;
  };
  EXPECT_EQ(run({"-H", "Authorization: Bearer viewer", url() + "/api/v1/boards"}), "200");
  std::ifstream in(out);
  EXPECT_EQ(json::parse(in)["items"].size(), 3u);
  EXPECT_EQ(run({"-H", "Authorization: Bearer technician", "-F", "file=@" + out.string(),
                 url() + "/api/v1/boards/qemu-1/flash"}),
            "200");
  EXPECT_EQ(run({"--path-as-is", url() + "/../../etc/passwd"}), "400");
  EXPECT_EQ(run({"-H", "Authorization: Bearer submitter", "--data-binary", "@" + out.string(), url() + "/api/v1/jobs"}),
            "201");
}

}  // namespace
}  // namespace hilltop::web::testing
