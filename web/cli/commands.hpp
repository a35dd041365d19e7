// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// A command below `parent` with its one-line summary and examples for --help.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& examples);

/// Runs `run(context, *options)` when the command line names `command`; its value is the exit code.
template <class Options>
void runs(CLI::App* command, Context& context, std::shared_ptr<Options> options, int (*run)(Context&, const Options&)) {
  command->callback(
      [&context, options, run] { context.action = [&context, options, run] { return run(context, *options); }; });
}

// One function a file: each adds its commands.
void add_login(CLI::App& app, Context& context);
void add_boards(CLI::App& app, Context& context);
void add_board_add(CLI::App& board, Context& context);  ///< below `board`: add, prove
void add_discover(CLI::App& app, Context& context);
void add_offline(CLI::App& app, Context& context);  ///< validate, plan
void add_demux(CLI::App& app, Context& context);
void add_submit(CLI::App& app, Context& context);
void add_jobs(CLI::App& app, Context& context);  ///< jobs, job, results, cancel
void add_log(CLI::App& app, Context& context);
void add_leases(CLI::App& app, Context& context);
void add_console(CLI::App& app, Context& context);
void add_grep(CLI::App& app, Context& context);
void add_operate(CLI::App& app, Context& context);  ///< power, reset, flash, health
void add_catalog(CLI::App& app, Context& context);  ///< drivers, board-types
void add_tokens(CLI::App& app, Context& context);
void add_lab(CLI::App& app, Context& context);
void add_lab_doctor(CLI::App& lab, Context& context);  ///< below `lab`: doctor, import
void add_events(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

}  // namespace hilltop::cli
