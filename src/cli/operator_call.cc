// SPDX-License-Identifier: Apache-2.0
#include "cli/operator_call.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "adapters/files/passphrase.h"

namespace birthmark::cli {

CredentialFiles OperatorFlags::credentials() const {
  const std::filesystem::path root{data};
  return {.directory = root / "operators",
          .name = operator_name,
          .service_root = root / "tls" / "service-root.pem",
          .passphrase = passphrase_file(root, passphrase)};
}

void add_data_flag(CLI::App& command, std::string& data) {
  command.add_option("--data", data, "data directory")->envname("BIRTHMARK_DATA")->check(check_filled);
}

void add_passphrase_flag(CLI::App& command, std::string& passphrase, const std::string& whose) {
  command
      .add_option("--passphrase-file", passphrase,
                  "passphrase " + whose + "; the systemd credential birthmark-passphrase, or <data>/passphrase")
      ->envname("BIRTHMARK_PASSPHRASE_FILE")
      ->check(check_filled);
}

std::string check_filled(const std::string& text) {
  return text.empty() ? std::string{"an empty text"} : std::string{};
}

std::string check_file_name(const std::string& text) {
  return !text.empty() && path_segment(text) == text && text.front() != '.'
             ? std::string{}
             : std::string{"a name has letters, digits, '.', '_' and '-'"};
}

void add_operator_flags(CLI::App& command, OperatorFlags& flags) {
  command.add_option("--server", flags.server, "operator listener, host:port")
      ->envname("BIRTHMARK_OPERATOR_SERVER")
      ->check([](const std::string& text) {
        return read_host_port(text) ? std::string{} : std::string{"--server is host:port"};
      });
  add_data_flag(command, flags.data);
  command.add_option("--operator", flags.operator_name, "whose key and certificate to use")
      ->envname("BIRTHMARK_OPERATOR")
      ->check(check_filled);
  add_passphrase_flag(command, flags.passphrase, "of the operator's key");
  command.add_flag("--json", flags.as_json, "one JSON object on standard output");
}

int run_call(const OperatorFlags& flags, const Call& call, const Show& show) {
  PosixFiles files;
  const auto credentials = read_credentials(files, flags.credentials());
  if (!credentials) {
    return complain(credentials.error(), flags.form(), kEnvironment);
  }
  const auto client = ApiClient::open(flags.server, *credentials);
  if (!client) {
    return complain(client.error(), flags.form(), kEnvironment);
  }
  const auto answer = call(**client);
  if (!answer) {
    return complain(answer.error(), flags.form());
  }
  if (flags.as_json) {
    print_line(*answer);
  } else {
    show(*answer);
  }
  return kDone;
}

void show_members(const boost::json::value& value) {
  if (value.is_object()) {
    print_members(value.as_object());
  } else {
    print_line(value);
  }
}

void add_view(CLI::App& parent, int& exit_code, View view) {
  auto* const command = parent.add_subcommand(view.name, view.words);
  const auto flags = std::make_shared<OperatorFlags>();
  add_operator_flags(*command, *flags);
  command->callback([flags, view = std::move(view), &exit_code] {
    exit_code = run_call(
        *flags,
        [&](ApiClient& client) {
          return view.list.empty() ? client.get(view.target) : get_list(client, "/v1/" + view.list, view.list);
        },
        view.show);
  });
}

Result<boost::json::value> get_list(ApiClient& client, const std::string& target, std::string_view rows) {
  boost::json::array all;
  std::string query;
  std::uint64_t after = 0;
  while (true) {
    BM_TRY(const auto page, client.get(target + query));
    BM_TRY(auto in, json::Object::of(page));
    BM_TRY(const auto* const more, in.array(rows));
    all.insert(all.end(), more->begin(), more->end());
    BM_TRY(const auto next, in.optional_unsigned_int("next"));
    if (!next) {
      return boost::json::value{{rows, std::move(all)}};
    }
    if (*next <= after) {
      return fail(Code::bad_json, "a list that does not go on: next is " + std::to_string(*next));
    }
    after = *next;
    query = "?after=" + std::to_string(after);
  }
}

Result<boost::json::value> find_row(ApiClient& client, const std::string& list, std::string_view member,
                                    const std::string& text) {
  BM_TRY(const auto all, get_list(client, "/v1/" + list, list));
  BM_TRY(auto in, json::Object::of(all));
  BM_TRY(const auto* const rows, in.array(list));
  for (const auto& row : *rows) {
    const auto* const value = row.is_object() ? row.as_object().if_contains(member) : nullptr;
    if (value != nullptr && text_of(*value) == text) {
      return row;
    }
  }
  return fail(Code::not_found, "none of /v1/" + list + " has the " + std::string{member} + " " + text);
}

std::string path_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    out += plain ? std::string{c} : "%" + to_hex(as_bytes(std::string_view{&c, 1}));
  }
  return out;
}

}  // namespace birthmark::cli
