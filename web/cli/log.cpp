// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "web/cli/commands.hpp"
#include "web/cli/job_text.hpp"
#include "web/cli/log_lines.hpp"
#include "web/cli/signals.hpp"

namespace hilltop::cli {
namespace {

struct LogOptions {
  std::string id, format = "text";
  bool follow = false;
  std::uint64_t from = 0;
};

LogFormat format_of(const std::string& name) {
  if (name == "jsonl") return LogFormat::jsonl;
  return name == "lava" ? LogFormat::lava : LogFormat::text;
}

int whole_log(Context& context, Api& api, const LogOptions& options, LogFormat format) {
  LogLines lines(format, context.screen.out_color);
  const auto sink = [&](std::string_view piece) {
    context.out << lines.take(piece);
    return context.out.good();
  };
  const auto from = options.from > 0 ? std::to_string(options.from) : "";
  const auto path = "/jobs/" + escaped(options.id) + "/log" + query_of({{"format", "jsonl"}, {"from", from}});
  const auto done = api.download(path, sink, Deadline::after(10min));
  context.out << lines.rest();
  context.out.flush();
  return done ? static_cast<int>(exit_pass) : context.fail(done.error());
}

/// Follows until the log ends or Ctrl-C. A lost connection is taken up where it broke.
class Follower {
 public:
  Follower(Context& context, Api& api, const LogOptions& options, LogFormat format)
      : context_(context), api_(api), options_(options), lines_(format, context.screen.out_color) {
    if (options.from > 0) lines_.skip_to(options.from);
  }

  int run() {
    while (true) {
      const auto ended = once();
      if (ended && *ended) return finish();
      if (!ended && !is_unreachable(ended.error())) return context_.fail(ended.error());
      if (!ended && lost_for_long(ended.error())) return context_.fail(ended.error());
      if (signals_.wait(Deadline::after(500ms))) return interrupted();
    }
  }

 private:
  /// True when it is over: the log's end, or a signal. False when the connection ended.
  Result<bool> once() {
    const auto path = "/jobs/" + escaped(options_.id) + "/log/ws" +
                      query_of({{"from", lines_.next() > 1 ? std::to_string(lines_.next()) : ""}});
    HILLTOP_TRY(auto socket, api_.socket(path, Deadline::after(10s)));
    if (lost_) context_.note("connected again");
    lost_ = false;
    while (true) {
      auto message = socket->next(Deadline::never(), signals_.fd());
      if (!message || message->kind == web::WsMessage::Kind::closed) {
        lost_before(message ? "the server said goodbye" : message.error().text);
        return false;
      }
      if (message->kind == web::WsMessage::Kind::readable) {
        interrupted_ = true;
        socket->close(Deadline::after(1s));
        return true;
      }
      if (message->kind == web::WsMessage::Kind::timeout) continue;
      context_.out << lines_.take(message->data) << lines_.rest() << std::flush;
      if (lines_.ended()) {
        socket->close(Deadline::after(1s));
        return true;
      }
    }
  }

  void lost_before(const std::string& why) {
    if (lost_) return;
    lost_ = true;
    gives_up_ = Deadline::after(2min);
    context_.note("connection lost (" + printable(why.substr(0, why.find('\n'))) + "): trying again");
  }

  bool lost_for_long(const Error& error) {
    if (first_ && !lost_) return true;  // never connected: say so at once
    lost_before(error.text);
    return gives_up_.passed();
  }

  int interrupted() {
    context_.note("\nthe job goes on; follow it again with: hilltop log " + options_.id + " --follow");
    return 130;
  }

  int finish() {
    if (interrupted_) return interrupted();
    const auto job = api_.get("/jobs/" + escaped(options_.id), Deadline::after(10s));
    if (job && is_finished(*job)) context_.note(verdict_line(*job, context_.screen.err_color));
    return exit_pass;
  }

  Context& context_;
  Api& api_;
  const LogOptions& options_;
  LogLines lines_;
  SignalInput signals_{SIGINT, SIGTERM, SIGHUP};
  bool first_ = true, lost_ = false, interrupted_ = false;
  Deadline gives_up_ = Deadline::never();
};

int show_log(Context& context, const LogOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto format = context.globals.json ? LogFormat::jsonl : format_of(options.format);
  if (options.follow) return Follower(context, **api, options, format).run();
  return whole_log(context, **api, options, format);
}

}  // namespace

void add_log(CLI::App& app, Context& context) {
  auto options = std::make_shared<LogOptions>();
  auto* command =
      add_command(app, "log", "print a job's log, or follow it while the job runs",
                  "  hilltop log 12\n  hilltop log 12 --follow\n  hilltop log 12 --format lava > output.yaml");
  command->add_option("JOB", options->id, "job id")->required()->type_name("JOB");
  command->add_flag("-f,--follow", options->follow, "go on until the job ends; Ctrl-C leaves the job running");
  command->add_option("--format", options->format, "text, jsonl or lava")
      ->check(CLI::IsMember({"text", "jsonl", "lava"}))
      ->type_name("FORMAT");
  command->add_option("--from", options->from, "begin with this line")->type_name("LINE");
  runs(command, context, options, show_log);
}

}  // namespace hilltop::cli
