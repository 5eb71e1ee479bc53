// SPDX-License-Identifier: Apache-2.0
#include "cli/task_report.h"

namespace birthmark::cli {
namespace {

std::int64_t milliseconds_between(Ticks from, Ticks to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

}  // namespace

std::int64_t TaskReport::lap() {
  const auto now = clock_.ticks();
  const auto spent = milliseconds_between(last_, now);
  last_ = now;
  return spent;
}

void TaskReport::begin(std::string_view device) {
  ++unit_;
  began_ = last_ = clock_.ticks();
  if (form_ == Form::json) {
    print_line(boost::json::object{
        {"event", "task_begin"}, {"task", task_}, {"unit", unit_}, {"of", units_}, {"link", device}});
  } else {
    print_line(std::string_view{task_ + " unit " + std::to_string(unit_) + " of " + std::to_string(units_) + " at " +
                                std::string{device}});
  }
}

void TaskReport::step(std::string_view name) {
  const auto spent = lap();
  if (form_ == Form::json) {
    print_line(
        boost::json::object{{"event", "progress"}, {"task", task_}, {"unit", unit_}, {"step", name}, {"ms", spent}});
  } else {
    print_line(std::string_view{"  " + std::string{name} + "  " + std::to_string(spent) + " ms"});
  }
}

void TaskReport::retry(const Error& error) {
  if (form_ == Form::json) {
    auto members = members_of(error);
    members["event"] = "progress";
    members["task"] = task_;
    members["unit"] = unit_;
    members["step"] = "retry";
    members["ms"] = lap();
    print_line(members);
  } else {
    print_line(std::string_view{"  again after " + std::string{info(error.code).name} + ": " + error.detail});
  }
}

void TaskReport::end(boost::json::object members) {
  members["event"] = "task_end";
  members["task"] = task_;
  members["unit"] = unit_;
  members["ms"] = milliseconds_between(began_, clock_.ticks());
  print_line(members);
}

void TaskReport::succeed(boost::json::object result) {
  ++done_;
  if (form_ == Form::json) {
    result["ok"] = true;
    end(std::move(result));
    return;
  }
  std::string line = "  done in " + std::to_string(milliseconds_between(began_, clock_.ticks())) + " ms";
  for (const auto& [name, value] : result) {
    line += "  " + std::string{name} + " " + text_of(value);
  }
  print_line(std::string_view{line});
}

void TaskReport::refuse(const Error& error) {
  ++(exit_code_of(error) == kEnvironment ? failed_ : refused_);
  if (form_ == Form::json) {
    auto members = members_of(error);
    members["ok"] = false;
    end(std::move(members));
  } else {
    complain(error, form_);
  }
}

int TaskReport::finish() {
  if (form_ == Form::json) {
    print_line(boost::json::object{
        {"event", "summary"}, {"task", task_}, {"done", done_}, {"refused", refused_}, {"failed", failed_}});
  } else {
    print_line(std::string_view{std::to_string(done_) + " done, " + std::to_string(refused_) + " refused, " +
                                std::to_string(failed_) + " failed"});
  }
  return failed_ != 0 ? kEnvironment : refused_ != 0 ? kRefused : kDone;
}

}  // namespace birthmark::cli
