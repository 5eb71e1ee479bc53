// SPDX-License-Identifier: Apache-2.0
#include "cli/tool_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "cli/doctor.h"
#include "cli/inspect.h"
#include "cli/operator_call.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{1} << 20;

std::string_view name_of(Health health) {
  switch (health) {
    case Health::good:
      return "good";
    case Health::risky:
      return "risky";
    case Health::wrong:
      return "wrong";
    case Health::absent:
      return "absent";
  }
  return "wrong";
}

int run_doctor(const OperatorFlags& flags) {
  PosixFiles files;
  const auto found = diagnose(files, flags, SystemClock{}.now());
  const auto any = [&](Health health) { return std::ranges::count(found, health, &Diagnosis::health) != 0; };
  boost::json::array rows;
  for (const auto& diagnosis : found) {
    rows.push_back({{"check", diagnosis.check}, {"health", name_of(diagnosis.health)}, {"words", diagnosis.words}});
  }
  if (flags.as_json) {
    print_line(boost::json::object{{"healthy", !any(Health::wrong) && !any(Health::absent)}, {"checks", rows}});
  } else {
    print_rows(rows, {"health", "check", "words"});
  }
  return any(Health::wrong) ? kRefused : any(Health::absent) ? kEnvironment : kDone;
}

struct FileFlags {
  std::string file;
  bool development = false;
  bool as_json = false;
  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
};

using Look = std::function<Result<boost::json::object>(BytesView)>;

int look_at(const FileFlags& flags, const Look& look) {
  PosixFiles files;
  const auto bytes = files.read(flags.file, kFileMax);
  if (!bytes) {
    return complain({bytes.error().code, flags.file + ": " + bytes.error().detail}, flags.form(), kEnvironment);
  }
  const auto said = look(*bytes);
  if (!said) {
    return complain(said.error(), flags.form(), kRefused);
  }
  if (flags.as_json) {
    print_line(*said);
  } else {
    print_members(*said);
  }
  return kDone;
}

// --- completion ---

/// What may follow a command: its subcommands, and the long names of its options.
std::string words_after(const CLI::App& command) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const auto* const sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    add(sub->get_name());
  }
  for (const auto* const option : command.get_options()) {
    for (const auto& name : option->get_lnames()) {
      add("--" + name);
    }
  }
  return out;
}

void add_cases(const CLI::App& command, const std::string& path, std::string& out) {
  out += "    \"" + path + "\") words=\"" + words_after(command) + "\" ;;\n";
  for (const auto* const sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    add_cases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
  }
}

/// Knows which words are commands; behind an option that takes a file, files are completed.
std::string bash_completion(const CLI::App& program) {
  std::string cases;
  add_cases(program, "", cases);
  return "# bash completion for birthmark; made by `birthmark completion bash`\n"
         "_birthmark() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" path=\"\" words=\"\" "
         "word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in -*) break ;; esac\n"
         "    path=\"${path:+$path }$word\"\n"
         "    case \"$path\" in *\" \"*) break ;; esac\n"
         "  done\n"
         "  case \"$previous\" in\n"
         "    --data|--config|--out|--dir|--log|--database|--witness|--policy|--plan|--passphrase-file|--key)\n"
         "      COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case \"$path\" in\n" +
         cases +
         "    *) case \"${path%% *}\" in inspect|policy) COMPREPLY=($(compgen -f -- \"$current\")); return ;; esac ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _birthmark birthmark\n"
         "# The other programs say themselves what may follow.\n"
         "_birthmark_by_help() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=() word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in -*) break ;; *) path+=(\"$word\") ;; esac\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" \"${path[@]:0:1}\" --help 2>/dev/null |\n"
         "    grep -oE '^  [a-z][a-z-]+ |--[a-z][a-z-]+')\" -- \"$current\"))\n"
         "}\n"
         "complete -F _birthmark_by_help birthmark-agent birthmark-fleet\n";
}

}  // namespace

void add_doctor(CLI::App& program, int& exit_code) {
  auto* const command = program.add_subcommand("doctor", "look at an installation: files, keys, log, clock, listeners");
  const auto flags = std::make_shared<OperatorFlags>();
  add_operator_flags(*command, *flags);
  command->callback([flags, &exit_code] { exit_code = run_doctor(*flags); });
}

void add_policy(CLI::App& program, int& exit_code, const Hooks& hooks) {
  auto* const policy = program.add_subcommand("policy", "products' policies: check a file, show what stands");
  policy->require_subcommand(1);
  auto* const check = policy->add_subcommand("check", "read a policy as the server would");
  const auto file = std::make_shared<FileFlags>();
  check->add_option("file", file->file, "TOML")->required();
  check->add_flag("--dev", file->development, "as a server in development would");
  check->add_flag("--json", file->as_json, "one JSON object on standard output");
  check->callback([file, hooks, &exit_code] {
    exit_code = look_at(*file, [&](BytesView bytes) -> Result<boost::json::object> {
      return hooks.check_policy
                 ? hooks.check_policy(as_text(bytes), file->development)
                 : Result<boost::json::object>{fail(Code::unavailable, "this program reads no policies")};
    });
  });
  auto* const show = policy->add_subcommand("show", "the policy of a product");
  const auto flags = std::make_shared<OperatorFlags>();
  const auto product = std::make_shared<std::string>();
  show->add_option("product", *product, "name")->required();
  add_operator_flags(*show, *flags);
  show->callback([flags, product, &exit_code] {
    exit_code = run_call(
        *flags, [&](ApiClient& c) { return c.get("/v1/products/" + path_segment(*product)); }, show_members);
  });
}

void add_inspect(CLI::App& program, int& exit_code) {
  auto* const command = program.add_subcommand(
      "inspect", "say what a file is: certificate, request, checkpoint, TPM structure, token, DICE, Matter or JWS");
  const auto flags = std::make_shared<FileFlags>();
  command->add_option("file", flags->file, "PEM, DER, CBOR, JSON or the bytes of a TPM")->required();
  command->add_flag("--json", flags->as_json, "one JSON object on standard output");
  command->callback([flags, &exit_code] { exit_code = look_at(*flags, inspect); });
}

void add_completion(CLI::App& program, int& exit_code) {
  auto* const command = program.add_subcommand("completion", "print the completion of a shell");
  const auto shell = std::make_shared<std::string>();
  const auto as_json = std::make_shared<bool>(false);
  command->add_option("shell", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  command->add_flag("--json", *as_json, "one JSON object on standard output");
  command->callback([&program, shell, as_json, &exit_code] {
    const auto text = bash_completion(program);
    if (*as_json) {
      print_line(boost::json::object{{"shell", *shell}, {"completion", text}});
    } else {
      print_line(std::string_view{text}.substr(0, text.size() - 1));
    }
    exit_code = kDone;
  });
}

}  // namespace birthmark::cli
