// SPDX-License-Identifier: Apache-2.0
#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

struct CompletionOptions {
  std::string shell;
};

// The scripts know nothing of the commands: they ask `hilltop __complete` with the words up to the cursor.
constexpr const char* bash_script = R"(_hilltop() {
  local IFS=$'\n'
  COMPREPLY=($(hilltop __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [[ ${COMPREPLY[0]-} == :files ]]; then
    COMPREPLY=()
    compopt -o default
  fi
}
complete -F _hilltop hilltop
)";

constexpr const char* zsh_script = R"(#compdef hilltop
_hilltop() {
  local -a found
  found=("${(@f)$(hilltop __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $found[1] == :files ]]; then
    _files
  else
    compadd -a found
  fi
}
compdef _hilltop hilltop
)";

constexpr const char* fish_script = R"(function __hilltop_complete
  set -l words (commandline -opc)
  set -l found (hilltop __complete $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $found
  end
end
complete -c hilltop -f -a '(__hilltop_complete)'
)";

int completion(Context& context, const CompletionOptions& options) {
  context.out << (options.shell == "bash" ? bash_script : options.shell == "zsh" ? zsh_script : fish_script);
  return exit_pass;
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  auto options = std::make_shared<CompletionOptions>();
  auto* command = add_command(app, "completion", "print the completion script for a shell",
                              "  bash:  eval \"$(hilltop completion bash)\"      (in ~/.bashrc)\n"
                              "  zsh:   eval \"$(hilltop completion zsh)\"       (in ~/.zshrc, after compinit)\n"
                              "  fish:  hilltop completion fish | source      (in config.fish)");
  command->add_option("SHELL", options->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  runs(command, context, options, completion);
}

}  // namespace hilltop::cli
