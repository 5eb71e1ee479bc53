// SPDX-License-Identifier: Apache-2.0
#include "agent/program/output.h"

#include <cstdio>

namespace birthmark::agent::program {

void print(const boost::json::value& value) {
  std::printf("%s\n", json::write(value).c_str());
  std::fflush(stdout);
}

void print_members(const boost::json::object& object) {
  for (const auto& [name, value] : object) {
    const auto text = value.is_string() ? std::string{value.as_string()} : json::write(value);
    std::printf("%s: %s\n", std::string{name}.c_str(), text.c_str());
  }
}

int complain(const Error& error, bool as_json) {
  const auto& row = info(error.code);
  const std::string code{row.name};
  const std::string cause{row.cause};
  const std::string remedy{row.remedy};
  if (as_json) {
    print(boost::json::object{
        {"code", code}, {"cause", cause}, {"detail", error.detail}, {"check", error.check}, {"remedy", remedy}});
  }
  std::fprintf(stderr, "birthmark-agent: %s: %s%s%s\ncause: %s\nremedy: %s\n", code.c_str(), error.detail.c_str(),
               error.check.empty() ? "" : " at ", error.check.c_str(), cause.c_str(), remedy.c_str());
  return row.errc == Errc::unavailable ? kEnvironment : kRefused;
}

}  // namespace birthmark::agent::program
