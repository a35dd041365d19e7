// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <random>

#include "web/cli/commands.hpp"
#include "web/cli/console_stream.hpp"
#include "web/cli/raw_mode.hpp"
#include "web/cli/signals.hpp"
#include "web/cli/transcript.hpp"

namespace hilltop::cli {
namespace {

constexpr auto quiet_time = std::chrono::seconds(2);
constexpr auto time_to_type = std::chrono::seconds(30);  // what was sent at the end of the input, on a slow line
constexpr char leave_key = '\x1d';                       // Ctrl-], as telnet(1) and picocom's kin have it

struct ConsoleOptions {
  std::string board, console;
  bool read_only = false;
  bool take = false;
  std::string from;
  std::string protocol, listen;  ///< --export: serve it at a port instead
  TranscriptOptions transcript;
};

/// Standard input and signals as one descriptor that can be waited for.
class Inputs {
 public:
  Inputs() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
    add(signals_.fd());
    // A plain file or /dev/null cannot be waited for: it can always be read.
    always_readable_ = !add(STDIN_FILENO) && errno == EPERM;
  }
  ~Inputs() { ::close(fd_); }
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int take_signal() { return signals_.take(); }

  /// What was typed, "" when there is nothing now. Does not wait.
  std::string typed() {
    if (input_ended_ || !(always_readable_ || stdin_is_ready())) return "";
    std::array<char, 4096> buffer;
    const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n > 0) return std::string(buffer.data(), static_cast<std::size_t>(n));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return "";
    input_ended_ = true;  // end of input, or the terminal is gone (then SIGHUP comes, too)
    epoll_ctl(fd_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
    return "";
  }
  /// Whether input that waits ends a wait for fd(): not while nobody would take it.
  void listen(bool on) {
    if (always_readable_ || input_ended_ || on == listens_) return;
    listens_ = on;
    if (on)
      add(STDIN_FILENO);
    else
      epoll_ctl(fd_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
  }
  /// True when typed() has something without fd() saying so.
  [[nodiscard]] bool has_file() const { return always_readable_ && !input_ended_; }
  [[nodiscard]] bool ended() const { return input_ended_; }
  /// Waits for input until `deadline`.
  void wait(Deadline deadline) const {
    epoll_event event{};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    (void)epoll_wait(fd_, &event, 1, static_cast<int>(std::min<std::int64_t>(left, 60000)));
  }

 private:
  bool add(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
  }
  [[nodiscard]] bool stdin_is_ready() const {
    std::array<epoll_event, 2> events{};
    const int count = epoll_wait(fd_, events.data(), 2, 0);
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<std::size_t>(i)].data.fd == STDIN_FILENO) return true;
    }
    return false;
  }

  // SIGINT comes from outside only: in raw mode Ctrl-C is a key for the board.
  SignalInput signals_{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
  int fd_;
  bool always_readable_ = false;
  bool input_ended_ = false;
  bool listens_ = true;
};

/// Of this process: who comes back after a lost connection takes over from itself, and from nobody else.
std::string new_client_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

/// One session at a console, over as many connections as it takes.
class Session {
 public:
  Session(Context& context, Api& api, const ConsoleOptions& options)
      : context_(context), api_(api), options_(options), takes_(options.take), stream_(offset_of(options.from)) {}

  int run() {
    auto connected = connect();
    if (!connected) return refuse(connected.error());
    context_.err << "hilltop: console of " << printable(options_.board) << (options_.read_only ? " (read-only)" : "")
                 << "; Ctrl-] leaves\n"
                 << std::flush;
    const RawMode raw(STDIN_FILENO);
    raw_ = &raw;
    const int exit = talk();
    raw_ = nullptr;
    return exit;
  }

