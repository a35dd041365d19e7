// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/boot_script.hpp"

#include <fstream>
#include <system_error>

#include "jobs/action/legacy_image.hpp"
#include "jobs/action/serving.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

constexpr auto label = "bootscript";
constexpr auto file_name = "bootscript/script";

}  // namespace

std::map<std::string, std::string> words_of_boot(const JobRun& run, const boards::LoaderFacts& facts,
                                                 const std::string& name_space) {
  LoaderFiles files;
  if (const auto served = run.served.find(name_space); served != run.served.end()) files = served->second.files;
  files.server_ip = server_address(run);
  files.job_id = run.input.job_id;
  return loader_words(facts, run.input.definition->context, files);
}

Result<> write_bootscript(JobRun& run, const Boot& boot, const std::string& name_space) {
  const auto facts = loader_facts(run.input.board->type(), boot.method, run.input.definition->context);
  const auto served = run.served.find(name_space);
  if (!facts || !boot.loader || served == run.served.end())
    return Error(Errc::unsupported, Blame::job,
                 "use_bootscript: there is nothing that the script could be served with");
  HILLTOP_TRY(const auto lines, loader_lines(*facts, *boot.loader, words_of_boot(run, *facts, name_space)));
  std::string text;
  for (const auto& line : lines) {
    run.log(LogLevel::info, "boot script: " + line);
    text += line + "\n";
  }
  const auto file = served->second.dir / file_name;
  std::error_code wrong;
  fs::create_directories(file.parent_path(), wrong);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << (boot.method == BootMethod::u_boot ? legacy_script(text, "boot script") : text);
  out.close();
  if (wrong || !out) return Error(Errc::io, Blame::infrastructure, "can't write " + file.string());
  served->second.files.names[label] = file_name;
  return ok();
}

LoaderScript bootscript_lines(const boards::LoaderFacts& facts, BootMethod method) {
  LoaderScript out;
  if (facts.commands.contains(label))
    out.set = label;
  else if (method == BootMethod::u_boot)
    out.lines = {"setenv autoload no", "dhcp", "setenv serverip {SERVER_IP}", "tftpboot ${scriptaddr} {BOOTSCRIPT}",
                 "source ${scriptaddr}"};
  else
    out.lines = {"net_bootp", "source (tftp,{SERVER_IP})/{BOOTSCRIPT}"};
  return out;
}

}  // namespace hilltop::jobs
