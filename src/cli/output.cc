// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "lifecycle/state.h"

namespace birthmark::cli {
namespace {

/// Texts of servers and devices go to a terminal: control characters do not.
std::string harmless(std::string_view text) {
  std::string out{text};
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

/// A text of several lines, indented.
void print_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    print_line(std::string_view{"  " + harmless(text.substr(0, end))});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string cell(const boost::json::object& row, std::string_view column) {
  const auto* const value = row.if_contains(column);
  return value == nullptr || value->is_null() ? std::string{"-"} : harmless(text_of(*value));
}

}  // namespace

int exit_code_of(const Error& error) {
  return info(error.code).errc == Errc::unavailable ? kEnvironment : kRefused;
}

void print_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_line(const boost::json::value& value) {
  print_line(std::string_view{json::write(value)});
}

boost::json::object members_of(const Error& error) {
  const auto& row = info(error.code);
  boost::json::object out{{"code", row.name}, {"detail", error.detail}};
  if (!error.check.empty()) {
    out["check"] = error.check;
  }
  if (error.move) {
    out["from"] = lifecycle::short_name(static_cast<lifecycle::State>(error.move->from));
    out["to"] = lifecycle::short_name(static_cast<lifecycle::State>(error.move->to));
  }
  out["remedy"] = row.remedy;
  return out;
}

int complain(const Error& error, Form form, int exit_code) {
  if (form == Form::json) {
    print_line(members_of(error));
  }
  const auto& row = info(error.code);
  const auto check = error.check.empty() ? std::string{} : " (" + harmless(error.check) + ")";
  std::fprintf(stderr, "birthmark: %s%s: %s\nremedy: %s\n", std::string{row.name}.c_str(), check.c_str(),
               harmless(error.detail).c_str(), std::string{row.remedy}.c_str());
  return exit_code;
}

std::string text_of(const boost::json::value& value) {
  return value.is_string() ? std::string{value.as_string()} : json::write(value);
}

void print_rows(const boost::json::array& rows, std::initializer_list<std::string_view> columns) {
  std::vector<std::vector<std::string>> table;
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows) {
    auto& line = table.emplace_back();
    for (const auto column : columns) {
      line.push_back(row.is_object() ? cell(row.as_object(), column) : std::string{"-"});
      auto& width = widths[line.size() - 1];
      width = std::max(width, line.back().size());
    }
  }
  for (const auto& cells : table) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += cells[i];
      if (i + 1 < cells.size()) {
        line.append(widths[i] - cells[i].size() + 2, ' ');
      }
    }
    print_line(std::string_view{line});
  }
}

void print_members(const boost::json::object& object) {
  for (const auto& [name, value] : object) {
    if (value.is_string() && value.as_string().find('\n') != std::string_view::npos) {
      print_line(std::string_view{std::string{name} + ":"});
      print_lines(value.as_string());
      continue;
    }
    if (!value.is_array()) {
      print_line(std::string_view{std::string{name} + ": " + harmless(text_of(value))});
      continue;
    }
    print_line(std::string_view{std::string{name} + (value.as_array().empty() ? ": none" : ":")});
    for (const auto& item : value.as_array()) {
      print_line(std::string_view{"  " + harmless(text_of(item))});
    }
  }
}

}  // namespace birthmark::cli