 private:
  static std::optional<std::uint64_t> offset_of(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text.c_str(), nullptr, 10));
  }

  Result<> connect() {
    const auto from = stream_.next() ? std::to_string(*stream_.next()) : "";
    const auto path = "/boards/" + escaped(options_.board) + "/console/ws" +
                      query_of({{"console", options_.console},
                                {"from", from},
                                {"write", options_.read_only ? "" : "1"},
                                {"client", client_},
                                {"take", std::exchange(takes_, false) ? "1" : ""}});
    HILLTOP_TRY(auto socket, api_.socket(path, Deadline::after(10s)));
    // The first frame is the place where the stream begins, or the server's refusal.
    HILLTOP_TRY(const auto first, socket->next(Deadline::after(10s)));
    const auto frame = first.kind == web::WsMessage::Kind::text ? Json::parse(first.data, nullptr, false) : Json();
    if (frame.is_object() && frame.contains("end"))
      return Error(Errc::denied, Blame::job, printable(text_at(frame, "end")));
    if (first.kind == web::WsMessage::Kind::closed || first.kind == web::WsMessage::Kind::timeout)
      return Error(Errc::unavailable, Blame::infrastructure, "the console does not answer: " + first.data);
    socket_ = std::move(socket);
    (void)show(first);
    return ok();
  }

  int refuse(const Error& error) {
    const bool says_how = error.text.find("--take") != std::string::npos;  // somebody types: a lease is no help
    const bool wants_lease = !options_.read_only && !says_how &&
                             (error.code == Errc::denied || error.code == Errc::busy) &&
                             api_.get("/boards/" + escaped(options_.board), Deadline::after(5s));
    if (!wants_lease) return context_.fail(error);
    return context_.fail(Error(error.code, error.blame,
                               error.text + "\ntake it with: hilltop lease take " + options_.board +
                                   " --for 30m; look only: hilltop console " + options_.board + " --read-only"));
  }

  int talk() {
    while (true) {
      if (!socket_ && !reconnect()) return exit_;
      if (!handle_input()) return leave();
      if (!socket_) continue;
      if (is_over()) return leave(Deadline::after(time_to_type));  // the server answers once it has typed all
      auto message = socket_->next(next_look(), inputs_.fd());
      if (!message) {
        lost(message.error().text);
      } else if (message->kind == web::WsMessage::Kind::closed) {
        lost(message->data.empty() ? "the server said goodbye" : message->data);
      } else if (!show(*message)) {
        return exit_refused;  // put out
      }
    }
  }

  /// Input that is no terminal has ended, and the board has answered what there was.
  [[nodiscard]] bool is_over() {
    if (!inputs_.ended() || !kept_.empty() || raw_->active()) return false;
    if (quiet_.is_never()) quiet_ = Deadline::after(quiet_time);
    return quiet_.passed();
  }
  [[nodiscard]] Deadline next_look() const { return inputs_.has_file() ? Deadline::after(0s) : quiet_; }

  /// False at the end of the stream.
  bool show(const web::WsMessage& message) {
    ConsoleStream::Shown shown;
    if (message.kind == web::WsMessage::Kind::binary) shown = stream_.binary(message.data);
    if (message.kind == web::WsMessage::Kind::text) shown = stream_.text(message.data);
    context_.out << shown.bytes << std::flush;
    if (!shown.bytes.empty()) quiet_ = Deadline::never();
    if (shown.ended)
      notice("the console has ended: " + shown.notice);
    else if (!shown.notice.empty())
      notice(shown.notice);
    return !shown.ended;
  }

  /// Takes what was typed and the signals. False to leave.
  bool handle_input() {
    while (const int signal = inputs_.take_signal()) {
      if (signal == SIGCONT && raw_ != nullptr) raw_->again();
      if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) return false;
      // SIGWINCH: a serial line has no size; the next byte simply finds the new one.
    }
    const bool terminal = is_terminal();
    if (!terminal && !socket_) return true;  // a script's input waits for the connection
    const auto keys = kept_.empty() ? inputs_.typed() : std::exchange(kept_, {});
    const auto leaves = terminal ? keys.find(leave_key) : std::string::npos;
    if (const auto wanted = keys.substr(0, leaves); !wanted.empty()) type(wanted);
    return leaves == std::string::npos;
  }

  void type(const std::string& keys) {
    if (options_.read_only) {
      if (!said_read_only_) notice("read-only: what you type goes nowhere; Ctrl-] leaves");
      said_read_only_ = true;
      return;
    }
    if (!socket_) return;  // a key that is pressed while the line is dead is not kept for later
    if (const auto sent = socket_->send(keys, true, Deadline::after(10s)); !sent) {
      if (!is_terminal()) kept_ = keys;
      lost(sent.error().text);
    }
  }

  [[nodiscard]] bool is_terminal() const { return raw_ != nullptr && raw_->active(); }
  [[nodiscard]] bool has_input_left() const { return !is_terminal() && (!inputs_.ended() || !kept_.empty()); }

  void lost(const std::string& why) {
    socket_.reset();
    quiet_ = Deadline::never();
    const auto meanwhile = is_terminal()      ? "Ctrl-] leaves"
                           : has_input_left() ? "the input waits, for 5 minutes at most"
                                              : "for 5 minutes at most";
    notice("connection lost (" + printable(why.substr(0, why.find('\n'))) + "): trying again; " + meanwhile);
    gives_up_ = Deadline::after(5min);
    inputs_.listen(is_terminal());
  }

  /// False when it is given up; exit_ says how.
  bool reconnect() {
    auto backoff = std::chrono::milliseconds(100);
    while (true) {
      inputs_.wait(Deadline::after(backoff));
      if (!handle_input()) {
        exit_ = leave();
        return false;
      }
      const auto connected = connect();
      if (connected) {
        notice("connected again");
        inputs_.listen(true);
        return true;
      }
      if (!is_unreachable(connected.error()) || gives_up_.passed()) {
        if (has_input_left()) notice("what is left of the input was not typed");
        exit_ = refuse(connected.error());
        return false;
      }
      backoff = std::min(backoff * 2, std::chrono::milliseconds(2000));
    }
  }

  int leave(Deadline patience = Deadline::after(1s)) {
    if (socket_) socket_->close(patience);
    notice("left the console");
    return exit_pass;
  }

  /// A line of ours between the board's: in brackets, from the first column on.
  void notice(const std::string& text) {
    context_.out.flush();
    if (!text.empty()) context_.err << "\r\n[hilltop: " << text << "]\r\n" << std::flush;
  }

  Context& context_;
  Api& api_;
  const ConsoleOptions& options_;
  const std::string client_ = new_client_id();
  bool takes_;  // once: coming back after a lost connection takes nothing from anybody
  ConsoleStream stream_;
  Inputs inputs_;
  std::unique_ptr<web::WsClient> socket_;
  const RawMode* raw_ = nullptr;
  std::string kept_;  // of a script's input: read, and not sent
  bool said_read_only_ = false;
  int exit_ = exit_pass;
  Deadline gives_up_ = Deadline::never();
  Deadline quiet_ = Deadline::never();  // when the board has been quiet for long enough after the input's end
};

