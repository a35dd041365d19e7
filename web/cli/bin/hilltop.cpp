// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "web/cli/program.hpp"

int main(int argc, char** argv) {
  // A reader that went away (`hilltop jobs | head`) ends the program without a word, whatever our parent ignored.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  std::error_code none;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", none);
  hilltop::cli::Context context(std::cout, std::cerr, std::cin,
                                hilltop::cli::places_of(program, HILLTOP_SOURCE_DIR, HILLTOP_VERSION));
  context.screen = hilltop::cli::look_at_screen(hilltop::cli::ColorMode::automatic);
  return hilltop::cli::run(context, std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
