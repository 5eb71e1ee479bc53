// SPDX-License-Identifier: Apache-2.0
#include "daemon/made_as.h"

namespace birthmark::daemon {
namespace {

constexpr std::size_t kFileMax = 64;
constexpr const char* kScopeFile = "scope";
constexpr const char* kEnvironmentFile = "environment";
constexpr std::string_view kProduction = "production", kDevelopment = "development";

/// The first line of a file, or nothing where there is none.
Result<std::optional<std::string>> line_of(Files& files, const std::filesystem::path& path) {
  const auto bytes = files.read(path, kFileMax);
  if (!bytes) {
    return bytes.error().code == Code::not_found ? Result<std::optional<std::string>>{std::nullopt}
                                                 : fail(bytes.error());
  }
  const auto text = as_text(*bytes);
  return std::optional{std::string{text.substr(0, text.find('\n'))}};
}

Result<app::Scope> settled_scope(Files& files, const std::filesystem::path& data, std::optional<app::Scope> asked) {
  BM_TRY(const auto line, line_of(files, data / kScopeFile));
  if (!line) {
    return asked.value_or(app::Scope::batch);
  }
  const auto settled = app::scope_named(*line);
  if (!settled) {
    return fail(Code::bad_request, (data / kScopeFile).string() + ": names no scope");
  }
  if (asked && *asked != *settled) {
    return fail(Code::scope, "this registry was made with scope " + std::string{app::name(*settled)} +
                                 "; another one asks for a registry of its own");
  }
  return *settled;
}

Result<policy::Environment> settled_environment(Files& files, const std::filesystem::path& data,
                                                policy::Environment asked) {
  BM_TRY(const auto line, line_of(files, data / kEnvironmentFile));
  const auto name = asked == policy::Environment::production ? kProduction : kDevelopment;
  if (!line || *line == name) {
    return asked;
  }
  if (*line == kDevelopment) {
    return fail(Code::test_anchor, "this registry was made in development: production asks for one of its own");
  }
  return *line == kProduction
             ? fail(Code::conflict, "this registry was made for production: simulated roots do not get into it")
             : fail(Code::bad_request, (data / kEnvironmentFile).string() + ": names no environment");
}

}  // namespace

Result<MadeAs> made_as(Files& files, const std::filesystem::path& data, std::optional<app::Scope> scope,
                       policy::Environment environment) {
  MadeAs out;
  BM_TRY(out.scope, settled_scope(files, data, scope));
  BM_TRY(out.environment, settled_environment(files, data, environment));
  return out;
}

Result<void> keep_environment(Files& files, const std::filesystem::path& data, policy::Environment environment) {
  const auto name = environment == policy::Environment::production ? kProduction : kDevelopment;
  BM_CHECK(files.make_directory(data));
  BM_TRY(const bool kept, files.exists(data / kEnvironmentFile));
  if (kept) {
    return {};
  }
  return write_atomically(files, data / kEnvironmentFile, as_bytes(std::string{name} + "\n"), Visibility::everyone);
}

Result<void> keep_scope(Files& files, const std::filesystem::path& data, app::Scope scope) {
  return write_atomically(files, data / kScopeFile, as_bytes(std::string{app::name(scope)} + "\n"),
                          Visibility::everyone);
}

}  // namespace birthmark::daemon