/// "ADDRESS:PORT", "ADDRESS" or ":PORT" into the body of the request.
void add_place(const std::string& listen, Json& body) {
  const auto colon = listen.ends_with(']') ? std::string::npos : listen.rfind(':');
  auto address = listen.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (!address.empty()) body["address"] = address;
  if (colon != std::string::npos) body["port"] = std::strtoll(listen.c_str() + colon + 1, nullptr, 10);
}

int serve_at_port(Context& context, Api& api, const ConsoleOptions& options) {
  Json body = {{"console", options.console}, {"protocol", options.protocol}};
  add_place(options.listen, body);
  const auto path = "/boards/" + escaped(options.board) + "/console/ports";
  const auto served = api.send("POST", path, body, Deadline::after(20s));
  if (!served) return context.fail(served.error());
  if (context.globals.json) {
    context.print(*served);
    return exit_pass;
  }
  const auto where = text_at(*served, "where");
  context.out << where << "\n";
  context.note("served until the lease ends; pyserial: " +
               (options.protocol == "raw" ? "socket://" + where : "rfc2217://" + where) + "; " +
               (options.protocol == "raw" ? "socat - TCP:" + where : "or telnet"));
  return exit_pass;
}

int console(Context& context, const ConsoleOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  if (!options.protocol.empty()) return serve_at_port(context, **api, options);
  if (options.transcript.wanted())
    return show_transcript(context, **api, options.board, options.console, options.from, options.transcript);
  return Session(context, **api, options).run();
}

/// Options that contradict each other are refused.
void add_transcript(CLI::App& command, CLI::Option& from, TranscriptOptions& transcript) {
  auto* since =
      command.add_option("--since", transcript.since, "show the transcript from this time on, or so long ago: 10m");
  since->type_name("TIME")->excludes(&from);
  auto* until = command.add_option("--until", transcript.until, "... up to this time")->type_name("TIME");
  auto* around = command.add_option("--around", transcript.around, "... half a minute before and after it");
  around->type_name("TIME")->excludes(&from)->excludes(since)->excludes(until);
  command.add_option("--format", transcript.format, "of the transcript: raw, text (with times), jsonl, lava")
      ->check(CLI::IsMember({"raw", "text", "jsonl", "lava"}));
  command
      .add_flag("-f,--follow", transcript.follow,
                "go on with what the board says, without typing: from now on, or from --since or --from")
      ->excludes(until)
      ->excludes(around);
}

}  // namespace

void add_console(CLI::App& app, Context& context) {
  auto options = std::make_shared<ConsoleOptions>();
  auto* command =
      add_command(app, "console", "sit at a board's console; Ctrl-] leaves",
                  "  hilltop console microbit-01\n  hilltop console microbit-01 --read-only\n"
                  "  hilltop console sbc-02 --console secure\n  hilltop console microbit-01 --export rfc2217\n"
                  "  hilltop console sbc-02 --since 10m --format text\n\n"
                  "Typing needs the board's lease (hilltop lease take). After a lost connection it goes on\n"
                  "where it broke; bytes that are missing are said. Who is put out, or loses the right to\n"
                  "type, leaves with exit code 2. Where standard input is no terminal and has ended, it leaves\n"
                  "once the board has been quiet for 2 s; --follow goes on.");
  command->add_option("BOARD", options->board, "the board's name")->required()->type_name("BOARD");
  command->add_flag("-r,--read-only", options->read_only, "look, do not type: needs no lease");
  command->add_flag("--take", options->take, "put out whoever types there now");
  auto* protocol =
      command->add_option("--export", options->protocol,
                          "serve the console at a TCP port until the lease ends: rfc2217 (telnet, too) or raw");
  protocol->check(CLI::IsMember({"rfc2217", "raw"}))->type_name("PROTOCOL");
  command->add_option("--listen", options->listen, "where --export listens; without it at a free port of 127.0.0.1")
      ->type_name("ADDRESS:PORT")
      ->needs(protocol);
  command->add_option("--console", options->console, "which one, of a board that has several")->type_name("NAME");
  auto* from = command->add_option("--from", options->from, "begin at this offset of the transcript (0: all of it)");
  from->check(CLI::NonNegativeNumber)->type_name("OFFSET");
  add_transcript(*command, *from, options->transcript);
  runs(command, context, options, console);
}

}  // namespace hilltop::cli
