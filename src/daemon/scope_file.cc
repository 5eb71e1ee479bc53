// SPDX-License-Identifier: Apache-2.0
#include "daemon/scope_file.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 64;

std::filesystem::path path_in(const std::filesystem::path& data) {
  return data / "scope";
}

}  // namespace

Result<app::Scope> settled_scope(Files& files, const std::filesystem::path& data, std::optional<app::Scope> asked) {
  const auto bytes = files.read(path_in(data), kFileMax);
  if (!bytes && bytes.error().code == Code::not_found) {
    return asked.value_or(app::Scope::batch);
  }
  BM_CHECK(bytes);
  const auto text = as_text(*bytes);
  const auto settled = app::scope_named(text.substr(0, text.find('\n')));
  if (!settled) {
    return fail(Code::bad_request, path_in(data).string() + ": names no scope");
  }
  if (asked && *asked != *settled) {
    return fail(Code::scope, "this registry was made with scope " + std::string{app::name(*settled)} +
                                 "; another one asks for a registry of its own");
  }
  return *settled;
}

Result<void> keep_scope(Files& files, const std::filesystem::path& data, app::Scope scope) {
  return write_atomically(files, path_in(data), as_bytes(std::string{app::name(scope)} + "\n"), Visibility::everyone);
}

}  // namespace birthmark::daemon
