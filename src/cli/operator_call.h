// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/api_client.h"
#include "cli/output.h"

namespace CLI {
class App;
}

namespace birthmark::cli {

/// Where the server is and who asks: what every operator command takes.
struct OperatorFlags {
  std::string server = "127.0.0.1:8444";
  std::string data = "run/birthmark";
  std::string operator_name = "admin";
  std::string passphrase;  ///< a file; empty: as adapters/files/passphrase.h finds it
  bool as_json = false;

  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
  [[nodiscard]] CredentialFiles credentials() const;
};

/// --server, --data, --operator, --passphrase-file, --json; the first four also as BIRTHMARK_OPERATOR_SERVER,
/// BIRTHMARK_DATA, BIRTHMARK_OPERATOR and BIRTHMARK_PASSPHRASE_FILE. A malformed address and an empty text are usage
/// errors.
void add_operator_flags(CLI::App& command, OperatorFlags& flags);
/// A data directory, as --data and BIRTHMARK_DATA.
void add_data_flag(CLI::App& command, std::string& data);
/// A file with the passphrase of keys, as --passphrase-file and BIRTHMARK_PASSPHRASE_FILE. @param whose "of the key"
void add_passphrase_flag(CLI::App& command, std::string& passphrase, const std::string& whose);
/// For flags that mean nothing without a text: what is wrong with it, or "".
std::string check_filled(const std::string& text);

/// For names that become names of files.
std::string check_file_name(const std::string& text);

using Call = std::function<Result<boost::json::value>(ApiClient&)>;
using Show = std::function<void(const boost::json::value&)>;

/// Opens the operator's connection, makes the calls and prints the answer.
/// @return 0; 1: the server refused; 3: no key, certificate or server.
int run_call(const OperatorFlags& flags, const Call& call, const Show& show);
void show_members(const boost::json::value& value);

/// A command that prints what one path answers, and takes nothing but the operator's flags.
struct View {
  std::string name;
  std::string words;        ///< of its help
  std::string target = {};  ///< "/v1/status"; empty: a list
  std::string list = {};    ///< "batches" of "/v1/batches"
  Show show = show_members;
};
void add_view(CLI::App& parent, int& exit_code, View view);

/// All pages of a list, as one. @param rows the member that holds them. @error bad_json; of the server
Result<boost::json::value> get_list(ApiClient& client, const std::string& target, std::string_view rows);
/// The row of a list whose member has this text. @param list "cas" of "/v1/cas". @error not_found; as get_list
Result<boost::json::value> find_row(ApiClient& client, const std::string& list, std::string_view member,
                                    const std::string& text);

/// A name or id that goes into a path: letters, digits, '.', '_', '-' stay, the rest is percent-encoded.
std::string path_segment(std::string_view text);

}  // namespace birthmark::cli
